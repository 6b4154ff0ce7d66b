"""`python -m cobranza.demo.channels`: the demo providers in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from cobranza.demo.channels import server
from cobranza.demo.doubles import options


@click.command()
@options.keeping
@options.listening
def main(port: int, data: Path | None, ready_file: Path | None) -> None:
    """Sirve en 127.0.0.1 los proveedores de mensajes de pruebas y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    server.serve(port=port, data=data, ready_file=ready_file)


if __name__ == "__main__":
    main()
