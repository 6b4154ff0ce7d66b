"""`cobranza users`: who may sign in to the console, and as what."""

from __future__ import annotations

import json
import sys

import click


@click.group("users")
def group() -> None:
    """Personas con acceso a la consola."""


@group.command("add")
@click.argument("nombre")
@click.option("--role", "roles", multiple=True, help="Perfil; puede repetirse: administración, legal, supervisión…")
@click.option("--superuser", is_flag=True, help="Con todos los perfiles.")
@click.option("--password-stdin", is_flag=True, help="Lee la clave de la entrada; sin ella se inventa una.")
def add(nombre: str, roles: tuple[str, ...], superuser: bool, password_stdin: bool) -> None:
    """Da de alta a NOMBRE y escribe su clave una sola vez."""
    from cobranza.console import users

    if not roles and not superuser:
        raise click.UsageError("Indique al menos un --role, o --superuser.")
    password = _from_stdin() if password_stdin else None
    made = users.create(nombre, users.roles_named(roles), password, superuser=superuser)
    click.echo(f"Alta de «{nombre}»." if password else f"Alta de «{nombre}». Clave: {made}")


@group.command("passwd")
@click.argument("nombre")
@click.option("--password-stdin", is_flag=True, help="Lee la clave de la entrada; sin ella se inventa una.")
def passwd(nombre: str, password_stdin: bool) -> None:
    """Cambia la clave de NOMBRE y cierra sus sesiones."""
    from cobranza.console import users

    password = _from_stdin() if password_stdin else None
    made = users.set_password(nombre, password)
    click.echo(f"Clave de «{nombre}» cambiada." if password else f"Clave nueva de «{nombre}»: {made}")


@group.command("roles")
@click.argument("nombre")
@click.option("--role", "roles", multiple=True, help="Perfil; puede repetirse. Sin ninguno, se quitan todos.")
def roles_command(nombre: str, roles: tuple[str, ...]) -> None:
    """Pone a NOMBRE estos perfiles y quita los demás."""
    from cobranza.console import users

    users.set_roles(nombre, users.roles_named(roles))
    click.echo(f"Perfiles de «{nombre}»: {', '.join(sorted(users.roles_named(roles))) or 'ninguno'}.")


@group.command("reset-2fa")
@click.argument("nombre")
def reset(nombre: str) -> None:
    """Quita la verificación en dos pasos de NOMBRE, por ejemplo si pierde el móvil."""
    from cobranza.console import users

    there = users.reset_second_step(nombre)
    click.echo("Verificación en dos pasos quitada." if there else "No la tenía activada.")


@group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Para programas.")
def list_command(as_json: bool) -> None:
    """Lista las cuentas."""
    from cobranza.console import users

    found = users.listing()
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for user in found:
        roles = "todos los perfiles" if user["superuser"] else ", ".join(user["roles"]) or "sin perfil"
        flags = ("" if user["active"] else "  (inactiva)") + ("  2 pasos" if user["second_step"] else "")
        click.echo(f"{user['name']}  {roles}{flags}")


def _from_stdin() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise click.UsageError("No ha llegado ninguna clave por la entrada.")
    return password
