"""The kit's tags: ``{% load console %}``. The page /componentes/ shows each."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django import template
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cobranza.console.icons import ICONS
from cobranza.screens import formats
from cobranza.screens.access import may_open

register = template.Library()


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """An icon, hidden from screen readers: the text beside it speaks. `size` is "", "small" or "large"."""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="{}"/></svg>',
        f" icon-{size}" if size else "",
        mark_safe(ICONS[name]),  # noqa: S308 - our own constant
    )


@register.simple_tag
def badge(label: str, tone: str = "neutral", icon_name: str = "") -> SafeString:
    """A state: word and colour, never colour alone."""
    return format_html('<span class="badge badge-{}">{}{}</span>', tone, icon(icon_name) if icon_name else "", label)


@register.simple_tag
def money(value: Decimal, currency: str) -> SafeString:
    """An amount with its currency; negative ones are marked by sign and colour."""
    css = "money money-negative" if value < 0 else "money"
    return format_html('<span class="{}">{}</span>', css, formats.money(value, currency))


@register.simple_tag
def when(value: datetime | date | None, style: str = "ago") -> SafeString:
    """An instant: "ago" (how long since, the exact one on hover) or "exact". A day is always exact."""
    if value is None:
        return SafeString("—")
    if not isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), formats.day(value))
    exact = formats.instant(value)
    shown = exact if style == "exact" else formats.ago(value)
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, shown)


@register.filter
def lasted(value: timedelta | None) -> str:
    """How long something took."""
    return formats.duration(value)


@register.filter
def size(value: int) -> str:
    """A file's size."""
    return formats.size(value)


@register.filter
def count(value: int) -> str:
    """A whole number with thousands apart."""
    return formats.count(value)


@register.filter
def percent(value: Decimal) -> str:
    """A share between 0 and 1."""
    return formats.percent(value)


@register.simple_tag
def progress(done: int, total: int, label: str = "") -> SafeString:
    """A progress bar; without a total it only says that something moves."""
    name = label or _("Progreso")
    if total <= 0:
        return format_html('<progress class="progress" aria-label="{}"></progress>', name)
    return format_html(
        '<progress class="progress" value="{}" max="{}" aria-label="{}">{} / {}</progress>',
        min(done, total),
        total,
        name,
        done,
        total,
    )


@register.simple_tag(takes_context=True)
def may(context: template.Context, name: str, *args: object) -> bool:
    """Whether the person who looks may open a screen: ``{% may "runs:start" slug as can_start %}``."""
    return may_open(context["request"].user, name, *args)


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """A form control with what accessibility needs: described by its help and its error, marked when wrong."""
    described = []
    if field.help_text:
        described.append(f"{field.auto_id}_help")
    if field.errors:
        described.append(f"{field.auto_id}_error")
    attrs: dict[str, Any] = {}
    widget = field.field.widget
    kind = getattr(widget, "input_type", "textarea" if widget.__class__.__name__ == "Textarea" else "")
    if "class" not in widget.attrs:
        attrs["class"] = {"checkbox": "check", "select": "select"}.get(kind, "input")
    # Django adds aria-describedby for its own help id; ours covers the error too.
    if described:
        attrs["aria-describedby"] = " ".join(described)
    if field.errors:
        attrs["aria-invalid"] = "true"
    return field.as_widget(attrs=attrs)
