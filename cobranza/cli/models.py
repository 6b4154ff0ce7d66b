"""`cobranza models`: build and show the sentence encoders that judge texts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

NEEDS_DATABASE = False
_EVERYDAY = ("disputes",)


@click.group(name="models")
def group() -> None:
    """Modelos que clasifican textos."""


@group.command(name="build")
@click.argument("names", metavar="[NOMBRE]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Todos, también los que solo usa «disputes benchmark».")
@click.option("--missing", is_flag=True, help="Solo los que faltan o han cambiado.")
@click.option(
    "--wheels",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Carpeta con los paquetes ya descargados, para máquinas sin red.",
)
@click.option("--json", "as_json", is_flag=True, help="Resultado legible por máquina.")
def build(names: tuple[str, ...], everything: bool, missing: bool, wheels: Path | None, as_json: bool) -> None:
    """Construye los codificadores de frases; sin NOMBRE, el de los correos.

    Descarga con pip paquetes fijados por su huella, los trata como datos (nunca los instala ni los ejecuta), los
    convierte a ONNX de 8 bits y comprueba el resultado con una frase de prueba.
    """
    encoders = _encoders()
    wanted = names or _EVERYDAY
    if everything:
        wanted = tuple(entry["name"] for entry in encoders.show())
    done = encoders.build(wanted, offline=wheels, missing=missing, tell=lambda text: click.echo(f"· {text}", err=True))
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
        return
    for entry in done:
        click.echo(f"{entry['name']}: {entry['size'] / 1e6:.0f} MB en «{entry['folder']}» ({entry['identity']})")


@group.command(name="show")
@click.option("--json", "as_json", is_flag=True, help="Salida legible por máquina.")
def show(as_json: bool) -> None:
    """Enseña qué codificadores hay y cuáles están construidos."""
    found = _encoders().show()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for entry in found:
        state = f"construido, {entry['size'] / 1e6:.0f} MB" if entry["built"] else "sin construir"
        click.echo(f"{entry['name']:10} {state:22} {entry['about']}")


def _encoders() -> Any:
    from cobranza import suite

    return suite.adapters("classifiers")["encoders"]
