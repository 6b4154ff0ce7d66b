"""`python -m cobranza.demo.banks`: one demo bank in the foreground."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from cobranza.demo.banks import server
from cobranza.demo.doubles import options


@click.command()
@click.option("--bank", type=click.Choice(server.BANKS), required=True, help="Qué banco se sirve.")
@click.option("--world", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Cuentas y movimientos.")
@click.option("--seed", type=int, default=1, show_default=True, help="Semilla del mundo inventado.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Día del banco; sin ella, el de hoy.")
@click.option("--idle-seconds", type=float, default=120.0, show_default=True, help="Inactividad que cierra la sesión.")
@click.option("--absolute-seconds", type=float, default=3600.0, show_default=True, help="Duración máxima de la sesión.")
@options.listening
def main(
    bank: str,
    port: int,
    ready_file: Path | None,
    world: Path | None,
    seed: int,
    today: datetime | None,
    idle_seconds: float,
    absolute_seconds: float,
) -> None:
    """Sirve un banco de pruebas en 127.0.0.1. El testigo de administración se toma de COBRANZA_DEMO_TOKEN."""
    day: date | None = today.date() if today else None
    server.serve(
        bank,
        port=port,
        world=world,
        seed=seed,
        today=day,
        idle_seconds=idle_seconds,
        absolute_seconds=absolute_seconds,
        ready_file=ready_file,
    )


if __name__ == "__main__":
    main()
