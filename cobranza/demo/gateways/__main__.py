"""`python -m cobranza.demo.gateways`: one demo gateway in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from cobranza.demo import process
from cobranza.demo.gateways import server


@click.command()
@click.option("--kind", type=click.Choice(server.KINDS), default="stripe", show_default=True, help="Qué pasarela.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: uno libre.")
@click.option("--ready-file", type=click.Path(path_type=Path), help="Se escribe (JSON) cuando el puerto atiende.")
@click.option("--parent", type=int, hidden=True, help="Proceso con el que debe terminar.")
def main(kind: str, port: int, ready_file: Path | None, parent: int | None) -> None:
    """Sirve una pasarela de pagos de pruebas en 127.0.0.1 y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    process.live_with(parent)
    server.serve(kind, port=port, ready_file=ready_file)


if __name__ == "__main__":
    main()
