"""Tables whose search, filters, sort and page live in the URL: shareable, bookmarkable, worked out in the database."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import or_
from typing import Any, Generic, Literal, TypeVar
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from cobranza.screens.navigation import Text

_MAX_SEARCH = 120
Row = TypeVar("Row", bound=Model)
Choices = Sequence[tuple[str, Text]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column.

    Attributes:
        name: In the URL (``?sort=name``) and for the template.
        label: Heading.
        order: Fields to sort by, ascending; empty means that it cannot be sorted.
        kind: "number" is set flush right.
        narrow: Whether the column stays on a phone.
    """

    name: str
    label: Text
    order: tuple[str, ...] = ()
    kind: Literal["text", "number"] = "text"
    narrow: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter with a closed set of values.

    Attributes:
        name: In the URL.
        label: Of the field.
        choices: (value, label) pairs, or what gives them at request time.
        apply: Narrows the rows to a value; by default ``field=value``.
        field: Lookup, when `apply` is not given.
    """

    name: str
    label: Text
    choices: Choices | Callable[[], Choices]
    field: str = ""
    apply: Callable[[QuerySet[Any], str], QuerySet[Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What a table is made of.

    Attributes:
        columns: In order.
        filters: In order.
        search: Lookups (without ``__icontains``) that the search box looks in; empty hides the box.
        sort: Default sort, a column's name with "-" for descending.
        size: Rows a page.
        placeholder: What the search box says.
    """

    columns: tuple[Column, ...]
    filters: tuple[Filter, ...] = ()
    search: tuple[str, ...] = ()
    sort: str = ""
    size: int = 25
    placeholder: Text = ""


@dataclass(frozen=True, slots=True)
class Header:
    """A heading as the template needs it; `link` sorts, "" when the column cannot be sorted."""

    column: Column
    link: str
    direction: Literal["ascending", "descending", "none"]


@dataclass(frozen=True, slots=True)
class Field:
    """A filter as the template needs it."""

    name: str
    label: Text
    choices: Choices
    value: str


class Table(Generic[Row]):
    """One table as one request asked for it.

    What the URL says wrongly (an unknown filter value, a page past the end) falls back to the default: a shared link
    never ends in an error.
    """

    def __init__(self, spec: Spec, request: HttpRequest, rows: QuerySet[Row]) -> None:
        self.spec = spec
        self._asked = request.GET
        self._path = request.path
        self._all = rows

    @cached_property
    def query(self) -> str:
        """The search text, without what PostgreSQL cannot take."""
        return self._asked.get("q", "").replace("\x00", "").strip()[:_MAX_SEARCH]

    @cached_property
    def fields(self) -> list[Field]:
        """The filters with the value that each has now."""
        found = []
        for entry in self.spec.filters:
            choices = entry.choices() if callable(entry.choices) else entry.choices
            asked = self._asked.get(entry.name, "")
            known = any(value == asked for value, _ in choices)
            found.append(Field(entry.name, entry.label, choices, asked if known else ""))
        return found

    @cached_property
    def sort(self) -> str:
        """The sort in force: a column's name, "-" before it for descending."""
        asked = self._asked.get("sort", "")
        known = {column.name for column in self.spec.columns if column.order}
        return asked if asked.removeprefix("-") in known else self.spec.sort

    @cached_property
    def page(self) -> Page[Row]:
        """The page asked for."""
        return Paginator(self._narrowed(), self.spec.size).get_page(self._asked.get("page"))

    @property
    def filtered(self) -> bool:
        """Whether anything is filtered, so that an empty table can say which kind of empty it is."""
        return bool(self.query) or any(field.value for field in self.fields)

    @property
    def headers(self) -> list[Header]:
        """The headings with their sort links."""
        return [self._header(column) for column in self.spec.columns]

    @property
    def clear(self) -> str:
        """Link to the same table without filters."""
        return self._path

    @property
    def previous(self) -> str:
        """Link to the page before, "" on the first."""
        return self._link(page=self.page.previous_page_number()) if self.page.has_previous() else ""

    @property
    def next(self) -> str:
        """Link to the page after, "" on the last."""
        return self._link(page=self.page.next_page_number()) if self.page.has_next() else ""

    def _narrowed(self) -> QuerySet[Row]:
        rows = self._all
        if self.query and self.spec.search:
            rows = rows.filter(reduce(or_, (Q(**{f"{name}__icontains": self.query}) for name in self.spec.search)))
        for entry, field in zip(self.spec.filters, self.fields, strict=True):
            if not field.value:
                continue
            if entry.apply is not None:
                rows = entry.apply(rows, field.value)
            else:
                rows = rows.filter(**{entry.field or entry.name: field.value})
        name = self.sort.removeprefix("-")
        order = next((column.order for column in self.spec.columns if column.name == name), ())
        if self.sort.startswith("-"):
            order = tuple(key.removeprefix("-") if key.startswith("-") else f"-{key}" for key in order)
        # The primary key last: without it rows that tie could show on two pages and others on none.
        return rows.order_by(*order, "-pk") if order else rows.order_by("-pk")

    def _header(self, column: Column) -> Header:
        if not column.order:
            return Header(column, "", "none")
        if self.sort == column.name:
            return Header(column, self._link(sort=f"-{column.name}"), "ascending")
        direction: Literal["descending", "none"] = "descending" if self.sort == f"-{column.name}" else "none"
        return Header(column, self._link(sort=column.name), direction)

    def _link(self, **changes: object) -> str:
        now: dict[str, object] = {"q": self.query}
        now |= {field.name: field.value for field in self.fields}
        if self.sort != self.spec.sort:
            now["sort"] = self.sort
        now |= changes
        kept = {name: value for name, value in now.items() if value}
        return f"{self._path}?{urlencode(kept)}" if kept else self._path
