"""Filters of the disputes' screens: ``{% load disputes %}``."""

from __future__ import annotations

from decimal import Decimal

from django import template

from cobranza.screens import formats

register = template.Library()

_TONES = {"abierta": "info", "por_cerrar": "warn", "cerrada": "ok", "fusionada": "neutral"}


@register.filter
def share(value: Decimal | str | None) -> str:
    """A confidence, which the stored judgement keeps as text; "—" without one."""
    return formats.percent(round(Decimal(value), 2)) if value is not None else "—"


@register.filter
def state_tone(state: str) -> str:
    """The tone of a case's state, for `badge`."""
    return _TONES.get(state, "neutral")


@register.filter
def cash(value: Decimal, currency: str) -> str:
    """Money as plain text, to stand inside a translated sentence."""
    return formats.money(value, currency)
