"""The seam between the room and the filing: what is signed off comes in, what became of it goes back.

The room registers itself once, in its app's `ready`::

    handover.register(TheRoom())

and the robots, the commands and this package know it only by `room()`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cobranza.kernel.errors import BusinessError
from cobranza.legal.case import Case
from cobranza.legal.filing.machine import State
from cobranza.legal.ports import CaseStatus, Notification, Objection


class NoRoom(BusinessError):
    """Nobody has registered to hand over signed-off packages."""

    code = "COB-PRE-008"
    remedy = "Presente una carpeta con «cobranza legal file --folder», o instale la sala de expedientes."


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyCase:
    """A package that people have signed off and that nobody has filed yet.

    Attributes:
        case_id: `Case.id`.
        case: The case as it was signed off, for the portal's form.
        package_folder: Holds `manifest.json` and the files.
        package_hash: `Package.hash` that the sign-off is bound to.
        court: Slug.
        credential: Name in config/courts.toml; "" takes the court's first.
        deadline: Aware: when it has to have been filed; None without one.
        corrects: Registry number of the filing that it corrects, "" for a first one.
        extra: What only this portal asks.
    """

    case_id: str
    case: Case
    package_folder: Path
    package_hash: str
    court: str
    credential: str = ""
    deadline: datetime | None = None
    corrects: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a filing; told when it ended or waits for a person, and again when that changes.

    Attributes:
        filing: Its number in the journal.
        state: FILED, REFUSED, WITHDRAWN or REVIEW.
        registry: Registry number, "" unless filed.
        csv: Verification code.
        filed_at: As the receipt says.
        receipt: Folder of the receipt (`acuse.pdf`, `acuse.xml`, `acuse.json`), None unless filed.
        receipt_sha256: Of the signed receipt.
        code: Stable word of what went wrong, "" for nothing.
        text: The same in Spanish.
        objections: What the portal said no to, file by file: fix and sign again.
        notices: What a person should know though it was filed (a stamp that is off).
        evidence: Folder with all proofs of this filing.
    """

    filing: int
    state: State
    registry: str = ""
    csv: str = ""
    filed_at: datetime | None = None
    receipt: Path | None = None
    receipt_sha256: str = ""
    code: str = ""
    text: str = ""
    objections: tuple[Objection, ...] = ()
    notices: tuple[str, ...] = ()
    evidence: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice of the court about a filed case; told when it is seen, and again when it was opened.

    Attributes:
        notification: As the portal lists it; `served_by` is the portal's, None when it shows none.
        folder: Where its documents lie, None until it was opened.
        files: Name → SHA-256.
    """

    notification: Notification
    folder: Path | None = None
    files: Mapping[str, str] = field(default_factory=dict)


class Room(Protocol):
    """What the filing needs of the room that prepares cases. Each call is a transaction of its own, and may come twice
    with the same content: the room takes the second as told already."""

    def signed_off(self) -> Sequence[ReadyCase]:
        """Cases with a sign-off that stands and no filed package, oldest deadline first."""

    def still_signed_off(self, case_id: str, package_hash: str) -> bool:
        """Whether the sign-off stands at this second; asked right before sending."""

    def settled(self, case_id: str, outcome: Outcome) -> None:
        """A filing ended or waits for a person."""

    def freed(self, case_id: str, filing: int, by: str) -> None:
        """A person said that a filing that waited for one was never registered: a robot may go on with it."""

    def followed(self, case_id: str, status: CaseStatus) -> None:
        """A filed case moved on at the court."""

    def noticed(self, case_id: str, notice: Notice) -> None:
        """The court has a notice for us, or it was opened."""


_rooms: list[Room] = []


def register(room: Room) -> None:
    """Make `room` the one that hands over; a later one takes its place."""
    _rooms[:] = [room]


def room() -> Room:
    """The registered room; raises `NoRoom`."""
    if not _rooms:
        raise NoRoom("No hay ninguna sala que entregue expedientes firmados.")
    return _rooms[0]
