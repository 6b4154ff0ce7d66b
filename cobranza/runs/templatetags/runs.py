"""Filters of the runs' screens: ``{% load runs %}``."""

from __future__ import annotations

import json
import re
from typing import Any

from django import template
from django.utils.translation import gettext as _

from cobranza.runs import looks

register = template.Library()

_SOURCES = {"consola": "person", "cli": "log", "programa": "calendar"}


@register.filter
def tone(state: str) -> str:
    """The tone of a state, for `badge`."""
    return looks.tone(state)


@register.filter
def state_icon(state: str) -> str:
    """The icon of a state, for `badge`."""
    return looks.icon(state)


@register.filter
def prose(documentation: str) -> str:
    """A suite's documentation with its lines joined; empty lines still part paragraphs."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", documentation)


@register.filter
def origin(started_by: str) -> str:
    """Who started it, in words: "consola:ana" → "ana"."""
    source, colon, name = started_by.partition(":")
    if not colon:
        return started_by
    if source == "programa":
        return _("programación «%(name)s»") % {"name": name}
    return name if source == "consola" else f"{name} ({source})"


@register.filter
def origin_icon(started_by: str) -> str:
    """The icon of where a run was started from."""
    return _SOURCES.get(started_by.partition(":")[0], "person")


@register.filter
def pretty(value: Any) -> str:
    """JSON as a person can read it."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


@register.filter
def pairs(value: Any) -> list[tuple[str, str]]:
    """The first level of a payload as names and texts; empty when it is not a table of them."""
    if not isinstance(value, dict):
        return []
    return [(str(name), inner if isinstance(inner, str) else pretty(inner)) for name, inner in value.items()]
