"""`cobranza demo`: a night, its mail, its reminders, a claim and the figures, against a world of real parts."""

from __future__ import annotations

import json
import shutil

import click
from rich.console import Console
from rich.table import Table

from cobranza import suite

NEEDS_DATABASE = False


@click.group()
def group() -> None:
    """Un ERP de verdad, dos bancos, un buzón, una mesa de tickets y un juzgado inventados con los que probarlo todo."""


group.name = "demo"


@group.command()
@click.option("--json", "as_json", is_flag=True, help="Salida para programas.")
def run(as_json: bool) -> None:
    """Concilia el mes de la empresa de demostración, atiende el correo, avisa a deudores, va al juzgado y da cifras."""
    from cobranza.database import session
    from cobranza.demo import world

    def tell(text: str) -> None:
        click.echo(f"· {text}", err=True)

    tell("Abriendo la base de datos")
    with session.opened(), world.running(tell=tell) as running:
        from cobranza.demo import claims, figures, nightly, reminders, triage

        report = nightly.run(running, tell=tell)
        mail = triage.run(running, tell=tell)
        sent = reminders.run(running.mail, running.providers, tell=tell)
        claim = claims.run(running.court, tell=tell)
        day = figures.run(tell=tell)
    parts = (report, mail, sent, claim, day)
    if as_json:
        whole = report.as_dict() | {"sound": all(part.sound for part in parts)}
        whole |= {"mail": mail.as_dict(), "reminders": sent.as_dict(), "claim": claim.as_dict()}
        whole |= {"figures": day.as_dict()}
        click.echo(json.dumps(whole, ensure_ascii=False, indent=2))
    else:
        _show(report)
        for line in (*mail.lines(), *sent.lines(), *claim.lines(), *day.lines()):
            Console().print(line, highlight=False)
    if not all(part.sound for part in parts):
        raise click.exceptions.Exit(1)


@group.command()
def reset() -> None:
    """Borra el mundo de demostración (ERP, bancos, correo y mesa); no toca ni la base de datos ni las pruebas."""
    shutil.rmtree(suite.data_folder() / "demo", ignore_errors=True)
    click.echo("Borrado. La próxima vez se hará uno nuevo.")


def _show(report: object) -> None:
    from cobranza.demo.nightly import Report

    if not isinstance(report, Report):
        raise TypeError("a demo report")
    out = Console()
    table = Table(title="Conciliación de demostración", title_justify="left")
    table.add_column("Banco")
    for heading in ("Movimientos", "Nuevos", "Apuntes", "De antes", "Revisar", "Sin casar"):
        table.add_column(heading, justify="right", no_wrap=True)
    for bank in report.banks:
        table.add_row(
            bank.bank,
            str(bank.movements),
            str(bank.new_movements),
            str(bank.posted_now),
            str(bank.posted_before),
            str(bank.review),
            str(bank.unmatched),
        )
    out.print(table)
    for line in report.lines():
        out.print(line, highlight=False)
