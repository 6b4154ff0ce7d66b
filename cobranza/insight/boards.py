"""What stands on each dashboard, and how it is put together from one read of all its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cobranza.insight import charts, facts
from cobranza.insight.asked import Asked
from cobranza.insight.charts import Chart, Series, Spread
from cobranza.insight.facts import BUCKETS, PARTS
from cobranza.insight.figures import Effect, MixedCurrencies, Reading, SqlFigures
from cobranza.insight.ports import Definition, Slice, Value
from cobranza.insight.sums import windows
from cobranza.screens import formats
from cobranza.screens.navigation import Text
from cobranza.screens.roles import Role

Kind = Literal["course", "columns", "ageing", "roll", "effect", "hours", "classes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A chart of a board: its kind, its words and the figures it draws."""

    kind: Kind
    title: Text
    slugs: tuple[str, ...]
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Attributes:
    slug: In the address.
    title: As the screen shows it.
    lead: One line below.
    roles: Who may open it.
    tiles: Figures with their value, the most important first.
    charts: Below them.
    """

    slug: str
    title: Text
    lead: Text
    roles: tuple[Role, ...]
    tiles: tuple[str, ...]
    charts: tuple[Plan, ...]


_AGEING = Plan(kind="ageing", title=gettext_lazy("Antigüedad de la deuda"), slugs=("antiguedad",))
_MONEY = Plan(kind="columns", title=gettext_lazy("Ventas a crédito y cobros"), slugs=("ventas", "cobrado"))

BOARDS = (
    Board(
        slug="direccion",
        title=gettext_lazy("Dirección financiera"),
        lead=gettext_lazy("Cuánto se debe, cuánto tarda en cobrarse y cuánto cuesta."),
        roles=(Role.SUPERVISION, Role.AUDIT),
        tiles=("dso", "pendiente", "vencido", "cobrado", "tasa_de_recuperacion", "dso_agotamiento", "dso_mejor",
               "coste_por_euro"),
        charts=(
            Plan(kind="course", title=gettext_lazy("DSO y mejor DSO posible"), slugs=("dso", "dso_mejor")),
            _AGEING,
            _MONEY,
            Plan(kind="roll", title=gettext_lazy("Paso entre tramos"), slugs=("paso_de_tramo",)),
            Plan(kind="course", title=gettext_lazy("Tasa de recuperación"), slugs=("tasa_de_recuperacion",)),
        ),
    ),
    Board(
        slug="supervision",
        title=gettext_lazy("Supervisión de cobros"),
        lead=gettext_lazy("Qué funciona, qué se atasca y qué hace cada parte sola."),
        roles=(Role.SUPERVISION,),
        tiles=("tasa_de_recuperacion", "tasa_de_cura", "tasa_de_contacto", "promesas_cumplidas",
               "conciliado_sin_intervencion", "automatizacion", "dias_de_disputa", "coste_por_cuenta",
               "quejas_por_mil", "bajas_por_mil", "encuesta", "robots_bien"),
        charts=(
            Plan(kind="effect", title=gettext_lazy("Efecto por estrategia, frente al grupo de control"),
                 slugs=("efecto",), by="strategy"),
            Plan(kind="effect", title=gettext_lazy("Efecto por canal, frente al grupo de control"),
                 slugs=("efecto",), by="channel"),
            Plan(kind="hours", title=gettext_lazy("Tasa de contacto por hora"), slugs=("tasa_de_contacto",)),
            Plan(kind="course", title=gettext_lazy("Tasa de cura a 30 días"), slugs=("tasa_de_cura",)),
            Plan(kind="course", title=gettext_lazy("Sin intervención: cobros y acciones"),
                 slugs=("conciliado_sin_intervencion", "automatizacion")),
            Plan(kind="classes", title=gettext_lazy("Días de resolución de disputas, por categoría"),
                 slugs=("dias_de_disputa",)),
        ),
    ),
    Board(
        slug="gestion",
        title=gettext_lazy("Gestión de cobros"),
        lead=gettext_lazy("La cartera de quien llama y acuerda: qué se debe, qué se prometió y qué se cumplió."),
        roles=(Role.ADMINISTRATION, Role.SUPERVISION),
        tiles=("pendiente", "vencido", "cobrado", "tasa_de_recuperacion", "promesas_cumplidas", "cuotas_a_tiempo",
               "tasa_de_contacto", "dias_de_disputa"),
        charts=(
            _AGEING,
            Plan(kind="course", title=gettext_lazy("Promesas cumplidas"), slugs=("promesas_cumplidas",)),
            Plan(kind="hours", title=gettext_lazy("Tasa de contacto por hora"), slugs=("tasa_de_contacto",)),
            Plan(kind="columns", title=gettext_lazy("Cobrado"), slugs=("cobrado",)),
        ),
    ),
    Board(
        slug="juridico",
        title=gettext_lazy("Jurídico"),
        lead=gettext_lazy("Expedientes: cuántos, cuánto tardan y cuántos se admiten a la primera."),
        roles=(Role.LEGAL, Role.SUPERVISION),
        tiles=("admitidos_a_la_primera", "dias_hasta_presentar", "expedientes_abiertos", "reclamado",
               "vencido_mas_de_90", "quejas_por_mil"),
        charts=(
            Plan(kind="columns", title=gettext_lazy("Expedientes avisados"), slugs=("expedientes_abiertos",)),
            Plan(kind="course", title=gettext_lazy("Días hasta presentar"), slugs=("dias_hasta_presentar",)),
            Plan(kind="classes", title=gettext_lazy("Reclamable por fase"), slugs=("reclamado",)),
            _AGEING,
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure of a board.

    Attributes:
        definition: What it is.
        value: As written; "—" without rows.
        tone: "ok", "warn" or "neutral": against its target.
        target: As written; "" for none.
        change: Against the period before, as written; "" when it cannot be told.
        change_tone: Whether the change is for the better.
        spark: Its course.
        drill: Address of the rows behind it.
        note: Why there is no value, or what does not apply; "" for nothing.
    """

    definition: Definition
    value: str
    tone: str = "neutral"
    target: str = ""
    change: str = ""
    change_tone: str = "neutral"
    spark: str = ""
    drill: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A chart of a board with its key and the figure behind it; `matrix` for what is a table only."""

    key: str
    chart: Chart
    slug: str
    drill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A board as it is shown: `as_of` is the age of its data."""

    board: Board
    asked: Asked
    tiles: tuple[Tile, ...]
    charts: tuple[Drawn, ...]
    as_of: datetime
    left_out: tuple[str, ...] = ()


def written(value: Decimal | None, unit: str, currency: str = "", *, short: bool = False) -> str:
    """A value as people read it; short ones leave out what an axis does not need."""
    if value is None:
        return "—"
    if unit == "porcentaje":
        return formats.percent(value.quantize(Decimal("0.001")))
    if unit == "importe":
        if short and abs(value) >= 1000:
            return _short(value)
        small = abs(value) < 1 and value != 0 and not short
        places = 4 if small else 0 if short and value == value.to_integral_value() else 2
        return formats.amount(value, places) if short else f"{formats.amount(value, places)}\u00a0{currency}"
    places = 0 if value == value.to_integral_value() else 2 if short and abs(value) < 1 else 1
    text = formats.amount(value.quantize(Decimal("0.01")), places)
    return text + "\u00a0" + _("días") if unit == "días" and not short else text


def _short(value: Decimal) -> str:
    if abs(value) >= 1_000_000:
        return formats.amount(value / 1_000_000, 1) + "\u00a0M"
    return formats.amount(value / 1000, 0 if abs(value) >= 10_000 else 1) + "\u00a0k"


def fill(board: Board, asked: Asked, house: SqlFigures) -> Filled:
    """Read everything that a board shows, in one query (effects by group take one more), and draw it."""
    slugs = list(dict.fromkeys([*board.tiles, *(slug for plan in board.charts for slug in plan.slugs)]))
    slugs = [slug for slug in slugs if slug in house.figures]
    wanted = {key for key, value in asked.part.others.items() if value}
    usable = [slug for slug in slugs if wanted <= facts.supports(house.figures[slug])]
    before_start, before_end = asked.before
    wide = _with(asked.part, before_start, asked.part.end)
    read = house.read(usable, wide)
    steps = windows(asked.part.start, asked.part.end, asked.step)
    tiles = []
    for slug in board.tiles:
        if slug in usable:
            tiles.append(_tile(read, slug, asked, steps, (before_start, before_end)))
        elif slug in slugs:
            filters_ = ", ".join(sorted(PARTS[key] for key in wanted - facts.supports(house.figures[slug])))
            note = _("No se reparte por %(filters)s.") % {"filters": filters_}
            tiles.append(Tile(definition=house.figures[slug].definition, value="—", note=note))
    drawn = []
    for number, plan in enumerate(board.charts):
        if all(slug in usable for slug in plan.slugs):
            chart = draw(plan, read, asked, steps)
            drawn.append(Drawn(key=f"c{number}", chart=chart, slug=plan.slugs[0], drill=asked.address()))
    left = tuple(str(plan.title) for plan in board.charts if not all(slug in usable for slug in plan.slugs))
    return Filled(
        board=board, asked=asked, tiles=tuple(tiles), charts=tuple(drawn), as_of=read.as_of, left_out=left
    )  # fmt: skip


def _with(part: Slice, start: date, end: date) -> Slice:
    return Slice(start=start, end=end, creditor=part.creditor, currency=part.currency, others=part.others)


def _tile(
    read: Reading, slug: str, asked: Asked, steps: Sequence[tuple[date, date]], before: tuple[date, date]
) -> Tile:
    definition = read.figures[slug].definition
    currency = asked.part.currency
    try:
        now = read.value(slug, asked.part.start, asked.part.end)
        then = read.value(slug, *before)
        course = [read.value(slug, first, last).amount for first, last in steps]
    except MixedCurrencies as exc:
        return Tile(definition=definition, value="—", note=str(exc))
    shape = charts.spark(course)
    tone = "neutral"
    if definition.target is not None and now.amount is not None:
        good = now.amount >= definition.target if definition.better == "up" else now.amount <= definition.target
        tone = "ok" if good else "warn"
    change, change_tone = _change(definition, now, then)
    return Tile(
        definition=definition,
        value=written(now.amount, definition.unit, currency),
        tone=tone,
        target="" if definition.target is None else written(definition.target, definition.unit, currency),
        change=change,
        change_tone=change_tone,
        spark=charts.drawn(shape),
        drill=asked.address(),
        note="" if now.amount is not None else _("Sin datos en este periodo."),
    )


def _change(definition: Definition, now: Value, then: Value) -> tuple[str, str]:
    if now.amount is None or then.amount is None:
        return "", "neutral"
    gap = now.amount - then.amount
    if definition.unit == "porcentaje":
        gap = (gap * 100).quantize(Decimal("0.1"))
        text = _("%(n)s puntos") % {"n": formats.amount(gap, 1)}
    elif definition.unit in {"importe", "número"}:
        if not then.amount:
            return "", "neutral"
        gap = (gap / abs(then.amount) * 100).quantize(Decimal("0.1"))
        text = f"{formats.amount(gap, 1)}\u00a0%"
    else:
        gap = gap.quantize(Decimal("0.1"))
        text = formats.amount(gap, 1)
    if not gap:
        return _("igual"), "neutral"
    better = (gap > 0) == (definition.better == "up")
    return ("+" if gap > 0 else "") + text, "ok" if better else "warn"


def _labels(steps: Sequence[tuple[date, date]], step: str) -> list[str]:
    if step == "month":
        return [f"{first:%m}/{first:%y}" for first, _last in steps]
    return [f"{last:%d}/{last:%m}" for _first, last in steps]


def draw(plan: Plan, read: Reading, asked: Asked, steps: Sequence[tuple[date, date]]) -> Chart:
    """A chart of a plan from what one read brought."""
    figure = read.figures[plan.slugs[0]]
    definition, currency = figure.definition, asked.part.currency

    def axis(value: Decimal) -> str:
        return written(value, definition.unit, currency, short=True)

    title = str(plan.title)
    if definition.unit == "importe":
        title = f"{title} ({currency})"
    labels = _labels(steps, asked.step)
    head = {"day": _("Día"), "week": _("Semana"), "month": _("Mes")}[asked.step]
    if plan.kind == "ageing":
        return _ageing(title, plan.slugs[0], read, steps, labels, head, axis)
    if plan.kind == "roll":
        return _roll(title, read, currency)
    if plan.kind == "effect":
        return _effect(title, read.effects(plan.slugs[0], plan.by), axis)
    if plan.kind in {"hours", "classes"}:
        return _classes(title, plan, read, asked, axis)
    series = [
        Series(
            name=read.figures[slug].definition.name,
            values=tuple(read.value(slug, first, last).amount for first, last in steps),
        )
        for slug in plan.slugs
    ]
    said = _said(series[0], labels, axis)
    if plan.kind == "columns":
        return charts.bars(title, labels, series, axis, description=said, head=head)
    return charts.lines(
        title, labels, series, axis, target=definition.target, better=definition.better, target_name=_("Objetivo"),
        description=said, head=head,
    )  # fmt: skip


def _said(series: Series, labels: Sequence[str], axis: charts.Written) -> str:
    known = [(label, value) for label, value in zip(labels, series.values, strict=True) if value is not None]
    if not known:
        return _("Sin datos en este periodo.")
    (first, before), (last, after) = known[0], known[-1]
    return _("%(name)s: de %(before)s (%(first)s) a %(after)s (%(last)s). Los números están en la tabla.") % {
        "name": series.name, "before": axis(before), "first": first, "after": axis(after), "last": last,
    }  # fmt: skip


def _ageing(
    title: str, slug: str, read: Reading, steps: Sequence[tuple[date, date]], labels: Sequence[str], head: str,
    axis: charts.Written,
) -> Chart:  # fmt: skip
    names = {"sin vencer": _("Sin vencer"), "más de 180": _("Más de 180")}
    series = []
    for bucket in BUCKETS:
        values = tuple(read.value(slug, first, last, bucket).amount for first, last in steps)
        series.append(Series(name=names.get(bucket, bucket), values=values))
    said = _("Pendiente al cierre por días desde el vencimiento. Los números están en la tabla.")
    return charts.stacked(title, labels, series, axis, description=said, head=head)


def _roll(title: str, read: Reading, currency: str) -> Chart:
    """A matrix is a table; the drawing shows what of each bucket got worse."""
    matrix = read.matrix
    columns = [*BUCKETS, "cobrado"]
    order = list(BUCKETS)
    rows, values = [], []
    for bucket in order:
        there = matrix.get(bucket, {})
        whole = sum(there.values(), Decimal(0))
        cells = [
            formats.percent((there[to] / whole).quantize(Decimal("0.001"))) if to in there else "—" for to in columns
        ]
        rows.append((bucket, written(whole, "importe", currency, short=True) if whole else "—", *cells))
        worse = sum((v for to, v in there.items() if to in order and order.index(to) > order.index(bucket)), Decimal(0))
        values.append(worse / whole if whole else None)
    drawn = charts.bars(
        title, order, [Series(name=_("Empeora"), values=tuple(values))],
        lambda value: formats.percent(value.quantize(Decimal("0.001"))),
        description=_("Parte de la deuda de cada tramo que un mes después está en un tramo peor."),
    )  # fmt: skip
    head = (_("Tramo al empezar el mes"), _("Deuda"), *columns)
    return Chart(
        title=drawn.title, description=drawn.description, shapes=drawn.shapes, legend=drawn.legend, head=head,
        rows=tuple(rows),
    )  # fmt: skip


def _effect(title: str, everything: Sequence[Effect], axis: charts.Written) -> Chart:
    """Only groups that somebody wrote to: who was not written to had mostly paid before, which says nothing."""
    effects = [each for each in everything if each.group]

    def spread(name: str, share: object) -> Spread | None:
        value, low, high = (getattr(share, key) for key in ("value", "low", "high"))
        return None if value is None else Spread(name=name, value=value, low=low, high=high, count=share.count)  # type: ignore[attr-defined]

    found = [spread(each.group, each.treated) for each in effects[:8]]
    control = spread(_("Control"), effects[0].control) if effects else None
    extra = []
    for each in effects[:8]:
        gap = each.difference
        if gap.value is None or gap.low is None or gap.high is None:
            extra.append(_("sin grupo de control"))
            continue
        low, high = formats.amount(gap.low * 100, 1), formats.amount(gap.high * 100, 1)
        extra.append(f"{formats.amount(gap.value * 100, 1)} ({low} – {high})")
    head = (_("Grupo"), _("Recuperado en 30 días"), _("Intervalo 95 %"), _("Facturas"), _("Puntos frente al control"))
    said = _("Parte de las facturas vencidas saldadas en 30 días, con su intervalo; la banda es el grupo de control.")
    return charts.spreads(
        title, [each for each in found if each], axis, control=control, description=said, head=head,
        control_name=_("Grupo de control"), extra=extra,
    )  # fmt: skip


def _classes(title: str, plan: Plan, read: Reading, asked: Asked, axis: charts.Written) -> Chart:
    slug = plan.slugs[0]
    found = read.classes(slug, asked.part.start, asked.part.end)
    if plan.kind == "hours":
        kinds = sorted((kind for kind in found if kind.isdigit()), key=int)
        labels = [f"{kind} h" for kind in kinds]
        head = _("Hora")
    else:
        kinds = sorted(
            (kind for kind in found if kind and found[kind].amount is not None), key=lambda k: -(found[k].amount or 0)
        )[:8]
        labels = [kind.replace("_", " ") for kind in kinds]
        head = _("Clase")
    series = [Series(name=read.figures[slug].definition.name, values=tuple(found[kind].amount for kind in kinds))]
    said = _("Los números están en la tabla.")
    if plan.kind == "hours":
        return charts.bars(title, labels, series, axis, description=said, head=head)
    return charts.ranked(title, labels, series[0], axis, description=said, head=head)
