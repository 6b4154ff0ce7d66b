"""`python -m cobranza.demo.court`: the test court in the foreground."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cobranza.demo.court import server
from cobranza.demo.doubles import options


class _Moment(click.ParamType[datetime, object]):
    name = "iso"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read an ISO moment with its zone."""
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"«{value}» no es un momento ISO.", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"«{value}» no dice su zona; por ejemplo 2026-11-23T10:00:00+01:00.", param, ctx)
        return moment


@click.command()
@click.option("--clock", type=_Moment(), help="Qué hora es al empezar (ISO con zona); sin ella, la real.")
@click.option("--seed", type=int, default=1, show_default=True, help="De todo lo que echa a suertes.")
@options.keeping
@options.listening
def main(port: int, data: Path | None, clock: datetime | None, seed: int, ready_file: Path | None) -> None:
    """Sirve el juzgado de pruebas en 127.0.0.1 y escribe su dirección.

    El testigo de administración se toma de COBRANZA_DEMO_TOKEN.
    """
    server.serve(port=port, data=data, clock=clock, seed=seed, ready_file=ready_file)


if __name__ == "__main__":
    main()
