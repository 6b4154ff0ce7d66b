"""`cobranza disputes`: what debtors write, read and sorted; other modules of this package add their commands."""

from __future__ import annotations

import click

NEEDS_DATABASE = False  # each command says for itself


@click.group(name="disputes")
def group() -> None:
    """Correos de deudores: leer, clasificar, aprender."""
