"""`python -m cobranza.demo.banks`: one demo bank in the foreground."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import click

from cobranza.demo import process
from cobranza.demo.banks import server


@click.command()
@click.option("--bank", type=click.Choice(server.BANKS), required=True, help="Qué banco se sirve.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: uno libre.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Se escribe (JSON) cuando el puerto atiende.")
@click.option("--world", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Cuentas y movimientos.")
@click.option("--seed", type=int, default=1, show_default=True, help="Semilla del mundo inventado.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Día del banco; sin ella, el de hoy.")
@click.option("--idle-seconds", type=float, default=120.0, show_default=True, help="Inactividad que cierra la sesión.")
@click.option("--absolute-seconds", type=float, default=3600.0, show_default=True, help="Duración máxima de la sesión.")
@click.option("--parent", type=int, hidden=True, help="Proceso con el que debe terminar.")
def main(
    bank: str,
    port: int,
    ready_file: Path | None,
    world: Path | None,
    seed: int,
    today: datetime | None,
    idle_seconds: float,
    absolute_seconds: float,
    parent: int | None,
) -> None:
    """Sirve un banco de pruebas en 127.0.0.1. El testigo de administración se toma de COBRANZA_DEMO_TOKEN."""
    process.live_with(parent)
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
