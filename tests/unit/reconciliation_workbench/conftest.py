"""The wholesaler of the desk's journey, with proposals made by hand so that no change of the engine moves them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from cobranza.console import context
from cobranza.ledger.intake import import_statement, reading_sha256
from cobranza.ledger.models import BankAccount, Creditor, Invoice, Movement
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.reconciliation.models import Match, Proposal
from cobranza.screens.access import Role
from tests.journeys.reconciliation_workbench import world

D = Decimal


@dataclass
class Desk:
    """What the tests work on."""

    creditor: Creditor
    account: BankAccount
    lines: int = field(default=0)

    def invoice(self, number: str) -> Invoice:
        return Invoice.objects.get(number=number)

    def movement(self, amount: str, text: str = "TRANSFERENCIA", name: str = "", days: int = 0) -> Movement:
        """A movement of its own day, so that none is taken for another."""
        self.lines += 1
        day = date(2026, 11, 2) + timedelta(days=days)
        line = BankMovement(
            booked_on=day,
            value_on=day,
            amount=D(amount),
            currency="EUR",
            text=f"{text} {self.lines}",
            counterparty_name=name,
        )
        whole = Statement(account=world.IBAN, currency="EUR", opening=None, closing=None, movements=(line,))
        sha = reading_sha256(world.IBAN, whole)
        done = import_statement(self.account, [whole], source="n43", sha256=sha, actor=world.ERP)
        return Movement.objects.get(pk=done.new[0])

    def proposal(
        self, amount: str, *numbers: str, state: str = "review", confidence: str = "0.9", **figures: str
    ) -> Proposal:
        """A movement with a proposal for these invoices, each in full less `figures` on the first."""
        days = int(figures.pop("days", "0"))
        movement = self.movement(amount, figures.pop("text", "PAGO"), figures.pop("name", ""), days)
        made = Proposal.objects.create(
            creditor=self.creditor,
            movement=movement,
            state=state,
            confidence=D(confidence) if numbers else D(0),
            rule="equal" if numbers else "",
            explanation="Importe exacto." if numbers else "No se reconoce al ordenante.",
        )
        for place, number in enumerate(numbers):
            invoice = self.invoice(number)
            parts = {name: D(value) for name, value in figures.items()} if place == 0 else {}
            applied = parts.pop("applied", invoice.open)
            Match.objects.create(
                proposal=made,
                invoice=invoice,
                applied=applied,
                cash=applied - sum(parts.values(), D(0)),
                confidence=D(confidence),
                rule="equal",
                explanation="",
                **parts,
            )
        left = movement.amount - sum((match.cash for match in made.matches.all()), D(0))
        Proposal.objects.filter(pk=made.pk).update(unapplied=left)
        return Proposal.objects.select_related("movement__account", "creditor").get(pk=made.pk)


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk(world.ledger(), world.account())


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    context.instance.cache_clear()


@pytest.fixture
def enter(db: None) -> Callable[..., Client]:
    """Signs somebody in with the given roles."""

    def go(*roles: Role, name: str = "ana") -> Client:
        user = User.objects.create_user(name)
        user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return go
