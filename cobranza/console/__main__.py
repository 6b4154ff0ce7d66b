"""`python -m cobranza.console [--host 127.0.0.1] [--port 8000]` serves the console."""

import click

from cobranza.console.server import serve


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Dirección en la que escucha.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Puerto.")
def main(host: str, port: int) -> None:
    """Sirve la consola web."""
    serve(host, port)


if __name__ == "__main__":
    main()
