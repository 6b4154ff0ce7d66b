"""`python -m cobranza.demo.channels`: the demo providers in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from cobranza.demo import process
from cobranza.demo.channels import server


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: uno libre.")
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Carpeta que guarda lo enviado.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Se escribe (JSON) cuando el puerto atiende.")
@click.option("--parent", type=int, hidden=True, help="Proceso con el que debe terminar.")
def main(port: int, data: Path | None, ready_file: Path | None, parent: int | None) -> None:
    """Sirve en 127.0.0.1 los proveedores de mensajes de pruebas y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    process.live_with(parent)
    server.serve(port=port, data=data, ready_file=ready_file)


if __name__ == "__main__":
    main()
