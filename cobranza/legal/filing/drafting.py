"""Up to the moment before sending: the draft, its files byte for byte, and the portal's virus scanner."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from cobranza.legal.filing import matching
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.work import CALM, Later, Work
from cobranza.legal.ports import CourtSession, Draft, Filing, FilingRefused, Objection, PortalDown, Scan

_UPLOADS = 3
_POLL = 2.0


# ---- PREPARED: the draft


def prepare(work: Work, session: CourtSession) -> None:
    """Ask whether the portal would take it, and open our draft."""
    filing = work.filing()
    objections = [each for each in session.check(filing) if each.blocking]
    if objections:
        raise FilingRefused("El portal no lo admite.", objections)
    draft = _new_draft(work, session, filing)
    work.held.move(State.DRAFT, "Borrador abierto.", draft=draft.id, **CALM)


def _new_draft(work: Work, session: CourtSession, filing: Filing) -> Draft:
    there = session.drafts()
    if work.entry.drafts_before is None:
        # What comes after this note and bears our mark is ours.
        work.held.note(drafts_before=tuple(each.id for each in there))
    # One that a process of ours could not write down any more may be filled in by half: it is not gone on with.
    for stale in (each for each in there if _is_ours(work, each)):
        session.discard(stale.id)
    made = session.create(filing)
    for twin in session.drafts():
        if _is_ours(work, twin) and twin.id != made.id:
            session.discard(twin.id)
    return made


def _is_ours(work: Work, draft: Draft) -> bool:
    return draft.reference == work.entry.reference and draft.id not in (work.entry.drafts_before or ())


# ---- DRAFT: the files


def upload(work: Work, session: CourtSession) -> None:
    """Bring the draft to hold exactly the package, file by file."""
    for _ in range(_UPLOADS):
        draft = work.read_draft(session)
        if draft is None:
            return
        _refuse_infected(draft)
        difference = matching.compare(draft, work.package)
        if difference.none:
            work.held.move(State.UPLOADED, "Todos los documentos subidos.", uploaded_at=work.now(), **CALM)
            return
        for stray in difference.remove:
            session.remove(draft.id, stray.id)
        with _one_more_time(work):
            for file in difference.upload:
                work.held.guard()
                content = (work.claim.folder / file.name).read_bytes()
                if not matching.same_file(file, session.upload(draft.id, file, content)):
                    break  # read back what it holds, and put that right
    work.to_person("huella", "El portal no guarda los bytes que se le envían.", session)


@contextlib.contextmanager
def _one_more_time(work: Work) -> Iterator[None]:
    """An upload that failed once may have been stored: the draft is read again before it is repeated."""
    if work.entry.troubles:
        yield
        return
    try:
        yield
    except PortalDown as exc:
        work.held.note(f"Fallo al subir: {exc.message}", troubles=1)


def _refuse_infected(draft: Draft) -> None:
    found = [each for each in draft.files if each.scan is Scan.INFECTED]
    if found:
        raise FilingRefused(
            "El antivirus del portal ha rechazado un documento.",
            [Objection(code="virus", text="El portal lo da por infectado.", file=each.name) for each in found],
        )


# ---- UPLOADED: the portal has to have looked at them


def until_clean(work: Work, session: CourtSession) -> None:
    """Wait until the portal has looked at every file and has nothing against sending."""
    begun = work.now()
    while True:
        draft = work.read_draft(session)
        if draft is None:
            return
        _refuse_infected(draft)
        if not matching.compare(draft, work.package).none:
            work.held.move(State.DRAFT, "El borrador no tiene lo que se subió.")
            return
        if all(each.scan is Scan.CLEAN for each in draft.files):
            break
        if _scan_takes_too_long(work):
            work.to_person("antivirus", "El antivirus del portal no acaba.", session)
            return
        _wait_for_scan(work, begun)
    objections = [each for each in session.objections(draft.id) if each.blocking]
    if objections:
        raise FilingRefused("El portal no deja enviarlo.", objections)
    work.held.move(State.READY, "Listo para enviar.", **CALM)


def _scan_takes_too_long(work: Work) -> bool:
    limit = timedelta(minutes=work.means.policy.antivirus_limite_minutos)
    return work.entry.uploaded_at is not None and work.now() - work.entry.uploaded_at > limit


def _wait_for_scan(work: Work, begun: datetime) -> None:
    now = work.now()
    if now - begun >= timedelta(seconds=work.means.policy.antivirus_segundos):
        raise Later(now + timedelta(seconds=work.means.policy.reintento_segundos))
    work.held.guard()
    work.means.sleep(_POLL)
