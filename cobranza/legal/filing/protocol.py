"""The exactly-once protocol: drives a portal through a filing, each step in the journal before the act.

- Only `READY` may send, and only after the tray of sent filings was searched, the draft compared byte for byte and
  the sign-off asked for once more.
- `SENDING` is committed before the click. Whatever comes back that is no verified receipt is `UNCERTAIN`; from there
  nothing is ever sent again. It is resolved by looking: a match in the tray and its verified receipt is `FILED`; no
  match in two readings, each at least W after the last sign and after each other, with the draft still open, is
  `NOT_FILED` and may be sent again; all else is a person's.
- W is the portal's (`requirements.presentacion.espera_incierto`): longer than its own maximum and the time until a
  filing can be seen. With a shorter one this protocol files twice; its tests show that.

A process that dies leaves its row where it was: the next one reads it and goes on from there.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import matching, outage, proofs, receipts
from cobranza.legal.filing.machine import WAITING, State
from cobranza.legal.filing.records import Claim, Entry, Held, Journal
from cobranza.legal.filing.settings import Protocol as Policy
from cobranza.legal.package import Package, PackageError, read_package
from cobranza.legal.ports import (
    CaptchaShown,
    CourtPortal,
    CourtSession,
    Draft,
    Filing,
    FilingRefused,
    Objection,
    PortalChanged,
    PortalDown,
    Receipt,
    Scan,
    SessionLost,
)
from cobranza.legal.requirements import Waiting

_LOGINS = 4
_UPLOADS = 3
_LONGEST_PAUSE = 900
_POLL = 2.0
_TRAY_BEFORE = timedelta(days=2)
# What the portal says no to and only a person can weigh: is it a duplicate, whose is the signature.
_FOR_A_PERSON = frozenset({"duplicado", "certificado", "firma"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a filing is now.

    Attributes:
        entry: As last committed.
        due_at: When it makes sense to go on; None when it ended or waits for a person.
    """

    entry: Entry
    due_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """A robot has nothing more to do with it."""
        return self.entry.state in WAITING


class _Later(Exception):
    """Nothing can be done before `due`."""

    def __init__(self, due: datetime) -> None:
        super().__init__(due)
        self.due = due


class Filer:
    """Takes filings of one court as far as they go now.

    Args:
        portal: The court's.
        journal: Durable, shared by all processes.
        waiting: How this portal behaves.
        policy: How patient we are.
        evidence: Folder for what is kept of each filing, one folder inside for each.
        approved: Says whether the sign-off of a case and a package hash still stands, asked right before sending.
        stamp: Gives our own time stamp (RFC 3161) over bytes; None for none.
        now: The clock.
        sleep: Waits that many seconds; only while the virus scanner is at work.
    """

    def __init__(
        self,
        portal: CourtPortal,
        journal: Journal,
        *,
        waiting: Waiting,
        policy: Policy,
        evidence: Path,
        approved: Callable[[str, str], bool],
        stamp: Callable[[bytes], bytes] | None = None,
        now: Callable[[], datetime] = clock.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._portal = portal
        self._journal = journal
        self._patience = timedelta(seconds=waiting.espera_incierto)
        self._waiting = waiting
        self._policy = policy
        self._evidence = evidence
        self._approved = approved
        self._stamp = stamp
        self._now = now
        self._sleep = sleep

    def file(self, claim: Claim, *, only_look: bool = False) -> Progress:
        """Begin a filing, or go on with it, until it ended, waits, or is a person's.

        Args:
            claim: What was signed off.
            only_look: Clear up what became of one that may have been sent, and nothing else.

        Raises:
            AlreadyFiled: another case has filed exactly this.
            FilingBusy: another process is at work on it, or with its credential.
            AccessRefused, CaptchaShown: nobody can enter until a person has acted; the filing stands where it stood.
            FenceLost: the lease ran out meanwhile.
        """
        entry = self._journal.open(claim)
        if entry.state in WAITING:
            return Progress(entry=entry)
        if entry.due_at is not None and self._now() < entry.due_at:
            return Progress(entry=entry, due_at=entry.due_at)
        with self._journal.hold(entry.id) as held:
            if held.entry.state in WAITING:
                return Progress(entry=held.entry)
            return _Work(self, held, claim, only_look).run()

    def confirm(self, claim: Claim, registry: str) -> Progress:
        """A person says that a filing in review is registered under a number: its receipt decides.

        Args:
            claim: What was signed off.
            registry: The number.

        Raises:
            ReceiptWrong: the receipt of that number does not prove this filing.
        """
        entry = self._journal.open(claim)
        with self._journal.hold(entry.id) as held:
            work = _Work(self, held, claim)
            with self._portal.session(claim.credential, self.home(entry) / "sesion") as session:
                work.filed(session.receipt(registry))
            return Progress(entry=held.entry)

    def home(self, entry: Entry) -> Path:
        """Where everything that proves a filing lies."""
        return self._evidence / entry.case / f"presentacion-{entry.id}"


class _Work:
    """One filing, in the hands of this process."""

    def __init__(self, filer: Filer, held: Held, claim: Claim, only_look: bool = False) -> None:
        self._filer = filer
        self._only_look = only_look
        self._held = held
        self._claim = claim
        self._package: Package = claim.package
        self._now = filer._now
        self._policy = filer._policy
        self._patience = filer._patience

    @property
    def entry(self) -> Entry:
        """As last committed."""
        return self._held.entry

    def run(self) -> Progress:
        """See `Filer.file`."""
        if self.entry.state is State.SENDING:
            # Whoever sent it is gone, and nobody knows how far it came. From now on we only look.
            self._held.move(State.UNCERTAIN, "El proceso que lo enviaba se cortó.", last_sign_at=self._now())
        try:
            self._check_package()
            for _ in range(_LOGINS):
                if self._in_a_session():
                    break
            else:
                self._stumble("sesion", "El portal cierra la sesión una y otra vez.")
        except _Later as later:
            self._held.note(due_at=later.due)
            return Progress(entry=self.entry, due_at=later.due)
        return Progress(entry=self.entry, due_at=None if self.entry.state in WAITING else self.entry.due_at)

    def _in_a_session(self) -> bool:
        """Work until something ends it; False when the portal asked for the login again."""
        session: CourtSession | None = None
        later: _Later | None = None
        try:
            with self._filer._portal.session(self._claim.credential, self._home / "sesion") as session:
                try:
                    self._drive(session)
                except _Later as exc:  # no failure: the session is left in peace
                    later = exc
        except SessionLost:
            return False
        except PortalDown as exc:
            self._keep_outage(exc, session)
            self._stumble("portal_caido", exc.message)
        except PortalChanged as exc:
            self._to_person("portal_cambiado", exc.message, session, exc)
        except FilingRefused as exc:
            self._refused(exc, session)
        except CaptchaShown as exc:
            self._held.note("El portal pide una comprobación de persona.", problem_code="captcha", problem=exc.message)
            raise
        except CobranzaError as exc:
            # A lost credential, a busy lease: the filing stands where it stands, and whoever runs us is told.
            with contextlib.suppress(CobranzaError):
                self._held.note(problem_code="acceso", problem=exc.message)
            raise
        if later is not None:
            raise later
        return True

    @property
    def _home(self) -> Path:
        return self._filer.home(self.entry)

    def _drive(self, session: CourtSession) -> None:
        steps = {
            State.PREPARED: self._prepare,
            State.DRAFT: self._upload,
            State.UPLOADED: self._until_clean,
            State.READY: self._send,
            State.UNCERTAIN: self._resolve,
            State.NOT_FILED: self._again,
        }
        if self._only_look:
            steps = {State.UNCERTAIN: self._resolve}
        while self.entry.state in steps:
            self._held.guard()
            steps[self.entry.state](session)

    # ---- before anything is asked of the portal

    def _check_package(self) -> None:
        """What lies on disk must be what was signed off, byte for byte."""
        try:
            self._package = read_package(self._claim.folder, expected=self.entry.package_hash)
        except PackageError as exc:
            if self.entry.state is State.UNCERTAIN:
                return  # looking needs the manifest that we were given, not the files
            self._to_person("paquete_cambiado", exc.message, None)

    def _moment(self, at: datetime) -> str:
        return proofs.moment(at, self._filer._waiting.zona)

    @property
    def _deadline_near(self) -> bool:
        left = None if self.entry.deadline is None else self.entry.deadline - self._now()
        return left is not None and left < timedelta(hours=self._policy.margen_plazo_horas)

    # ---- PREPARED: the draft

    def _prepare(self, session: CourtSession) -> None:
        filing = self._filing()
        objections = [each for each in session.check(filing) if each.blocking]
        if objections:
            raise FilingRefused("El portal no lo admite.", objections)
        draft = self._new_draft(session, filing)
        self._held.move(State.DRAFT, "Borrador abierto.", draft=draft.id, **_CALM)

    def _new_draft(self, session: CourtSession, filing: Filing) -> Draft:
        there = session.drafts()
        if self.entry.drafts_before is None:
            # What comes after this note and bears our mark is ours.
            self._held.note(drafts_before=tuple(each.id for each in there))
        # One that a process of ours could not write down any more may be filled in by half: it is not gone on with.
        for stale in filter(self._is_ours, there):
            session.discard(stale.id)
        made = session.create(filing)
        for twin in session.drafts():
            if self._is_ours(twin) and twin.id != made.id:
                session.discard(twin.id)
        return made

    def _is_ours(self, draft: Draft) -> bool:
        return draft.reference == self.entry.reference and draft.id not in (self.entry.drafts_before or ())

    # ---- DRAFT: the files

    def _upload(self, session: CourtSession) -> None:
        for _ in range(_UPLOADS):
            draft = self._read_draft(session)
            if draft is None:
                return
            self._refuse_infected(draft)
            difference = matching.compare(draft, self._package)
            if difference.none:
                self._held.move(State.UPLOADED, "Todos los documentos subidos.", uploaded_at=self._now(), **_CALM)
                return
            for stray in difference.remove:
                session.remove(draft.id, stray.id)
            with self._one_more_time():
                for file in difference.upload:
                    self._held.guard()
                    content = (self._claim.folder / file.name).read_bytes()
                    if not matching.same_file(file, session.upload(draft.id, file, content)):
                        break  # read back what it holds, and put that right
        self._to_person("huella", "El portal no guarda los bytes que se le envían.", session)

    @contextlib.contextmanager
    def _one_more_time(self) -> Iterator[None]:
        """An upload that failed once may have been stored: the draft is read again before it is repeated."""
        if self.entry.troubles:
            yield
            return
        try:
            yield
        except PortalDown as exc:
            self._held.note(f"Fallo al subir: {exc.message}", troubles=1)

    def _read_draft(self, session: CourtSession) -> Draft | None:
        """Our draft; when it is gone the filing goes back, unless it may have been sent with it."""
        draft = session.read(self.entry.draft)
        if draft is not None:
            return draft
        if self.entry.sends:
            self._to_person("borrador_perdido", "El borrador ya no está y se había enviado una vez.", session)
        else:
            self._held.move(State.PREPARED, "El borrador ya no está en el portal.", draft="", drafts_before=None)
        return None

    def _refuse_infected(self, draft: Draft) -> None:
        found = [each for each in draft.files if each.scan is Scan.INFECTED]
        if found:
            raise FilingRefused(
                "El antivirus del portal ha rechazado un documento.",
                [Objection(code="virus", text="El portal lo da por infectado.", file=each.name) for each in found],
            )

    # ---- UPLOADED: the portal has to have looked at them

    def _until_clean(self, session: CourtSession) -> None:
        begun = self._now()
        while True:
            draft = self._read_draft(session)
            if draft is None:
                return
            self._refuse_infected(draft)
            if not matching.compare(draft, self._package).none:
                self._held.move(State.DRAFT, "El borrador no tiene lo que se subió.")
                return
            if all(each.scan is Scan.CLEAN for each in draft.files):
                break
            if self._scan_takes_too_long():
                self._to_person("antivirus", "El antivirus del portal no acaba.", session)
                return
            self._wait_for_scan(begun)
        objections = [each for each in session.objections(draft.id) if each.blocking]
        if objections:
            raise FilingRefused("El portal no deja enviarlo.", objections)
        self._held.move(State.READY, "Listo para enviar.", **_CALM)

    def _scan_takes_too_long(self) -> bool:
        limit = timedelta(minutes=self._policy.antivirus_limite_minutos)
        return self.entry.uploaded_at is not None and self._now() - self.entry.uploaded_at > limit

    def _wait_for_scan(self, begun: datetime) -> None:
        now = self._now()
        if now - begun >= timedelta(seconds=self._policy.antivirus_segundos):
            raise _Later(now + timedelta(seconds=self._policy.reintento_segundos))
        self._held.guard()
        self._filer._sleep(_POLL)

    # ---- READY: the one act that cannot be repeated

    def _send(self, session: CourtSession) -> None:
        if self.entry.deadline is not None and self._now() > self.entry.deadline:
            self._to_person("plazo", "El plazo ha pasado: una persona decide si se presenta.", session)
            return
        if not self._filer._approved(self.entry.case, self.entry.package_hash):
            self._withdraw(session)
            return
        draft = self._read_draft(session)
        if draft is None:
            return
        if not matching.compare(draft, self._package).none:
            self._held.move(State.DRAFT, "El borrador ya no es lo que se firmó.")
            return
        if not self._surely_not_there(session):
            return
        self._held.guard()
        now = self._now()
        self._held.move(
            State.SENDING,
            "Se firma y se envía.",
            attempt=uuid.uuid4().hex,
            sends=self.entry.sends + 1,
            sent_at=self.entry.sent_at or now,
            last_sign_at=now,
            readings=0,
            looked_at=None,
        )
        self._submit(session, draft.id)

    def _submit(self, session: CourtSession, draft: str) -> None:
        try:
            receipt = session.submit(draft)
            self.filed(receipt)
        except FilingRefused:
            raise  # surely not registered
        except CobranzaError as exc:
            self._uncertain(exc, session)

    def _uncertain(self, error: CobranzaError, session: CourtSession) -> None:
        proof = self._save("incierto", session, error.message)
        now = self._now()
        self._held.move(
            State.UNCERTAIN,
            f"No hay acuse: {error.message}",
            last_sign_at=now,
            problem_code="incierto",
            problem=error.message,
            proof=proof,
        )
        raise _Later(now + min(self._patience / 4, timedelta(seconds=60)))

    def _withdraw(self, session: CourtSession) -> None:
        if not self.entry.sends:
            session.discard(self.entry.draft)
        self._held.move(
            State.WITHDRAWN, "La firma del expediente ya no vale.", problem_code="firma", problem="Firma retirada."
        )

    def _surely_not_there(self, session: CourtSession) -> bool:
        """Search the tray once before sending: somebody may have filed it by hand."""
        found = self._search(session)
        if found.none:
            return True
        self._from_tray(found, session)
        return False

    # ---- UNCERTAIN: only looking

    def _resolve(self, session: CourtSession) -> None:
        now = self._now()
        found = self._search(session)
        if not found.none:
            self._from_tray(found, session)
            return
        if self._deadline_near:
            self._to_person("plazo", "No consta en la bandeja y el plazo está cerca.", session)
            return
        ripe = (self.entry.last_sign_at or now) + self._patience
        if self.entry.looked_at is not None:
            ripe = max(ripe, self.entry.looked_at + self._patience)
        if now < ripe:
            raise _Later(ripe)
        if self.entry.readings == 0:
            self._held.note("No está en la bandeja (primera lectura).", readings=1, looked_at=now, troubles=0)
            raise _Later(now + self._patience)
        draft = session.read(self.entry.draft)
        if draft is None or not matching.compare(draft, self._package).none:
            self._to_person("borrador_perdido", "No está en la bandeja ni queda el borrador.", session)
            return
        proof = self._save("no-consta", session, "Dos lecturas sin encontrarlo y el borrador sigue abierto.")
        self._held.move(State.NOT_FILED, "No consta en dos lecturas y el borrador sigue abierto.", proof=proof, **_CALM)

    def _again(self, session: CourtSession) -> None:
        if self.entry.sends >= self._policy.envios:
            self._to_person("envios", f"Se ha enviado {self.entry.sends} veces y no llega.", session)
            return
        self._held.move(State.READY, "Se puede enviar otra vez: consta que no se registró.")

    def _search(self, session: CourtSession) -> matching.Found:
        since = self.entry.created_at - _TRAY_BEFORE
        parties = self._claim.case.defendants
        names = [*self._package.defendants, *(each.name for each in parties)]
        known = self._filer._journal.registries(self.entry.case) | ({self._claim.corrects} - {""})
        return matching.search(session.sent(since), self._package, self.entry.reference, names=names, known=known)

    def _from_tray(self, found: matching.Found, session: CourtSession) -> None:
        """Something of ours, or like ours, is in the tray: its receipt decides."""
        row = found.one
        if row is None:
            rows = ", ".join(each.registry for each in (*found.same, *found.doubtful))
            self._to_person("varias", f"En la bandeja hay más de una o no es seguro que sea esta: {rows}.", session)
            return
        try:
            self.filed(session.receipt(row.registry))
        except receipts.ReceiptWrong as exc:
            self._save("acuse", session, exc.message)
            self._stumble("acuse", exc.message, session)
        except PortalDown as exc:
            self._stumble("acuse", exc.message, session)

    # ---- how it ends

    def filed(self, receipt: Receipt) -> None:
        """Verify, keep, and only then believe."""
        receipts.verify(receipt, self._package, self.entry.reference)
        main = receipt.xml or receipt.pdf
        notices = list(self._about_its_time(receipt))
        stamp = b""
        if self._filer._stamp is not None:
            try:
                stamp = self._filer._stamp(main)
            except CobranzaError as exc:
                notices.append(f"Sin sello de tiempo propio: {exc.message}")
        kept = receipts.keep(receipt, self._home / "acuse", at=self._now(), stamp=stamp)
        self._held.move(
            State.FILED,
            f"Acuse {receipt.registry} comprobado.",
            registry=receipt.registry,
            csv=receipt.csv,
            filed_at=receipt.filed_at,
            receipt_sha256=kept.sha256,
            notices=tuple(notices),
            **_CALM,
        )

    def _about_its_time(self, receipt: Receipt) -> Iterator[str]:
        """The court's time counts; when it is not ours, a person should know, and the proof of ours is in the journal.

        Compared with the span in which it was sent; a filing that a person made by hand has none.
        """
        first, last = self.entry.sent_at, self.entry.last_sign_at
        if first is not None and last is not None:
            margin = timedelta(minutes=self._policy.desvio_sello_minutos)
            if not first - margin <= receipt.filed_at <= max(last, first) + self._patience + margin:
                yield (
                    f"El acuse dice {self._moment(receipt.filed_at)} y se envió el {self._moment(first)}: "
                    "compruebe que no afecta al plazo."
                )
        deadline = self.entry.deadline
        if deadline is not None and receipt.filed_at > deadline:
            yield f"Según el acuse entró después del plazo ({self._moment(deadline)})."

    def _refused(self, error: FilingRefused, session: CourtSession | None) -> None:
        reasons = "; ".join(f"{each.file}: {each.text}" if each.file else each.text for each in error.objections)
        text = f"{error.message} {reasons}".strip()
        proof = self._save("rechazado", session, text)
        codes = {each.code for each in error.objections}
        code = next((each.code for each in error.objections), "rechazado")
        # Refused after it had been sent once before: perhaps because that one arrived after all.
        to_person = bool(codes & _FOR_A_PERSON) or self.entry.sends > 1
        self._held.move(
            State.REVIEW if to_person else State.REFUSED,
            f"El portal no lo admite: {text}",
            problem_code=code,
            problem=text,
            due_at=None,
            proof=proof,
            objections=error.objections,
        )

    def _to_person(
        self, code: str, text: str, session: CourtSession | None, error: BaseException | None = None
    ) -> None:
        proof = self._save(code, session, text, error)
        self._held.move(State.REVIEW, text, problem_code=code, problem=text, due_at=None, proof=proof)

    def _stumble(self, code: str, text: str, session: CourtSession | None = None) -> None:
        """Something failed that may work later; too often, or with the deadline near, a person looks."""
        troubles = self.entry.troubles + 1
        unclear = self.entry.state is State.UNCERTAIN and self._deadline_near
        if troubles >= self._policy.fallos or unclear:
            self._held.note(troubles=troubles)
            self._to_person(code, text, session)
            return
        pause = min(self._policy.reintento_segundos * 2 ** (troubles - 1), _LONGEST_PAUSE)
        self._held.note(text, troubles=troubles, problem_code=code, problem=text)
        raise _Later(self._now() + timedelta(seconds=pause))

    def _keep_outage(self, error: PortalDown, session: CourtSession | None) -> None:
        """Proof for the deadline that the portal was down."""
        seen = proofs.attached(error) or _seen(session)
        outage.record(
            self._home, court=self.entry.court, at=self._now(), what=error.message, seen=seen, notes=_notes(error)
        )

    def _save(
        self, what: str, session: CourtSession | None, text: str, error: BaseException | None = None
    ) -> proofs.Proof:
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
        return proofs.save(self._home / "pruebas", what, shown, at=self._now(), facts=facts)

    def _filing(self) -> Filing:
        claim = self._claim
        return Filing(
            case=claim.case, package=self._package, folder=claim.folder, corrects=claim.corrects, extra=claim.extra
        )


_CALM: dict[str, Any] = {"troubles": 0, "problem_code": "", "problem": "", "due_at": None}


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
