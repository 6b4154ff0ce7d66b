"""What the journal keeps of a filing, and what the protocol asks of a journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.legal.case import Case
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.proofs import Proof
from cobranza.legal.package import Package
from cobranza.legal.ports import Objection


class FilingBusy(ApplicationError):
    """Another process is at work on this filing, or with this credential."""

    code = "COB-PRE-002"
    remedy = "Espere a que termine; el robot seguirá después donde quedó."


class FenceLost(ApplicationError):
    """Another has taken the lease, or changed the filing: nothing more is written or sent."""

    code = "COB-PRE-003"
    remedy = "No haga nada: otro proceso sigue con la presentación desde su diario."


class AlreadyFiled(BusinessError):
    """The same claim, byte for byte, is under way or filed already."""

    code = "COB-PRE-004"
    remedy = "Mire esa presentación; si hay que presentar otra cosa, prepare y firme otro expediente."


class FilingUnknown(BusinessError):
    """The journal has no such filing."""

    code = "COB-PRE-005"
    remedy = "Elija una de «cobranza legal filings»."


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A signed-off package on its way to a court.

    Attributes:
        case: The case, for the portal's form.
        package: What is filed.
        folder: Where its files lie.
        credential: Which login files it.
        deadline: Aware: when it has to have been filed; None without one.
        corrects: Registry number of the filing that this one corrects, "" for a first one.
        extra: What only this portal asks.
    """

    case: Case
    package: Package
    folder: Path
    credential: str
    deadline: datetime | None = None
    corrects: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the journal.

    Attributes:
        id: Of the row.
        case: `Case.id`.
        court: Slug.
        credential: Login.
        package_hash: What was signed off.
        reference: Our mark, as the portal gets it.
        corrects: Registry number of the filing that it corrects.
        state: See `machine`.
        draft: The portal's id of our draft, "" while there is none.
        drafts_before: Drafts that were there before we made ours; None until we are about to.
        attempt: Of the last sending.
        sends: How often it was sent: more than once only with a proof in between that nothing was registered.
        sent_at: Of the first sending.
        last_sign_at: Last moment at which the portal may have been given something.
        readings: Counted looks that found nothing.
        looked_at: The last of them.
        uploaded_at: When all files were up.
        troubles: Failures since the last progress.
        registry: Registry number, "" until a verified receipt.
        csv: Verification code.
        filed_at: As the receipt says.
        receipt_sha256: Of the stored receipt.
        notices: What a person should know about a filed claim (a stamp that is off, a number that changed).
        due_at: Not before; None for at once.
        deadline: When it has to have been filed.
        problem_code: Stable word of what keeps it, "" for nothing.
        problem: The same in Spanish.
        created_at: Of the row.
    """

    id: int
    case: str
    court: str
    credential: str
    package_hash: str
    reference: str
    state: State
    created_at: datetime
    corrects: str = ""
    draft: str = ""
    drafts_before: tuple[str, ...] | None = None
    attempt: str = ""
    sends: int = 0
    sent_at: datetime | None = None
    last_sign_at: datetime | None = None
    readings: int = 0
    looked_at: datetime | None = None
    uploaded_at: datetime | None = None
    troubles: int = 0
    registry: str = ""
    csv: str = ""
    filed_at: datetime | None = None
    receipt_sha256: str = ""
    notices: tuple[str, ...] = ()
    due_at: datetime | None = None
    deadline: datetime | None = None
    problem_code: str = ""
    problem: str = ""


class Held(Protocol):
    """A filing that this process, and no other, may work on."""

    @property
    def entry(self) -> Entry:
        """As last committed."""

    def move(
        self,
        to: State,
        why: str,
        *,
        proof: Proof | None = None,
        objections: Sequence[Objection] = (),
        **facts: Any,
    ) -> Entry:
        """Go to another state and commit it, before anything is done outside.

        Args:
            to: The state.
            why: Spanish, for the history.
            proof: Evidence, for the history.
            objections: What the portal said no to, for the history.
            facts: Of `Entry`.

        Raises:
            MoveError: `to` may not follow.
            FenceLost: the lease is not ours any more; nothing was written.
        """

    def note(self, why: str = "", **facts: Any) -> Entry:
        """Commit facts without another state; `why` adds a line to the history."""

    def launch(self, why: str, *, approved: Callable[[], bool], **facts: Any) -> bool:
        """Go to `SENDING`, unless the sign-off was taken back; asked and committed under the filing's own lock.

        Whoever takes a sign-off back asks for the same lock (`recall.hold_back`): either it is gone before this, and
        nothing is sent, or this came first, and it cannot be taken back.

        Raises:
            MoveError, FenceLost: as `move`.
        """

    def guard(self) -> None:
        """Renew the lease, also one that ran out and that nobody has taken; raise `FenceLost` when it is not ours."""


class Journal(Protocol):
    """Where filings are written down, each step committed before the act that it announces."""

    def open(self, claim: Claim) -> Entry:
        """The filing of a claim: begun now, or as it stands when the same one is under way or filed.

        Raises:
            AlreadyFiled: another case has filed exactly this.
        """

    def read(self, filing: int) -> Entry:
        """A filing as last committed; raises `FilingUnknown`."""

    def registries(self, case: str) -> frozenset[str]:
        """Registry numbers, also former ones, of everything that was filed for a case."""

    def registered(self, court: str) -> frozenset[str]:
        """The same of everything that was filed at a court."""

    def hold(self, filing: int) -> AbstractContextManager[Held]:
        """Take the lease of a filing's case and of its credential.

        Raises:
            FilingBusy: another process has one of them.
        """
