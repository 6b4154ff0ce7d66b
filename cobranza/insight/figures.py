"""Figures for a slice, read from the day's sums where they are up to date with their definition, else from the views.

One query brings whatever a screen shows: all its figures, day by day. Each read is a transaction of its own that can
write nothing and is stopped after a while.
"""

# ruff: noqa: S608 - every name comes from the contract of the views, every value goes as a parameter

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db import OperationalError, connection, transaction

from cobranza.insight import cube, definitions, facts
from cobranza.insight.definitions import Figure
from cobranza.insight.facts import AGEING, BUCKETS, PARTS, WALLET, Facts
from cobranza.insight.intervals import Difference, Share, newcombe, wilson
from cobranza.insight.models import CubeState
from cobranza.insight.ports import Definition, Slice, Value
from cobranza.insight.sums import ZERO, Step, Sums, dso_countback, dso_simple, windows
from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, BusinessError

SECONDS = 20
_STEP = Decimal("0.000001")
_BY = {"strategy": "estrategia", "channel": "canal"}
DIRECT = {"creditor": "acreedor", "currency": "moneda"}
"""Keys of a slice that are no "others", and the columns that they ask."""
_CUBE = {
    "acreedor": "creditor", "moneda": "currency", "pais": "country", "segmento": "segment", "estrategia": "strategy",
    "canal": "channel", "clase": "kind",
}  # fmt: skip


class UnknownFigure(BusinessError):
    """A figure that no file defines."""

    code = "COB-INS-001"
    remedy = "«cobranza insight figures» las enumera."


class MixedCurrencies(BusinessError):
    """Amounts of several currencies would have been added."""

    code = "COB-INS-002"
    remedy = "Elija una moneda."


class NoSuchFilter(BusinessError):
    """A filter that a figure's source does not know."""

    code = "COB-INS-003"
    remedy = "Quite el filtro; «cobranza insight figures» dice cuáles admite cada cifra."


class TooSlow(ApplicationError):
    """A figure took longer than a read may."""

    code = "COB-INS-004"
    remedy = "Acorte el periodo, o lance «cobranza insight refresh» y vuelva a mirar."


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """How much a treated group recovered, and how much more than the hold-out.

    Attributes:
        group: Strategy, channel, hour or arm.
        treated: Its share.
        control: The hold-out's.
        difference: Of both.
    """

    group: str
    treated: Share
    control: Share
    difference: Difference


class SqlFigures:
    """See `cobranza.insight.ports.Figures`.

    Args:
        figures: As defined; None reads ``config/figures``.
        live: Always from the views, never from the day's sums.
    """

    def __init__(self, figures: Mapping[str, Figure] | None = None, *, live: bool = False) -> None:
        self.figures = dict(definitions.read() if figures is None else figures)
        self.live = live

    def definitions(self) -> tuple[Definition, ...]:
        """See `Figures.definitions`."""
        return tuple(each.definition for each in self.figures.values())

    def figure(self, slug: str) -> Figure:
        """The figure called so; raises `UnknownFigure`."""
        if slug not in self.figures:
            raise UnknownFigure(f"No hay ninguna cifra «{slug}».")
        return self.figures[slug]

    def value(self, slug: str, part: Slice) -> Value:
        """See `Figures.value`."""
        return self.values((slug,), part)[slug]

    def values(self, slugs: Sequence[str], part: Slice) -> dict[str, Value]:
        """Several figures for one slice, in one query."""
        found = self.read(slugs, part)
        return {slug: found.value(slug, part.start, part.end) for slug in slugs}

    def series(self, slug: str, part: Slice, step: Step = "day") -> tuple[Value, ...]:
        """See `Figures.series`."""
        return self.read((slug,), part).series(slug, step)

    def rows(self, slug: str, part: Slice, limit: int = 500) -> tuple[Mapping[str, object], ...]:
        """See `Figures.rows`."""
        from cobranza.insight import drill

        return drill.rows(self.figure(slug), part, limit)

    def effects(self, slug: str, part: Slice, by: str = "kind") -> tuple[Effect, ...]:
        """The figure `slug` ("efecto") by strategy, channel, hour or arm against the hold-out, the most rows first.

        Args:
            by: "strategy", "channel", "hour", or "kind" for the arms themselves.
        """
        return self.read((slug,), part).effects(slug, by)

    def read(self, slugs: Sequence[str], part: Slice) -> Reading:
        """Everything that the figures of one screen need, in one query."""
        chosen = [self.figure(slug) for slug in slugs]
        for each in chosen:
            wrong = [key for key in part.others if part.others[key] and key not in facts.supports(each)]
            if wrong:
                raise NoSuchFilter(f"«{each.definition.name}» no se puede filtrar por {', '.join(wrong)}.")
        needed = cube.needed(chosen)
        with reading() as cursor:
            states = {} if self.live else {row.slug: row for row in CubeState.objects.filter(slug__in=needed)}
            from_cube = [slug for slug, each in needed.items() if slug in states and states[slug].digest == each.digest]
            live = [each for slug, each in needed.items() if slug not in from_cube]
            sql, values = _relation(from_cube, live, part)
            cursor.execute(sql, values)
            rows = cursor.fetchall()
        as_of = min([states[slug].refreshed_at for slug in from_cube], default=clock.now())
        return Reading({each.slug: each for each in chosen}, part, Sums(rows), as_of, live=self.live)


class Reading:
    """What one query brought, ready to be asked for values, series and classes."""

    def __init__(
        self, figures: Mapping[str, Figure], part: Slice, sums: Sums, as_of: datetime, *, live: bool = False
    ) -> None:
        self.figures, self.part, self.sums, self.as_of, self.live = figures, part, sums, as_of, live

    def series(self, slug: str, step: Step) -> tuple[Value, ...]:
        """One value per step of the slice's period, the oldest first."""
        return tuple(self.value(slug, first, last) for first, last in windows(self.part.start, self.part.end, step))

    def value(self, slug: str, start: date, end: date, kind: str | None = None) -> Value:
        """One figure for some days of the slice, or for one class of it."""
        figure = self.figures[slug]
        base = facts.of(figure)[0].slug
        if figure.entry.importes and len(self.sums.currencies[base]) > 1:
            several = ", ".join(sorted(self.sums.currencies[base]))
            raise MixedCurrencies(f"«{figure.definition.name}» no suma {several}.")
        only = kind if kind is not None else self.part.others.get("kind") or None
        made = getattr(self, f"_{figure.entry.calculo}")(figure, start, end, only)
        amount, num, den, rows = made
        exact = None if amount is None else (amount * figure.entry.factor).quantize(_STEP)
        return Value(slug=slug, amount=exact, numerator=num, denominator=den, rows=rows, as_of=self.as_of)

    def classes(self, slug: str, start: date, end: date) -> dict[str, Value]:
        """The figure by its classes; buckets of age in their order."""
        figure = self.figures[slug]
        base = facts.of(figure)[0].slug
        kinds = list(BUCKETS) if base == AGEING else self.sums.kinds(base)
        return {kind: self.value(slug, start, end, kind) for kind in kinds}

    def effects(self, slug: str, by: str) -> tuple[Effect, ...]:
        """See `SqlFigures.effects`."""
        if by == "kind":
            return self._arms(slug)
        with reading() as cursor:
            if by in _BY and _BY[by] in self.figures[slug].columns:
                state = None if self.live else CubeState.objects.filter(slug=slug).first()
                facts_ = facts.of(self.figures[slug])[0]
                kept = state is not None and state.digest == facts_.digest
                return _effects(cursor, facts_, self.part, _BY[by], kept=kept)
            return _hours(cursor, self.figures[slug], self.part, by)

    def _arms(self, slug: str) -> tuple[Effect, ...]:
        start, end = self.part.start, self.part.end
        shares = {}
        for kind in self.sums.kinds(slug):
            found = self.sums.line(slug, kind).between(start, end)
            shares[kind] = wilson(int(found.num), int(found.den or 0))
        control = shares.pop("holdout", wilson(0, 0))
        return tuple(
            Effect(group=kind, treated=share, control=control, difference=newcombe(share, control))
            for kind, share in sorted(shares.items(), key=lambda each: -each[1].count)
        )

    # One method per `calculo`; each gives (amount before the factor, above the line, below it, rows).

    def _suma(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        num, den, rows = self.sums.line(figure.slug, kind).between(start, end)
        if figure.den is None:
            return num, num, None, rows
        below = den or ZERO
        return (num / below if below else None), num, below, rows

    def _efecto(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        arms = {name: self.sums.line(figure.slug, name).between(start, end) for name in self.sums.kinds(figure.slug)}
        treated = [found for name, found in arms.items() if name != "holdout" and kind in (None, name)]
        num = sum((found.num for found in treated), ZERO)
        den = sum((found.den or ZERO for found in treated), ZERO)
        control = arms.get("holdout")
        share = newcombe(
            wilson(int(num), int(den)), wilson(int(control.num), int(control.den or 0)) if control else wilson(0, 0)
        )
        return share.value, num, den, sum(found.rows for found in treated)

    def _saldo(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        found = self.sums.line(WALLET, kind).between(None, end)
        return found.num, found.num, None, found.rows

    def _dso_simple(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        wallet, days = self.sums.line(WALLET), figure.entry.ventana_dias
        open_, sales = wallet.between(None, end), wallet.between(end - timedelta(days=days - 1), end)
        return dso_simple(open_.num, sales.den or ZERO, days), open_.num, sales.den or ZERO, open_.rows

    def _dso_countback(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        wallet = self.sums.line(WALLET)
        amount, sales = dso_countback(wallet, end)
        open_ = wallet.between(None, end)
        return amount, open_.num, sales, open_.rows

    def _dso_mejor(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        days = figure.entry.ventana_dias
        current = self.sums.line(AGEING, "sin vencer").between(None, end)
        sales = self.sums.line(WALLET).between(end - timedelta(days=days - 1), end)
        return dso_simple(current.num, sales.den or ZERO, days), current.num, sales.den or ZERO, current.rows

    def _antiguedad(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        kinds = (kind,) if kind is not None else figure.entry.tramos or tuple(BUCKETS)
        parts = [self.sums.line(AGEING, each).between(None, end) for each in kinds]
        num, rows = sum((part.num for part in parts), ZERO), sum(part.rows for part in parts)
        if figure.definition.unit == "importe":
            return num, num, None, rows
        whole = sum((self.sums.line(AGEING, each).between(None, end).num for each in BUCKETS), ZERO)
        return (num / whole if whole else None), num, whole, rows

    def _paso(self, figure: Figure, start: date, end: date, kind: str | None) -> tuple[Any, ...]:
        num, den, rows = self.sums.line(facts.ROLL, kind).between(start, end)
        below = den or ZERO
        return (num / below if below else None), num, below, rows

    @cached_property
    def matrix(self) -> dict[str, dict[str, Decimal]]:
        """Debt by bucket at the end of the month before (row) and what became of it (column), of the last whole month
        of the slice that is known."""
        months = [day for day in self.sums.line(facts.ROLL).days if day <= self.part.end]
        found: dict[str, dict[str, Decimal]] = {}
        for kind in self.sums.kinds(facts.ROLL) if months else ():
            before, after = kind.split(" → ")
            amount = self.sums.line(facts.ROLL, kind).between(months[-1], months[-1]).den or ZERO
            if amount:
                found.setdefault(before, {})[after] = amount
        return found


@contextmanager
def reading(seconds: int = SECONDS) -> Iterator[Any]:
    """A transaction that writes nothing, stops after a while and leaves no setting behind.

    Raises:
        TooSlow: it took longer.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('transaction_read_only', 'on', true), set_config('statement_timeout', %s, true)",
                [f"{seconds}s"],
            )
            cube.today(cursor)
            yield cursor
            transaction.set_rollback(True)  # inside another transaction the settings end with this one
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlstate", "") == "57014":
            raise TooSlow(f"La lectura pasó de {seconds} s.") from exc
        raise


def filters(part: Slice, names: Mapping[str, str], *, kind: bool = False) -> tuple[list[str], list[object]]:
    """Conditions of a slice over columns, by the slice's keys; what has no column is left out.

    What belongs to the whole house has no creditor and no currency, and is seen under every one.
    """
    conditions: list[str] = []
    values: list[object] = []
    for key, value in {**part.others, "creditor": part.creditor, "currency": part.currency}.items():
        if not value or key not in names or (key == "kind" and not kind):
            continue
        column = f"coalesce({names[key]}::text, '')"
        conditions.append(f"{column} IN (%s, '')" if key in DIRECT else f"{column} = %s")
        values.append(value)
    return conditions, values


def _relation(from_cube: Sequence[str], live: Iterable[Facts], part: Slice) -> tuple[str, list[object]]:
    """One statement for all facts: (fact, day, class, currency, above, below, how many)."""
    names = {**PARTS, **DIRECT}
    stocks = [facts.AGEING, facts.WALLET]
    pieces: list[str] = []
    values: list[object] = []
    if from_cube:
        where, given = filters(part, {key: _CUBE[name] for key, name in names.items()})
        chosen = " AND ".join(["slug = ANY(%s)", "day <= %s", "(day >= %s OR slug = ANY(%s))", *where])
        pieces.append(
            "SELECT slug AS base, day AS dia, kind AS clase, currency AS moneda, num, den, rows AS n "
            f"FROM insight_cube WHERE {chosen}"
        )
        values += [list(from_cube), part.end, part.start, stocks, *given]
    where, given = filters(part, names)
    for each in live:
        first = [] if each.slug in stocks else ["dia >= %s"]
        chosen = " AND ".join(["dia <= %s", *first, *where])
        pieces.append(f"SELECT %s AS base, dia, clase, moneda, num, den, n FROM ({each.sql}) f WHERE {chosen}")
        values += [each.slug, *each.values, part.end, *([part.start] if first else []), *given]
    union = " UNION ALL ".join(pieces)
    return (
        f"SELECT base, dia, clase, moneda, sum(num), sum(den), sum(n)::bigint FROM ({union}) u GROUP BY 1, 2, 3, 4",
        values,
    )


def _effects(cursor: Any, source: Facts, part: Slice, column: str, *, kept: bool) -> tuple[Effect, ...]:
    """Groups of a column that the day's sums keep."""
    names = {**PARTS, **DIRECT}
    if kept:
        where, given = filters(part, {key: _CUBE[name] for key, name in names.items()})
        chosen = " AND ".join(["slug = %s", "day BETWEEN %s AND %s", *where])
        group = f"CASE WHEN kind = 'holdout' THEN NULL ELSE {_CUBE[column]} END"
        sql, values = f"insight_cube WHERE {chosen}", [source.slug, part.start, part.end, *given]
    else:
        where, given = filters(part, names)
        chosen = " AND ".join(["dia BETWEEN %s AND %s", *where])
        group = f"CASE WHEN clase = 'holdout' THEN NULL ELSE {column} END"
        sql, values = f"({source.sql}) f WHERE {chosen}", [*source.values, part.start, part.end, *given]
    cursor.execute(f"SELECT {group}, sum(num), sum(den) FROM {sql} GROUP BY 1", values)
    return _compared(cursor.fetchall())


def _hours(cursor: Any, figure: Figure, part: Slice, by: str) -> tuple[Effect, ...]:
    """Groups of the hour, from the view."""
    if by != "hour" or "hora" not in figure.columns:
        raise NoSuchFilter(f"«{figure.definition.name}» no se reparte por «{by}».")
    where, given = filters(part, {**PARTS, **DIRECT, "kind": "brazo"})
    chosen = " AND ".join([f"{figure.entry.fecha} BETWEEN %s AND %s", f"({figure.where.sql})", *where])
    cursor.execute(
        f"SELECT CASE WHEN brazo = 'holdout' THEN NULL ELSE coalesce(hora::text, '') END, sum({figure.num.sql}), "
        f"count(*) FROM informes.{figure.view} WHERE {chosen} GROUP BY 1",
        [*figure.num.values, part.start, part.end, *figure.where.values, *given],
    )
    return _compared(cursor.fetchall())


def _compared(rows: Iterable[tuple[str | None, Decimal | None, Decimal | int]]) -> tuple[Effect, ...]:
    """Each group against the hold-out (None), the largest first."""
    shares = {group: wilson(int(num or 0), int(count)) for group, num, count in rows}
    control = shares.pop(None, wilson(0, 0))
    return tuple(
        Effect(group=str(group), treated=share, control=control, difference=newcombe(share, control))
        for group, share in sorted(shares.items(), key=lambda each: -each[1].count)
    )


def read(*, fresh: bool = False) -> SqlFigures:
    """The house's figures; `fresh` brings the day's sums up to date first (alerts and reports ask so)."""
    found = SqlFigures()
    if fresh:
        cube.refresh(found.figures.values())
    return found
