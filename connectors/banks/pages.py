"""What a robot may see on a page: known controls by role and label, the situation it is in, and tables by header.

Everything here is found by what the user reads (role, label, heading, column title), never by ids, classes or order,
so that a new design with the same words keeps working. When the words themselves change, that is `PageChanged`, with
the nearest words that the page does have; it is never an empty result.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from cobranza.kernel.spanish import plain
from cobranza.reconciliation.ports import PageChanged

Scope = Page | Frame | Locator

_NEAR = 3
_SNAPSHOT_SECONDS = 3.0
_NAMED_LINE = re.compile(r'^\s*- (\w+) "((?:[^"\\]|\\.)*)"', re.MULTILINE)

_LOOK = """
() => {
  const shown = (node) => node.checkVisibility({visibilityProperty: true}) && node.getClientRects().length > 0;
  const words = (node) => (node.innerText || node.value || '').trim().replace(/\\s+/g, ' ');
  const name = (node) => {
    const by = node.getAttribute('aria-labelledby');
    const label = by && by.split(/\\s+/).map((id) => document.getElementById(id)?.innerText ?? '').join(' ');
    return (node.getAttribute('aria-label') || label || words(node)).trim().replace(/\\s+/g, ' ');
  };
  const all = (selector, say) => [...document.querySelectorAll(selector)].filter(shown).map(say).filter(Boolean);
  return {
    headings: all('h1, [role=heading][aria-level="1"]', words),
    alerts: all('[role=alert]', words),
    controls: all('a[href], button, [role=button], input[type=submit]', name).slice(0, 60),
    busy: document.querySelector('[aria-busy=true]') !== null,
  };
}
"""

_READ_TABLE = """
(table) => {
  const words = (node) => (node.innerText ?? node.textContent ?? '').trim().replace(/\\s+/g, ' ');
  const cells = (row) => [...row.querySelectorAll('th, td, [role=cell], [role=gridcell], [role=columnheader]')]
    .flatMap((cell) => [words(cell), ...Array(Math.max(0, (cell.colSpan || 1) - 1)).fill('')]);
  const isHeader = (row) => !row.querySelector('td, [role=cell], [role=gridcell]');
  const rows = [...table.querySelectorAll('tr, [role=row]')];
  const head = rows.find(isHeader);
  return {
    headers: head ? cells(head) : [],
    rows: rows.filter((row) => !isHeader(row)).map((row) => ({
      index: Number(row.getAttribute('aria-rowindex') ?? 0), cells: cells(row),
    })),
    announced: Number(table.getAttribute('aria-rowcount') ?? 0),
  };
}
"""


class Situation(StrEnum):
    """Where a portal's page says that we are."""

    HOME = "home"
    LOGIN = "login"
    CODE = "code"
    CODE_USED = "code_used"
    CODE_REFUSED = "code_refused"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a state, not a secret
    MUST_CHANGE_PASSWORD = "must_change_password"  # noqa: S105 - a state, not a secret
    ACTION_NEEDED = "action_needed"
    BLOCKED = "blocked"
    MAINTENANCE = "maintenance"
    EXPIRED = "expired"
    FAULT = "fault"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The visible words of a document that tell its situation."""

    headings: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    busy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """How a situation shows: regular expressions, each of which must match one visible text of its kind."""

    means: Situation
    heading: str = ""
    alert: str = ""
    control: str = ""

    def matches(self, seen: Seen) -> bool:
        """Whether every given expression is seen."""
        pairs = ((self.heading, seen.headings), (self.alert, seen.alerts), (self.control, seen.controls))
        return all(not wanted or any(re.search(wanted, text) for text in texts) for wanted, texts in pairs)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A control that a page object stands on: its role and the names it is known by."""

    role: Any
    names: tuple[str, ...]

    def within(self, scope: Scope) -> Locator:
        """The control in `scope`; exact names only."""
        either = "|".join(re.escape(name) for name in self.names)
        return scope.get_by_role(self.role, name=re.compile(rf"^\s*(?:{either})\s*$"))

    def __str__(self) -> str:
        return f"{_SPANISH.get(self.role, self.role)} {' o '.join(f'«{name}»' for name in self.names)}"


_SPANISH = {
    "button": "el botón",
    "link": "el enlace",
    "textbox": "el campo",
    "combobox": "la lista",
    "table": "la tabla",
    "grid": "la tabla",
    "heading": "el título",
    "radio": "la opción",
    "checkbox": "la casilla",
    "group": "el grupo",
}


def anchor(role: str, *names: str) -> Anchor:
    """An `Anchor` with one or more known names."""
    return Anchor(role, names)


def look(scope: Page | Frame) -> Seen | None:
    """What `scope` shows now; None while it is between two documents."""
    try:
        found = scope.evaluate(_LOOK)
    except PlaywrightTimeoutError:
        raise
    except PlaywrightError as exc:
        if "context was destroyed" in exc.message or "navigat" in exc.message or "detached" in exc.message:
            return None
        raise
    return Seen(
        headings=tuple(found["headings"]),
        alerts=tuple(found["alerts"]),
        controls=tuple(found["controls"]),
        busy=bool(found["busy"]),
    )


def classify(seen: Seen, signs: Iterable[Sign]) -> Situation | None:
    """The meaning of the first sign that matches.

    >>> classify(Seen(headings=("Acceso",)), [Sign(means=Situation.LOGIN, heading="^Acceso")])
    <Situation.LOGIN: 'login'>
    """
    return next((sign.means for sign in signs if sign.matches(seen)), None)


def require(scope: Scope, *anchors: Anchor, timeout: float = 3.0) -> list[Locator]:
    """The controls a page must have, each visible.

    Args:
        scope: A loaded page, frame or part of one.
        anchors: What must be there.
        timeout: Seconds for the first missing one to appear.

    Raises:
        PageChanged: one is missing; the message names the nearest that are there.
    """
    found = []
    for wanted in anchors:
        locator = wanted.within(scope).first
        try:
            locator.wait_for(state="visible", timeout=timeout * 1000)
        except PlaywrightTimeoutError:
            raise PageChanged(f"En la página no está {wanted}; {_nearest_control(scope, wanted)}.") from None
        found.append(locator)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it reads on screen.

    Attributes:
        headers: Column titles, in screen order.
        rows: Cells of each row, as many as `headers`.
        indexes: ``aria-rowindex`` of each row, 0 where there is none.
        announced: ``aria-rowcount``, 0 when there is none.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    indexes: tuple[int, ...] = ()
    announced: int = 0

    def column(self, *names: str) -> int:
        """Position of the column called one of `names`; raises `PageChanged` naming the nearest title."""
        for position, header in enumerate(self.headers):
            if header in names:
                return position
        wanted = " o ".join(f"«{name}»" for name in names)
        raise PageChanged(f"La tabla ya no tiene la columna {wanted}; {nearest(names, self.headers)}.")

    def columns(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """Position of each wanted column by its key; see `column`."""
        return {key: self.column(*names) for key, names in wanted.items()}


def read_table(locator: Locator) -> Table:
    """Read a table (or a grid of ARIA roles) in one step.

    Raises:
        PageChanged: it has no column titles, or a row does not fit under them.
    """
    raw = locator.evaluate(_READ_TABLE)
    headers = tuple(raw["headers"])
    if not any(headers):
        raise PageChanged("La tabla ya no tiene títulos de columna.")
    rows = tuple(tuple(row["cells"]) for row in raw["rows"])
    for row in rows:
        if len(row) != len(headers):
            raise PageChanged(f"Una fila tiene {len(row)} celdas y la tabla {len(headers)} columnas: {row}.")
    return Table(
        headers=headers,
        rows=rows,
        indexes=tuple(row["index"] for row in raw["rows"]),
        announced=int(raw["announced"]),
    )


def _nearest_control(scope: Scope, wanted: Anchor) -> str:
    body = scope if isinstance(scope, Locator) else scope.locator("body")
    try:
        tree = body.aria_snapshot(timeout=_SNAPSHOT_SECONDS * 1000)
    except PlaywrightError:
        return "y la página no se deja leer"
    named = _NAMED_LINE.findall(tree)
    same_role = [name for role, name in named if role == wanted.role]
    return nearest(wanted.names, same_role or [name for _, name in named])


def nearest(names: Iterable[str], there: Sequence[str]) -> str:
    """Words for an error: which of `there` come nearest to `names`."""
    by_plain = {plain(text): text for text in there if text}
    near: list[str] = []
    for name in names:
        near += difflib.get_close_matches(plain(name), by_plain, n=_NEAR, cutoff=0.4)
    words = list(dict.fromkeys(by_plain[key] for key in near)) or [text for text in there if text][: _NEAR * 2]
    if not words:
        return "y no hay nada parecido"
    return "lo más parecido: " + ", ".join(f"«{word}»" for word in words[: _NEAR * 2])
