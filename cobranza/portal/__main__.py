"""`python -m cobranza.portal [--host 127.0.0.1] [--port 8010]` serves the debtors' pages."""

import click

from cobranza.portal.server import serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Dirección en la que escucha.")
@click.option("--port", default=8010, show_default=True, type=click.IntRange(1, 65535), help="Puerto.")
def main(host: str, port: int) -> None:
    """Sirve las páginas de los deudores."""
    serve(host, port)


if __name__ == "__main__":
    main()
