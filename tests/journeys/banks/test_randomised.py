"""Random weather: whatever a portal does, a reading is the whole truth or a named error, never fewer movements.

The short form runs in `make test`; `make torture` runs 500, or as many as `COBRANZA_RUNS` says.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.banks.server import RunningPortal, running
from cobranza.kernel.errors import CobranzaError
from connectors.browser import Browser
from tests.journeys.banks.conftest import BANKS, TODAY, Bank, parsed_rows, read_rows, truth_rows

pytestmark = pytest.mark.browser

SHORT, LONG = 16, 500
FIRST_SEED = int(os.environ.get("COBRANZA_FIRST_SEED", "1"))
NAMED = "COB-POR-"


@pytest.fixture(scope="module")
def own_servers() -> Iterator[dict[str, RunningPortal]]:
    with running("caja_demo", today=TODAY) as caja, running("banco_ejemplo", today=TODAY) as ejemplo:
        yield {"caja_demo": caja, "banco_ejemplo": ejemplo}


def one_run(seed: int, bank: Bank) -> tuple[str, list[str]]:
    """One visit with the faults of a seed.

    Returns:
        How it ended (``truth``, ``truth+file`` or an error's class), and what was silently wrong.
    """
    dice = random.Random(seed)
    bank.server.reset(seed=seed)
    account = dice.choice([account["iban"] for account in bank.server.truth()["accounts"]])
    since = TODAY - timedelta(days=dice.randrange(20, 60))
    bank.server.faults({"profile": {"seed": seed}})
    bank.server.faults({"otp_reusable": True})
    try:
        with bank.opened() as portal:
            statement = portal.movements(account, since, TODAY)
            wanted = truth_rows(bank.server.truth(), account, since, TODAY)
            wrong = [] if read_rows(statement) == wanted else [f"seed {seed}: {len(statement.movements)} rows"]
            if seed % 3:
                return "truth", wrong
            file = portal.download(account, since, TODAY, bank.evidence / "files")
            wanted = truth_rows(bank.server.truth(), account, since, TODAY)
            parsed = parsed_rows(file)
            if parsed is not None and parsed != [row[:3] for row in wanted]:
                wrong.append(f"seed {seed}: file with {len(parsed)} rows")
            return "truth+file", wrong
    except CobranzaError as error:
        if not error.code.startswith(NAMED):
            raise
        assert any((folder / "screenshot.png").exists() for folder in bank.failures()), f"seed {seed}: no picture"
        return type(error).__name__, []


def many_runs(count: int, own_servers: Any, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tally: Counter[str] = Counter()
    silent: list[str] = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        slug = BANKS[seed % len(BANKS)]
        evidence = tmp_path / str(seed)
        bank = Bank(slug, own_servers[slug], browser, evidence, monkeypatch)
        bank.limits |= {"espera_segundos": 6, "descarga_segundos": 6, "reintentos": 2}
        outcome, wrong = one_run(seed, bank)
        tally[outcome] += 1
        silent += wrong
        progress = os.environ.get("COBRANZA_PROGRESS")
        if progress:
            with Path(progress).open("a") as out:
                out.write(f"{seed} {slug} {outcome} {bank.server.truth()['faults']} {wrong}\n")
    print(f"\n{count} runs from seed {FIRST_SEED}: {dict(tally.most_common())}; silent incomplete reads: {len(silent)}")
    assert silent == []
    assert tally["truth"] + tally["truth+file"] > count / 4, "a portal that always fails proves nothing"


def test_short_series(own_servers: Any, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many_runs(SHORT, own_servers, browser, tmp_path, monkeypatch)


@pytest.mark.torture
@pytest.mark.timeout(4 * 3600)
def test_long_series(own_servers: Any, browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many_runs(int(os.environ.get("COBRANZA_RUNS", LONG)), own_servers, browser, tmp_path, monkeypatch)
