"""`python -m cobranza.demo.tickets`: one demo desk in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from cobranza.demo.doubles import options
from cobranza.demo.tickets import server


@click.command()
@click.option(
    "--kind", type=click.Choice(server.KINDS), default="zendesk", show_default=True, help="Qué mesa se sirve."
)
@options.keeping
@options.listening
def main(kind: str, port: int, data: Path | None, ready_file: Path | None) -> None:
    """Sirve una mesa de tickets de pruebas en 127.0.0.1 y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    server.serve(kind, port=port, data=data, ready_file=ready_file)


if __name__ == "__main__":
    main()
