"""A test court on a thread, its clock in the test's hands, and a robot that files at it over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cobranza.demo.court import server
from cobranza.demo.court.server import RunningCourt
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.protocol import Filer, Progress
from cobranza.legal.filing.records import Claim, Entry
from cobranza.legal.filing.settings import CourtEntry, Protocol
from cobranza.legal.requirements import requirements
from connectors.courts.portal import Opener, WebCourt
from tests import court_http
from tests.unit.filing.memory import MemoryJournal

START = "2026-11-23T10:00:00+01:00"
POLICY = Protocol(antivirus_segundos=6, antivirus_limite_minutos=12)


@dataclass
class CourtRobot:
    """Files at a running court and comes back when the protocol asks for it.

    Attributes:
        court: Truth, faults and clock.
        portal: The real adapter, over plain HTTP or in Chromium.
        folder: Packages and evidence.
    """

    court: RunningCourt
    portal: WebCourt
    folder: Path
    entry: CourtEntry
    policy: Protocol = POLICY
    journal: MemoryJournal = field(init=False)
    numbers: int = 0

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(self.now)

    def now(self) -> datetime:
        """The court's time is ours."""
        return datetime.fromisoformat(self.court.admin.clock()["now"])

    def sleep(self, seconds: float) -> None:
        """Let time pass at the court."""
        self.court.admin.clock(advance_seconds=seconds)

    def claim(self, **how: Any) -> Claim:
        """A fresh claim for this court."""
        self.numbers += 1
        return court_http.claim(self.folder / "packages", self.numbers, self.portal.slug, **how)

    @property
    def filer(self) -> Filer:
        """A fresh process."""
        return Filer(
            self.portal,
            self.journal,
            waiting=requirements(self.portal.slug).presentacion,
            policy=self.policy,
            evidence=self.folder / "out",
            approved=lambda _case, _package: True,
            now=self.now,
            sleep=self.sleep,
        )

    def once(self, claim: Claim) -> Progress:
        """One start of the robot."""
        return self.filer.file(claim)

    def finish(self, claim: Claim, *, turns: int = 40) -> Entry:
        """Start it again and again, at the times that it asks for, until a robot has nothing more to do."""
        for _ in range(turns):
            progress = self.once(claim)
            if progress.settled:
                return progress.entry
            assert progress.due_at is not None
            ahead = (progress.due_at - self.now()) / timedelta(seconds=1)
            self.sleep(max(1.0, ahead))
        raise AssertionError(self.journal.rows)

    def until(self, claim: Claim, state: State, *, turns: int = 10) -> None:
        """Start it again and again (the virus scanner takes its time) until it stands at `state`."""
        for _ in range(turns):
            progress = self.once(claim)
            if progress.entry.state is state:
                return
            assert progress.due_at is not None, progress.entry
            self.sleep(max(1.0, (progress.due_at - self.now()) / timedelta(seconds=1)))
        raise AssertionError(self.journal.rows)

    def faults(self, **orders: Any) -> None:
        """Order faults; see COURT.md."""
        self.court.admin.faults(**orders)

    def filed(self, claim: Claim) -> list[dict[str, Any]]:
        """What the court registered of a claim."""
        self.sleep(3600)
        hashes = [file.sha256 for file in claim.package.files]
        filings = self.court.admin.truth()["filings"]
        return [each for each in filings if [one["sha256"] for one in each["documents"]] == hashes]

    def states(self, entry: Entry) -> list[State]:
        """The states that its history names."""
        found: list[State] = []
        for line in self.journal.history:
            if line.filing == entry.id and (not found or found[-1] is not line.state):
                found.append(line.state)
        return found

    def proofs(self, entry: Entry) -> list[str]:
        """Names of the evidence that was kept."""
        home = self.filer.home(entry)
        return sorted(each.name for each in home.rglob("*") if each.is_file())


@pytest.fixture(scope="session")
def any_court() -> Iterator[RunningCourt]:
    with server.in_process(clock=datetime.fromisoformat(START), seed=1) as running:
        yield running


@pytest.fixture
def court(any_court: RunningCourt, monkeypatch: pytest.MonkeyPatch) -> RunningCourt:
    """The court as on its first day, its clock standing still."""
    for name, value in court_http.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    any_court.admin.reset()
    any_court.admin.clock(now=START, speed=0)
    any_court.admin.faults(clear=True, totp_reusable=True)
    return any_court


MakeRobot = Callable[..., CourtRobot]


@pytest.fixture
def make_robot(court: RunningCourt, tmp_path: Path) -> MakeRobot:
    """Robots by court: `make_robot("pe_mpe")`."""
    from cobranza import suite

    authority = court_http.authority(court.url, tmp_path)

    def make(slug: str = "es_lexnet", *, opener: Opener = court_http.surface, pfx: str = "", **how: Any) -> CourtRobot:
        adapter = suite.adapters("connectors.courts")[slug]
        assert isinstance(adapter, WebCourt)
        entry = court_http.entry(court.url, authority, slug, pfx=pfx)
        portal = WebCourt(adapter.words, opener=opener, entries=lambda _slug, _credential: entry)
        return CourtRobot(court, portal, tmp_path, entry, **how)

    return make


@pytest.fixture
def robot(make_robot: MakeRobot) -> CourtRobot:
    """At LexNET."""
    return make_robot()
