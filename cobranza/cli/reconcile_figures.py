"""`cobranza reconcile figures`: how much goes through by itself, how right it was, what waits and why."""

from __future__ import annotations

import json
from datetime import datetime

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import BusinessError

PARENT = "reconcile"
_DAY = click.DateTime(formats=["%Y-%m-%d"])


class NoSuchCompany(BusinessError):
    """The company is not there."""

    code = "COB-CON-062"
    remedy = "«cobranza ledger balance» muestra las empresas."


@click.command()
@click.option("--company", metavar="EMPRESA", help="Solo esta empresa; si no, todas.")
@click.option("--since", type=_DAY, help="Primer día de operación; por defecto, los meses de config/figures.toml.")
@click.option("--until", type=_DAY, help="Último día; por defecto, hoy.")
@click.option("--json", "as_json", is_flag=True, help="Salida para programas.")
def figures(company: str | None, since: datetime | None, until: datetime | None, as_json: bool) -> None:
    """Las cifras de la conciliación: sin intervención, acierto, minutos ahorrados, dinero sin aplicar y motivos."""
    from cobranza.ledger.models import Creditor
    from cobranza.reconciliation.figures import query, tables

    creditor = Creditor.objects.filter(key=company).first() if company else None
    if company and creditor is None:
        raise NoSuchCompany(f"No hay ninguna empresa «{company}».")
    first = since.date() if since else query.default_since(query.settings())
    last = until.date() if until else query.today()
    if last < first:
        raise click.UsageError("--until va antes que --since.")
    found = query.report(creditor, first, last)
    if as_json:
        click.echo(json.dumps(query.as_dict(found), ensure_ascii=False, indent=2))
        return
    console = Console()
    for sheet in tables.sheets(found):
        drawn = Table(title=sheet.title, title_justify="left")
        for name, figure in sheet.columns:
            drawn.add_column(name, justify="right" if figure else "left")
        for row in sheet.rows:
            drawn.add_row(*(cell.shown for cell in row))
        console.print(drawn if sheet.rows else f"{sheet.title}: nada que contar.")
        console.print(sheet.note, style="dim")
        console.print()


commands = [figures]
