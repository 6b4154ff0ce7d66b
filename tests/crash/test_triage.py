"""The triage under `kill -9`: real Dovecot, real SMTP, a Zendesk double with faults. One of each per mail, none lost.

The robot is killed at seeded moments while mails arrive, some of them twice (byte for byte, or with other transport
lines), people correct its categories in the tray, so that tickets move, the lines to the mailbox break, its index is
rebuilt (a new UIDVALIDITY), the desk loses answers, limits and fails, and the mail server breaks off after it has
taken a message. Short here, whole with ``-m torture`` (`COBRANZA_KILLS`, `COBRANZA_MAILS`, `COBRANZA_SEED`).

SMTP cannot be asked whether it took a message, so an acknowledgement that was cut short is sent again as the *same*
message: what is counted is how many different ones (by Message-ID) each mail got, and how often one was sent twice.
"""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Count

from cobranza.demo.tickets import server
from cobranza.demo.tickets.server import RunningDesk
from cobranza.disputes import deciding
from cobranza.disputes.deciding import Choice
from cobranza.disputes.models import DeskNote, Dispute, Mail, Outgoing
from cobranza.disputes.ports import Category
from cobranza.ledger.models import Hold
from cobranza.ledger.registry import register_creditor
from cobranza.ledger.verification import verify
from tests import dovecot as imap
from tests.dovecot import Dovecot, dovecot
from tests.journeys.disputes.conftest import COMPANY, toml
from tests.journeys.runs.engine_room import REPO, EngineRoom, database_url
from tests.smtpd import DROP, Smtpd, smtpd
from tests.unit.disputes.conftest import ROBOT, owe

__all__ = ["dovecot", "smtpd"]
pytestmark = [pytest.mark.django_db(transaction=True)]

_PATIENCE = "paciencia_segundos = 1"  # a desk that fails is left to the next try of the mail
_TRIAGE = """
clasificador = "sencillo"
intentos = 500
lecturas = 100
acuses_por_dia = 100000
acuses_por_dominio = 0

[buzones.disputas]
empresa = "demo"
mesa = "zendesk"
"""
# A judge that starts at once: what is tested here is not what it says.
_JUDGE = """
from cobranza.disputes.ports import Alternative, Category, Hold, Judgement, Priority

class Simple:
    slug = "sencillo"

    def categories(self):
        words = {"es": "Lo miramos.", "pt": "Vamos ver.", "en": "We will see."}
        common = dict(description="", sla_hours=24, acknowledgements=words, never_automatic=False, needs_callback=False)
        return {
            "factura": Category(slug="factura", name="Factura", hold=Hold.DISPUTED_AMOUNT, department="cobros",
                                form="disputa", priority=Priority.NORMAL, **common),
            "consulta": Category(slug="consulta", name="Consulta", hold=Hold.NONE, department="atencion",
                                 form="peticion", priority=Priority.LOW, **common),
        }

    def judge(self, questions):
        return [self._one(question.mail.own_text) for question in questions]

    def _one(self, text):
        label = "factura" if "F2026" in text else "consulta"
        return Judgement(label=label, confidence=0.9, secondary="", abstain=False, reasons=(), model="sencillo",
                         alternatives=(Alternative(label=label, confidence=0.9),))

ADAPTER = Simple()
"""
# Where the shipped `config/ticketing.toml` says that tickets of each category belong.
_PLACES = {
    "factura": (360000000003, 370000000001, "normal"),
    "consulta": (360000000001, 370000000004, "low"),
}
_ROBOT = """
import sys
from contextlib import ExitStack
from cobranza.database import session
with session.opened(), ExitStack() as stack:
    from cobranza.disputes import workflow
    from cobranza.ledger.models import Creditor
    shift = workflow.open_shift("demo", Creditor.objects.get(), "Prueba, S.L.", stack)
    print("listo", flush=True)
    workflow.triage(shift)
"""


@dataclass
class Scene:
    """A mailbox that fills, and a robot that empties it and may be killed."""

    imap: Dovecot
    user: str
    smtp: Smtpd
    desk: RunningDesk
    folder: Path
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    categories: Mapping[str, Category] = field(default_factory=dict)
    human: dict[str, str] = field(default_factory=dict)
    """Message-ID and what it answers, "" for a mail that opens a case."""
    delivered: set[bytes] = field(default_factory=set)
    began: float = field(default_factory=time.monotonic)

    # ---- what arrives

    def arrive(self, number: int) -> None:
        """One mail, sometimes twice, sometimes from a machine, sometimes in a thread."""
        who = f"persona{self.dice.randrange(12)}"
        name = f"<{number}.{who}@cliente.example>"
        machine = self.dice.random() < 0.08
        opener = self._opener(who) if self.dice.random() < 0.15 and not machine else ""
        invoice = self.dice.choice(("F2026-00381 trae 20,00 EUR de más", "F2026-00400 no es mía", "¿Cuánto debo?"))
        values = {"Auto_Submitted": "auto-replied"} if machine else {}
        values |= {"References": opener} if opener else {}
        whole = imap.mail(
            text=f"Buenos días, soy {who}.\r\n\r\nAsunto {number}: {invoice}.\r\n",
            subject=f"Asunto {number}",
            sender="Pepa <pagos@pepa.example>" if self.dice.random() < 0.5 else f"{who} <{who}@cliente.example>",
            message_id=name,
            **values,
        )
        if opener and f"<{who}@".encode() not in whole:
            whole = whole.replace(b"From: Pepa <pagos@pepa.example>", f"From: {who} <{who}@cliente.example>".encode())
        if not machine:
            self.human[name] = opener
        self._deliver(whole)
        if self.dice.random() < 0.15:
            self._deliver(whole)
            self.done["same bytes twice"] += 1
        if self.dice.random() < 0.15:
            self._deliver(b"Received: from otro by este\r\n" + whole)
            self.done["other transport lines"] += 1

    def _opener(self, who: str) -> str:
        """An earlier mail of the same sender that opened a case, "" when there is none yet."""
        rows = Dispute.objects.filter(mails__sender=f"{who}@cliente.example", mails__opens=True)
        found = rows.exclude(ticket="").values_list("mails__message_id", flat=True)
        return self.dice.choice([one for one in found if one] or [""])

    def _deliver(self, whole: bytes) -> None:
        self.delivered.add(whole)
        self.imap.deliver(self.user, whole)

    # ---- what people do

    def correct(self) -> None:
        """Somebody says that a case is of the other category; its ticket has to move, once and in order."""
        rows = list(Dispute.objects.filter(state="abierta").order_by("pk"))
        if not rows:
            return
        case = self.dice.choice(rows)
        other = "consulta" if case.category == "factura" else "factura"
        number = self.done["corrected"] = self.done["corrected"] + 1
        said = Choice(category=other, debtor=case.debtor_id, note=f"Corrección {number}.")
        deciding.decide(case, said, self.categories, person="ana")

    # ---- what goes wrong

    def trouble(self) -> None:
        """Something outside fails."""
        match self.dice.randrange(7):
            case 0:
                self.done["imap killed"] += self.imap.kill_sessions(self.user)
            case 1:
                self.imap.rebuild(self.user)
                self.done["uidvalidity reset"] += 1
            case 2:
                self.smtp.fault("end", DROP)
                self.done["smtp broke off after the message"] += 1
            case 3:
                self.smtp.fault("rcpt", "450 4.2.0 later")
                self.done["smtp said later"] += 1
            case 4 | 5:
                names = ["drop_before", "drop_after", "cut_body", "unavailable", "error_after", "garbage"]
                self.desk.faults(storm={"seed": self.dice.randrange(10**6), "rate": 0.25, "names": names}, on="all")
                self.done["desk storm"] += 1
            case _:
                self.desk.faults(clear=True)

    # ---- the robot

    def robot(self) -> subprocess.Popen[str]:
        """A robot that has connected and is about to begin; one that cannot connect says so by ending."""
        child = subprocess.Popen(
            [sys.executable, "-c", _ROBOT],
            env=os.environ | {"PYTHONPATH": str(REPO)},
            stdout=subprocess.PIPE,
            stderr=(self.folder / "robot.log").open("ab"),
            text=True,
        )
        assert child.stdout is not None
        child.stdout.readline()
        return child

    def kill_some_time(self) -> None:
        """Kill it while it works: mostly soon after a step of some mail was committed, at times as it begins."""
        before, child = _steps(), self.robot()
        if self.dice.random() < 0.3:
            self.trouble()
        if self.dice.random() < 0.8:
            limit = time.monotonic() + 20
            while _steps() == before and child.poll() is None and time.monotonic() < limit:
                time.sleep(0.02)
        time.sleep(self.dice.uniform(0, 1.5))
        child.kill()
        child.wait(60)
        self.done["killed"] += child.returncode == -signal.SIGKILL

    def finish(self, seconds: float) -> None:
        """With nothing failing any more every mail ends."""
        self.desk.faults(clear=True)
        limit = time.monotonic() + seconds
        while self._open():
            assert time.monotonic() < limit, (self._open(), (self.folder / "robot.log").read_text()[-3000:])
            self.robot().wait(300)
            time.sleep(0.3)

    def _open(self) -> list[object]:
        waiting = list(Mail.objects.exclude(state__in=("hecho", "ignorado")).values_list("state", "problem")[:5])
        untold = list(DeskNote.objects.filter(state="previsto").values_list("text", "reason")[:5])
        return [*waiting, *untold, *self.imap.raw(self.user)[:3]]

    # ---- what has to be true at the end

    def check(self) -> None:
        assert set(Mail.objects.values_list("key", flat=True)) == {_key(one) for one in self.delivered}
        first = {row.message_id: row for row in Mail.objects.filter(duplicate_of=None, kind="human")}
        assert first.keys() == self.human.keys(), "a mail was lost or counted twice"
        tickets = {str(one["id"]): one for one in self.desk.truth()["tickets"]}
        openers = [row for row in first.values() if row.opens]
        assert len(tickets) == len(openers), "a ticket more or less than mails that open one"
        assert {_ticket(row) for row in openers} == tickets.keys()
        for row in openers:
            assert f"Asunto {_number(row)}: " in str(tickets[_ticket(row)])
        for row in first.values():
            if not row.opens:
                said = [str(one) for one in tickets[_ticket(row)]["said"]]
                assert sum(f"Asunto {_number(row)}: " in one for one in said) == 1, "a comment twice, or never"
        answers: dict[str, set[str]] = {}
        for one in self.smtp.accepted:
            answers.setdefault(str(one.message["In-Reply-To"]), set()).add(str(one.message["Message-ID"]))
        assert answers.keys() == self.human.keys(), "somebody was not answered, or a machine was"
        assert all(len(ids) == 1 for ids in answers.values()), "somebody was answered twice"
        assert Outgoing.objects.count() == len(self.human)
        self._check_corrections(tickets)
        per_case = Counter(Hold.objects.filter(released_at=None).values_list("source", "invoice"))
        assert all(count == 1 for count in per_case.values())
        assert verify().ok
        self.done["sent again, same message"] = len(self.smtp.accepted) - len(answers)
        self.done["comments"] = sum(not row.opens for row in first.values())

    def _check_corrections(self, tickets: dict[str, dict[str, object]]) -> None:
        """Every word of a person reached its ticket once, and each ticket is where the last one says."""
        for note in DeskNote.objects.select_related("dispute"):
            number = note.text.rpartition("Corrección ")[2]
            heard = [str(one) for one in tickets[note.dispute.ticket]["said"]]  # type: ignore[attr-defined]
            assert note.state == "hecho", note.text
            assert sum(f"Corrección {number}" in one for one in heard) == 1, "a word to the desk twice, or never"
        for case in Dispute.objects.filter(desk_notes__isnull=False).distinct():
            ticket, wanted = tickets[case.ticket], _PLACES[case.category]
            assert (ticket["group_id"], ticket["ticket_form_id"], ticket["priority"]) == wanted, "a ticket left behind"
            assert case.category in ticket["tags"]  # type: ignore[operator]
            assert len({"factura", "consulta"} & set(ticket["tags"])) == 1  # type: ignore[call-overload]

    def progress(self, arrived: int) -> None:
        """A line every ten kills, for whoever waits for the long form with ``-s``."""
        if self.done["killed"] % 10 == 0:
            ended = Mail.objects.filter(state__in=Mail.ENDED).count()
            spent = time.monotonic() - self.began
            print(f"{spent:6.0f} s: {self.done['killed']} kills, {arrived} arrived, {ended} ended", flush=True)

    def told(self) -> str:
        return f"triage: {len(self.human)} human mails, one ticket and one answer each; {dict(self.done)}"


def _steps() -> tuple[object, ...]:
    """What changes whenever the robot has got somewhere."""
    states = Mail.objects.exclude(state="recibido").values_list("state").annotate(Count("pk")).order_by("state")
    return (*states, Outgoing.objects.count())


def _number(row: Mail) -> str:
    return row.subject.split()[-1]


def _ticket(row: Mail) -> str:
    return row.dispute.ticket if row.dispute is not None else ""


def _key(raw: bytes) -> str:
    from cobranza.disputes.storing import key_of

    return key_of(raw)


@pytest.fixture
def desk() -> Iterator[RunningDesk]:
    with server.running("zendesk") as running:
        yield running


@pytest.fixture
def scene(
    tmp_path: Path, dovecot: Dovecot, smtpd: Smtpd, desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Scene]:
    room = EngineRoom(tmp_path / "suite")
    room.settings(arriendo=3, latido=0.5, espera=0.1, espera_maxima=0.5)
    config = room.root / "config"
    for name in ("connectors", "config"):
        shutil.copytree(REPO / name, room.root / name, dirs_exist_ok=True, ignore=_only_settings(name))
    room.settings(arriendo=3, latido=0.5, espera=0.1, espera_maxima=0.5)
    user = dovecot.new_user()
    mailbox = dovecot.account(user, salida="principal")
    (config / "mail.toml").write_text(toml("buzones.disputas", mailbox) + toml("salidas.principal", smtpd.way_out()))
    (config / "companies.toml").write_text(COMPANY, encoding="utf-8")
    (config / "disputes.toml").write_text(_TRIAGE, encoding="utf-8")
    desks = (config / "ticketing.toml").read_text(encoding="utf-8")
    for name, short in (("espera_segundos = 20", "espera_segundos = 5"), ("paciencia_segundos = 60", _PATIENCE)):
        assert name in desks
        desks = desks.replace(name, short)
    (config / "ticketing.toml").write_text(desks, encoding="utf-8")
    judge = room.root / "classifiers" / "sencillo"
    judge.mkdir(parents=True)
    (judge.parent / "__init__.py").touch()
    (judge / "__init__.py").write_text(textwrap.dedent(_JUDGE), encoding="utf-8")
    for name, value in desk.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COBRANZA_HOME", str(room.root))
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    monkeypatch.setenv("COBRANZA_EVIDENCE", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url())
    owe(register_creditor("demo", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES"))
    known = _loaded(judge / "__init__.py").categories()
    return lambda seed: Scene(dovecot, user, smtpd, desk, tmp_path, random.Random(seed), categories=known)


def _loaded(file: Path) -> Any:
    """The judge as the robot has it."""
    spec = importlib.util.spec_from_file_location("sencillo", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.ADAPTER


def _only_settings(name: str) -> Callable[[str, list[str]], set[str]]:
    """The suite's connectors whole; of the settings all but the engine's, which has to be fast here."""

    def left_out(_folder: str, names: list[str]) -> set[str]:
        return {one for one in names if one in ("__pycache__", "runs.toml", "cobranza.toml")}

    return left_out


def _under_fire(scene: Scene, *, mails: int, kills: int, seconds: float) -> None:
    arrived = 0
    while scene.done["killed"] < kills:
        # As many to come as kills to come: the last ones are not spent on an empty mailbox.
        share = (mails - arrived) / (kills - scene.done["killed"])
        for _ in range(min(scene.dice.randint(0, round(2 * share)), mails - arrived)):
            arrived += 1
            scene.arrive(arrived)
        scene.kill_some_time()
        for _ in range(scene.dice.randint(0, 2)):
            scene.correct()
        scene.progress(arrived)
    for number in range(arrived + 1, mails + 1):
        scene.arrive(number)
    scene.finish(seconds)
    scene.check()
    print(f"\n{scene.told()}")


@pytest.mark.timeout(600)
def test_every_mail_is_triaged_once_though_the_robot_is_killed(scene: Callable[[int], Scene]) -> None:
    made = scene(7)
    _under_fire(made, mails=12, kills=3, seconds=300)
    assert made.done["killed"] == 3
    assert made.done["corrected"] >= 1


@pytest.mark.torture
@pytest.mark.timeout(7200)
def test_five_hundred_mails_and_two_hundred_kills(scene: Callable[[int], Scene]) -> None:
    made = scene(int(os.environ.get("COBRANZA_SEED", "1")))
    mails, kills = int(os.environ.get("COBRANZA_MAILS", "500")), int(os.environ.get("COBRANZA_KILLS", "200"))
    _under_fire(made, mails=mails, kills=kills, seconds=3600)
    assert made.done["killed"] == kills
