"""How many mails a second the whole way takes without a network: read, tied to a ledger, judged, decided.

Measured on the mails beside the project, with the shipped model and its encoder. What is asserted is CPU time, which
neighbours on the machine do not change much; wall time is printed. Run with ``-m bench -s``.

- one by one, as a robot works through its mailbox: how long each takes (p95);
- a table at once, as ``cobranza disputes classify`` does: how many a second.
"""

from __future__ import annotations

import mailbox
import os
import statistics
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from classifiers.disputes import category_files, example, operating, store
from classifiers.disputes.judging import Bench
from classifiers.encoders.built import Encoder, card
from cobranza.disputes import considering, linking
from cobranza.disputes.considering import Considered, Office
from cobranza.disputes.linking import Linked, Party
from cobranza.disputes.ports import Judgement, LedgerFacts, Question, ReadMail, UnreadableMail
from cobranza.disputes.reading import reader
from tests.unit.disputes.test_linking import Book, document

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
BOX = ROOT.parent / "shared" / "data" / "mail" / "disputes_es_dev.mbox"
MODELS = Path(os.environ.get("COBRANZA_MODELS", ROOT / ".cobranza" / "models")) / "encoders"
TODAY = date(2026, 11, 20)
RECEIVED = datetime(2026, 11, 20, 9, tzinfo=UTC)
CORES = 2
LEAST_A_SECOND, MOST_P95 = 25, 150
_DOCUMENTS = 400
_ROUNDS = 3


@pytest.fixture(scope="module")
def bench() -> Bench:
    if card(MODELS / "disputes") is None:
        pytest.skip("the encoder of disputes is not built: cobranza models build --missing")
    return Bench(store.load(operating.SHIPPED), Encoder(MODELS / "disputes", tokens=192))


@pytest.fixture(scope="module")
def raws() -> list[bytes]:
    if not BOX.is_file():
        pytest.skip(f"{BOX} is not there")
    return [message.as_bytes() for message in mailbox.mbox(BOX)]


@pytest.fixture(scope="module")
def office() -> Office:
    return Office(
        categories=category_files.shipped(), signature="Prueba, S.L.", fallback="nadie@x.example", today=TODAY
    )


@pytest.fixture(scope="module")
def book(raws: list[bytes]) -> Book:
    """A debtor for every sender, each with many documents, some of which the mails name."""
    mails = [reader.read(raw) for raw in raws]  # this also loads the libraries before the clock starts
    known = {mail.sender: [Party(place, f"Deudor {place}")] for place, mail in enumerate(mails)}
    named = [
        document(place * _DOCUMENTS + at, known[mail.sender][0].id, entity.value or entity.text, "1210")
        for place, mail in enumerate(mails)
        for at, entity in enumerate(entity for entity in mail.entities if entity.type == "invoice")
    ]
    many = [document(10**6 + n, n % len(raws), f"Z{n % 7}-2026/{n:05d}", f"{100 + n}") for n in range(_DOCUMENTS)]
    return Book(addresses=known, rows=named + many)


def _judged(bench: Bench, mails: list[ReadMail], links: list[Linked]) -> list[Judgement]:
    questions = [Question(mail=mail, facts=linked.facts) for mail, linked in zip(mails, links, strict=True)]
    return bench.judge([example.of_question(question) for question in questions])


def _decided(mail: ReadMail, linked: Linked, judgement: Judgement, office: Office) -> Considered:
    return considering.consider(mail, linked, judgement, (), office, received=RECEIVED)


def _share(parts: list[float], at: float) -> float:
    return statistics.quantiles(parts, n=100, method="inclusive")[round(at * 100) - 1]


def test_one_by_one(bench: Bench, raws: list[bytes], office: Office, book: Book) -> None:
    spent: dict[str, list[float]] = {"read": [], "link": [], "judge": [], "decide": []}
    walls: list[float] = []
    for raw in raws[:3] + raws:
        cpu, wall = [time.process_time()], time.perf_counter()
        mail = reader.read(raw)
        cpu.append(time.process_time())
        linked = linking.link(mail, book, TODAY)
        cpu.append(time.process_time())
        [judgement] = _judged(bench, [mail], [linked])
        cpu.append(time.process_time())
        _decided(mail, linked, judgement, office)
        cpu.append(time.process_time())
        walls.append(1000 * (time.perf_counter() - wall))
        for name, start, end in zip(spent, cpu, cpu[1:], strict=False):
            spent[name].append(1000 * (end - start))
    spent = {name: parts[3:] for name, parts in spent.items()}  # the first ones load libraries
    whole = [sum(parts) for parts in zip(*spent.values(), strict=True)]
    mean = {name: round(statistics.mean(parts), 1) for name, parts in spent.items()}
    p95 = _share(whole, 0.95)
    print(
        f"\none by one: {len(whole)} mails, CPU ms a mail {mean}, {statistics.mean(whole):.1f} in all, p95 {p95:.0f}, "
        f"longest {max(whole):.0f}; wall p95 {_share(walls[3:], 0.95):.0f} ms; "
        f"one core {1000 / statistics.mean(whole):.0f} mails/s"
    )
    assert p95 <= MOST_P95


def test_a_table_at_once(bench: Bench, raws: list[bytes], office: Office, book: Book) -> None:
    _judged(bench, [reader.read(raws[0])], [Linked()])
    many = raws * _ROUNDS
    cpu, wall = time.process_time(), time.perf_counter()
    mails = [reader.read(raw) for raw in many]
    links = [linking.link(mail, book, TODAY) for mail in mails]
    alone = time.process_time() - cpu  # on one core
    judged = _judged(bench, mails, links)
    together = time.process_time() - cpu - alone  # texts run side by side
    came = [_decided(*one, office) for one in zip(mails, links, judged, strict=True)]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    free = len(many) / (cpu - together + together / CORES)
    print(
        f"\na table at once: {len(many)} mails, {1000 * cpu / len(many):.1f} ms of CPU each, "
        f"{len(many) / wall:.1f} mails/s by the clock of this (busy?) machine, {free:.0f} on {CORES} free cores"
    )
    assert len(came) == len(many)
    assert CORES * len(many) / cpu >= LEAST_A_SECOND


def test_a_mail_that_is_meant_to_be_slow(bench: Bench, office: Office, book: Book) -> None:
    """Long threads, many numbers, deep nesting: nothing that somebody sends takes a robot's minute."""
    many = "\n".join(f"Factura F2026-{n:05d} de {n},50 EUR del {n % 28 + 1}/03/2026, NIF B{n:08d}" for n in range(3000))
    quoted = "Ya está pagada.\n" + "\n".join(f"{'>' * (n % 60)} línea {n} de 1.000,00 EUR" for n in range(20_000))
    nested = "<div>" * 3000 + "No es nuestra la factura F2026-00381." + "</div>" * 3000
    for name, body, kind in (("many", many, "plain"), ("quoted", quoted, "plain"), ("nested", nested, "html")):
        raw = (
            f"From: a@x.example\r\nSubject: {name}\r\nContent-Type: text/{kind}; charset=utf-8\r\n\r\n{body}"
        ).encode()
        began = time.process_time()
        try:
            mail = reader.read(raw)
        except UnreadableMail:
            mail = None
        if mail is not None:
            linked = replace(linking.link(mail, book, TODAY), facts=LedgerFacts())
            [judgement] = _judged(bench, [mail], [linked])
            _decided(mail, linked, judgement, office)
        took = time.process_time() - began
        print(f"\n{name}: {len(raw) // 1024} KiB, {1000 * took:.0f} ms of CPU{'' if mail else ', set aside'}")
        assert took < 5
