"""How a room hangs its screens into the console.

A room with screens has ``navigation.py`` with `ITEMS` (menu entries) and, when it has something that waits for
people, `waiting(request)`; `panels(request)` adds blocks to the home page and `run_panels(request, run)` to the page
of a run. All are found by walking the installed rooms; no list is edited.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any, Literal

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise

from cobranza.screens.access import may_open

Text = str | Promise
Tone = Literal["neutral", "info", "ok", "warn", "danger", "person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A menu entry. Who sees it follows from the view behind `url`.

    Attributes:
        url: URL name, without arguments.
        label: What people read.
        icon: Name in the console's icon set.
        group: Heading it stands under; entries of several rooms may share one.
        order: Position, small first; groups stand in the order of their smallest entry.
        key: Letter that opens it after "g", "" for none.
    """

    url: str
    label: Text
    icon: str
    group: Text = ""
    order: int = 100
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Something on the home page that waits for the person who looks.

    Attributes:
        title: What waits, in the plural ("Preguntas de los robots").
        count: How many; entries with 0 are shown as done.
        url: Where it is dealt with.
        icon: Name in the console's icon set.
        detail: One line about the oldest or worst, "" for none.
        tone: How much it presses.
        order: Position, small first.
    """

    title: Text
    count: int
    url: str
    icon: str
    detail: Text = ""
    tone: Tone = "person"
    order: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A block of the home page: a template of the room and what it needs."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    order: int = 100


@cache
def rooms_with(name: str) -> tuple[tuple[str, ModuleType], ...]:
    """Each installed room that has a module `name`, as (room, module), in alphabetical order."""
    found = []
    for config in sorted(apps.get_app_configs(), key=lambda config: config.name):
        package, _, room = config.name.partition(".")
        target = f"{config.name}.{name}"
        if package == "cobranza" and "." not in room and importlib.util.find_spec(target) is not None:
            found.append((room, importlib.import_module(target)))
    return tuple(found)


def items(request: HttpRequest) -> list[Item]:
    """The menu entries that this person may open, in order."""
    found = [item for _, module in rooms_with("navigation") for item in getattr(module, "ITEMS", ())]
    return sorted((item for item in found if may_open(request.user, item.url)), key=lambda item: item.order)


def current(request: HttpRequest, entries: Iterable[Item]) -> str:
    """The URL name of the entry that this page belongs to: the one with the longest address above it, "" for none."""
    above = [(address, item.url) for item in entries if request.path.startswith(address := reverse(item.url))]
    address, name = max(above, default=("", ""))
    return name if address != "/" or request.path == "/" else ""


def waiting(request: HttpRequest) -> list[Waiting]:
    """What waits for this person, in order."""
    return sorted(_collect(request, "waiting"), key=lambda entry: entry.order)


def panels(request: HttpRequest) -> list[Panel]:
    """The home page's blocks for this person, in order."""
    return sorted(_collect(request, "panels"), key=lambda panel: panel.order)


def panels_of_run(request: HttpRequest, run: object) -> list[Panel]:
    """What processes show on the page of one run (each room's `run_panels`), in order."""
    return sorted(_collect(request, "run_panels", run), key=lambda panel: panel.order)


def _collect(request: HttpRequest, function: str, *args: object) -> Iterable[Any]:
    for _, module in rooms_with("navigation"):
        contribute = getattr(module, function, None)
        if contribute is not None:
            yield from contribute(request, *args)
