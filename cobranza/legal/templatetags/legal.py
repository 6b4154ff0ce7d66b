"""``{% load legal %}``."""

from __future__ import annotations

from decimal import Decimal

from django import template

from cobranza.screens import formats

register = template.Library()


@register.filter
def figure(value: Decimal) -> str:
    """A rate in per cent, with the decimals that it has."""
    places = -int(value.normalize().as_tuple().exponent)
    return formats.amount(value, max(places, 2))
