"""A debtor with every kind of address, an outbox that talks to the doubles, and webhooks over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from cobranza import suite
from cobranza.demo.channels.server import RunningProviders
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Outgoing, Row
from cobranza.dunning.sending import Asked, Sender
from cobranza.dunning.store import StoredOutbox
from cobranza.gate.acts import Decision, Verdict
from cobranza.kernel import clock
from cobranza.ledger import consents
from cobranza.ledger.models import BankAccount, Contact, Creditor, Debtor
from tests.journeys.ledger.conftest import ROBOT, account, creditor, document, line, owed, paid
from tests.unit.channels.conftest import ADDRESS, HOOKS, MOBILE, home, providers, running

__all__ = ["account", "creditor", "home", "owed", "paid", "providers", "running"]

SLUGS = {"sms": "sms", "whatsapp": "whatsapp", "ivr": "voice", "letter": "burofax"}
OURS = """
[empresas.talleres]
remitente = "Talleres Invención, S.A."
telefono = "910 000 000"
[empresas.talleres.baja]
"*" = "Para no recibir más, conteste BAJA."
[empresas.talleres.canales]
email = "email"
sms = "sms"
whatsapp = "whatsapp"
ivr = "voice"
letter = "burofax"
"""


@pytest.fixture
def pepa(
    home: Path, creditor: Creditor, account: BankAccount, owed: Callable[..., Any], paid: Callable[..., Any]
) -> Debtor:
    """Owes an invoice, agreed to every channel, and has an address of each kind."""
    (home / "config" / "dunning.toml").write_text(OURS, encoding="utf-8")
    (home / "config" / "portal.toml").write_text('direccion = "https://pagos.example.com"\n', encoding="utf-8")
    owed(document("1", "500.00"))
    paid(line("-3.00", "COMISION", date(2026, 3, 2)))
    debtor = Debtor.objects.get(erp_key="c1")
    for kind, value in (("phone", "600 000 001"), ("address", ADDRESS)):
        Contact.objects.create(debtor=debtor, kind=kind, value=value, source="ERP")
    for channel in ("email", "sms", "whatsapp", "ivr", "letter"):
        consents.give(debtor, channel, proof="contrato marco, cláusula 9", actor=ROBOT)
    return debtor


@dataclass
class Desk:
    """What leaves, and what comes back."""

    providers: RunningProviders
    heard: int = 0

    def queue(self, debtor: Debtor, channel: str, number: int = 1, to: str = "") -> Message:
        """A message that waits to leave."""
        addresses = {"email": "pagos@pepa.example", "letter": ADDRESS}
        return Message.objects.create(
            key=f"{debtor.pk}:EUR:aviso:2026-03-02:{number}:{channel}",
            creditor=debtor.creditor,
            debtor=debtor,
            currency="EUR",
            strategy="general@1",
            step="prueba",
            anchor=date(2026, 3, 2),
            channel=channel,
            address=to or addresses.get(channel, MOBILE),
            template="amistoso",
            not_before=clock.now() - timedelta(minutes=1),
        )

    def send(self) -> Any:
        """One run over the doubles; the gate lets everything pass."""
        found = suite.adapters("connectors.channels")
        channels: Any = {channel: found[slug] for channel, slug in SLUGS.items()}
        return Sender(StoredOutbox(), channels, allow, now=clock.now).run()

    def calls(self) -> list[Any]:
        """Webhook calls that nobody has taken from here yet."""
        fresh: list[Any] = self.providers.deliveries(after=self.heard)
        self.heard = max([self.heard, *(call["id"] for call in fresh)])
        return fresh

    def post(self, call: Any, **changes: Any) -> Any:
        """Deliver a call as the provider would."""
        whole = call | changes
        place = urlsplit(whole["url"])
        kind = whole["headers"]["Content-Type"]
        headers = {name: value for name, value in whole["headers"].items() if name != "Content-Type"}
        path = place.path + (f"?{place.query}" if place.query else "")
        return Client().post(path, data=whole["body"].encode(), content_type=kind, headers=headers)

    def hear(self, copies: int = 1) -> list[int]:
        """Deliver all that the providers have to tell; their statuses."""
        return [self.post(call).status_code for call in self.calls() for _ in range(copies)]


@pytest.fixture
def desk(providers: RunningProviders) -> Desk:
    providers.templates({"amistoso": 1})
    return Desk(providers)


def allow(row: Row, now: datetime) -> Asked:
    template = row.channel == "whatsapp"
    message = Outgoing(
        key=row.key,
        to=row.address,
        subject="Su factura F-1",
        text="Debe 500,00 EUR.",
        template="amistoso" if template else "",
        values=("500,00 EUR",) if template else (),
    )
    return Asked(decision=Decision(verdict=Verdict.ALLOW, at=now.astimezone(UTC), rules=("R1",)), message=message)


__all__ += ["HOOKS"]
