"""`cobranza insight report|export|feed`: dashboards as PDF and Excel, views as CSV and Parquet, the CRM's feed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import click

from cobranza.cli.insight import asked, slice_options

PARENT = "insight"
_JSON = click.option("--json", "as_json", is_flag=True, help="Salida para programas: claves en inglés.")


@click.command("report")
@click.argument("boards", nargs=-1, metavar="[TABLERO]…")
@slice_options
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="CARPETA",
    help="Dónde; por defecto, output/informes/.",
)
@_JSON
def report_command(boards: tuple[str, ...], folder: Path | None, as_json: bool, **part: Any) -> None:
    """Escribe tableros en PDF y Excel: direccion, supervision, gestion o juridico; sin él, los configurados."""
    from cobranza import suite
    from cobranza.insight import reports
    from cobranza.insight.settings import read

    names = boards or read().tableros.informes
    files = reports.write(names, asked(**part), folder or suite.output_folder() / "informes")
    if as_json:
        click.echo(json.dumps([str(file) for file in files], ensure_ascii=False, indent=2))
        return
    for file in files:
        click.echo(file)


@click.command("export")
@click.argument("views", nargs=-1, metavar="[VISTA]…")
@click.option("--list", "names", is_flag=True, help="Solo enumera las vistas y sus columnas.")
@click.option("--format", "form", type=click.Choice(["csv", "parquet"]), default="csv", help="csv o parquet.")
@click.option("--company", default="", metavar="CLAVE", help="Solo este acreedor, donde la vista lo dice.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="CARPETA",
    help="Dónde; por defecto, output/exportacion/.",
)
@_JSON
def export_command(
    views: tuple[str, ...], names: bool, form: Literal["csv", "parquet"], company: str, folder: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Escribe vistas de informes en ficheros; sin VISTA, todas. Sus columnas son estables."""
    from cobranza import suite
    from cobranza.insight import export
    from cobranza.insight.definitions import contract

    if names:
        if as_json:
            click.echo(json.dumps(contract(), ensure_ascii=False, indent=2))
            return
        for view, columns in contract().items():
            click.echo(f"{view}: {', '.join(columns)}")
        return
    target = folder or suite.output_folder() / "exportacion"
    done = []
    for view in views or tuple(contract()):
        file = target / f"{view}.{form}"
        done.append({"view": view, "file": str(file), "rows": export.write_view(view, file, form, company)})
    if as_json:
        click.echo(json.dumps(done, ensure_ascii=False, indent=2))
        return
    for each in done:
        click.echo(f"{each['file']}: {each['rows']} filas")


@click.command("feed")
@click.argument("view", type=click.Choice(["actividades", "promesas"]))
@click.option("--since", type=click.DateTime(formats=["%Y-%m-%d"]), help="Solo lo que cambió desde ese día.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, help="Cuántas como mucho.")
@_JSON
def feed_command(view: str, since: datetime | None, limit: int, as_json: bool) -> None:
    """Lo que lee el CRM: actividades o promesas por orden de cambio, en CSV (o JSON)."""
    from cobranza.insight import crm
    from cobranza.kernel import clock

    start = since.replace(tzinfo=clock.MADRID) if since else datetime(1990, 1, 1, tzinfo=clock.MADRID)
    rows = crm.feed(view, start, "", limit)
    if as_json:
        click.echo(json.dumps([crm.plain(row) for row in rows], ensure_ascii=False, indent=2))
        return
    click.echo(crm.as_csv(rows), nl=False)


commands = [report_command, export_command, feed_command]
