"""Whatever happens between planning, queueing and sending, in any order: nothing leaves that must not leave.

The oracle is a handful of plain variables that follow the acts; it never asks the gate nor the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.dunning import workflow
from cobranza.kernel import clock as kernel_clock
from cobranza.kernel.spanish import amount as read_amount
from cobranza.ledger import agreements, consents, conversation, holds
from cobranza.ledger.agreements import Payment, Terms
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.models import Agreement, Creditor, Debtor, Hold, Invoice
from tests.journeys.dunning.conftest import NOW, Clock, Wire, invoice
from tests.journeys.ledger.conftest import ANA, ROBOT, line

pytestmark = pytest.mark.django_db
ZONE = kernel_clock.zone("Europe/Madrid")
ACTS = (
    "queue", "queue", "send", "send", "send", "read", "hours", "night", "pay 1", "pay part", "dispute 2",
    "dispute part", "settle", "stop", "agree", "plan", "break", "take", "give",
)  # fmt: skip


@dataclass
class Truth:
    """What an outsider knows of the debtor."""

    open: dict[str, Decimal] = field(default_factory=lambda: {"F-1": Decimal(500), "F-2": Decimal(300)})
    disputed: dict[str, Decimal] = field(default_factory=dict)
    planned: set[str] = field(default_factory=set)
    stopped: bool = False
    taken: bool = False
    read_at: datetime = NOW
    seen: int = 0

    def claimable(self) -> Decimal:
        return sum(
            (
                max(Decimal(0), amount - self.disputed.get(number, Decimal(0)))
                for number, amount in self.open.items()
                if number not in self.planned
            ),
            Decimal(0),
        )

    def permits(self, text: str, at: datetime) -> None:
        """The message may have left at `at`, and asks for no more than is free."""
        local = at.astimezone(ZONE)
        assert not self.stopped, "after the debtor's stop"
        assert not self.taken, "while a person leads"
        assert local.weekday() < 5, local
        assert time(9) <= local.time() < time(21), local
        assert at - self.read_at <= timedelta(hours=24), "on an old balance"
        [asked] = {read_amount(each) for each in re.findall(r"([\d.]+,\d\d) EUR", text)}
        assert 0 < asked <= self.claimable()
        for number in re.findall(r"F-\d", text):
            assert self.open[number] > self.disputed.get(number, Decimal(0)), number
            assert number not in self.planned, number


class World:
    """Does each act for real and in the truth."""

    def __init__(self, creditor: Creditor, debtor: Debtor, wire: Wire, clock: Clock, owed: Any, paid: Any) -> None:
        self.creditor, self.debtor, self.wire, self.clock, self.owed, self.paid = (
            creditor, debtor, wire, clock, owed, paid,
        )  # fmt: skip
        self.truth = Truth()
        self.count = 0

    def act(self, what: str) -> None:
        name, _, rest = what.partition(" ")
        getattr(self, name)(*([rest] if rest else []))

    def queue(self) -> None:
        workflow.queue_all(self.creditor, actor=ROBOT)

    def send(self) -> None:
        workflow.send(self.creditor)
        for message in self.wire.taken[self.truth.seen :]:
            self.truth.permits(message.text, self.clock.at)
        self.truth.seen = len(self.wire.taken)

    def read(self) -> None:
        """The ERP and the bank are read again; the fee tells one reading from another."""
        self.count += 1

        Invoice.objects.filter(debtor=self.debtor).update(read_at=self.clock.at)
        self.paid(line(f"-{self.count}.01", "COMISION", self.clock.at.date()))
        self.truth.read_at = self.clock.at

    def hours(self) -> None:
        self.clock.at += timedelta(hours=5)

    def night(self) -> None:
        self.clock.at += timedelta(hours=24)

    def pay(self, how: str) -> None:
        row = self._invoice("F-1")
        amount = self.truth.open["F-1"] if how == "1" else min(self.truth.open["F-1"], Decimal(120))
        if amount <= 0:
            return
        self.count += 1
        day = self.clock.at.date()
        [money] = self.paid(line(f"{amount}", f"PAGO {self.count}", day))
        allocate(money, [Part(invoice=row.pk, applied=amount)], actor=ANA)
        self.truth.open["F-1"] -= amount

    def dispute(self, how: str) -> None:
        if self.truth.disputed or self.truth.planned or not self.truth.open["F-2"]:
            return
        amount = None if how == "2" else Decimal(100)
        holds.put(self._invoice("F-2"), source="disputa:1", reason="no llegó", actor=ROBOT, amount=amount)
        self.truth.disputed["F-2"] = self.truth.open["F-2"] if amount is None else amount

    def settle(self) -> None:
        for hold in Hold.objects.filter(released_at=None):
            holds.release(hold, reason="aclarado", actor=ANA)
        self.truth.disputed.clear()

    def stop(self) -> None:
        consents.stop(self.debtor, "email", said="BAJA", actor=ROBOT, at=self.clock.at)
        self.truth.stopped = True

    def agree(self) -> None:
        if self.truth.stopped:
            self.clock.at += timedelta(seconds=1)
            consents.give(self.debtor, "email", proof="lo pide otra vez", actor=ANA, at=self.clock.at)
            self.truth.stopped = False

    def plan(self) -> None:
        """A plan over all that is free of the second invoice."""
        if self.truth.planned or self.truth.disputed:
            return
        self.count += 1
        amount = self.truth.open["F-2"]
        terms = Terms(
            key=f"acuerdo:{self.count}",
            currency="EUR",
            kind="instalments",
            payments=(Payment(due=self.clock.at.date() + timedelta(days=60), amount=amount, principal=amount),),
            covers={self._invoice("F-2").pk: amount},
            channel="portal",
            proof="página, botón",
            accepted_at=self.clock.at,
            approved_by="matriz",
        )
        agreements.conclude(self.debtor, terms, actor=ROBOT)
        self.truth.planned.add("F-2")

    def break_(self) -> None:
        for each in Agreement.objects.filter(ended_at=None):
            agreements.stand(each, "incumplido", reason="no pagó", actor=ANA)
        self.truth.planned.clear()

    def take(self) -> None:
        conversation.take_over(self.debtor, actor=ANA)
        self.truth.taken = True

    def give(self) -> None:
        conversation.give_back(self.debtor, actor=ANA)
        self.truth.taken = False

    def _invoice(self, number: str) -> Invoice:
        return Invoice.objects.get(debtor=self.debtor, number=number)


setattr(World, "break", World.break_)


@pytest.fixture
def world(creditor: Creditor, pepa: Debtor, wire: Wire, clock: Clock, owed: Any, paid: Any) -> Callable[[], World]:
    owed(invoice("1", date(2026, 11, 18)), invoice("2", date(2026, 11, 19), "300.00"))

    def make() -> World:
        clock.at = NOW
        wire.taken.clear()
        return World(creditor, pepa, wire, clock, owed, paid)

    return make


def test_the_oracle_itself_objects(world: Callable[[], World]) -> None:
    made = world()
    made.act("queue")
    made.act("send")
    assert made.truth.seen == 1, "an ordinary day sends"
    made.truth.open["F-1"] = Decimal(0)
    with pytest.raises(AssertionError):
        made.truth.permits(made.wire.taken[0].text, NOW)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(acts=st.lists(st.sampled_from(ACTS), min_size=4, max_size=18))
def test_nothing_leaves_that_must_not(world: Callable[[], World], acts: list[str]) -> None:
    with transaction.atomic():
        made = world()
        for act in acts:
            made.act(act)
        made.act("send")
        transaction.set_rollback(True)
