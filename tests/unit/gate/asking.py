"""Questions to the gate with everything in order but what a test changes."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cobranza.gate.acts import Act, Balance, Consent, Decision, PastContact, State
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.regimes import contact
from cobranza.regimes.contact import CHANNELS

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
CONSENTS = tuple(Consent(channel=channel, given_at=LONG_AGO, proof="contrato 7, anexo 2") for channel in CHANNELS)
ZONE = {
    "ES": "Europe/Madrid",
    "MX": "America/Mexico_City",
    "CO": "America/Bogota",
    "PE": "America/Lima",
    "CL": "America/Santiago",
    "AR": "America/Argentina/Buenos_Aires",
    "EC": "America/Guayaquil",
}


def local(text: str, zone: str) -> datetime:
    """A wall clock of a zone, "2026-03-07 15:00:00", as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=clock.zone(zone)).astimezone(UTC)


def act(country: str, at: datetime, channel: str = "sms", **more: Any) -> Act:
    return Act(country=country, debtor_type=more.pop("debtor_type", "consumer"), channel=channel, at=at, **more)


def state(at: datetime, zone: str, **more: Any) -> State:
    """A debtor who owes 1,000, read just now, with consent on every channel."""
    told = {"balance": Balance(open=Decimal(1000), read_at=at), "consents": CONSENTS, "zone": zone}
    return State(**{**told, **more})


def ask(country: str, wall: str, channel: str = "sms", zone: str = "", **more: Any) -> Decision:
    """Ask for an act at a wall clock of the debtor; keywords of `State` go there, the others to `Act`."""
    where = zone or ZONE[country]
    at = local(wall, where)
    of_state = {key: more.pop(key) for key in list(more) if key in State.__dataclass_fields__}
    return decide(act(country, at, channel, **more), state(at, where, **of_state), contact.law(country))


def before(wall: str, channel: str, zone: str, **more: Any) -> PastContact:
    """A contact that was made at a wall clock."""
    return PastContact(at=local(wall, zone), channel=channel, **more)
