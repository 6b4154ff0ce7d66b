"""Template words: money and days as the debtor's country writes them, and the number of a form."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from cobranza.ledger.consents import preferred
from cobranza.ledger.conversation import ON_PAGE
from cobranza.portal import formats
from cobranza.portal.visit import Visit
from cobranza.regimes import contact

register = template.Library()


@register.simple_tag(takes_context=True)
def money(context: dict[str, Any], value: Decimal, currency: str) -> str:
    """Money as in the debtor's country."""
    visit: Visit | None = context.get("visit")
    return formats.money(value, currency, visit.country if visit is not None else "ES")


@register.simple_tag(takes_context=True)
def figure(context: dict[str, Any], value: Decimal, currency: str) -> str:
    """An amount for a field."""
    visit: Visit | None = context.get("visit")
    return formats.figure(value, currency, visit.country if visit is not None else "ES")


@register.filter
def from_person(key: str) -> bool:
    """Whether a word on the page is a person's of the house."""
    return key.startswith(ON_PAGE)


@register.filter
def day(value: date) -> str:
    """A day, short."""
    return formats.day(value, get_language() or "es")


@register.filter
def long_day(value: date) -> str:
    """A day in full."""
    return formats.long_day(value, get_language() or "es")


@register.simple_tag(takes_context=True)
def moment(context: dict[str, Any], value: datetime) -> str:
    """An instant on the debtor's clock, as far as it is known."""
    visit: Visit | None = context.get("visit")
    zone = "Europe/Madrid"
    if visit is not None:
        chosen = preferred(visit.debtor)
        known = contact.law(visit.country).zones[0] if visit.country in contact.countries() else zone
        zone = chosen.zone if chosen is not None and chosen.zone else known
    return formats.moment(value, get_language() or "es", zone)


@register.simple_tag
def number() -> SafeString:
    """The hidden field by which a form that is sent twice is one."""
    return format_html('<input type="hidden" name="numero" value="{}">', secrets.token_urlsafe(18))
