"""`cobranza reconcile`: match payments with documents, without a database."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from cobranza.reconciliation.parallel import Workers

NEEDS_DATABASE = False
_SMALL = 400_000  # bytes of payments.csv below which a second process costs more than it saves


@click.group(name="reconcile")
def group() -> None:
    """Empareja cobros con facturas."""


@group.command(name="files")
@click.argument("folder", metavar="CARPETA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--out", "out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="CSV con los emparejamientos."
)
@click.option(
    "--review", "review", type=click.Path(dir_okay=False, path_type=Path), help="CSV con lo que queda para una persona."
)
@click.option("--processes", type=click.IntRange(1, 64), help="Procesos a la vez; sin ella, uno por núcleo.")
@click.option("--cluster", metavar="DIRECCIÓN", help="Clúster de Dask que hace el trabajo, «tcp://equipo:8786».")
@click.option("--json", "as_json", is_flag=True, help="Resumen legible por máquina.")
def from_files(
    folder: Path, out: Path, review: Path | None, processes: int | None, cluster: str | None, as_json: bool
) -> None:
    """Empareja los CSV de CARPETA: payments, invoices, customers y, si hay otras monedas, fx.

    No cambia nada en ningún sitio: escribe una propuesta con su explicación y su confianza. El resultado es el mismo
    con cualquier número de procesos.
    """
    # the libraries of the work are loaded here: every other command starts without them
    _arrow_alone()
    from cobranza import suite
    from cobranza.reconciliation import files, partitions, policy, reports

    rules = policy.read(suite.root() / "config" / "reconciliation.toml")
    with _workers(folder, processes, cluster) as workers:
        tables = files.read_tables(folder)
        parts = partitions.split(tables)
        tables = tables.of_payments()  # the documents live on in the parts only
        solved = workers.solve(parts, rules, candidates=review is not None)
    result = partitions.merged(tables, solved)
    threshold = float(rules.umbral_automatico)
    files.write_columns(partitions.links_as_text(tables, result.links), out, free_text=["explanation"])
    if review is not None:
        files.write_columns(reports.review(tables, result, threshold), review, free_text=["reason", "candidates"])
    summary = reports.summary(tables, result, threshold)
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=2))
    else:
        _show(summary, out)


def _arrow_alone() -> None:
    """Keep Arrow from loading pandas for its own type checks: that takes as long as matching a thousand payments.

    Arrow asks once for a process whether pandas is there. Reading an unusual file still uses pandas, on plain lists.
    """
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    hidden = _Hidden()
    sys.meta_path.insert(0, hidden)
    try:
        pa.scalar(0)
    finally:
        sys.meta_path.remove(hidden)


class _Hidden(MetaPathFinder):
    """Says that pandas is not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        """See `importlib.abc.MetaPathFinder.find_spec`."""
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _workers(folder: Path, processes: int | None, cluster: str | None) -> Workers:
    from cobranza.kernel.errors import UsageError
    from cobranza.reconciliation import parallel

    if cluster is not None:
        if processes is not None:
            raise UsageError("--cluster y --processes se excluyen.", remedy="Deje una de las dos opciones.")
        return parallel.Cluster(cluster)
    payments = folder / "payments.csv"
    small = not payments.is_file() or payments.stat().st_size < _SMALL
    count = processes or (1 if small else parallel.cores())
    return parallel.Processes(count) if count > 1 else parallel.Here()


def _show(summary: dict[str, Any], out: Path) -> None:
    from cobranza.kernel.spanish import write_amount

    click.echo(
        f"{summary['matched']} de {summary['payments']} cobros emparejados "
        f"({summary['automatic']} sobre el umbral automático), {summary['unmatched']} para una persona."
    )
    for code, sums in summary["amounts"].items():
        matched, received = (write_amount(Decimal(sums[kind])) for kind in ("matched", "received"))
        click.echo(f"  {code}: {matched} de {received}")
    click.echo("Por regla:")
    for rule, count in summary["by_rule"].items():
        click.echo(f"  {count:>7}  {rule}")
    if summary["by_reason"]:
        click.echo("Sin emparejar:")
        for reason, count in summary["by_reason"].items():
            click.echo(f"  {count:>7}  {reason}")
    click.echo(f"Escrito {out}")
