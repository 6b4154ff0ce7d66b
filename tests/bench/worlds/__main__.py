"""`python -m tests.bench.worlds OUT_DIR --payments 10000 --profile real --seed 7`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tests.bench.worlds.making import make
from tests.bench.worlds.profiles import PROFILES


@click.command()
@click.argument("out", metavar="OUT_DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--payments", default=10_000, show_default=True, type=click.IntRange(min=100), help="About how many.")
@click.option("--profile", default="real", show_default=True, type=click.Choice(sorted(PROFILES)))
@click.option("--seed", default=7, show_default=True, type=click.IntRange(min=0))
def main(out: Path, payments: int, profile: str, seed: int) -> None:
    """Write payments.csv, invoices.csv, customers.csv, fx.csv, truth.csv and meta.json into OUT_DIR."""
    click.echo(json.dumps(make(out, payments=payments, profile=PROFILES[profile], seed=seed)))


if __name__ == "__main__":
    main()
