"""`cobranza risk`: who will pay, who is about to stop paying, and why."""

from __future__ import annotations

import click


@click.group("risk")
def group() -> None:
    """Riesgo: quién pagará, quién está a punto de dejar de pagar, y por qué."""
