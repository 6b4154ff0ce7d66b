"""What the `Erp` port promises, on Tryton's API and on its web client, against the ERP's own numbers."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.erp.server import RunningErp
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.receivables import PaymentOrder
from cobranza.reconciliation.ports import Erp, ErpUnavailable, PostingRefused, PostingUnknown, WrongPassword
from connectors.erps import settings
from tests.journeys.erps.conftest import Books
from tests.journeys.erps.weather import Weather

pytestmark = [pytest.mark.erp, pytest.mark.timeout(900)]


def order(document: dict[str, Any], amount: str | Decimal, /, **other: Any) -> PaymentOrder:
    values: dict[str, Any] = {
        "key": f"prueba:{uuid.uuid4().hex[:12]}",
        "document": str(document["id"]),
        "number": document["number"],
        "amount": Decimal(amount),
        "currency": "EUR",
        "paid_on": date(2026, 11, 19),
        "text": "Transferencia recibida, «Año & Cía»",
    }
    return PaymentOrder(**values | other)


def half(document: dict[str, Any]) -> Decimal:
    return (Decimal(document["open"]) / 2).quantize(Decimal("0.01"))


def test_reads_every_open_document_and_its_customer(port: Erp, erp: RunningErp, books: Books) -> None:
    now = books.open_documents()
    ledger = port.open_ledger()

    truth = {str(one["id"]): one for one in erp.truth["documents"] if str(one["id"]) in now}
    assert len(truth) >= 180
    assert ledger.control_count == len(ledger.documents) == len(truth)
    assert ledger.control_source
    assert not ledger.issues
    for document in ledger.documents:
        seeded = truth[document.key]
        assert document.number == seeded["number"]
        assert document.customer == str(seeded["customer"])
        assert document.kind == seeded["kind"]
        assert document.issued_on == date.fromisoformat(seeded["date"])
        assert document.currency == "EUR"
        assert [document.net, document.tax, document.gross] == [Decimal(seeded[key]) for key in ("net", "tax", "gross")]
        assert document.open == Decimal(now[document.key])
        assert document.payment_reference == seeded["payment_reference"]
        assert document.customer_reference == seeded["customer_reference"]
        assert document.due_on.isoformat() in seeded["due"]
        if seeded["open"] == seeded["gross"]:
            assert document.open != document.gross or document.due_on.isoformat() == min(seeded["due"])
    owing = {one["customer"] for one in truth.values()}
    customers = {str(one["id"]): one for one in erp.truth["customers"] if one["id"] in owing}
    assert {customer.key for customer in ledger.customers} == set(customers)
    for customer in ledger.customers:
        known = customers[customer.key]
        assert (customer.name, customer.tax_id, customer.country) == (known["name"], known["nif"], "ES")
        assert (customer.accounts, customer.email) == ((known["iban"],), known["email"])
        assert customer.phone.replace(" ", "") == known["phone"].replace(" ", "")


def test_a_part_and_then_the_rest_settle_an_invoice(port: Erp, books: Books, fresh: Iterator[dict[str, Any]]) -> None:
    document = next(fresh)
    first = port.post_payment(order(document, half(document)))
    rest = Decimal(document["open"]) - half(document)

    assert (first.open_before, first.open_after, first.already_there) == (Decimal(document["open"]), rest, False)
    assert first.reference
    assert books.invoice(str(document["id"])) == ("posted", str(rest))

    last = port.post_payment(order(document, rest))
    assert (last.open_before, last.open_after) == (rest, Decimal(0))
    assert books.invoice(str(document["id"]))[0] == "paid"
    assert len(books.payments(str(document["id"]))) == 2


def test_the_same_key_again_does_nothing(port: Erp, books: Books, fresh: Iterator[dict[str, Any]]) -> None:
    document = next(fresh)
    wanted = order(document, document["open"])
    once = port.post_payment(wanted)
    again = port.post_payment(wanted)

    assert not once.already_there
    assert again.already_there
    assert again.reference == once.reference
    assert books.with_key(wanted.key) == 1
    assert books.payments(str(document["id"])) == [f"{wanted.key} {wanted.text}"]
    found = port.find_payments([wanted.key, "prueba:no-existe", wanted.key[:-1]])
    assert {key: one.reference for key, one in found.items()} == {wanted.key: once.reference}

    with pytest.raises(PostingRefused, match="otro importe"):
        port.post_payment(order(document, "1.00", key=wanted.key))
    assert books.with_key(wanted.key) == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"number": "F2026-99999"}, "es la factura"),
        ({"cents": 99999_99}, "supera lo pendiente"),
        ({"currency": "USD"}, "está en EUR"),
        ({"document": "999999"}, "no tiene"),
        ({"key": "con espacio dentro"}, "no sirve"),
        ({"cents": -500}, "mayor que cero"),
    ],
)
def test_refuses_what_does_not_match(
    port: Erp, books: Books, change: dict[str, Any], says: str, erp: RunningErp
) -> None:
    document = next(one for one in erp.truth["documents"] if one["state"] == "posted" and len(one["due"]) == 2)
    before = books.invoice(str(document["id"]))
    change = dict(change)
    cents = change.pop("cents", 100)
    wanted = order(document, Decimal(cents) / 100, **change)
    with pytest.raises(PostingRefused, match=says):
        port.post_payment(wanted)
    assert books.invoice(str(document["id"])) == before
    assert books.with_key(wanted.key) == 0


def test_refuses_credit_notes_and_settled_invoices(port: Erp, erp: RunningErp, books: Books) -> None:
    by_kind = {
        "abono": next(one for one in erp.truth["documents"] if one["kind"] == "credit_note"),
        "no es una factura de cliente pendiente": next(one for one in erp.truth["documents"] if one["state"] == "paid"),
    }
    for says, document in by_kind.items():
        wanted = order(document, "1.00")
        with pytest.raises(PostingRefused, match=says):
            port.post_payment(wanted)
        assert books.with_key(wanted.key) == 0


def test_tells_what_the_erp_itself_refuses(port: Erp, books: Books, fresh: Iterator[dict[str, Any]]) -> None:
    document = next(fresh)
    wanted = order(document, document["open"], paid_on=date(1999, 1, 4))  # no fiscal year that far back
    with pytest.raises(PostingRefused, match="Tryton no admite"):
        port.post_payment(wanted)
    assert books.invoice(str(document["id"])) == ("posted", document["open"])
    assert port.find_payments([wanted.key]) == {}


@pytest.mark.parametrize(("fault", "part"), [("lost_answer", False), ("lost_request", True)])
def test_a_broken_connection_ends_in_one_payment(
    port: Erp, books: Books, weather: Weather, fresh: Iterator[dict[str, Any]], fault: str, part: bool
) -> None:
    document = next(fresh)
    wanted = order(document, half(document) if part else document["open"])
    weather.fault, before = fault, weather.spoilt
    until_posted(port, wanted)

    assert weather.spoilt == before + 1
    assert books.with_key(wanted.key) == 1
    assert Decimal(books.invoice(wanted.document)[1]) == Decimal(document["open"]) - wanted.amount


def test_the_erp_killed_while_it_posts_ends_in_one_payment(
    port: Erp, erp: RunningErp, books: Books, weather: Weather, fresh: Iterator[dict[str, Any]]
) -> None:
    document = next(fresh)
    wanted = order(document, document["open"])
    killed, done = threading.Event(), threading.Event()

    def kill() -> None:
        erp.kill()
        killed.set()

    def revive() -> None:  # stays until the end: the server dies with the thread that started it
        if killed.wait(300):
            erp.start()
        done.wait(300)

    weather.killer, weather.fault = kill, "kill"
    reviver = threading.Thread(target=revive)
    reviver.start()
    try:
        until_posted(port, wanted)
        assert killed.is_set()
        assert books.with_key(wanted.key) == 1
        assert books.invoice(wanted.document)[0] == "paid"
    finally:
        killed.set()
        done.set()
        reviver.join()
        erp.restart()  # from this thread, for the tests that follow


def until_posted(port: Erp, wanted: PaymentOrder) -> None:
    """As the workflow does after a crash: the same order again, until the port says that it is there."""
    for _ in range(5):
        try:
            port.post_payment(wanted)
            return
        except (PostingUnknown, ErpUnavailable):
            continue
        except CobranzaError as exc:
            if exc.code != "COB-POR-003":  # the web client's page broke off before anything was sent
                raise
    pytest.fail("the payment never got through")


def open_api(config: Path, evidence: Path) -> Erp:
    return settings.open_erp("prueba", mode="api", evidence=evidence, file=config)


def test_two_posters_of_one_key_make_one_payment(
    config: Path, tmp_path: Path, books: Books, fresh: Iterator[dict[str, Any]]
) -> None:
    document = next(fresh)
    wanted = order(document, half(document))
    ports = [open_api(config, tmp_path) for _ in range(3)]
    results: list[bool] = []
    start = threading.Barrier(len(ports))

    def post(port: Erp) -> None:
        port.find_payments([wanted.key])  # logged in before the race
        start.wait(60)
        results.append(port.post_payment(wanted).already_there)

    threads = [threading.Thread(target=post, args=(port,)) for port in ports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(results) == len(ports)
    assert books.with_key(wanted.key) == 1
    assert Decimal(books.invoice(wanted.document)[1]) == Decimal(document["open"]) - wanted.amount


def test_a_request_thought_lost_that_arrives_late_is_turned_down(
    config: Path, tmp_path: Path, books: Books, weather: Weather, fresh: Iterator[dict[str, Any]]
) -> None:
    # An even amount: the rest equals what was paid, so that the late request fits and only the guard turns it down.
    document = next(one for one in fresh if Decimal(one["open"]) * 100 % 2 == 0)
    wanted = order(document, half(document))
    port = open_api(config, tmp_path)
    port.find_payments([wanted.key])
    weather.fault = "late_request"
    posted = port.post_payment(wanted)
    assert posted.open_after == Decimal(document["open"]) - wanted.amount

    late = weather.let_late_requests_arrive()
    assert len(late) == 1
    assert b"ConcurrencyException" in late[0]
    assert books.with_key(wanted.key) == 1


def test_a_wrong_password_is_tried_once(
    way: str, config: Path, weather: Weather, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COBRANZA_TEST_ERP_CLAVE", "equivocada-0")
    port = settings.open_erp("prueba", mode=way, evidence=tmp_path, file=config)
    before = weather.logins
    for _ in range(2):
        with pytest.raises(WrongPassword):
            port.open_ledger()
    port.close()
    assert weather.logins == before + 1


def test_an_absent_erp_is_said_and_nothing_is_sent(
    way: str, config: Path, tmp_path: Path, fresh: Iterator[dict[str, Any]]
) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        file = tmp_path / "erps.toml"
        lines = [f'url = "{url}"' if "url" in line else line for line in config.read_text("utf-8").splitlines()]
        file.write_text("\n".join(lines), encoding="utf-8")
        port = settings.open_erp("prueba", mode=way, evidence=tmp_path, file=file)
        with pytest.raises(ErpUnavailable):
            port.open_ledger()
        with pytest.raises(ErpUnavailable):
            port.post_payment(order(next(fresh), "1.00"))
        port.close()
