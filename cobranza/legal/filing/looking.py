"""What became of a filing of unknown fate: tray of sent filings, mailbox and draft are read, and nothing is sent."""

from __future__ import annotations

from datetime import timedelta

from cobranza.legal.filing import matching, receipts
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.work import CALM, Later, Work
from cobranza.legal.ports import CourtSession, PortalChanged, PortalDown

_TRAY_BEFORE = timedelta(days=2)


def resolve(work: Work, session: CourtSession) -> None:
    """Look for a filing that may have been registered: a match is proved by its receipt, two empty readings by W."""
    now = work.now()
    found = search(work, session)
    if not found.none:
        from_tray(work, found, session)
        return
    if work.deadline_near:
        work.to_person("plazo", "No consta en la bandeja y el plazo está cerca.", session)
        return
    ripe = (work.entry.last_sign_at or now) + work.means.patience
    if work.entry.looked_at is not None:
        ripe = max(ripe, work.entry.looked_at + work.means.patience)
    if now < ripe:
        raise Later(ripe)
    if not _mailbox_is_silent(work, session):
        return
    if work.entry.readings == 0:
        work.held.note(
            "No está en la bandeja ni hay avisos de él (primera lectura).", readings=1, looked_at=now, troubles=0
        )
        raise Later(now + work.means.patience)
    draft = session.read(work.entry.draft)
    if draft is None or not matching.compare(draft, work.package).none:
        work.to_person("borrador_perdido", "No está en la bandeja ni queda el borrador.", session)
        return
    proof = work.save("no-consta", session, "Dos lecturas sin encontrarlo y el borrador sigue abierto.")
    work.held.move(State.NOT_FILED, "No consta en dos lecturas y el borrador sigue abierto.", proof=proof, **CALM)


def _mailbox_is_silent(work: Work, session: CourtSession) -> bool:
    """No notice speaks of a registration that nobody here knows; if one does, its receipt tells whose it is.

    The court may send a notice about a filing that its tray does not show yet. Listing notices opens none.
    """
    since = (work.entry.sent_at or work.entry.created_at) - _TRAY_BEFORE
    known = work.means.journal.registered(work.entry.court)
    told = {each.registry for each in session.notifications(since) if each.registry}
    for registry in sorted(told - known):
        try:
            receipt = session.receipt(registry)
        except PortalDown as exc:
            work.stumble("acuse", exc.message, session)
            return False
        except PortalChanged:
            text = f"Hay una notificación de {registry}, que no está en la bandeja y puede ser esta presentación."
            work.to_person("notificacion", text, session)
            return False
        if not receipts.problems(receipt, work.package, work.entry.reference):
            work.filed(receipt)
            return False
        if receipts.speaks_of(receipt, work.package, work.entry.reference):
            text = f"Hay una notificación de {registry} y su acuse no prueba que sea esta presentación."
            work.to_person("notificacion", text, session)
            return False
    return True


def again(work: Work, session: CourtSession) -> None:
    """It surely was not registered: it may be sent once more, unless that has happened too often."""
    if work.entry.sends >= work.means.policy.envios:
        work.to_person("envios", f"Se ha enviado {work.entry.sends} veces y no llega.", session)
        return
    work.held.move(State.READY, "Se puede enviar otra vez: consta que no se registró.")


def search(work: Work, session: CourtSession) -> matching.Found:
    """What the tray of sent filings holds of ours."""
    since = work.entry.created_at - _TRAY_BEFORE
    parties = work.claim.case.defendants
    names = [*work.package.defendants, *(each.name for each in parties)]
    known = work.means.journal.registries(work.entry.case) | ({work.claim.corrects} - {""})
    return matching.search(session.sent(since), work.package, work.entry.reference, names=names, known=known)


def from_tray(work: Work, found: matching.Found, session: CourtSession) -> None:
    """Something of ours, or like ours, is in the tray: its receipt decides."""
    row = found.one
    if row is None:
        rows = ", ".join(each.registry for each in (*found.same, *found.doubtful))
        work.to_person("varias", f"En la bandeja hay más de una o no es seguro que sea esta: {rows}.", session)
        return
    try:
        work.filed(session.receipt(row.registry))
    except receipts.ReceiptWrong as exc:
        work.save("acuse", session, exc.message)
        work.stumble("acuse", exc.message, session)
    except PortalDown as exc:
        work.stumble("acuse", exc.message, session)
