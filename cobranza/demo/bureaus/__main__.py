"""`python -m cobranza.demo.bureaus`: one demo bureau in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from cobranza.demo.bureaus import server
from cobranza.demo.doubles import options


@click.command()
@options.listening
def main(port: int, ready_file: Path | None) -> None:
    """Sirve una central de informes de pruebas en 127.0.0.1 y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    server.serve(port=port, ready_file=ready_file)


if __name__ == "__main__":
    main()
