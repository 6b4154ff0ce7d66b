"""What every ``python -m cobranza.demo.…`` takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from cobranza.demo.doubles import process


def listening(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--port``, ``--ready-file`` and, for who starts it as a child, ``--parent``: it is lived with at once."""
    for option in (
        click.option("--parent", type=int, hidden=True, expose_value=False, callback=_live_with),
        click.option(
            "--ready-file", type=click.Path(path_type=Path), help="Se escribe (JSON) cuando el puerto atiende."
        ),
        click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: uno libre."),
    ):
        command = option(command)
    return command


def keeping(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--data``: a folder in which the double's state outlives it."""
    folder = click.Path(file_okay=False, path_type=Path)
    return click.option("--data", type=folder, help="Carpeta que guarda su estado.")(command)


def _live_with(context: click.Context, option: click.Parameter, parent: int | None) -> None:
    process.live_with(parent)
