"""`cobranza reconcile`: match payments with documents, without a database."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import pandas as pd

from cobranza import suite
from cobranza.kernel.spanish import write_amount
from cobranza.reconciliation import files, policy
from cobranza.reconciliation.matching import Result, match

NEEDS_DATABASE = False


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
@click.option("--json", "as_json", is_flag=True, help="Resumen legible por máquina.")
def from_files(folder: Path, out: Path, review: Path | None, as_json: bool) -> None:
    """Empareja los CSV de CARPETA: payments, invoices, customers y, si hay otras monedas, fx.

    No cambia nada en ningún sitio: escribe una propuesta con su explicación y su confianza.
    """
    tables = files.read_folder(folder)
    rules = policy.read(suite.root() / "config" / "reconciliation.toml")
    result = match(tables["payments"], tables["invoices"], tables["customers"], tables["fx"], policy=rules)
    files.write(result.links, out, free_text=["explanation"])
    if review is not None:
        files.write(_review(result, float(rules.umbral_automatico)), review, free_text=["reason", "candidates"])
    summary = _summary(tables["payments"], result, float(rules.umbral_automatico))
    if as_json:
        click.echo(json.dumps(summary, ensure_ascii=False, indent=2))
    else:
        _show(summary, out)


def _review(result: Result, threshold: float) -> pd.DataFrame:
    """What a person has to look at: unmatched payments and the matches below the threshold."""
    unsure = result.links[result.links["confidence"].astype(float) < threshold].drop_duplicates("payment_id")
    rows = [
        (
            row.payment_id,
            f"Propuesta con confianza {row.confidence}, por debajo del umbral automático.",
            row.explanation,
        )
        for row in unsure.itertuples(index=False)
    ]
    rows += list(result.unmatched.itertuples(index=False, name=None))
    return pd.DataFrame(sorted(rows), columns=["payment_id", "reason", "candidates"], dtype="str")


def _summary(payments: pd.DataFrame, result: Result, threshold: float) -> dict[str, Any]:
    """Counts and amounts, as the command prints them; amounts as text."""
    first = result.links.drop_duplicates("payment_id")
    currency = dict(zip(payments["payment_id"], payments["currency"], strict=True))
    amount = dict(zip(payments["payment_id"], payments["amount"], strict=True))
    matched = set(first["payment_id"].tolist())
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: {"received": Decimal(0), "matched": Decimal(0)})
    for key, value in amount.items():
        totals[currency[key]]["received"] += Decimal(value)
        if key in matched:
            totals[currency[key]]["matched"] += Decimal(value)
    return {
        "payments": len(payments),
        "matched": len(first),
        "automatic": int((first["confidence"].astype(float) >= threshold).sum()),
        "links": len(result.links),
        "unmatched": len(result.unmatched),
        "by_rule": dict(sorted(Counter(first["rule"].tolist()).items(), key=lambda item: (-item[1], item[0]))),
        "by_reason": dict(
            sorted(
                Counter(
                    result.unmatched["reason"]
                    .str.replace(r"^Nombra .*?, que", "Nombra una factura que", regex=True)
                    .tolist()
                ).items()
            )
        ),
        "amounts": {
            code: {kind: f"{value:.2f}" for kind, value in sums.items()} for code, sums in sorted(totals.items())
        },
    }


def _show(summary: dict[str, Any], out: Path) -> None:
    click.echo(
        f"{summary['matched']} de {summary['payments']} cobros emparejados "
        f"({summary['automatic']} sobre el umbral automático), {summary['unmatched']} para una persona."
    )
    for code, sums in summary["amounts"].items():
        click.echo(f"  {code}: {_written(sums['matched'])} de {_written(sums['received'])}")
    click.echo("Por regla:")
    for rule, count in summary["by_rule"].items():
        click.echo(f"  {count:>7}  {rule}")
    if summary["by_reason"]:
        click.echo("Sin emparejar:")
        for reason, count in summary["by_reason"].items():
            click.echo(f"  {count:>7}  {reason}")
    click.echo(f"Escrito {out}")


def _written(amount: str) -> str:
    return write_amount(Decimal(amount))
