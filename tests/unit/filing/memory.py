"""A journal in memory that behaves like the durable one: what was committed is there after a process died."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cobranza.legal.filing import machine
from cobranza.legal.filing.machine import HOLDING, State
from cobranza.legal.filing.proofs import Proof
from cobranza.legal.filing.records import AlreadyFiled, Claim, Entry, FenceLost, FilingBusy, FilingUnknown
from cobranza.legal.ports import Objection


@dataclass
class Line:
    """One line of the history."""

    filing: int
    state: State
    why: str
    objections: tuple[str, ...] = ()


@dataclass
class MemoryJournal:
    """See the module.

    Attributes:
        now: The clock.
        dies: Called before and after every commit: where a process may be killed.
    """

    now: Callable[[], datetime]
    dies: Callable[[str], None] = lambda where: None
    rows: dict[int, Entry] = field(default_factory=dict)
    prints: dict[int, str] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    history: list[Line] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    _turn: int = 0

    def open(self, claim: Claim) -> Entry:
        """See `Journal.open`."""
        fingerprint = f"{claim.package.fingerprint}/{claim.corrects}"
        for row in self.rows.values():
            if self.prints[row.id] == fingerprint and row.state in HOLDING:
                if row.case != claim.package.case:
                    raise AlreadyFiled(f"«{row.case}» ya lo presentó.")
                return row
        entry = Entry(
            id=len(self.rows) + 1,
            case=claim.package.case,
            court=claim.package.court,
            credential=claim.credential,
            package_hash=claim.package.hash,
            reference=claim.package.reference,
            state=State.PREPARED,
            created_at=self.now(),
            corrects=claim.corrects,
            deadline=claim.deadline,
        )
        self.rows[entry.id] = entry
        self.prints[entry.id] = fingerprint
        return entry

    def read(self, filing: int) -> Entry:
        """See `Journal.read`."""
        if filing not in self.rows:
            raise FilingUnknown(f"No hay una presentación {filing}.")
        return self.rows[filing]

    def registries(self, case: str) -> frozenset[str]:
        """See `Journal.registries`."""
        return frozenset(row.registry for row in self.rows.values() if row.case == case and row.registry)

    def registered(self, court: str) -> frozenset[str]:
        """See `Journal.registered`."""
        return frozenset(row.registry for row in self.rows.values() if row.court == court and row.registry)

    @contextmanager
    def hold(self, filing: int) -> Iterator[MemoryHeld]:
        """See `Journal.hold`. A process that died leaves its lease; `expire` lets it run out."""
        row = self.read(filing)
        names = (f"caso:{row.case}", f"credencial:{row.court}:{row.credential}")
        if any(name in self.tokens and name not in self.expired for name in names):
            raise FilingBusy(f"«{row.case}» o su credencial está en otras manos.")
        self._turn += 1
        for name in names:
            self.tokens[name] = self._turn
            self.expired.discard(name)
        try:
            yield MemoryHeld(self, filing, names, self._turn)
        except Exception:
            self._free(names)
            raise
        self._free(names)

    def expire(self) -> None:
        """Every lease runs out; who had it may renew it until another takes it."""
        self.expired.update(self.tokens)

    def _free(self, names: Sequence[str]) -> None:
        for name in names:
            self.tokens.pop(name, None)


@dataclass
class MemoryHeld:
    """See `Held`."""

    journal: MemoryJournal
    filing: int
    names: tuple[str, ...]
    turn: int

    @property
    def entry(self) -> Entry:
        """See `Held.entry`."""
        return self.journal.rows[self.filing]

    def move(
        self, to: State, why: str, *, proof: Proof | None = None, objections: Sequence[Objection] = (), **facts: Any
    ) -> Entry:
        """See `Held.move`."""
        machine.check(self.entry.state, to)
        return self._commit(why, replace(self.entry, state=to, **facts), tuple(each.code for each in objections))

    def note(self, why: str = "", **facts: Any) -> Entry:
        """See `Held.note`."""
        return self._commit(why, replace(self.entry, **facts))

    def launch(self, why: str, *, approved: Callable[[], bool], **facts: Any) -> bool:
        """See `Held.launch`."""
        if not approved():
            return False
        self.move(State.SENDING, why, **facts)
        return True

    def guard(self) -> None:
        """See `Held.guard`."""
        if any(self.journal.tokens.get(name) != self.turn for name in self.names):
            raise FenceLost("La presentación está en otras manos.")
        self.journal.expired.difference_update(self.names)

    def _commit(self, why: str, entry: Entry, objections: tuple[str, ...] = ()) -> Entry:
        self.journal.dies(f"before {entry.state}")
        self.guard()
        self.journal.rows[self.filing] = entry
        if why:
            self.journal.history.append(Line(self.filing, entry.state, why, objections))
        self.journal.dies(f"after {entry.state}")
        return entry
