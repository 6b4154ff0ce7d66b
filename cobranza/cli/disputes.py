"""`cobranza disputes`: what debtors write, read and sorted; other modules of this package add their commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cobranza.kernel.errors import EXIT_BUSINESS

NEEDS_DATABASE = False  # each command says for itself
_LARGEST = 64 * 1024 * 1024


@click.group(name="disputes")
def group() -> None:
    """Correos de deudores: leer, clasificar, aprender."""


@group.command(name="parse")
@click.argument("source", metavar="FICHERO|CARPETA", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--country", default="", metavar="PAÍS", help="Dónde está la cuenta (ES, MX…): decide qué es un «$» a secas."
)
@click.option("--json", "as_json", is_flag=True, help="Salida para programas; una carpeta da {ruta: resultado}.")
def parse(source: Path, country: str, as_json: bool) -> None:
    """Lee un correo (.eml) o todos los de una carpeta y muestra lo que dice: quién escribe, qué y sobre qué.

    No abre adjuntos ni cambia nada. Un fichero que no es un correo lleva «error»; solo, sale con código 3.
    """
    if source.is_dir():
        files = sorted(each for each in source.rglob("*") if each.is_file())
        told = {each.relative_to(source).as_posix(): _read(each, country) for each in files}
        _show(told, as_json)
        return
    one = _read(source, country)
    if as_json:
        click.echo(json.dumps(one, ensure_ascii=False, indent=2))
    else:
        _show_one(one)
    if "error" in one:
        raise click.exceptions.Exit(EXIT_BUSINESS)


def _read(file: Path, country: str) -> dict[str, Any]:
    from cobranza.disputes.ports import UnreadableMail
    from cobranza.disputes.reading import as_dict, reader

    try:
        if file.stat().st_size > _LARGEST:
            raise UnreadableMail(f"El fichero pesa más de {_LARGEST} octetos.")
        return as_dict.of(reader.read(file.read_bytes(), country_hint=country.upper()))
    except UnreadableMail as exc:
        return {"error": exc.as_dict()}
    except OSError as exc:
        return {"error": UnreadableMail(f"El fichero no se puede leer: {exc.strerror}.").as_dict()}


def _show(told: dict[str, dict[str, Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
        return
    table = Table("Fichero", "Quién", "Remitente", "Idioma", "País", "Dice")
    for name, one in told.items():
        if "error" in one:
            table.add_row(name, "error", "", "", "", one["error"]["message"])
        else:
            said = " ".join(one["own_text"].split())[:80]
            table.add_row(name, one["kind"], one["sender"], one["lang"], one["country"], said)
    Console().print(table, markup=False)


def _show_one(one: dict[str, Any]) -> None:
    console = Console(markup=False, highlight=False)
    if "error" in one:
        console.print(f"{one['error']['code']}: {one['error']['message']} → {one['error']['remedy']}")
        return
    console.print(f"De:        {one['sender_name']} <{one['sender']}>")
    console.print(f"Asunto:    {one['subject']}")
    console.print(f"Quién:     {one['kind']} ({one['kind_reason']})")
    console.print(f"Idioma:    {one['lang']} {one['country']}".rstrip())
    console.print(f"\n{one['own_text']}\n")
    for entity in one["entities"]:
        doubt = "" if entity["valid"] else " (dígito de control erróneo)"
        console.print(f"{entity['type']:<10} {entity['value']}  [{entity['zone']}]{doubt}")
    for each in one["attachments"]:
        console.print(f"adjunto    {each['name']} ({each['media_type']}, {each['size']} octetos)")
    for bounce in one["bounce"]:
        lasting = "definitivo" if bounce["permanent"] else "pasajero"
        console.print(f"rebote     {bounce['recipient']} {bounce['status']} {lasting}: {bounce['diagnostic']}")
    for note in one["notes"]:
        console.print(f"nota       {note}")
