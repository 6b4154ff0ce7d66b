"""The outbox under `kill -9`: real tables, five channels, providers that lose answers. Each message leaves once.

A sender is forked, killed before or after a seeded step, and another one goes on; the providers break connections
before and after they take a message, limit, fail, show what they took only after a while, and their webhooks come
twice, late and in disorder. What counts is what the providers counted. Short here; ``-m torture`` sends
`COBRANZA_MESSAGES` (1000) with each seed of `COBRANZA_SEEDS` (1,2,3), some senders killed at any moment.

A mail server and WhatsApp cannot be asked whether they took a message. What nobody can know stays unknown, for a
person, and is not sent again; WhatsApp's own webhooks settle whatever it did take.
"""

from __future__ import annotations

import os
import random
import signal
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from cobranza import suite
from cobranza.demo.channels import server
from cobranza.demo.channels.server import RunningProviders
from cobranza.dunning import tasks, webhooks
from cobranza.dunning.models import Message, Told
from cobranza.dunning.ports import Caps, Channel, Delivery, Outgoing, Row
from cobranza.dunning.sending import Asked, Sender
from cobranza.dunning.store import StoredOutbox
from cobranza.gate.acts import Decision, Verdict
from cobranza.ledger.events import record
from cobranza.ledger.models import Creditor, Debtor, Task
from cobranza.ledger.models import Event as Recorded
from cobranza.ledger.registry import register_creditor
from cobranza.ledger.verification import verify
from tests.journeys.ledger.conftest import ROBOT
from tests.smtpd import DROP, Smtpd, smtpd
from tests.unit.channels.conftest import HOOKS, home, mail_toml

__all__ = ["home", "smtpd"]
pytestmark = [pytest.mark.django_db(transaction=True)]

_SLUGS = {"email": "email", "sms": "sms", "whatsapp": "whatsapp", "ivr": "voice", "letter": "burofax"}
_KINDS = {"sms": "sms", "whatsapp": "whatsapp", "ivr": "call", "letter": "burofax"}
_LOOKED_UP = ("sms", "ivr", "letter")
_FATES = ("delivered", "delivered", "read", "sent", "undelivered", "away")
_ENDS = {
    "sent": Delivery.SENT,
    "delivered": Delivery.DELIVERED,
    "read": Delivery.READ,
    "undelivered": Delivery.BOUNCED,
    "failed": Delivery.BOUNCED,
    "completed": Delivery.DELIVERED,
    "no-answer": Delivery.SENT,
    "busy": Delivery.SENT,
    "en_reparto": Delivery.SENT,
    "entregado": Delivery.DELIVERED,
    "no_entregado": Delivery.BOUNCED,
}
_ON_THE_WAY = [state.value for state in (Delivery.QUEUED, Delivery.SENDING)]
_LAG = 120


@pytest.fixture
def providers(home: Path, smtpd: Smtpd, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningProviders]:
    """Providers in a process of their own, and a suite that knows them."""
    mail_toml(home, smtpd)
    with (home / "config" / "channels.toml").open("a", encoding="utf-8") as out:
        out.write("firma_minutos = 60\n")  # the last table of the file is the burofax's
    with server.running() as found:
        for name, value in found.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("COBRANZA_AVISOS_URL", HOOKS)
        found.hooks(HOOKS)
        found.templates({"aviso": 1})
        yield found


def address(channel: str, number: int) -> str:
    """Where message `number` goes; nobody else's goes there."""
    if channel == "email":
        return f"deudor{number}@pepa.example"
    if channel == "letter":
        return f"Deudor {number}\nC/ Mayor {number}\n28013 Madrid"
    return f"+346{number:08d}"


def ask(row: Row, now: datetime) -> Asked:
    """A gate that lets everything pass."""
    approved = row.channel == "whatsapp"
    message = Outgoing(
        key=row.key,
        to=row.address,
        subject="Aviso",
        text=f"Debe 10,00 EUR a las {now:%H:%M:%S}.",
        template="aviso" if approved else "",
        values=("10,00 EUR",) if approved else (),
    )
    return Asked(decision=Decision(verdict=Verdict.ALLOW, at=now, rules=("R1",)), message=message)


def channels() -> dict[str, Channel]:
    found = suite.adapters("connectors.channels")
    return {channel: found[slug] for channel, slug in _SLUGS.items()}  # type: ignore[misc]


class Doom:
    """Kills this very process at its n-th step; 0 never."""

    def __init__(self, step: int) -> None:
        self.left = step

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedOutbox(StoredOutbox):
    """The stored outbox, whose user may die before and after each of its transactions."""

    def __init__(self, doom: Doom) -> None:
        super().__init__()
        self._doom = doom

    def claim(self, key: str, token: str, until: datetime, /) -> Row | None:
        self._doom.step()
        found = super().claim(key, token, until)
        self._doom.step()
        return found

    def settle(self, key: str, token: str, expect: Delivery, /, **changes: Any) -> bool:
        self._doom.step()
        done = super().settle(key, token, expect, **changes)
        self._doom.step()
        return done


@dataclass
class Scene:
    """An outbox, its providers, and senders that die."""

    providers: RunningProviders
    smtp: Smtpd
    folder: Path
    messages: int
    seed: int
    timed: bool = False
    channels: Mapping[str, Channel] = field(default_factory=channels)
    done: Counter[str] = field(default_factory=Counter)
    ahead: float = 0.0
    heard: int = 0
    waiting: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        creditor = register_creditor("talleres", "Talleres Invención, S.A.", actor=ROBOT, country="ES")
        debtors = [
            Debtor.objects.create(creditor=creditor, erp_key=f"d{number}", name=f"Deudor {number}", country="ES")
            for number in range(20)
        ]
        for debtor in debtors:
            record("debtor.registered", debtor, {}, ROBOT, creditor=creditor, seals=[debtor])
        names = list(self.channels)
        start = datetime.now(UTC) - timedelta(minutes=1)
        Message.objects.bulk_create(
            Message(
                key=f"{number}:EUR:aviso:2026-11-18:1",
                creditor=creditor,
                debtor=debtors[number % 20],
                currency="EUR",
                strategy="general@1",
                step="aviso",
                anchor=start.date(),
                channel=names[number % len(names)],
                address=address(names[number % len(names)], number),
                template="amistoso",
                not_before=start,
            )
            for number in range(self.messages)
        )
        self.creditor: Creditor = creditor
        self.providers.fates({where: self.dice.choice(_FATES) for where in self._where()})

    def _where(self) -> list[str]:
        return [each for each in Message.objects.order_by("pk").values_list("address", flat=True) if "@" not in each]

    # ---- senders

    def send(self, *, kill_at: int = 0, kill_after: float = 120) -> None:
        """Let one sender work, in a process of its own, to its end or to a sudden one.

        Args:
            kill_at: Step at which it dies, 0 for none.
            kill_after: Seconds after which it is killed, wherever it is.
        """
        connections.close_all()
        problem = self.folder / "problem.txt"
        pid = os.fork()
        if pid == 0:
            self._work(problem, kill_at)  # never returns
        until, status = time.monotonic() + kill_after, None
        while status is None and time.monotonic() < until:
            ended, told = os.waitpid(pid, os.WNOHANG)
            status = told if ended else None
            time.sleep(0.005)
        if status is None:
            os.kill(pid, signal.SIGKILL)
            _, status = os.waitpid(pid, 0)
        killed = os.WIFSIGNALED(status)
        assert killed or os.WEXITSTATUS(status) == 0, problem.read_text(encoding="utf-8")
        self.done["kills"] += killed

    def _work(self, problem: Path, kill_at: int) -> None:
        try:
            ahead = timedelta(seconds=self.ahead)
            outbox = DoomedOutbox(Doom(kill_at))
            Sender(outbox, self.channels, ask, now=lambda: datetime.now(UTC) + ahead).run(max(10, self.messages // 12))
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the forked process must never return into pytest
            problem.write_text(traceback.format_exc(), encoding="utf-8")
        finally:
            os._exit(1)

    def later(self, seconds: float) -> None:
        """Time passes for the senders and for the providers alike."""
        self.ahead += seconds
        self.providers.advance(seconds)

    # ---- webhooks

    def hear(self, share: float) -> None:
        """Deliver part of what the providers have to tell: any order, some of it twice."""
        fresh = self.providers.deliveries(after=self.heard)
        self.heard = max([self.heard, *(call["id"] for call in fresh)])
        self.waiting += fresh
        self.dice.shuffle(self.waiting)
        for _ in range(round(len(self.waiting) * share)):
            call = self.waiting.pop()
            for _ in range(self.dice.choice((1, 1, 2))):
                webhooks.receive(call["slug"], call["headers"], call["body"].encode(), call["url"])
                self.done["webhooks"] += 1

    # ---- the whole

    def storm(self) -> None:
        """Kills and faults until nearly all is settled, then calm."""
        self.providers.faults(on="all", storm={"seed": self.seed, "rate": 0.3}, listing_lag=_LAG)
        for _ in range(40 + self.messages):
            if self.dice.random() < 0.5:
                self.smtp.fault(self.dice.choice(("mail", "data", "end")), self.dice.choice((DROP, "450 4.7.1 luego")))
            if self.timed and self.dice.random() < 0.5:
                self.send(kill_after=self.dice.uniform(0.05, 1.0))
            else:
                self.send(kill_at=self.dice.choice((0, *range(1, 24))))
            self.hear(0.5)
            self.later(self.dice.uniform(60, 400))
            left = Message.objects.filter(state__in=_ON_THE_WAY).count()
            if left <= self.messages * 0.1:
                break
        self.providers.faults(clear=True, listing_lag=_LAG)
        self.smtp._faults.clear()
        for _ in range(60):
            self.later(600)
            self.send()
            soon = datetime.now(UTC) + timedelta(seconds=self.ahead) + timedelta(days=30)
            unknown = Message.objects.filter(state=Delivery.UNKNOWN.value, not_before__lte=soon)
            if not Message.objects.filter(state__in=_ON_THE_WAY).exists() and not unknown.exists():
                break
        self.hear(1.0)
        tasks.run(self.creditor)

    def truth(self) -> dict[str, list[str]]:
        """What became of what the providers took, by address."""
        found: dict[str, list[str]] = {}
        told = self.providers.truth()
        for channel, kind in _KINDS.items():
            for row in told[kind]:
                to = "\n".join(row["destinatario"]) if channel == "letter" else "+" + row["to"].lstrip("+")
                found.setdefault(to, []).append(row.get("status") or row["estado"])
        for mail in self.smtp.accepted:
            found.setdefault(mail.recipients[0], []).append("aceptado")
        return found

    def check(self) -> None:
        truth = self.truth()
        assert max(map(len, truth.values())) == 1, "nothing twice"
        for message in Message.objects.all():
            ends, state = truth.get(message.address, []), Delivery(message.state)
            if not ends:
                may = {Delivery.REFUSED} | (set() if message.channel in _LOOKED_UP else {Delivery.UNKNOWN})
                assert state in may, (message, state, message.reason)
            elif message.channel == "email":
                assert state in {Delivery.ACCEPTED, Delivery.UNKNOWN}, (message, state)
            else:
                assert state is _ENDS[ends[0]], (message, state, ends, message.reason)
            if state is Delivery.UNKNOWN:
                assert message.not_before > datetime.now(UTC) + timedelta(days=3000), "it waits for a person"
        left = Message.objects.exclude(sent_at=None).count()
        assert Recorded.objects.filter(kind="contact.sent").count() == left, "each act of collection is on record once"
        bounced = Message.objects.filter(state=Delivery.BOUNCED.value)
        refused = Message.objects.filter(state=Delivery.REFUSED.value, told__permanent=True).distinct()
        assert Task.objects.filter(kind=Task.Kinds.CONTACT_DATA).count() == bounced.count() + refused.count()
        assert bounced.exists()
        assert Told.objects.filter(message=None).count() == 0, "what a provider told reached its message"
        assert verify().ok


def _storm(
    providers: RunningProviders, smtp: Smtpd, folder: Path, messages: int, seed: int, *, timed: bool = False
) -> Scene:
    import pywa.client  # noqa: F401

    import cobranza.legal.bundle.typeset  # noqa: F401 - before the forks, not in each

    scene = Scene(providers, smtp, folder, messages, seed, timed)
    scene.storm()
    scene.check()
    return scene


def test_messages_leave_once_whatever_is_killed(providers: RunningProviders, smtpd: Smtpd, tmp_path: Path) -> None:
    scene = _storm(providers, smtpd, tmp_path, 40, 1)
    assert scene.done["kills"] >= 3
    assert sum(providers.truth()["fired"].values()) >= 10


@pytest.mark.torture
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", [int(each) for each in os.environ.get("COBRANZA_SEEDS", "1,2,3").split(",")])
def test_a_thousand_messages(
    providers: RunningProviders, smtpd: Smtpd, tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = _storm(providers, smtpd, tmp_path, int(os.environ.get("COBRANZA_MESSAGES", "1000")), seed, timed=True)
    assert scene.done["kills"] >= 20
    with capsys.disabled():
        states = Counter(Message.objects.values_list("channel", "state"))
        print(f"\nseed {seed}: {dict(scene.done)}, faults {providers.truth()['fired']}\n{dict(states)}")


def test_negative_control_a_wait_shorter_than_the_provider_s_sends_twice(
    providers: RunningProviders, smtpd: Smtpd, tmp_path: Path
) -> None:
    sms = channels()["sms"]

    class Hasty:
        """Looks once, at once, and believes what it sees."""

        slug, channel = "sms", "sms"
        send, lookup, events = sms.send, sms.lookup, sms.events

        def capabilities(self) -> Caps:
            return Caps(receipts=True, lookup=True, settle_seconds=1)

    scene = Scene(providers, smtpd, tmp_path, 6, 1, channels={"sms": Hasty()})
    providers.faults(plan=["drop_after"] * 6, listing_lag=_LAG)
    for _ in range(4):
        scene.send()
        scene.later(10)
    counts = Counter(row["to"] for row in providers.truth()["sms"])
    assert max(counts.values()) == 2, "the same storm finds a sender that repeats what it does not know"
