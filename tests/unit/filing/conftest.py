"""A claim, a court in memory, and a robot that may die."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from cobranza.kernel.money import Money
from cobranza.legal.case import Case, Court, Party, Person, Role
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.protocol import Filer, Progress
from cobranza.legal.filing.records import Claim, Entry
from cobranza.legal.filing.settings import Protocol
from cobranza.legal.package import Package, PackageFile, write_manifest
from cobranza.legal.requirements import Waiting
from cobranza.legal.sheet import Sheet
from tests.unit.filing.double import Clock, CourtDouble, Killed
from tests.unit.filing.memory import MemoryJournal

LAG = 60.0
W = 180  # longer than 30 s of a late commit and 60 s until it shows
POLICY = Protocol(reintento_segundos=30, antivirus_segundos=30)


def case(number: int = 1) -> Case:
    """A small case; only what a filing looks at."""
    return Case(
        id=f"EXP-2026-{number:06d}",
        country="ES",
        proceeding="monitorio",
        court=Court(name="Decanato de Madrid"),
        parties=(
            Party(role=Role.CLAIMANT, person=Person.LEGAL, name="Nogal y Haya, S.L.", tax_id="B12345674"),
            Party(role=Role.DEFENDANT, person=Person.LEGAL, name="Talleres Encina, S.A.", tax_id="A58818501"),
        ),
        title="Factura 2026-14.",
        sheet=Sheet(until=date(2026, 11, 20), debtor="business", currency="EUR", invoices=()),
        prepared_on=date(2026, 11, 20),
    )


def claim(folder: Path, number: int = 1, files: int = 3) -> Claim:
    """A package on disk, signed off in spirit."""
    made = case(number)
    home = folder / made.id
    home.mkdir(parents=True, exist_ok=True)
    listed = []
    for order in range(1, files + 1):
        content = f"%PDF-1.7 {made.id} documento {order}".encode()
        name = "escrito.pdf" if order == 1 else f"anexo_{order - 1}.pdf"
        (home / name).write_bytes(content)
        listed.append(
            PackageFile(
                order=order,
                name=name,
                role="escrito" if order == 1 else "anexo",
                kind="escrito" if order == 1 else "factura",
                catalogue="MON" if order == 1 else "FAC",
                title=f"Documento {order}",
                media_type="application/pdf",
                size=len(content),
                sha256=hashlib.sha256(content).hexdigest(),
            )
        )
    package = Package(
        case=made.id,
        court="es_lexnet",
        proceeding=made.proceeding,
        reference=made.own_reference,
        total=str(Money("EUR", Decimal("1938.24")).amount),
        currency="EUR",
        claimants=("B12345674",),
        defendants=("A58818501",),
        files=tuple(listed),
    )
    write_manifest(home, package)
    return Claim(case=made, package=package, folder=home, credential="procuradora")


@dataclass
class Robot:
    """Files claims and comes back after every death and every wait."""

    folder: Path
    clock: Clock = field(default_factory=Clock)
    wait: int = W
    policy: Protocol = POLICY
    approved: bool = True
    deaths: int = 0

    def __post_init__(self) -> None:
        self.court = CourtDouble(self.clock, lag=LAG)
        self.journal = MemoryJournal(self.clock)

    @property
    def filer(self) -> Filer:
        """A fresh process."""
        return Filer(
            self.court,
            self.journal,
            waiting=Waiting(fuente="prueba", espera_incierto=self.wait),
            policy=self.policy,
            evidence=self.folder / "out",
            approved=lambda case, package: self.approved,
            now=self.clock,
            sleep=self.clock.sleep,
        )

    def once(self, claim: Claim) -> Progress | None:
        """One start of the robot; None when it died."""
        try:
            return self.filer.file(claim)
        except Killed:
            self.deaths += 1
            self.clock.sleep(5)
            self.journal.expire()
            return None

    def finish(self, claim: Claim, *, turns: int = 60) -> Entry:
        """Start it again and again, at the times that it asks for, until it has nothing more to do."""
        for _ in range(turns):
            progress = self.once(claim)
            if progress is None:
                continue
            if progress.settled:
                return progress.entry
            assert progress.due_at is not None
            self.clock.at = max(self.clock.at + timedelta(seconds=1), progress.due_at)
        raise AssertionError(f"still {self.journal.rows}")

    def fails(self, **calls: list[str]) -> None:
        """What each call meets, one after another; nothing any more when the list is used up."""
        left = {name: list(words) for name, words in calls.items()}

        def fail(call: str) -> str:
            words = left.get(call) or []
            return words.pop(0) if words else ""

        self.court.fail = fail

    def states(self) -> list[State]:
        """The states that the history names, in order, repetitions left out."""
        found: list[State] = []
        for line in self.journal.history:
            if not found or found[-1] is not line.state:
                found.append(line.state)
        return found


@pytest.fixture
def robot(tmp_path: Path) -> Robot:
    return Robot(tmp_path)


@pytest.fixture
def a_claim(tmp_path: Path) -> Callable[..., Claim]:
    return lambda number=1, files=3: claim(tmp_path / "packages", number, files)
