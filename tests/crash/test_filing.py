"""Filing under `kill -9`: a real court in a process of its own, real robots that die, faults. Each case filed once.

Short here; ``-m torture`` files `COBRANZA_CASES` (200) with each seed of `COBRANZA_SEEDS` (1,2,3), some in Chromium,
and shows that the same robot with a wait shorter than the court's lag files twice.

The court's clock runs sixty times as fast, so that its lag of a minute takes a second; the robot's wait W is real.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.court.server import RunningCourt, running_court
from cobranza.legal.filing.machine import WAITING
from cobranza.legal.filing.models import CourtFiling, FilingStep
from cobranza.legal.filing.receipts import RECORD
from tests import court_http
from tests.journeys.runs.engine_room import REPO, database_url

pytestmark = [pytest.mark.django_db(transaction=True)]

_SPEED = 60
_WAIT = 4.0  # real: 240 s at the court; it files at most 30 s late, and shows it 60 s later
_TOO_SHORT = 0.05
# Registered half a minute (ours) after the answer was lost: longer than the control waits, however busy the machine is.
_LATE = {"F4": {"probability": 0.5, "delay": 1800, "hold": 0.2}}
_STORM: dict[str, Any] = {
    "F1": {"probability": 0.12},
    "F2": {"probability": 0.04},
    "F3": {"probability": 0.08, "step": "envio"},
    "F4": {"probability": 0.08, "delay": 30, "hold": 0.2},
    "F5": {"probability": 0.03, "mode": "truncated"},
    "F6": {"probability": 0.03, "mode": "500"},
    "F10": {"probability": 0.05},
    "F11": {"probability": 0.05},
    "F13": {"probability": 0.03, "commit": True},
}


@dataclass
class Scene:
    """Cases to file, a court to file them at, and robots that die."""

    court: RunningCourt
    folder: Path
    cases: int
    seed: int
    wait: float = _WAIT
    browser: tuple[int, ...] = ()
    deaf: bool = False
    storm: dict[str, Any] = field(default_factory=lambda: _STORM)
    done: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.dice = random.Random(self.seed)
        self.packages = self.folder / "packages"
        self.authority = court_http.authority(self.court.url, self.folder)
        self.claims = [court_http.claim(self.packages, number) for number in range(1, self.cases + 1)]
        self.calm()

    def calm(self) -> None:
        """No faults any more."""
        self.court.admin.faults(clear=True, totp_reusable=True, scan_seconds=2, visibility_lag=60)

    def robot(self) -> subprocess.Popen[str]:
        """A robot that is about to begin."""
        asked = {
            "url": self.court.url, "authority": str(self.authority), "packages": str(self.packages),
            "out": str(self.folder / "out"), "cases": self.cases, "wait": self.wait, "lease": 3,
            "browser": self.browser, "deaf": self.deaf,
        }  # fmt: skip
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.filing_robot", json.dumps(asked)],
            env=os.environ | court_http.ENVIRONMENT | {"PYTHONPATH": str(REPO)},
            stdout=subprocess.PIPE,
            stderr=(self.folder / "robot.log").open("ab"),
            text=True,
        )
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "listo", self.log()
        return child

    def under_fire(self, kills: int) -> None:
        """Robots that die at random moments of their work, until all is filed or enough have died."""
        self.court.admin.faults(seed=self.seed, **self.storm)
        while self.done["killed"] < kills and self.left():
            before, child = self.steps(), self.robot()
            limit = time.monotonic() + 20
            while self.steps() == before and child.poll() is None and time.monotonic() < limit:
                time.sleep(0.02)
            time.sleep(self.dice.uniform(0, 1.2))
            child.kill()
            child.wait(60)
            self.done["killed"] += child.returncode == -signal.SIGKILL
            if self.done["killed"] % 20 == 0:
                spent = time.monotonic() - self.began
                print(f"{spent:6.0f} s: {self.done['killed']} kills, {self.left()} left", flush=True)

    def finish(self, seconds: float) -> None:
        """Nobody is killed any more; the faults go on until the last case but a few, then stop."""
        child = self.robot()
        limit = time.monotonic() + seconds
        while child.poll() is None:
            if time.monotonic() > limit:
                child.kill()
                raise AssertionError((self.left(), self.log()))
            if self.left() <= 2:
                self.calm()
            time.sleep(0.2)
        assert child.returncode == 0, self.log()
        time.sleep(1.5)  # what the court was still about to register

    def left(self) -> int:
        """Cases that nobody has settled."""
        return self.cases - CourtFiling.objects.filter(state__in=[state.value for state in WAITING]).count()

    def steps(self) -> int:
        """Grows with every step that a robot commits."""
        return FilingStep.objects.count()

    def log(self) -> str:
        """The end of what the robots said."""
        return (self.folder / "robot.log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def times(self) -> Counter[str]:
        """How often the court registered each case."""
        return Counter(each["reference"] for each in self.court.admin.truth()["filings"])

    def check(self) -> None:
        """Filings = cases, none twice, none lost, every receipt that of its own package."""
        times = self.times()
        assert not {case: count for case, count in times.items() if count > 1}, "filed twice"
        states = Counter(CourtFiling.objects.values_list("state", flat=True))
        assert states == {"presentado": self.cases}, (states, self.problems())
        assert set(times) == {claim.package.case for claim in self.claims}
        registries = {each["reference"]: each["registry"] for each in self.court.admin.truth()["filings"]}
        packages = {claim.package.case: claim.package for claim in self.claims}
        for row in CourtFiling.objects.all():
            assert row.registry == registries[row.case]
            kept = json.loads(
                (self.folder / "out" / row.case / f"presentacion-{row.pk}" / "acuse" / RECORD).read_text("utf-8")
            )
            assert [tuple(each[1:]) for each in kept["rows"]] == [
                (file.name, file.sha256) for file in packages[row.case].files
            ]
            assert kept["files"]["acuse.xml"] == row.receipt_sha256
            self.done["resent after a proof"] += row.sends - 1
        self.done["uncertain"] = FilingStep.objects.filter(state="incierto").values("filing").distinct().count()

    def problems(self) -> list[Any]:
        """What was left to people."""
        return list(CourtFiling.objects.exclude(state="presentado").values_list("case", "state", "problem")[:5])

    def told(self) -> str:
        """A line for whoever reads along."""
        fired = self.court.admin.truth()["fired"]
        spent = time.monotonic() - self.began
        return (
            f"filing, seed {self.seed}: {self.cases} cases, each once; {dict(self.done)}, faults {fired}, {spent:.0f} s"
        )


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Scene]]:
    monkeypatch.setenv("DATABASE_URL", database_url())
    monkeypatch.setenv("COBRANZA_OUTPUT", str(tmp_path / "output"))
    start = datetime.fromisoformat("2026-11-23T10:00:00+01:00")
    with running_court(data=tmp_path / "court", clock=start, seed=1) as court:
        court.admin.clock(speed=_SPEED)
        yield lambda **how: Scene(court, tmp_path, **how)


@pytest.mark.timeout(300)
def test_every_case_is_filed_once_though_the_robot_is_killed(scene: Callable[..., Scene]) -> None:
    made = scene(cases=6, seed=7)
    made.under_fire(kills=3)
    made.finish(150)
    made.check()
    assert made.done["killed"] == 3
    print(f"\n{made.told()}")


@pytest.mark.torture
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", [int(one) for one in os.environ.get("COBRANZA_SEEDS", "1,2,3").split(",")])
def test_two_hundred_cases(scene: Callable[..., Scene], seed: int) -> None:
    cases = int(os.environ.get("COBRANZA_CASES", "200"))
    made = scene(cases=cases, seed=seed, browser=(2, 5))
    made.under_fire(kills=int(os.environ.get("COBRANZA_KILLS", "100")))
    made.finish(3600)
    made.check()
    assert made.done["killed"] > 0
    print(f"\n{made.told()}")


@pytest.mark.torture
@pytest.mark.timeout(3600)
def test_with_a_wait_shorter_than_the_lag_it_files_twice(scene: Callable[..., Scene]) -> None:
    """The control: it waits less, and does not read the court's notices, which would give it away."""
    made = scene(cases=int(os.environ.get("COBRANZA_CASES", "20")), seed=1, wait=_TOO_SHORT, deaf=True, storm=_LATE)
    made.under_fire(kills=3)
    made.finish(1200)
    time.sleep(40)  # what the court was still about to register
    twice = sum(count > 1 for count in made.times().values())
    print(f"\nfiling with a wait of {_TOO_SHORT} s: {twice} of {made.cases} cases filed twice")
    assert twice > 0
