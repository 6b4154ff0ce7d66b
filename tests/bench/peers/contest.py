"""Run every peer on one world, each in a process of its own, and compare.

CPU seconds are those of the process and of what it starts, reading and writing included, so that other work on the
machine counts little. Ratios are to ours: above 1 means that ours is better or cheaper.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.bench.peers.scores import Score, score

ROOT = Path(__file__).parents[3]
OURS = "cobranza"
PEERS = {
    "number_and_amount": (),
    "odoo_rules": (),
    "splink_linkage": ("splink", "duckdb"),
}
INSTALL = "python -m pip install -c constraints.txt -e '.[bench]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One contestant's figures; `missing` tells why there are none."""

    name: str
    score: Score | None = None
    cpu: float = 0.0
    wall: float = 0.0
    memory: int = 0
    missing: str = ""


def contest(folder: Path, work: Path) -> Iterator[Result]:
    """Run the peers and ours on the world in `folder`, writing proposals into `work`."""
    for peer, needs in PEERS.items():
        absent = [module for module in needs if importlib.util.find_spec(module) is None]
        if absent:
            yield Result(name=peer, missing=f"{' and '.join(absent)} not installed: {INSTALL}")
            continue
        yield _run(
            peer, folder, work / f"{peer}.csv", [sys.executable, "-m", "tests.bench.peers", "one", peer, str(folder)]
        )
    yield _run(
        OURS, folder, work / f"{OURS}.csv", [sys.executable, "-m", "cobranza", "reconcile", "files", str(folder)]
    )


def _run(name: str, folder: Path, out: Path, command: list[str]) -> Result:
    command += ["--out", str(out)]
    log = out.with_suffix(".log")
    started = time.perf_counter()
    with log.open("w", encoding="utf-8") as lines:
        redirect = [(os.POSIX_SPAWN_DUP2, lines.fileno(), 1), (os.POSIX_SPAWN_DUP2, lines.fileno(), 2)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = os.posix_spawn(command[0], command, environment, file_actions=redirect)
        _, status, used = os.wait4(process, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        raise RuntimeError(f"{name} failed:\n{log.read_text(encoding='utf-8')[-2000:]}")
    links = pd.read_csv(
        out, dtype={"payment_id": str, "invoice_id": str}, usecols=["payment_id", "invoice_id", "confidence"]
    )
    return Result(
        name=name,
        score=score(folder, links),
        cpu=used.ru_utime + used.ru_stime,
        wall=time.perf_counter() - started,
        memory=used.ru_maxrss,
    )


def one(peer: str, folder: Path, out: Path) -> None:
    """What a peer's process does: read, link, write."""
    from tests.bench.peers import tables

    links: pd.DataFrame = importlib.import_module(f"tests.bench.peers.{peer}").link(tables.read(folder))
    links.to_csv(out, index=False)


def title(name: str) -> str:
    """A contestant's name in the table."""
    if name == OURS:
        return "**ours**"
    return str(importlib.import_module(f"tests.bench.peers.{name}").NAME)


def table(results: list[Result]) -> str:
    """Figures and ratios as a Markdown table: exact as ours to theirs, CPU as theirs to ours."""
    ours = next(result for result in results if result.name == OURS)
    lines = [
        "| peer | exact | none_ok | auto995 | auto999 | ECE | CPU s | wall s | MB | exact ratio | CPU ratio |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for result in results:
        if result.score is None or ours.score is None:
            lines.append(f"| {result.name} | skipped: {result.missing} |")
            continue
        figures = (
            result.score.exact,
            result.score.none_ok,
            result.score.auto995,
            result.score.auto999,
            result.score.ece,
        )
        cells = [f"{figure:.3f}" for figure in figures]
        cells += [f"{result.cpu:.1f}", f"{result.wall:.1f}", f"{result.memory / 1024:.0f}"]
        cells += [
            f"{ours.score.exact / result.score.exact:.2f}" if result.score.exact else "-",
            f"{result.cpu / ours.cpu:.2f}",
        ]
        lines.append(f"| {title(result.name)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def scenarios(results: list[Result]) -> str:
    """Right payments by scenario, one column per contestant."""
    scored = [result for result in results if result.score is not None]
    names = sorted({name for result in scored if result.score for name in result.score.by_scenario})
    lines = [
        "| scenario | " + " | ".join(title(result.name) for result in scored) + " |",
        "| --- " * (len(scored) + 1) + "|",
    ]
    for name in names:
        cells = [f"{result.score.by_scenario.get(name, 0):.2f}" for result in scored if result.score]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
