"""`cobranza legal sheet`: the account of a claim, invoice by invoice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cobranza.cli.legal import statement_dict
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.legal.sheet import InvoiceSheet, Sheet

PARENT = "legal"
NEEDS_DATABASE = False


@click.command("sheet")
@click.argument("file", metavar="FICHERO", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés, importes como texto.")
def sheet(file: Path, as_json: bool) -> None:
    """Liquida las facturas de FICHERO (TOML): principal, pagos, intereses, indemnización y renuncias, línea a línea.

    Cada total es la suma de sus líneas. Termina con 3 si falta algún tipo o dato: dice cuál y qué hacer.
    """
    from cobranza.legal import settings
    from cobranza.legal.account_file import read_sheet

    found = read_sheet(file, settings.rate_book())
    if as_json:
        click.echo(json.dumps(sheet_dict(found), ensure_ascii=False, indent=2))
    else:
        _show(found)


commands = [sheet]


def sheet_dict(found: Sheet) -> dict[str, Any]:
    """A sheet as the command prints it: amounts as strings, what lowers the claim with a minus."""
    return {
        "until": found.until.isoformat(),
        "debtor": found.debtor,
        "currency": found.currency,
        "invoices": [_invoice_dict(each) for each in found.invoices],
        "principal": _plain(found.principal),
        "interest": _plain(found.interest),
        "recovery": _plain(found.recovery),
        "waived": _plain(found.waived),
        "total": _plain(found.total),
        "unverified": list(found.unverified),
    }


def _invoice_dict(each: InvoiceSheet) -> dict[str, Any]:
    return {
        "reference": each.invoice.reference,
        "due": each.invoice.due.isoformat(),
        "regime": each.regime.slug,
        "rows": [
            {"concept": row.concept, "text": row.text, "note": row.note, "amount": _plain(row.money)}
            for row in each.rows
        ],
        "principal": _plain(each.principal),
        "interest": _plain(each.interest),
        "recovery": _plain(each.recovery),
        "waived": _plain(each.waived),
        "total": _plain(each.total),
        "unapplied": _plain(each.unapplied),
        "statement": None if each.statement is None else statement_dict(each.statement),
    }


def _show(found: Sheet) -> None:
    console = Console()
    for each in found.invoices:
        title = f"{each.invoice.reference} · vencida el {write_day(each.invoice.due)} · {each.regime.norm}"
        table = Table(title=escape(title), title_justify="left", show_footer=True)
        table.add_column("Concepto", footer="Total de la factura", overflow="fold")
        table.add_column(found.currency, footer=write_amount(each.total.amount), justify="right", no_wrap=True)
        for row in each.rows:
            table.add_row(escape(" · ".join(filter(None, (row.text, row.note)))), write_amount(row.money.amount))
        console.print(table)
        if each.unapplied:
            console.print(f"[red]Sobran {write_amount(each.unapplied.amount)}[/] de sus pagos: ya no se debía nada.")
    console.print(
        f"Principal {write_amount(found.principal.amount)} + intereses {write_amount(found.interest.amount)} + "
        f"indemnización {write_amount(found.recovery.amount)} = {write_amount(found.total.amount)} {found.currency} "
        f"al {write_day(found.until)}.",
        highlight=False,
    )
    if found.waived:
        console.print(f"Renunciado: {write_amount(found.waived.amount)}.", highlight=False)
    if found.unverified:
        told = escape(", ".join(found.unverified))
        console.print(f"[red]Tipos sin verificar[/] en {told}: contrástelos antes de reclamar.", highlight=False)


def _plain(money: Money) -> str:
    return f"{money.rounded().amount:f}"
