"""What a court's page says, read from its HTML: heading, reasons, tables, facts, fields. Pure and the same for all.

Everything is found by what a person reads (headings, labels, column titles); a word that is missing is
`PortalChanged` with the nearest words that are there, never an empty result.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lxml import html
from lxml.html import HtmlElement

from cobranza.kernel.spanish import plain
from cobranza.legal.ports import PortalChanged

_NEAR = 3
_MOST_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why the portal does not go on; `code` is the portal's, "" when it gives none."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table.

    Attributes:
        cells: Column title → words.
        first: Column title → words before the first line break or note in the cell.
        times: Column title → moment, for cells with a `time`.
        data: Attributes ``data-…`` of the row, without the prefix.
        links: Name → address.
    """

    cells: Mapping[str, str]
    first: Mapping[str, str]
    times: Mapping[str, str]
    data: Mapping[str, str]
    links: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table as it reads on screen."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[Row, ...]

    def need(self, *columns: str) -> None:
        """Raise `PortalChanged` when a column is not there."""
        for column in columns:
            if column not in self.headers:
                raise PortalChanged(
                    f"La tabla «{self.name}» ya no tiene la columna «{column}»; {near([column], self.headers)}."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An entry of a list: what the form sends, what the page shows, whether it can be chosen."""

    value: str
    label: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """A page's words.

    Attributes:
        heading: The `h1`.
        alerts: Texts of ``role=alert`` that list no reasons.
        reasons: What the portal objects to.
        dialog: Name of the dialog that lies over the page, "" without one.
        statuses: Texts of ``role=status``.
        facts: Term → words, of definition lists.
        times: Term → moment, of definition lists.
        links: Name → address.
        buttons: Names of the buttons that can be pressed.
        states: Term → ``data-estado``, of definition lists.
        lists: Heading → items of the list after it.
    """

    heading: str
    alerts: tuple[str, ...]
    reasons: tuple[Reason, ...]
    dialog: str
    statuses: tuple[str, ...]
    facts: Mapping[str, str]
    times: Mapping[str, str]
    links: Mapping[str, str]
    buttons: tuple[str, ...]
    states: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]
    tree: HtmlElement = field(repr=False, compare=False)

    def table(self, name: str) -> Table | None:
        """A table by its name; None when the page has none of that name."""
        for element in self.tree.iter("table"):
            if _name(element) == name:
                return _table(element, name)
        return None

    def fact(self, *terms: str) -> str:
        """What the page says of a term.

        Raises:
            PortalChanged: it does not have any of `terms`.
        """
        for term in terms:
            if term in self.facts:
                return self.facts[term]
        raise PortalChanged(f"En «{self.heading}» ya no está «{terms[0]}»; {near(terms, list(self.facts))}.")

    def options(self, label: str) -> tuple[Option, ...]:
        """The entries of the list with that label; raises `PortalChanged`."""
        control = self.control(label)
        if control.tag != "select":
            raise PortalChanged(f"En «{self.heading}», «{label}» ya no es una lista.")
        return tuple(
            Option(value=one.get("value", words(one)), label=words(one), enabled=one.get("disabled") is None)
            for one in control.iter("option")
        )

    def control(self, label: str) -> HtmlElement:
        """The field with a label; a required field's asterisk is not part of it. Raises `PortalChanged`."""
        named = list(labels(self.tree))
        for text, element in named:
            if text == label:
                return element
        raise PortalChanged(
            f"En «{self.heading}» no está el campo «{label}»; {near([label], [text for text, _ in named])}."
        )

    def has(self, label: str) -> bool:
        """Whether there is a field with that label."""
        return any(text == label for text, _ in labels(self.tree))


def read(source: str) -> Page:
    """The words of a page.

    Raises:
        PortalChanged: it is no HTML, or longer than 32 MiB.
    """
    if len(source) > _MOST_BYTES:
        raise PortalChanged("El portal enseña una página desmesurada.")
    try:
        # Bytes, so that a declaration inside the page cannot contradict what the text is.
        tree = html.document_fromstring(
            source.encode("utf-8"), parser=html.HTMLParser(encoding="utf-8", huge_tree=True)
        )
    except (html.etree.ParserError, html.etree.XMLSyntaxError) as exc:
        raise PortalChanged("El portal enseña algo que no es una página.") from exc
    headings = [words(each) for each in tree.iter("h1")]
    dialog = next(iter(_find(tree, "//*[@role='dialog']")), None)
    facts, times, states = _facts(tree)
    return Page(
        heading=headings[0] if headings else "",
        alerts=tuple(words(each) for each in _find(tree, "//*[@role='alert'][not(.//li)]")),
        reasons=tuple(_reasons(tree)),
        dialog="" if dialog is None else _name(dialog),
        statuses=tuple(words(each) for each in _find(tree, "//*[@role='status']")),
        facts=facts,
        times=times,
        links=_links(tree),
        buttons=tuple(_name(each) for each in tree.iter("button") if each.get("disabled") is None),
        states=states,
        lists=_lists(tree),
        tree=tree,
    )


def words(element: HtmlElement) -> str:
    """The visible words of an element, single-spaced."""
    return " ".join("".join(element.itertext()).split())


def labels(tree: HtmlElement) -> Iterable[tuple[str, HtmlElement]]:
    """Every label with its field, in the order of the page."""
    for label in tree.iter("label"):
        text = " ".join("".join(_said(label)).split())
        target = label.get("for")
        found = (
            tree.get_element_by_id(target, None) if target else next(label.iter("input", "select", "textarea"), None)
        )
        if found is not None:
            yield text, found


def near(wanted: Iterable[str], there: Iterable[str]) -> str:
    """Words for an error: which of `there` come nearest."""
    by_plain = {plain(text): text for text in there if text}
    found: list[str] = []
    for name in wanted:
        found += difflib.get_close_matches(plain(name), by_plain, n=_NEAR, cutoff=0.4)
    told = list(dict.fromkeys(by_plain[key] for key in found)) or list(by_plain.values())[: _NEAR * 2]
    return "lo más parecido: " + ", ".join(f"«{text}»" for text in told) if told else "y no hay nada parecido"


def moment(text: str, where: str) -> datetime:
    """An aware moment that a page gives in its markup.

    Raises:
        PortalChanged: there is none, or it has no zone.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise PortalChanged(f"El portal no dice un momento en «{where}»: «{text}».") from None
    if found.tzinfo is None:
        raise PortalChanged(f"El portal no dice la zona horaria en «{where}»: «{text}».")
    return found


def _find(element: HtmlElement, path: str) -> list[HtmlElement]:
    found = element.xpath(path)
    return [each for each in found if isinstance(each, HtmlElement)] if isinstance(found, list) else []


def _said(label: HtmlElement) -> Iterable[str]:
    """The words of a label, without decoration hidden from readers and without its own field."""
    if label.text:
        yield label.text
    for child in label:
        if child.get("aria-hidden") != "true" and child.tag not in ("select", "input", "textarea"):
            yield from _said(child)
        if child.tail:
            yield child.tail


def _name(element: HtmlElement) -> str:
    """The accessible name: its label, what labels it, or its words."""
    label = element.get("aria-label")
    if label:
        return str(label)
    by = element.get("aria-labelledby")
    if by:
        named = [element.getroottree().getroot().get_element_by_id(each, None) for each in by.split()]
        return " ".join(words(each) for each in named if each is not None)
    return words(element)


def _reasons(tree: HtmlElement) -> Iterable[Reason]:
    for item in _find(tree, "//*[@role='alert']//li"):
        code = item.get("data-codigo", "")
        yield Reason(code=code, text=words(item).removeprefix(code).strip())


def _facts(tree: HtmlElement) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    facts: dict[str, str] = {}
    times: dict[str, str] = {}
    states: dict[str, str] = {}
    for term in tree.iter("dt"):
        value = term.getnext()
        if value is None or value.tag != "dd":
            continue
        name = words(term)
        facts.setdefault(name, words(value))
        for time in value.iter("time"):
            times.setdefault(name, time.get("datetime", ""))
        for element in value.iter():
            if element.get("data-estado"):
                states.setdefault(name, element.get("data-estado", ""))
    return facts, times, states


def _links(tree: HtmlElement) -> dict[str, str]:
    found: dict[str, str] = {}
    for link in tree.iter("a"):
        if link.get("href"):
            found.setdefault(_name(link), link.get("href", ""))
    return found


def _lists(tree: HtmlElement) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for heading in tree.iter("h2"):
        following = heading.getnext()
        if following is not None and following.tag in ("ul", "ol"):
            found[words(heading)] = tuple(words(each) for each in following.iter("li"))
        elif following is not None and following.tag == "p":
            found[words(heading)] = (words(following),)
    return found


def _table(element: HtmlElement, name: str) -> Table:
    headers = tuple(words(each) for each in _find(element, ".//thead//th"))
    if not headers:
        raise PortalChanged(f"La tabla «{name}» ya no tiene títulos de columna.")
    rows = []
    for row in _find(element, ".//tbody/tr"):
        cells = _find(row, "./td|./th")
        if len(cells) != len(headers):
            raise PortalChanged(f"Una fila de «{name}» tiene {len(cells)} celdas y la tabla {len(headers)} columnas.")
        named = dict(zip(headers, cells, strict=True))
        rows.append(
            Row(
                cells={title: words(cell) for title, cell in named.items()},
                first={title: " ".join((cell.text or "").split()) or words(cell) for title, cell in named.items()},
                times={title: time.get("datetime", "") for title, cell in named.items() for time in cell.iter("time")},
                data={key.removeprefix("data-"): value for key, value in row.attrib.items() if key.startswith("data-")},
                links=_links(row),
            )
        )
    return Table(name=name, headers=headers, rows=tuple(rows))
