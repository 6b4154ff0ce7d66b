"""Filters of reconciliation's screens: ``{% load reconciliation %}``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django import template

from cobranza.kernel import clock
from cobranza.ledger.models import Movement
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.summary import LOOKS
from cobranza.reconciliation.workbench import leases
from cobranza.reconciliation.workbench.queue import Filters
from cobranza.screens import formats

register = template.Library()


@register.filter
def look(state: str) -> str:
    """The tone of a proposal's state, for `badge`."""
    return LOOKS.get(state, ("neutral", "info"))[0]


@register.filter
def look_icon(state: str) -> str:
    """The icon of a proposal's state, for `badge`."""
    return LOOKS.get(state, ("neutral", "info"))[1]


@register.filter
def documents(proposal: Proposal) -> str:
    """The numbers of a proposal's documents, the first three."""
    numbers = [match.invoice.number for match in proposal.matches.all()]
    rest = f" +{len(numbers) - 3}" if len(numbers) > 3 else ""
    return ", ".join(numbers[:3]) + rest


@register.filter
def customer(proposal: Proposal) -> str:
    """The debtor's name of the first document, "" when none."""
    first = next(iter(proposal.matches.all()), None)
    return first.invoice.debtor.name if first else ""


@register.filter
def parts(explanation: str) -> list[str]:
    """An explanation as separate statements."""
    return [line.strip() for line in explanation.splitlines() if line.strip()]


@register.filter
def share(text: str) -> str:
    """A confidence that is kept as text."""
    return formats.percent(Decimal(text))


@register.filter
def sure_look(confidence: Decimal) -> str:
    """The tone of a confidence, for `badge`."""
    if confidence >= Decimal("0.95"):
        return "ok"
    return "info" if confidence >= Decimal("0.6") else "warn"


@register.filter
def cash(value: Decimal, currency: str) -> str:
    """Money as plain text, to stand inside a translated sentence."""
    return formats.money(value, currency)


@register.filter
def entry(mapping: Mapping[str, str], key: str) -> str:
    """What a mapping holds under a key, "" when nothing."""
    return mapping.get(key, "")


@register.filter
def query(filters: Filters) -> str:
    """The filters as an address's query, on their first page."""
    return filters.query(page="")


@register.filter
def with_item(filters: Filters, movement: int) -> str:
    """The same filters on one movement."""
    return filters.query(item=movement)


@register.filter
def with_after(filters: Filters, movement: int) -> str:
    """The same filters on the one after a movement."""
    return filters.query(after=movement, page="")


@register.filter
def hour(turn: leases.Turn) -> str:
    """The hour at which a turn ends."""
    return leases.until(turn)


@register.filter
def turn_of(movement: Movement, me: str) -> leases.Turn | None:
    """Who else has a movement now; its lease was read with it."""
    row = getattr(movement, "lease", None)
    if row is None or row.person == me or row.expires_at <= clock.now():
        return None
    return leases.Turn(movement.pk, row.person, row.expires_at)
