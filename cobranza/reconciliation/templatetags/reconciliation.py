"""Filters of reconciliation's screens: ``{% load reconciliation %}``."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django import template

from cobranza.reconciliation.choice import FIELD, Offer
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.summary import LOOKS
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


@register.simple_tag
def typed_amount(offer: Offer, typed: Mapping[str, str] | None = None) -> str:
    """What the amount box of an offer shows: what the person typed, else the suggestion."""
    if typed:
        return typed.get(f"{FIELD}{offer.invoice.pk}", "")
    return "" if offer.amount is None else formats.amount(offer.amount).replace(formats.MINUS, "-")
