"""`cobranza insight figures|value|series|rows|refresh`: the house's figures, from where each is defined to its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel import clock
from cobranza.kernel.spanish import write_amount, write_day

if TYPE_CHECKING:
    from cobranza.insight.ports import Definition, Slice, Value

_DAY = click.DateTime(formats=["%Y-%m-%d"])
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def slice_options(command: _Command) -> _Command:
    """The options that say which part of the business is meant."""
    for option in reversed(
        (
            click.option("--company", default="", metavar="CLAVE", help="Acreedor de config/companies.toml."),
            click.option("--currency", default="", metavar="COD", help="Moneda: nunca se suman dos."),
            click.option("--since", type=_DAY, help="Primer día; por defecto, hace doce meses."),
            click.option("--until", type=_DAY, help="Último día; por defecto, hoy."),
            click.option("--filter", "others", multiple=True, metavar="CLAVE=VALOR",
                         help="segment, country, strategy, channel o kind; se puede repetir."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def asked(
    company: str, currency: str, since: datetime | None, until: datetime | None, others: tuple[str, ...]
) -> Slice:
    """The slice that the options mean."""
    from cobranza.insight.facts import PARTS
    from cobranza.insight.ports import Slice

    end = until.date() if until else clock.now().astimezone(clock.MADRID).date()
    start = since.date() if since else (end - timedelta(days=365)).replace(day=1)
    if start > end:
        raise click.UsageError("--until va antes que --since.")
    chosen = {}
    for text in others:
        key, sign, value = text.partition("=")
        if not sign or key not in PARTS:
            raise click.UsageError(f"--filter {text}: se espera CLAVE=VALOR con {', '.join(PARTS)}.")
        chosen[key] = value
    return Slice(creditor=company, currency=currency, start=start, end=end, others=chosen)


@click.group("insight")
def group() -> None:
    """Cifras: qué se mide, cuánto vale y qué filas hay detrás."""


@group.command("figures")
@_JSON
def figures_command(as_json: bool) -> None:
    """Enumera las cifras de config/figures con su fórmula, unidad, origen, responsable y objetivo."""
    from cobranza.insight import facts, figures

    found = figures.SqlFigures()
    if as_json:
        told = [
            {**_defined(each.definition), "filters": sorted(facts.supports(each)), "defined_at": each.place}
            for each in found.figures.values()
        ]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    drawn = Table(show_lines=True)
    for name in ("Cifra", "Fórmula", "Unidad", "Origen", "Responsable", "Objetivo"):
        drawn.add_column(name)
    for row in found.definitions():
        target = "" if row.target is None else written(row.target, row.unit)
        drawn.add_row(f"{row.name}\n[dim]{row.slug}[/]", row.formula, row.unit, row.source, row.owner, target)
    Console().print(drawn)


@group.command("value")
@click.argument("slugs", nargs=-1, metavar="[CIFRA]…")
@slice_options
@click.option("--live", is_flag=True, help="De las vistas, sin las sumas guardadas.")
@_JSON
def value_command(slugs: tuple[str, ...], live: bool, as_json: bool, **part: Any) -> None:
    """Dice cuánto vale una cifra, o varias, en un periodo; sin CIFRA, todas."""
    from cobranza.insight import facts, figures

    found, chosen = figures.SqlFigures(live=live), asked(**part)
    names = slugs or tuple(
        slug
        for slug, each in found.figures.items()
        if {k for k, v in chosen.others.items() if v} <= facts.supports(each)
    )
    values = found.values(names, chosen)
    if as_json:
        click.echo(json.dumps([_told(found, each) for each in values.values()], ensure_ascii=False, indent=2))
        return
    drawn = Table(title=f"{write_day(chosen.start)} – {write_day(chosen.end)}", title_justify="left")
    for name, side in (("Cifra", "left"), ("Valor", "right"), ("De", "right"), ("Sobre", "right")):
        drawn.add_column(name, justify=_side(side))
    for slug, each in values.items():
        row = found.figure(slug).definition
        below = "" if each.denominator is None else write_amount(each.denominator, 2)
        drawn.add_row(row.name, written(each.amount, row.unit), write_amount(each.numerator, 2), below)
    Console().print(drawn)


@group.command("series")
@click.argument("slug", metavar="CIFRA")
@slice_options
@click.option("--step", type=click.Choice(["day", "week", "month"]), default="month", help="Día, semana o mes.")
@click.option("--live", is_flag=True, help="De las vistas, sin las sumas guardadas.")
@_JSON
def series_command(slug: str, step: Literal["day", "week", "month"], live: bool, as_json: bool, **part: Any) -> None:
    """Dice el curso de una cifra, paso a paso."""
    from cobranza.insight import figures
    from cobranza.insight.sums import windows

    found, chosen = figures.SqlFigures(live=live), asked(**part)
    values = found.series(slug, chosen, step)
    steps = windows(chosen.start, chosen.end, step)
    if as_json:
        told = [
            {"start": first.isoformat(), "end": last.isoformat(), **_told(found, each)}
            for (first, last), each in zip(steps, values, strict=True)
        ]
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    row = found.figure(slug).definition
    drawn = Table(title=row.name, title_justify="left", caption=row.formula)
    drawn.add_column("Desde")
    drawn.add_column("Hasta")
    drawn.add_column("Valor", justify="right")
    for (first, last), each in zip(steps, values, strict=True):
        drawn.add_row(write_day(first), write_day(last), written(each.amount, row.unit))
    Console().print(drawn)


@group.command("rows")
@click.argument("slug", metavar="CIFRA")
@slice_options
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, help="Cuántas como mucho.")
@_JSON
def rows_command(slug: str, limit: int, as_json: bool, **part: Any) -> None:
    """Muestra las filas que hay detrás de una cifra, las de más peso primero."""
    from cobranza.insight import figures

    found = figures.SqlFigures().rows(slug, asked(**part), limit)
    if as_json:
        click.echo(json.dumps([_plain(row) for row in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("No hay ninguna fila.")
        return
    drawn = Table()
    for name in found[0]:
        drawn.add_column(name)
    for row in found:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row.values()))
    Console().print(drawn)


@group.command("refresh")
@click.option("--whole", is_flag=True, help="Cuenta todo de nuevo, no solo los días que han cambiado.")
@_JSON
def refresh_command(whole: bool, as_json: bool) -> None:
    """Pone al día las sumas de las que leen los tableros."""
    from cobranza.insight import cube

    done = cube.refresh(whole=whole)
    if as_json:
        told = {"whole": done.whole, "partly": done.partly, "same": done.same, "at": done.at.isoformat()}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    click.echo(f"{len(done.whole)} contadas enteras, {len(done.partly)} en parte, {len(done.same)} sin cambios.")


def written(amount: Decimal | None, unit: str) -> str:
    """A value for people, in Spanish; a dash for none."""
    if amount is None:
        return "—"
    if unit == "porcentaje":
        return f"{write_amount(amount * 100, 1)} %"
    return f"{write_amount(amount, 1)} días" if unit == "días" else write_amount(amount, 2)


def _side(name: str) -> Literal["left", "right"]:
    return "right" if name == "right" else "left"


def _defined(row: Definition) -> dict[str, Any]:
    return {
        "slug": row.slug,
        "name": row.name,
        "formula": row.formula,
        "unit": row.unit,
        "source": row.source,
        "owner": row.owner,
        "target": None if row.target is None else str(row.target),
        "better": row.better,
        "roles": list(row.roles),
    }


def _told(found: Any, each: Value) -> dict[str, Any]:
    row = found.figure(each.slug).definition
    return {
        "slug": each.slug,
        "name": row.name,
        "unit": row.unit,
        "value": None if each.amount is None else f"{each.amount:f}",
        "numerator": f"{each.numerator:f}",
        "denominator": None if each.denominator is None else f"{each.denominator:f}",
        "rows": each.rows,
        "target": None if row.target is None else str(row.target),
        "as_of": each.as_of.isoformat(),
    }


def _plain(row: Mapping[str, object]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, cell in row.items():
        if isinstance(cell, date | datetime):
            plain[name] = cell.isoformat()
        else:
            plain[name] = f"{cell:f}" if isinstance(cell, Decimal) else cell
    return plain
