"""Our engine beside its peers on one world of 10,000 payments.

Other sizes: `python -m tests.bench.peers run --size N`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from tests.bench import worlds
from tests.bench.peers import contest


@pytest.mark.bench
def test_ours_beats_every_peer_on_the_same_world(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "world"
    worlds.make(folder, payments=10_000, profile=worlds.PROFILES["real"], seed=7)

    results = list(contest.contest(folder, tmp_path))

    with capsys.disabled():
        print(f"\n{contest.table(results)}\n\n{contest.scenarios(results)}")
    scores = {result.name: result.score for result in results if result.score is not None}
    ours = scores.pop(contest.OURS)
    assert len(scores) >= 2
    for name, peer in scores.items():
        assert ours.exact > peer.exact, name
        assert ours.auto995 > peer.auto995, name


@pytest.mark.bench
@pytest.mark.parametrize("module", ["splink", "duckdb"])
def test_linkage_peer_is_installed(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed, so the comparison above left Splink out: {contest.INSTALL}")
