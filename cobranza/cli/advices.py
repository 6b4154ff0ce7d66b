"""`cobranza reconcile advice`: what a remittance advice says, and taking one in."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS, EXIT_PERSON
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.reconciliation.advice import ports, reading
from cobranza.reconciliation.advice.records import RemittanceAdvice, RemittanceLine

PARENT = "reconcile"
NEEDS_DATABASE = False  # `take` opens it by itself, `read` does without

_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés, importes como texto."
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("advice")
def group() -> None:
    """Avisos de pago: qué facturas dice el cliente que paga una transferencia."""


@group.command()
@click.argument("file", metavar="FICHERO", type=_FILE)
@_JSON
def read(file: Path, as_json: bool) -> None:
    """Muestra lo que dice FICHERO (PDF con texto, Excel, CSV, texto o HTML) sin guardar nada.

    Termina con 3 si algún aviso tiene objeciones: ese no se usaría sin una persona.
    """
    found = reading.read_file(file)
    if as_json:
        _print({"advices": [as_dict(advice) for advice in found]})
    else:
        for advice in found:
            _show(advice)
    if any(advice.objections for advice in found):
        raise click.exceptions.Exit(EXIT_BUSINESS)


@group.command()
@click.argument("file", metavar="FICHERO", type=_FILE)
@click.option("--company", required=True, metavar="CLAVE", help="Empresa de config/companies.toml a la que pagan.")
@_JSON
def take(file: Path, company: str, as_json: bool) -> None:
    """Guarda los avisos de FICHERO y los ata a su cobro cuando no hay duda; el mismo otra vez no cambia nada.

    Termina con 5 si alguno necesita a una persona (objeciones, o varios cobros posibles).
    """
    from cobranza.database import session

    with session.opened():
        from cobranza.reconciliation.advice import workflow
        from cobranza.reconciliation.workflow import open_company

        _, creditor = open_company(company)
        if file.stat().st_size > ports.MAX_BYTES:
            reading.read_file(file)  # says so
        taken = workflow.take(file.read_bytes(), file.name, "línea de órdenes", creditor=creditor)
        told = [
            {
                "id": each.advice.pk,
                "new": each.new,
                "state": each.advice.state,
                "payer": each.advice.payer_name,
                "total": _amount(each.advice.total),
                "currency": each.advice.currency or None,
                "movement": each.tie.movement_id if each.tie else None,
                "evidence": each.tie.evidence if each.tie else None,
                "objections": list(each.advice.objections),
                "candidates": [{"movement": pair.movement, "evidence": pair.told} for pair in each.candidates],
            }
            for each in taken
        ]
        labels = [each.advice.get_state_display() for each in taken]
    if as_json:
        _print({"advices": told})
    else:
        for each, label in zip(told, labels, strict=True):
            _tell(each, label)
    if any(each["objections"] or each["candidates"] for each in told):
        raise click.exceptions.Exit(EXIT_PERSON)


def as_dict(advice: RemittanceAdvice) -> dict[str, Any]:
    """An advice as the command prints it: amounts as strings, null for what it does not say."""
    return {
        "payer": {"name": advice.payer_name or None, "tax_id": advice.payer_tax_id or None},
        "tax_ids": list(advice.tax_ids),
        "paid_on": advice.paid_on.isoformat() if advice.paid_on else None,
        "currency": advice.currency or None,
        "total": _amount(advice.total),
        "total_stated": advice.total_stated,
        "method": advice.method or None,
        "reference": advice.reference or None,
        "lines": [_line(line) for line in advice.lines],
        "file": advice.file_name,
        "sha256": advice.sha256,
        "identity": advice.identity,
        "format": advice.format,
        "layout": advice.layout,
        "objections": list(advice.objections),
    }


def _line(line: RemittanceLine) -> dict[str, Any]:
    return {
        "document": line.document or None,
        "others": list(line.others),
        "issued_on": line.issued_on.isoformat() if line.issued_on else None,
        "gross": _amount(line.gross),
        "withheld": _amount(line.withheld),
        "discount": _amount(line.discount),
        "fee": _amount(line.fee),
        "deposited": _amount(line.deposited),
        "paid": _amount(line.paid),
        "text": line.text,
        "page": line.page,
        "row": line.row,
    }


def _amount(value: Decimal | None) -> str | None:
    return None if value is None else f"{value.quantize(Decimal('0.01')):f}"


def _show(advice: RemittanceAdvice) -> None:
    console = Console()
    day = write_day(advice.paid_on) if advice.paid_on else "sin fecha"
    payer = f"{advice.payer_name or 'Sin ordenante'} {advice.payer_tax_id}".strip()
    title = f"{payer} · {day} · {write_amount(advice.total)} {advice.currency}"
    table = Table(title=_plain(title), title_justify="left")
    for name in ("Documento", "Fecha"):
        table.add_column(name, overflow="fold")
    for name in ("Bruto", "Retenido", "Descuento", "Otros", "Pagado"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Dónde", overflow="fold")
    for line in advice.lines:
        table.add_row(
            _plain(line.document or line.text),
            write_day(line.issued_on) if line.issued_on else "",
            write_amount(line.gross) if line.gross is not None else "",
            write_amount(line.withheld) if line.withheld else "",
            write_amount(line.discount) if line.discount else "",
            write_amount(line.fee + line.deposited) if line.fee or line.deposited else "",
            write_amount(line.paid),
            _plain(line.where),
        )
    console.print(table)
    console.print(f"Se ha leído así: {_plain(advice.layout)}.", highlight=False)
    if not advice.total_stated and not advice.objections:
        console.print("No declara el total: lo tendrá que confirmar el importe del cobro.", highlight=False)
    for objection in advice.objections:
        console.print(f"[red]No se usará solo:[/] {_plain(objection)}", highlight=False)


def _tell(told: dict[str, Any], label: str) -> None:
    new = "nuevo" if told["new"] else "ya conocido"
    click.echo(f"Aviso {told['id']} ({new}): {told['payer'] or 'sin ordenante'}, {told['total']}. {label}.")
    if told["movement"]:
        click.echo(f"  Cobro {told['movement']}. {told['evidence']}")
    for objection in told["objections"]:
        click.echo(f"  Objeción: {objection}")
    for candidate in told["candidates"]:
        click.echo(f"  Puede ser el cobro {candidate['movement']}. {candidate['evidence']}")


def _plain(text: str) -> str:
    # What a payer wrote must never act as rich's own markup.
    return text.replace("[", "\\[")


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
