"""`cobranza robots`: what this suite can start. Needs no database."""

from __future__ import annotations

import json

import click

NEEDS_DATABASE = False


@click.command("robots")
@click.option("--json", "as_json", is_flag=True, help="Para programas.")
def robots_command(as_json: bool) -> None:
    """Lista los robots de esta instalación, con sus variables y lo que les impide arrancar."""
    from cobranza.runs import catalogue

    found = catalogue.robots()
    if as_json:
        click.echo(json.dumps([robot.as_dict() for robot in found], ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo(f"No hay ningún robot en {catalogue.folder()}.")
    for robot in found:
        click.secho(robot.slug, bold=True, nl=False)
        click.echo(f"  {robot.title}" if not robot.error else "")
        if robot.error:
            click.secho(f"    no arranca: {robot.error}", fg="red")
            continue
        for line in robot.documentation.splitlines()[:1]:
            click.echo(f"    {line}")
        for variable in robot.variables:
            origin = variable.reference or "env:NOMBRE" if variable.is_secret else variable.default
            note = f"   {variable.help}" if variable.help else ""
            click.echo(f"    --var {variable.name}={origin}  ({variable.type}){note}")


commands = [robots_command]
