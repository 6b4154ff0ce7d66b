"""One filing in the hands of this process: what it needs, and every way in which a step can end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import outage, proofs, receipts
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.records import Claim, Entry, Held, Journal
from cobranza.legal.filing.settings import Protocol as Policy
from cobranza.legal.package import Package, PackageError, read_package
from cobranza.legal.ports import CourtPortal, CourtSession, Draft, Filing, FilingRefused, PortalDown, Receipt
from cobranza.legal.requirements import Waiting

CALM: dict[str, Any] = {"troubles": 0, "problem_code": "", "problem": "", "due_at": None}
_LONGEST_PAUSE = 900
# What the portal says no to and only a person can weigh: is it a duplicate, whose is the signature.
_FOR_A_PERSON = frozenset({"duplicado", "certificado", "firma"})


class Later(Exception):
    """Nothing can be done before `due`."""

    def __init__(self, due: datetime) -> None:
        super().__init__(due)
        self.due = due


@dataclass(slots=True, kw_only=True)
class Means:
    """What the filings of one court are worked with; see `protocol.Filer`. `patience` is W."""

    portal: CourtPortal
    journal: Journal
    waiting: Waiting
    policy: Policy
    evidence: Path
    approved: Callable[[str, str], bool]
    stamp: Callable[[bytes], bytes] | None
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    patience: timedelta

    def home(self, entry: Entry) -> Path:
        """Where everything that proves a filing lies."""
        return self.evidence / entry.case / f"presentacion-{entry.id}"


class Work:
    """One filing, in the hands of this process.

    Attributes:
        means: Portal, journal, patience.
        held: The filing, under its lease.
        claim: What was signed off.
        package: As it lies on disk, once `check_package` has read it.
    """

    def __init__(self, means: Means, held: Held, claim: Claim) -> None:
        self.means = means
        self.held = held
        self.claim = claim
        self.package: Package = claim.package

    @property
    def entry(self) -> Entry:
        """As last committed."""
        return self.held.entry

    @property
    def home(self) -> Path:
        """See `Means.home`."""
        return self.means.home(self.entry)

    def now(self) -> datetime:
        """The clock."""
        return self.means.now()

    def filing(self) -> Filing:
        """What the portal is asked to take."""
        claim = self.claim
        return Filing(
            case=claim.case, package=self.package, folder=claim.folder, corrects=claim.corrects, extra=claim.extra
        )

    def check_package(self) -> None:
        """What lies on disk must be what was signed off, byte for byte."""
        try:
            self.package = read_package(self.claim.folder, expected=self.entry.package_hash)
        except PackageError as exc:
            if self.entry.state is State.UNCERTAIN:
                return  # looking needs the manifest that we were given, not the files
            self.to_person("paquete_cambiado", exc.message, None)

    @property
    def deadline_near(self) -> bool:
        """Too little is left for the robot to be patient."""
        left = None if self.entry.deadline is None else self.entry.deadline - self.now()
        return left is not None and left < timedelta(hours=self.means.policy.margen_plazo_horas)

    def read_draft(self, session: CourtSession) -> Draft | None:
        """Our draft; when it is gone the filing goes back, unless it may have been sent with it."""
        draft = session.read(self.entry.draft)
        if draft is not None:
            return draft
        if self.entry.sends:
            self.to_person("borrador_perdido", "El borrador ya no está y se había enviado una vez.", session)
        else:
            self.held.move(State.PREPARED, "El borrador ya no está en el portal.", draft="", drafts_before=None)
        return None

    # ---- how it ends

    def filed(self, receipt: Receipt) -> None:
        """Verify, keep, and only then believe."""
        receipts.verify(receipt, self.package, self.entry.reference)
        main = receipt.xml or receipt.pdf
        notices = list(self._about_its_time(receipt))
        stamp = b""
        if self.means.stamp is not None:
            try:
                stamp = self.means.stamp(main)
            except CobranzaError as exc:
                notices.append(f"Sin sello de tiempo propio: {exc.message}")
        kept = receipts.keep(receipt, self.home / "acuse", at=self.now(), stamp=stamp)
        self.held.move(
            State.FILED,
            f"Acuse {receipt.registry} comprobado.",
            registry=receipt.registry,
            csv=receipt.csv,
            filed_at=receipt.filed_at,
            receipt_sha256=kept.sha256,
            notices=tuple(notices),
            **CALM,
        )

    def _about_its_time(self, receipt: Receipt) -> Iterator[str]:
        """The court's time counts; when it is not ours, a person should know, and the proof of ours is in the journal.

        Compared with the span in which it was sent; a filing that a person made by hand has none.
        """
        first, last = self.entry.sent_at, self.entry.last_sign_at
        if first is not None and last is not None:
            margin = timedelta(minutes=self.means.policy.desvio_sello_minutos)
            if not first - margin <= receipt.filed_at <= max(last, first) + self.means.patience + margin:
                yield (
                    f"El acuse dice {self._moment(receipt.filed_at)} y se envió el {self._moment(first)}: "
                    "compruebe que no afecta al plazo."
                )
        deadline = self.entry.deadline
        if deadline is not None and receipt.filed_at > deadline:
            yield f"Según el acuse entró después del plazo ({self._moment(deadline)})."

    def refused(self, error: FilingRefused, session: CourtSession | None) -> None:
        """The portal said no before registering: back to be fixed, or a person's when it may be there all the same."""
        reasons = "; ".join(f"{each.file}: {each.text}" if each.file else each.text for each in error.objections)
        text = f"{error.message} {reasons}".strip()
        proof = self.save("rechazado", session, text)
        codes = {each.code for each in error.objections}
        code = next((each.code for each in error.objections), "rechazado")
        # Refused after it had been sent once before: perhaps because that one arrived after all.
        to_person = bool(codes & _FOR_A_PERSON) or self.entry.sends > 1
        self.held.move(
            State.REVIEW if to_person else State.REFUSED,
            f"El portal no lo admite: {text}",
            problem_code=code,
            problem=text,
            due_at=None,
            proof=proof,
            objections=error.objections,
        )

    def to_person(self, code: str, text: str, session: CourtSession | None, error: BaseException | None = None) -> None:
        """Leave it to a person, with what was seen."""
        proof = self.save(code, session, text, error)
        self.held.move(State.REVIEW, text, problem_code=code, problem=text, due_at=None, proof=proof)

    def stumble(self, code: str, text: str, session: CourtSession | None = None) -> None:
        """Something failed that may work later; too often, or with the deadline near, a person looks."""
        troubles = self.entry.troubles + 1
        unclear = self.entry.state is State.UNCERTAIN and self.deadline_near
        if troubles >= self.means.policy.fallos or unclear:
            self.held.note(troubles=troubles)
            self.to_person(code, text, session)
            return
        pause = min(self.means.policy.reintento_segundos * 2 ** (troubles - 1), _LONGEST_PAUSE)
        self.held.note(text, troubles=troubles, problem_code=code, problem=text)
        raise Later(self.now() + timedelta(seconds=pause))

    def keep_outage(self, error: PortalDown, session: CourtSession | None) -> None:
        """Proof for the deadline that the portal was down."""
        seen = proofs.attached(error) or _seen(session)
        outage.record(
            self.home, court=self.entry.court, at=self.now(), what=error.message, seen=seen, notes=_notes(error)
        )

    def save(
        self, what: str, session: CourtSession | None, text: str, error: BaseException | None = None
    ) -> proofs.Proof:
        """Keep what the session shows, with the facts of this filing."""
        facts = {
            "filing": str(self.entry.id),
            "case": self.entry.case,
            "court": self.entry.court,
            "state": self.entry.state.value,
            "reference": self.entry.reference,
            "draft": self.entry.draft,
            "attempt": self.entry.attempt,
            "text": text,
        }
        shown = proofs.attached(error) or _seen(session)
        return proofs.save(self.home / "pruebas", what, shown, at=self.now(), facts=facts)

    def _moment(self, at: datetime) -> str:
        return proofs.moment(at, self.means.waiting.zona)


def _seen(session: CourtSession | None) -> dict[str, bytes]:
    """What the session shows; a session that cannot show anything any more must not hide what happened."""
    if session is None:
        return {}
    try:
        return dict(session.evidence())
    except CobranzaError:
        return {}


def _notes(error: BaseException) -> tuple[str, ...]:
    """Where a connector left its own evidence of an error."""
    return tuple(getattr(error, "__notes__", ()))
