"""How good the judge is on mails that it never learned from, how fast, and the generic part on BANKING77.

The mails stand beside the project (``../shared/data/mail``): for measuring only. Run with ``-m bench -s``.
"""

from __future__ import annotations

import csv
import json
import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifiers.disputes import benchmark, example, measuring, operating, store
from classifiers.disputes.judging import Bench
from classifiers.encoders.built import Encoder, card
from cobranza.cli.disputes_judge import read_row

pytestmark = pytest.mark.bench

ROOT = Path(__file__).resolve().parents[2]
MAIL = ROOT.parent / "shared" / "data" / "mail"
# the tests have a data folder of their own, without models: look where `make setup` builds them
MODELS = Path(os.environ.get("COBRANZA_MODELS", ROOT / ".cobranza" / "models")) / "encoders"


def _encoder(name: str, tokens: int) -> Encoder:
    if card(MODELS / name) is None:
        pytest.skip(f"the encoder {name} is not built: cobranza models build {name}")
    return Encoder(MODELS / name, tokens=tokens)


@cache
def _mails() -> tuple[dict[str, Any], ...]:
    file = MAIL / "disputes_es_dev.jsonl"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    return tuple(json.loads(line) for line in file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("way", ["vectors", "plain"])
def test_raw_mails_end_to_end(way: str) -> None:
    model = store.load(operating.SHIPPED)
    bench = Bench(model, _encoder("disputes", 192) if way == "vectors" else None)
    if way == "vectors" and bench.encoder is not None and bench.encoder.identity != model.encoder:
        pytest.skip("the built encoder is not the shipped model's: cobranza models build --missing")
    bench.judge([example.of_mail(read_row(_mails()[0]))])  # libraries are loaded before the clock starts

    begin = time.process_time()
    judged = bench.judge([example.of_mail(read_row(mail)) for mail in _mails()])
    spent = 1000 * (time.process_time() - begin) / len(judged)

    place = {label: number for number, label in enumerate(model.labels)}
    right = np.array([place[mail["label"]] for mail in _mails()])
    chosen = np.array([place[found.label] for found in judged])
    found = measuring.figures(right, chosen, np.array([one.confidence for one in judged]), model.labels)
    bank = found["labels"]["cambio_datos_bancarios"]["recall"]
    print(
        f"\n{way}: {found['count']} mails, accuracy {found['accuracy']:.3f}, macro-F1 {found['macro_f1']:.3f}, "
        f"surest 60 % {found['surest']['0.6']:.3f}, ECE {found['ece']:.3f}, bank details {bank:.2f}, "
        f"abstained {np.mean([one.abstain for one in judged]):.2f}, {spent:.0f} ms of CPU a mail"
    )
    assert found["macro_f1"] >= (0.85 if way == "vectors" else 0.70)
    assert found["surest"]["0.6"] >= (0.96 if way == "vectors" else 0.90)
    assert bank >= 0.98


@pytest.mark.parametrize("shots", [0, 10])
def test_banking77(shots: int) -> None:
    """The judged run has the whole test table; here a fifth of the training table is kept apart."""
    file = MAIL / "banking77" / "train.csv"
    if not file.is_file():
        pytest.skip(f"{file} is not there")
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    order = np.random.default_rng(7).permutation(len(rows))
    tables = [
        benchmark.Texts(tuple(rows[n]["text"] for n in part), tuple(rows[n]["category"] for n in part))
        for part in (order[2000:], order[:2000])
    ]
    encoders = {name: _encoder(name, 64) for name in ("e5", "minilm", "use")}

    found = benchmark.run(*tables, encoders, shots=shots, seeds=3)

    print(f"\nBANKING77, {shots or 'all'} examples a label: {found['accuracy']:.4f} {found['draws']}")
    assert found["accuracy"] >= (0.85 if shots else 0.92)
