"""The one act that cannot be repeated, and everything that is asked once more right before it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import looking, matching
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.work import Later, Work
from cobranza.legal.ports import CourtSession, FilingRefused


def send(work: Work, session: CourtSession) -> None:
    """Send, after the deadline, the sign-off, the draft and the tray have been asked once more."""
    if work.entry.deadline is not None and work.now() > work.entry.deadline:
        work.to_person("plazo", "El plazo ha pasado: una persona decide si se presenta.", session)
        return
    if not work.means.approved(work.entry.case, work.entry.package_hash):
        _withdraw(work, session)
        return
    draft = work.read_draft(session)
    if draft is None:
        return
    if not matching.compare(draft, work.package).none:
        work.held.move(State.DRAFT, "El borrador ya no es lo que se firmó.")
        return
    if not _surely_not_there(work, session):
        return
    now = work.now()
    launched = work.held.launch(
        "Se firma y se envía.",
        approved=lambda: work.means.approved(work.entry.case, work.entry.package_hash),
        attempt=uuid.uuid4().hex,
        sends=work.entry.sends + 1,
        sent_at=work.entry.sent_at or now,
        last_sign_at=now,
        readings=0,
        looked_at=None,
    )
    if not launched:  # taken back while the draft and the tray were read
        _withdraw(work, session)
        return
    _submit(work, session, draft.id)


def _submit(work: Work, session: CourtSession, draft: str) -> None:
    try:
        receipt = session.submit(draft)
        work.filed(receipt)
    except FilingRefused:
        raise  # surely not registered
    except CobranzaError as exc:
        _uncertain(work, exc, session)


def _uncertain(work: Work, error: CobranzaError, session: CourtSession) -> None:
    proof = work.save("incierto", session, error.message)
    now = work.now()
    work.held.move(
        State.UNCERTAIN,
        f"No hay acuse: {error.message}",
        last_sign_at=now,
        problem_code="incierto",
        problem=error.message,
        proof=proof,
    )
    raise Later(now + min(work.means.patience / 4, timedelta(seconds=60)))


def _withdraw(work: Work, session: CourtSession) -> None:
    if not work.entry.sends:
        session.discard(work.entry.draft)
    work.held.move(
        State.WITHDRAWN, "La firma del expediente ya no vale.", problem_code="firma", problem="Firma retirada."
    )


def _surely_not_there(work: Work, session: CourtSession) -> bool:
    """Search the tray once before sending: somebody may have filed it by hand."""
    found = looking.search(work, session)
    if found.none:
        return True
    looking.from_tray(work, found, session)
    return False
