"""`cobranza reconcile explain`: why a payment was matched so, and whether it comes out the same today."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cobranza.kernel.errors import BusinessError, UsageError

if TYPE_CHECKING:
    from cobranza.reconciliation.reproduction import Comparison, Reading

PARENT = "reconcile"
NEEDS_DATABASE = False  # opened below, and only for a movement of the ledger


class NoSuchPaymentError(BusinessError):
    """The payment is not in the files."""

    code = "COB-CON-069"
    remedy = "Copie el identificador de la columna payment_id de payments.csv."


@click.command()
@click.argument("key", metavar="COBRO")
@click.option(
    "--data",
    "folder",
    metavar="CARPETA",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Con los CSV de «reconcile files»; sin ella, COBRO es el número de un movimiento del libro.",
)
@click.option(
    "--matches",
    metavar="FICHERO",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Lo que escribió «reconcile files --out»: la explicación guardada, para compararla.",
)
@click.option("--json", "as_json", is_flag=True, help="Salida para programas.")
def explain(key: str, folder: Path | None, matches: Path | None, as_json: bool) -> None:
    """Explica un COBRO: lo que se guardó al emparejarlo, y si hoy vuelve a salir lo mismo o qué ha cambiado.

    No cambia nada. Sale con 5 cuando lo guardado no se reproduce.
    """
    told = _of_files(key, folder, matches) if folder else _of_ledger(key, matches)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(told)
    if told["same"] is False:
        raise click.exceptions.Exit(5)


def _of_files(key: str, folder: Path, matches: Path | None) -> dict[str, Any]:
    from cobranza import suite
    from cobranza.reconciliation import files, policy, reproduction

    rules = policy.read(suite.root() / "config" / policy.Policy.FILE)
    again = reproduction.read_again(files.read_tables(folder), key, rules)
    if again is None:
        raise NoSuchPaymentError(f"No hay ningún cobro {key} en {folder}.")
    if matches is None:
        return _told(key, None, again, None)
    rows = files.read(matches).to_dict("records")
    stored = reproduction.stored_in(rows, key) or reproduction.Reading(explanation="Quedó sin emparejar.")
    return _told(key, stored, again, reproduction.compare(stored, again, rules))


def _of_ledger(key: str, matches: Path | None) -> dict[str, Any]:
    if not key.isdigit():
        raise UsageError(
            f"{key} no es el número de un movimiento.", remedy="Para explicar un cobro de unos CSV, añada --data."
        )
    if matches is not None:
        raise UsageError("--matches solo vale con --data.", remedy="Quite --matches o indique la carpeta con --data.")
    from cobranza.database import session

    with session.opened():
        from cobranza.reconciliation import ledger_reproduction

        found = ledger_reproduction.explain(int(key))
        return _told(key, found.stored, found.again, found.comparison) | {
            "state": found.state,
            "people": list(found.people),
        }


def _told(key: str, stored: Reading | None, again: Reading, comparison: Comparison | None) -> dict[str, Any]:
    """What is printed, as one dictionary; `same` is null when nothing was stored to compare with."""
    return {
        "payment": key,
        "stored": stored.as_dict() if stored else None,
        "again": again.as_dict(),
        "same": comparison.same if comparison else None,
        "differences": list(comparison.differences) if comparison else [],
        "causes": list(comparison.causes) if comparison else [],
        "rules_stored": str(comparison.rules) if comparison and comparison.rules else None,
        "rules_now": str(comparison.rules_now) if comparison else None,
    }


def _show(told: dict[str, Any]) -> None:
    if told.get("state"):
        click.echo(f"Movimiento {told['payment']}: {told['state']}.")
        for decision in told["people"]:
            click.echo(f"  {decision}")
    if told["stored"]:
        click.echo("Lo guardado:")
        _reading(told["stored"])
        if told["same"]:
            click.echo("Se reproduce: hoy sale lo mismo.")
            return
        click.echo("Hoy:")
    _reading(told["again"])
    if told["same"] is False:
        click.echo("No se reproduce:")
        for line in told["differences"]:
            click.echo(f"  {line}")
        click.echo("Porque:")
        for line in told["causes"]:
            click.echo(f"  {line}")


def _reading(reading: dict[str, Any]) -> None:
    for line in reading["lines"]:
        kept = [f"{name} {line[key]}" for key, name in _KEPT.items() if line[key] != "0.00"]
        click.echo(f"  {line['document']}  {line['applied']}{''.join(f'  {text}' for text in kept)}")
    if reading["lines"]:
        click.echo(f"  Confianza {reading['confidence']}, regla {reading['rule']}")
    for sentence in _SENTENCE.split(reading["explanation"]):
        click.echo(f"  {sentence}")


_SENTENCE = re.compile(r"(?<=\.) (?=[A-ZÁÉÍÓÚ«\d−-])")
_KEPT = {"withheld": "retenido", "fee": "gastos", "discount": "descuento"}
commands = [explain]
