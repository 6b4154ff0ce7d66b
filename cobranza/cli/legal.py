"""`cobranza legal`: what a debt has earned by law, and with which rates; other modules add their commands."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.kernel import spanish
from cobranza.kernel.errors import UsageError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.legal import interest as calculator
from cobranza.legal.arithmetic import Base
from cobranza.legal.interest import Line, Payment, Statement, read_percent, write_percent
from cobranza.regimes.interest import Agreement, Imputation, Rate, RateBook, Regime

NEEDS_DATABASE = False  # each command says for itself
_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés, importes como texto."
)


class _Day(click.ParamType[date]):
    name = "día"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return spanish.day(str(value))
        except spanish.FormatError as exc:
            self.fail(f"{exc.message} Escríbalo como 2024-01-31 o 31/01/2024.", param, ctx)


DAY = _Day()


class _Amount(click.ParamType[Decimal]):
    name = "importe"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        try:
            return spanish.amount(str(value))
        except spanish.FormatError as exc:
            self.fail(f"{exc.message} Escríbalo como 10000.00 o 10.000,00.", param, ctx)


class _Percent(click.ParamType[Decimal]):
    name = "tipo"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        if isinstance(value, Decimal):
            return value
        try:
            return read_percent(str(value))
        except calculator.ClaimDataError as exc:
            self.fail(f"{exc.message} {exc.remedy}", param, ctx)


class _Paid(click.ParamType[tuple[date, Decimal]]):
    name = "día:importe"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[date, Decimal]:
        if isinstance(value, tuple):
            return value
        day, colon, amount = str(value).partition(":")
        if not colon:
            self.fail(f"«{value}» no es DÍA:IMPORTE, por ejemplo 2024-05-31:250.00.", param, ctx)
        return _Day().convert(day, param, ctx), _Amount().convert(amount, param, ctx)


@click.group("legal")
def group() -> None:
    """Expedientes: intereses, documentos, presentación."""


@group.command("interest")
@click.option(
    "--regime", "slug", required=True, metavar="RÉGIMEN", help="es-ley3-2004, es-legal, co-ibc…; ver «rates»."
)
@click.option("--principal", required=True, type=_Amount(), metavar="IMPORTE", help="Deuda sin intereses: 10000.00.")
@click.option("--from", "first", required=True, type=_Day(), metavar="DÍA", help="Primer día que devenga, incluido.")
@click.option("--to", "last", required=True, type=_Day(), metavar="DÍA", help="Último día que devenga, incluido.")
@click.option(
    "--base",
    type=click.Choice(["365", "actual"]),
    default="365",
    help="Divisor del año: 365 siempre, o el real (366 los bisiestos).",
)
@click.option(
    "--payment",
    "paid",
    multiple=True,
    type=_Paid(),
    metavar="DÍA:IMPORTE",
    help="Pago a cuenta; ese día aún devenga. Se puede repetir.",
)
@click.option(
    "--imputation",
    type=click.Choice(["interest_first", "principal_first"]),
    help="Qué cubre antes un pago; sin ella, lo que diga el régimen.",
)
@click.option("--currency", metavar="MONEDA", help="Código ISO; sin ella, la del régimen.")
@click.option("--consumer", is_flag=True, help="El deudor es un consumidor.")
@click.option("--agreed", type=_Percent(), metavar="TIPO", help="Tipo pactado, en tanto por ciento anual.")
@click.option("--agreed-source", default="", metavar="TEXTO", help="Documento donde consta el tipo pactado.")
@click.option("--verified-only", is_flag=True, help="Rechaza los tipos que nadie ha leído en su fuente.")
@_JSON
def interest(
    slug: str,
    principal: Decimal,
    first: date,
    last: date,
    base: Base,
    paid: tuple[tuple[date, Decimal], ...],
    imputation: Imputation | None,
    currency: str | None,
    consumer: bool,
    agreed: Decimal | None,
    agreed_source: str,
    verified_only: bool,
    as_json: bool,
) -> None:
    """Calcula los intereses de una deuda tramo a tramo; el total es la suma de los tramos que se ven.

    Termina con 3 si falta o ha caducado algún tipo: dice cuál, desde qué día y qué hacer.
    """
    if agreed_source and agreed is None:
        raise UsageError("--agreed-source sin --agreed.")
    book = _book()
    money = Money((currency or book.regime(slug).currency).upper(), principal)
    found = calculator.calculate(
        book,
        slug,
        money,
        first,
        last,
        base=base,
        payments=[Payment(on=day, money=Money(money.currency, amount)) for day, amount in paid],
        imputation=imputation,
        debtor="consumer" if consumer else "business",
        agreed=None if agreed is None else Agreement(percent=agreed, source=agreed_source),
    )
    if verified_only:
        found.require_verified()
    if as_json:
        _print(statement_dict(found))
    else:
        _show(found)


@group.command("rates")
@click.option("--regime", "slug", metavar="RÉGIMEN", help="Solo los de este régimen.")
@_JSON
def rates(slug: str | None, as_json: bool) -> None:
    """Muestra los tipos de interés cargados, con su fuente y el día en que se verificaron."""
    book = _book()
    chosen = [book.regime(slug)] if slug else [book.regimes[each] for each in sorted(book.regimes)]
    if as_json:
        _print({"regimes": [_regime_dict(book, regime) for regime in chosen]})
        return
    for regime in chosen:
        _show_rates(book, regime)


def statement_dict(found: Statement) -> dict[str, Any]:
    """A statement as the command prints it: amounts and rates as strings, days as ISO 8601."""
    return {
        "regime": found.regime.slug,
        "name": found.regime.name,
        "norm": found.regime.norm,
        "currency": found.principal.currency,
        "principal": _plain(found.principal),
        "from": found.first.isoformat(),
        "to": found.last.isoformat(),
        "base": found.base,
        "method": found.regime.method,
        "imputation": found.imputation,
        "segments": [_line_dict(line) for line in found.lines],
        "total": _plain(found.total),
        "total_rounded_once": _plain(found.rounded_once),
        "payments": [
            {
                "on": each.on.isoformat(),
                "amount": _plain(each.money),
                "to_interest": _plain(each.to_interest),
                "to_principal": _plain(each.to_principal),
                "unapplied": _plain(each.unapplied),
                "principal_left": _plain(each.principal_left),
                "interest_left": _plain(each.interest_left),
            }
            for each in found.payments
        ],
        "interest_paid": _plain(found.interest_paid),
        "interest_left": _plain(found.interest_left),
        "principal_left": _plain(found.principal_left),
        "unapplied": _plain(found.unapplied),
        "verified": not found.unverified,
        "note": found.regime.note or None,
    }


def _line_dict(line: Line) -> dict[str, Any]:
    return {
        "from": line.first.isoformat(),
        "to": line.last.isoformat(),
        "days": line.days,
        "rate": _percent(line.percent),
        "amount": _plain(line.money),
        "principal": _plain(line.principal),
        "base": line.base,
        "sources": list(line.sources),
        "verified_on": line.verified_on.isoformat() if line.verified_on else None,
    }


def _regime_dict(book: RateBook, regime: Regime) -> dict[str, Any]:
    series = book.series[regime.series]
    recovery = regime.recovery
    return {
        "regime": regime.slug,
        "country": regime.country,
        "name": regime.name,
        "norm": regime.norm,
        "currency": regime.currency,
        "series": series.slug,
        "publisher": series.publisher,
        "method": regime.method,
        "parties": regime.parties,
        "start": regime.start,
        "imputation": regime.imputation,
        "imputation_norm": regime.imputation_norm,
        "recovery": None
        if recovery is None
        else {"amount": _plain(recovery.money), "since": recovery.since.isoformat(), "norm": recovery.norm},
        "note": regime.note or None,
        "covered_to": series.rates[-1].until.isoformat() if series.rates else None,
        "rates": [
            {
                "from": rate.since.isoformat(),
                "to": None if rate.open_ended else rate.until.isoformat(),
                "review_by": rate.until.isoformat() if rate.open_ended else None,
                "published": _percent(rate.percent),
                "rate": _percent(regime.applied(rate.percent)),
                "source": rate.source,
                "verified_on": rate.verified_on.isoformat() if rate.verified_on else None,
            }
            for rate in series.rates
        ],
    }


def _show(found: Statement) -> None:
    console = Console()
    title = f"{found.regime.name} · {write_amount(found.principal.amount)} {found.principal.currency}"
    table = Table(title=escape(title), title_justify="left")
    for name in ("Desde", "Hasta", "Días", "Principal", "Tipo %", "Interés", "Fuente"):
        table.add_column(name, no_wrap=True, justify="right")
    sources: dict[tuple[str, date | None], int] = {}
    for line in found.lines:
        numbers = [sources.setdefault((each, line.verified_on), len(sources) + 1) for each in line.sources]
        table.add_row(
            write_day(line.first),
            write_day(line.last),
            str(line.days),
            write_amount(line.principal.amount),
            write_percent(line.percent),
            write_amount(line.money.amount),
            ", ".join(str(number) for number in numbers),
        )
    console.print(table)
    for (source, verified_on), number in sources.items():
        checked = f"verificado el {write_day(verified_on)}" if verified_on else "[red]sin verificar[/]"
        console.print(f"  {number}. {escape(source)} ({checked}).", highlight=False)
    for each in found.payments:
        console.print(
            f"Pago del {write_day(each.on)}: {write_amount(each.money.amount)}; a intereses "
            f"{write_amount(each.to_interest.amount)}, a principal {write_amount(each.to_principal.amount)}.",
            highlight=False,
        )
        if each.unapplied:
            console.print(f"  [red]Sobran {write_amount(each.unapplied.amount)}:[/] ya no se debía nada.")
    console.print(f"Intereses devengados: {write_amount(found.total.amount)} {found.total.currency}.", highlight=False)
    if found.rounded_once.amount != found.total.amount:
        console.print(
            f"  Es la suma de los tramos; redondeando solo al final serían {write_amount(found.rounded_once.amount)}.",
            highlight=False,
        )
    if found.payments:
        console.print(
            f"Por pagar: {write_amount(found.principal_left.amount)} de principal y "
            f"{write_amount(found.interest_left.amount)} de intereses.",
            highlight=False,
        )
    console.print(f"Norma: {escape(found.regime.norm)}.", highlight=False)
    if found.regime.note:
        console.print(escape(found.regime.note), highlight=False)
    if found.unverified:
        console.print("[red]Hay tipos sin verificar:[/] contrástelos con su fuente antes de reclamar.")


def _show_rates(book: RateBook, regime: Regime) -> None:
    console = Console()
    series = book.series[regime.series]
    table = Table(title=escape(f"{regime.slug} · {regime.name} · {regime.norm}"), title_justify="left")
    for name in ("Desde", "Hasta", "Tipo %"):
        table.add_column(name, no_wrap=True, justify="right")
    table.add_column("Verificado", no_wrap=True)
    table.add_column("Fuente", overflow="fold")
    for rate in series.rates:
        table.add_row(
            write_day(rate.since),
            "en vigor" if rate.open_ended else write_day(rate.until),
            write_percent(regime.applied(rate.percent)),
            write_day(rate.verified_on) if rate.verified_on else "[red]no[/]",
            escape(_source(rate)),
        )
    if not series.rates:
        console.print(f"{regime.slug} · {escape(regime.name)}: sin tipos con fuente. Los publica {series.publisher}.")
        return
    console.print(table)


def _source(rate: Rate) -> str:
    return f"{rate.source} (revisar antes del {write_day(rate.until)})" if rate.open_ended else rate.source


def _book() -> RateBook:
    from cobranza.legal import settings

    return settings.rate_book()


def _plain(money: Money) -> str:
    return f"{money.rounded().amount:f}"


def _percent(value: Decimal) -> str:
    """At least two decimals, all that there are."""
    return f"{value:.{max(2, -int(value.normalize().as_tuple().exponent))}f}"


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
