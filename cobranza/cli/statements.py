"""`cobranza statements`: what a bank statement file says, and whether it can be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.statements import BankMovement, Statement, StatementError
from cobranza.reconciliation import statement_files
from cobranza.reconciliation.ports import StatementFile

NEEDS_DATABASE = False
_ROWS_SHOWN = 200


@click.group("statements")
def group() -> None:
    """Extractos bancarios: leer y comprobar ficheros."""


@group.command("read")
@click.argument("file", metavar="FICHERO", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés, importes como texto.")
@click.option("--prove", is_flag=True, help="Rechaza también el extracto que no cuadra o no está completo.")
def read(file: Path, as_json: bool, prove: bool) -> None:
    """Muestra lo que dice FICHERO (CAMT, MT940, Norma 43, OFX, CSV, Excel).

    Si el extracto se contradice, lo muestra con sus objeciones; ningún robot lo usaría. Con --prove sale con código 3.
    """
    try:
        found = statement_files.read(file) if prove else statement_files.inspect(file)
    except StatementError as exc:
        if not as_json:
            click.echo(str(exc), err=True)
        else:
            click.echo(json.dumps({"error": exc.as_dict()}, ensure_ascii=False, indent=2))
        raise click.exceptions.Exit(EXIT_BUSINESS) from exc
    if as_json:
        click.echo(json.dumps(statement_files.as_dict(found), ensure_ascii=False, indent=2))
    else:
        _show(found)


@group.command("check")
@click.argument("folder", metavar="CARPETA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Un objeto {ruta: lo mismo que «read --json»}.")
@click.option("--strict", is_flag=True, help="Sale con código 3 si algún fichero no se puede usar.")
def check(folder: Path, as_json: bool, strict: bool) -> None:
    """Lee todos los ficheros de CARPETA y sus subcarpetas y da un veredicto de cada uno."""
    verdicts: dict[str, StatementFile | StatementError] = {}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        try:
            verdicts[path.relative_to(folder).as_posix()] = statement_files.inspect(path)
        except StatementError as exc:
            verdicts[path.relative_to(folder).as_posix()] = exc
    if as_json:
        click.echo(json.dumps({name: _as_dict(each) for name, each in verdicts.items()}, ensure_ascii=False, indent=2))
    else:
        _table(verdicts)
    if strict and any(isinstance(each, StatementError) or each.objections for each in verdicts.values()):
        raise click.exceptions.Exit(EXIT_BUSINESS)


def _as_dict(verdict: StatementFile | StatementError) -> dict[str, Any]:
    return {"error": verdict.as_dict()} if isinstance(verdict, StatementError) else statement_files.as_dict(verdict)


def _show(file: StatementFile) -> None:
    console = Console()
    console.print(f"[bold]{file.format}[/] {file.version}", highlight=False)
    for statement in file.statements:
        console.print(_movements(statement))
        hidden = len(statement.movements) - _ROWS_SHOWN
        if hidden > 0:
            console.print(f"… y {hidden} movimientos más (use --json para verlos todos).")
    for objection in file.objections:
        console.print(f"[red]No se puede usar:[/] {_escaped(objection)}", highlight=False)


def _movements(statement: Statement) -> Table:
    opening, closing = (_written(each) for each in (statement.opening, statement.closing))
    table = Table(
        title=f"{statement.account or 'Cuenta sin número'} {statement.currency}: {opening} → {closing}",
        title_justify="left",
    )
    for name, justify in (("Operación", "left"), ("Valor", "left"), ("Importe", "right")):
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    table.add_column("Concepto", overflow="fold")
    table.add_column("Ordenante o beneficiario", overflow="fold")
    for movement in statement.movements[:_ROWS_SHOWN]:
        table.add_row(
            write_day(movement.booked_on),
            write_day(movement.value_on),
            write_amount(movement.amount),
            _escaped(_text(movement)),
            _escaped(movement.counterparty_name),
        )
    return table


def _text(movement: BankMovement) -> str:
    text = movement.text or (f"Remesa de {len(movement.details)}" if len(movement.details) > 1 else "")
    return text if movement.booked else f"(anunciado) {text}"


def _table(verdicts: dict[str, StatementFile | StatementError]) -> None:
    table = Table()
    table.add_column("Fichero", overflow="fold")
    table.add_column("Formato", no_wrap=True)
    table.add_column("Movimientos", justify="right")
    table.add_column("Veredicto", overflow="fold")
    for name, verdict in verdicts.items():
        if isinstance(verdict, StatementError):
            table.add_row(_escaped(name), "", "", f"[red]rechazado[/]: {_escaped(verdict.message)}")
            continue
        count = sum(len(each.movements) for each in verdict.statements)
        table.add_row(_escaped(name), f"{verdict.format} {verdict.version}", str(count), _verdict(verdict))
    console = Console()
    console.print(table)
    refused = sum(isinstance(each, StatementError) for each in verdicts.values())
    doubtful = sum(not isinstance(each, StatementError) and bool(each.objections) for each in verdicts.values())
    console.print(
        f"{len(verdicts)} ficheros: {len(verdicts) - refused - doubtful} correctos, {doubtful} con objeciones, "
        f"{refused} rechazados.",
        highlight=False,
    )


def _verdict(file: StatementFile) -> str:
    if file.objections:
        return f"[yellow]no cuadra[/]: {_escaped('; '.join(file.objections[:3]))}"
    closes = all(each.opening is not None and each.closing is not None for each in file.statements)
    return "[green]cuadra[/]" if closes else "[green]correcto[/] (sin saldos que cuadrar)"


def _written(value: Any) -> str:
    return "sin saldo" if value is None else write_amount(value)


def _escaped(text: str) -> str:
    # What a bank or a payer wrote must never act as rich's own markup.
    return text.replace("[", "\\[")
