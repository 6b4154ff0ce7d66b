"""Accuracy on labelled payments that lie beside the checkout; nothing of them is in the repository."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cobranza.reconciliation import files
from cobranza.reconciliation.matching import match

SHARED = Path(__file__).resolve().parents[4] / "shared"
SCORER = SHARED / "tools" / "score_reconciliation.py"


@pytest.mark.parametrize(
    ("name", "exact", "none", "automatic"),
    [
        pytest.param("clean", 0.96, 0.97, 0.85),
        pytest.param("real", 0.92, 0.97, 0.80, marks=pytest.mark.torture),
        pytest.param("hard", 0.86, 0.93, 0.60, marks=pytest.mark.torture),
    ],
)
def test_accuracy_and_honesty(name: str, exact: float, none: float, automatic: float, tmp_path: Path) -> None:
    folder = SHARED / "data" / "reconciliation" / name
    if not folder.is_dir() or not SCORER.is_file():
        pytest.skip(f"no labelled payments at {folder}")
    tables = files.read_folder(folder)
    result = match(tables["payments"], tables["invoices"], tables["customers"], tables["fx"])
    files.write(result.links, tmp_path / "matches.csv")

    scored = subprocess.run(
        [sys.executable, str(SCORER), str(folder), str(tmp_path / "matches.csv")],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    figures = json.loads(scored.stdout)

    assert figures["exact"] >= exact
    assert figures["none_ok"] >= none
    assert figures["ece"] <= 0.01
    assert figures["auto995"] >= automatic
