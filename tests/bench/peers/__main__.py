"""`python -m tests.bench.peers run --size 10000`: peers and ours on one world, one table."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from tests.bench import worlds
from tests.bench.peers import contest


@click.group()
def main() -> None:
    """Compare our engine with its peers."""


@main.command()
@click.option(
    "--size", default=10_000, show_default=True, type=click.IntRange(min=100), help="About how many payments."
)
@click.option("--profile", default="real", show_default=True, type=click.Choice(sorted(worlds.PROFILES)))
@click.option("--seed", default=7, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--data", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A labelled set instead of a world."
)
def run(size: int, profile: str, seed: int, data: Path | None) -> None:
    """Make a world, or take DATA, run everybody on it and print figures and ratios."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        folder = data or work / "world"
        if data is None:
            worlds.make(folder, payments=size, profile=worlds.PROFILES[profile], seed=seed)
        results = list(contest.contest(folder, work))
    click.echo(contest.table(results))
    click.echo()
    click.echo(contest.scenarios(results))


@main.command()
@click.argument("peer", type=click.Choice(sorted(contest.PEERS)))
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
def one(peer: str, folder: Path, out: Path) -> None:
    """Run one peer in this process (what `run` starts)."""
    contest.one(peer, folder, out)


if __name__ == "__main__":
    main()
