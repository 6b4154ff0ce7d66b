"""`python -m cobranza.demo.gateways`: one demo gateway in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from cobranza.demo.doubles import options
from cobranza.demo.gateways import server


@click.command()
@click.option("--kind", type=click.Choice(server.KINDS), default="stripe", show_default=True, help="Qué pasarela.")
@options.listening
def main(kind: str, port: int, ready_file: Path | None) -> None:
    """Sirve una pasarela de pagos de pruebas en 127.0.0.1 y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    server.serve(kind, port=port, ready_file=ready_file)


if __name__ == "__main__":
    main()
