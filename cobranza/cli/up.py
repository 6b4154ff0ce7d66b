"""`cobranza up`: everything an instance needs, started together and stopped together."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import ExitStack

import click

from cobranza import suite

NEEDS_DATABASE = False
_ADMIN = "admin"


@click.command()
@click.option("--puerto", default=8000, show_default=True, type=click.IntRange(1, 65535), help="De la consola.")
@click.option("--portal", type=click.IntRange(1, 65535), help="De las páginas de deudores; si no, config/portal.toml.")
@click.option("--trabajadores", type=click.IntRange(1, 64), help="Procesos que lanzan robots; si no, config/runs.toml.")
@click.option("--demo", is_flag=True, help="Con el ERP y los bancos de demostración.")
def up(puerto: int, portal: int | None, trabajadores: int | None, demo: bool) -> None:
    """Arranca la base de datos, los trabajadores, el programador, la consola y las páginas de deudores, y se queda."""
    from cobranza.database import session

    with ExitStack() as stack:
        stack.enter_context(session.opened())
        from cobranza.portal.settings import read as portal_settings

        page = portal or portal_settings().puerto
        if demo:
            from cobranza.demo import world

            os.environ.setdefault("COBRANZA_PORTAL", f"http://127.0.0.1:{page}")
            stack.enter_context(world.running(tell=lambda text: click.echo(f"· {text}", err=True)))
        from cobranza.console import server
        from cobranza.portal import server as portal_server
        from cobranza.runs.supervisor import Extra, Supervisor

        static = suite.data_folder() / "static"
        static.mkdir(parents=True, exist_ok=True)  # WhiteNoise looks for it, although we serve from the package
        _first_user()
        console = Extra("console", server.command(puerto))
        debtors = Extra("portal", portal_server.command(page))
        click.echo(f"Consola: http://127.0.0.1:{puerto}   (Ctrl-C para parar)")
        click.echo(f"Páginas de los deudores: http://127.0.0.1:{page}")
        sys.exit(Supervisor(workers=trabajadores, extra=(console, debtors)).run())


def _first_user() -> None:
    """Somebody must be able to log in: make an administrator when there is no user at all."""
    from cobranza.console import users

    if users.exist():
        return
    password = secrets.token_urlsafe(9)
    users.create_first_user(_ADMIN, password)
    click.echo(f"Primer usuario: {_ADMIN}   clave: {password}   (cámbiela con «cobranza users passwd {_ADMIN}»)")


commands = [up]
