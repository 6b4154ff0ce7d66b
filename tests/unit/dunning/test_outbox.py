"""The outbox: a thousand messages, four channels, lost answers, kills, doubled and disordered webhooks: each once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.dunning import delivery
from cobranza.dunning.memory import MemoryOutbox
from cobranza.dunning.ports import (
    Caps,
    ChannelDown,
    ChannelRefused,
    Delivery,
    Event,
    Outcome,
    Outgoing,
    Row,
    SendResult,
    Status,
)
from cobranza.dunning.sending import Asked, Sender
from cobranza.gate.acts import Decision, Verdict
from cobranza.kernel.errors import BusinessError

START = datetime(2026, 11, 23, 9, tzinfo=UTC)
CHANNELS = ("email", "sms", "whatsapp", "ivr")


class Killed(BaseException):
    """The process died here."""


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


class Provider:
    """A channel whose provider loses answers, kills us, delays and doubles its webhooks; `taken` is the truth."""

    slug = "doble"

    def __init__(
        self, channel: str, clock: Clock, dice: random.Random, *, lookup: bool = True, faults: float = 0.4
    ) -> None:
        self.channel = channel
        self.taken: list[str] = []
        self.known: dict[str, Status] = {}
        self.visible: dict[str, datetime] = {}
        self.webhooks: list[Event] = []
        self.sent: list[Outgoing] = []
        self._clock, self._dice, self._lookup, self._faults = clock, dice, lookup, faults

    def capabilities(self) -> Caps:
        return Caps(receipts=True, lookup=self._lookup, settle_seconds=300)

    def send(self, message: Outgoing) -> SendResult:
        fault = self._dice.random() < self._faults
        kind = self._dice.choice(("down", "kill_before", "kill_after", "lost", "refused")) if fault else ""
        if kind == "down":
            raise ChannelDown("503")
        if kind == "kill_before":
            raise Killed
        if kind == "refused":
            return SendResult(outcome=Outcome.REFUSED, reason="número no válido", permanent=True)
        self._take(message)
        if kind == "kill_after":
            raise Killed
        if kind == "lost":
            return SendResult(outcome=Outcome.UNKNOWN)
        return SendResult(outcome=Outcome.ACCEPTED, provider_id=self.known[message.key].provider_id)

    def _take(self, message: Outgoing) -> None:
        self.taken.append(message.key)
        self.sent.append(message)
        name = f"{self.channel}-{len(self.taken)}"
        last = self._dice.choice((Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.BOUNCED))
        self.known[message.key] = Status(provider_id=name, state=last, at=self._clock())
        # It can be found only some time after it was taken.
        self.visible[message.key] = self._clock() + timedelta(seconds=self._dice.uniform(0, 200))
        order = [Delivery.SENT, Delivery.DELIVERED, Delivery.READ]
        told = [Delivery.SENT, Delivery.BOUNCED] if last is Delivery.BOUNCED else order[: order.index(last) + 1]
        events = [Event(id=f"{name}-{each.value}", provider_id=name, state=each, at=self._clock()) for each in told]
        self._dice.shuffle(events)
        self.webhooks += events + self._dice.choices(events, k=2)

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        if self._dice.random() < self._faults / 2:
            raise ChannelDown("504")
        found = self.known.get(key)
        return found if found and self.visible[key] <= self._clock() else None

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        raise NotImplementedError


def allow(row: Row, now: datetime) -> Asked:
    message = Outgoing(key=row.key, to=row.address, text=f"Debe 10,00 EUR a las {now:%H:%M}")
    return Asked(decision=Decision(verdict=Verdict.ALLOW, at=now, rules=("R1",)), message=message)


def row(number: int, channel: str = "sms") -> Row:
    return Row(key=f"C{number}:paso:2026-11-18:1", account=f"C{number}", channel=channel, address="x", not_before=START)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_thousand_messages_each_once(seed: int) -> None:
    dice, clock, outbox = random.Random(seed), Clock(), MemoryOutbox()
    providers = {channel: Provider(channel, clock, dice) for channel in CHANNELS}
    for number in range(1000):
        assert outbox.queue(row(number, CHANNELS[number % 4]))
        assert not outbox.queue(row(number, CHANNELS[number % 4])), "the same proposal again is the same message"
    kills = 0
    waiting: list[Event] = []
    for _ in range(3000):
        clock.at += timedelta(seconds=dice.uniform(5, 120))
        try:
            Sender(outbox, providers, allow, now=clock).run(limit=40)
        except Killed:
            kills += 1
        for provider in providers.values():
            waiting += provider.webhooks
            provider.webhooks.clear()
        dice.shuffle(waiting)
        for _ in range(min(len(waiting), 30)):
            outbox.hear(waiting.pop())
        if not waiting and not {each.state for each in outbox.rows.values()} & {
            Delivery.QUEUED,
            Delivery.SENDING,
            Delivery.UNKNOWN,
        }:
            break
    assert kills > 50
    taken = Counter(key for provider in providers.values() for key in provider.taken)
    assert max(taken.values()) == 1, "nothing twice"
    for each in outbox.rows.values():
        truth = providers[each.channel].known.get(each.key)
        if truth is None:
            assert each.state is Delivery.REFUSED, each
        else:
            assert each.state is truth.state, each
            assert each.provider_id == truth.provider_id
    assert sum(taken.values()) > 600


def test_negative_control_a_wait_shorter_than_the_provider_s_sends_twice() -> None:
    dice, clock, outbox = random.Random(5), Clock(), MemoryOutbox()

    class Hasty(Provider):
        def capabilities(self) -> Caps:
            return Caps(receipts=True, lookup=True, settle_seconds=1)

    provider = Hasty("sms", clock, dice)
    for number in range(200):
        outbox.queue(row(number))
    for _ in range(2000):
        clock.at += timedelta(seconds=dice.uniform(5, 60))
        try:
            Sender(outbox, {"sms": provider}, allow, now=clock).run(limit=40)
        except Killed:
            continue
    assert max(Counter(provider.taken).values()) > 1


def test_a_channel_that_cannot_be_asked_leaves_the_unknown_to_a_person() -> None:
    dice, clock, outbox = random.Random(1), Clock(), MemoryOutbox()

    class Silent(Provider):
        def send(self, message: Outgoing) -> SendResult:
            self._take(message)
            return SendResult(outcome=Outcome.UNKNOWN)

    provider = Silent("email", clock, dice, lookup=False)
    outbox.queue(row(1, "email"))
    for _ in range(20):
        Sender(outbox, {"email": provider}, allow, now=clock).run()
        clock.at += timedelta(hours=5)
    (stored,) = outbox.rows.values()
    assert (stored.state, len(provider.taken)) == (Delivery.UNKNOWN, 1)
    assert "decide una persona" in stored.reason


def test_the_gate_is_asked_at_the_second_of_sending_and_its_word_is_kept() -> None:
    clock, outbox = Clock(), MemoryOutbox()
    provider = Provider("sms", clock, random.Random(1), faults=0)
    later = START + timedelta(hours=3)
    answers = [
        Asked(
            decision=Decision(verdict=Verdict.DEFER, at=START, until=later, rules=("HORARIO",), reasons=("Cerrado.",)),
            message=None,
        ),
        Asked(decision=Decision(verdict=Verdict.DENY, at=later, rules=("SALDO",), reasons=("Ya pagó.",)), message=None),
    ]

    def ask(_row: Row, _now: datetime) -> Asked:
        return answers.pop(0)

    outbox.queue(row(1))
    sender = Sender(outbox, {"sms": provider}, ask, now=clock)
    sender.run()
    stored = outbox.rows[row(1).key]
    assert (stored.state, stored.not_before, stored.rules) == (Delivery.QUEUED, later, ("HORARIO",))
    sender.run()
    assert len(answers) == 1, "it is not asked again before its time"
    clock.at = later
    sender.run()
    stored = outbox.rows[row(1).key]
    assert (stored.state, stored.reason, stored.rules) == (Delivery.SUPPRESSED, "Ya pagó.", ("SALDO",))
    assert provider.taken == []


def test_a_message_that_cannot_be_filled_is_held_back_and_the_others_go() -> None:
    clock, outbox = Clock(), MemoryOutbox()
    provider = Provider("sms", clock, random.Random(1), faults=0)

    def ask(stored: Row, now: datetime) -> Asked:
        if stored.account == "C1":
            raise BusinessError("La plantilla pide el enlace y no se sabe.")
        return allow(stored, now)

    for number in (1, 2):
        outbox.queue(row(number))
    outbox.queue(replace(row(3), channel="fax"))
    done = Sender(outbox, {"sms": provider}, ask, now=clock).run()
    assert done == {Delivery.SUPPRESSED: 2, Delivery.ACCEPTED: 1}
    assert "enlace" in outbox.rows[row(1).key].reason
    assert "fax" in outbox.rows[row(3).key].reason


def test_a_refused_account_closes_the_channel_for_the_run_and_spends_no_try() -> None:
    clock, outbox = Clock(), MemoryOutbox()
    calls = []

    class Broke(Provider):
        def send(self, message: Outgoing) -> SendResult:
            calls.append(message.key)
            raise ChannelRefused("sin saldo")

    for number in range(5):
        outbox.queue(row(number))
    Sender(outbox, {"sms": Broke("sms", clock, random.Random(1))}, allow, now=clock).run()
    assert len(calls) == 1
    assert {each.state for each in outbox.rows.values()} == {Delivery.QUEUED}
    assert {each.tries for each in outbox.rows.values()} == {0}


def test_a_webhook_that_overtakes_the_answer_is_not_lost() -> None:
    clock, outbox = Clock(), MemoryOutbox()

    class Fast(Provider):
        def send(self, message: Outgoing) -> SendResult:
            result = super().send(message)
            for event in self.webhooks:
                outbox.hear(event)
            return result

    provider = Fast("sms", clock, random.Random(3), faults=0)
    outbox.queue(row(1))
    Sender(outbox, {"sms": provider}, allow, now=clock).run()
    assert outbox.rows[row(1).key].state is provider.known[row(1).key].state


@given(st.sampled_from(sorted(Delivery)), st.lists(st.sampled_from(sorted(Delivery)), max_size=8))
def test_states_only_rise_and_order_does_not_matter(start: Delivery, told: list[Delivery]) -> None:
    def end(order: list[Delivery]) -> Delivery:
        state = start
        for each in order:
            following = delivery.after(state, each)
            assert (
                following is state
                or delivery.RANK.get(following, 99) > delivery.RANK.get(state, 99)
                or (following is Delivery.REFUSED)
            )
            state = following
        return state

    rising: list[Delivery] = [each for each in told if each is not Delivery.REFUSED]
    assert end(rising) is end(list(reversed(rising))) is end(rising * 2)


@pytest.mark.parametrize(
    ("text", "stop"),
    [
        ("BAJA", True),
        (" baja. ", True),
        ("Stop!!", True),
        ("alto", True),
        ("PARAR", True),
        ("Quiero darme de baja de los mensajes", True),
        ("no me vuelvan a escribir, gracias", True),
        ("Dejen de llamarme al trabajo", True),
        ("não quero receber mais mensagens", True),
        ("no", False),
        ("estoy de baja médica y no puedo pagar", False),
        ("di de baja la línea en marzo", False),
        ("el importe es más alto de lo que debo", False),
        ("¿cuándo me llaman?", False),
        ("", False),
    ],
)
def test_words_that_stop_a_channel(text: str, stop: bool) -> None:
    assert delivery.stops(text) is stop
