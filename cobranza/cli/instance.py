"""`cobranza doctor`, `init`, `migrate`: looking after an installation."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from cobranza import suite
from cobranza.kernel.errors import EXIT_BUSINESS, BusinessError

NEEDS_DATABASE = False
_COPIED = ("robots", "keywords", "classifiers", "connectors", "config")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", ".git")


class FolderInUse(BusinessError):
    """`cobranza init` would write over somebody's work."""

    code = "COB-SUI-002"
    remedy = "Elija una carpeta nueva o vacía."


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Salida para programas.")
def doctor(as_json: bool) -> None:
    """Comprueba la instalación y dice qué hacer con cada fallo."""
    from cobranza.cli import _checks

    results = _checks.everything()
    if as_json:
        click.echo(json.dumps({"checks": [result.as_dict() for result in results]}, ensure_ascii=False, indent=2))
    else:
        table = Table(title="Estado de la instalación", title_justify="left")
        for heading in ("", "Comprobación", "Resultado", "Qué hacer"):
            table.add_column(heading, overflow="fold")
        signs = {"ok": "[green]✓[/]", "aviso": "[yellow]![/]", "fallo": "[red]✗[/]"}
        for result in results:
            table.add_row(signs[result.state], result.name, result.detail, result.remedy)
        Console().print(table)
    if any(result.state == "fallo" for result in results):
        raise click.exceptions.Exit(EXIT_BUSINESS)


@click.command()
@click.argument("carpeta", type=click.Path(path_type=Path))
def init(carpeta: Path) -> None:
    """Crea en CARPETA una copia editable de los robots, palabras clave, conectores y configuración."""
    if carpeta.exists() and (not carpeta.is_dir() or any(carpeta.iterdir())):
        raise FolderInUse(f"«{carpeta}» ya existe y no está vacía.")
    source = suite.shipped_root()
    fresh = carpeta.with_name(f".{carpeta.name}.nueva")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for name in _COPIED:
        shutil.copytree(source / name, fresh / name, ignore=_LEFT_OUT)
    (fresh / "output").mkdir()
    (fresh / ".gitignore").write_text("output/\n.cobranza/\n__pycache__/\n", encoding="utf-8")
    if carpeta.exists():
        carpeta.rmdir()
    fresh.rename(carpeta)
    click.echo(f"Creada «{carpeta}». Edite config/ y después, dentro de la carpeta: cobranza doctor")


@click.command()
def migrate() -> None:
    """Pone al día las tablas de la base de datos (con DATABASE_URL; la embebida lo hace sola)."""
    from cobranza.database import session

    with session.opened(migrate=False):
        missing = session.pending_migrations()
        session.apply_migrations()
    click.echo(f"Aplicadas {len(missing)} migraciones." if missing else "Las tablas ya estaban al día.")


commands = [doctor, init, migrate]
