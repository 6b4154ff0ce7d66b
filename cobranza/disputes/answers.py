"""The outbox of acknowledgements: one row per mail, written before anything is sent, under one Message-ID for ever.

SMTP cannot be asked whether a message was taken. So a row whose sending was cut short is sent again under the same
Message-ID: to whoever receives it, it is the same message.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from datetime import timedelta

from django.db import connection, transaction

from cobranza.disputes import answering, talking
from cobranza.disputes.linking import domain_of
from cobranza.disputes.models import Dispute, Mail, Outgoing
from cobranza.disputes.ports import Accepted, Category, MailboxError, OutgoingMail, ReadMail, Sender
from cobranza.disputes.settings import Triage
from cobranza.disputes.storing import is_suppressed, suppress
from cobranza.kernel import clock
from cobranza.ledger import canonical
from cobranza.ledger.events import Actor, record

_States = Outgoing.States
_MOST_TRIES = 10
_DAY = timedelta(hours=24)


def plan(
    mail: Mail,
    read: ReadMail,
    case: Dispute,
    entry: Category | None,
    *,
    address: str,
    ours: Collection[str],
    signature: str,
    settings: Triage,
    actor: Actor,
) -> Outgoing:
    """Write down what a mail is answered, or why it is not; the row that exists when there is one.

    Args:
        mail: With a case and its ticket.
        read: The same, as read.
        case: Its case.
        entry: Its category; None when nobody is sure of it.
        address: Ours, the From of the answer; "" when the mailbox answers nothing.
        ours: All addresses of ours.
        signature: Whose name stands at the end.
        settings: For the caps.
        actor: The robot.
    """
    to = answering.address(read)
    with transaction.atomic():
        there = Outgoing.objects.filter(mail=mail).first()
        if there is not None:
            return there
        _one_at_a_time(to)
        sent, sent_domain = _sent(to)
        silent = answering.why_silent(
            read,
            entry,
            ours=ours,
            suppressed=is_suppressed(to),
            sent=sent,
            cap=settings.acuses_por_dia,
            sent_domain=sent_domain,
            cap_domain=settings.acuses_por_dominio,
        )
        if not address:
            silent = silent or "El buzón no contesta"
        text = answering.acknowledge(read, entry, ticket=case.ticket, signature=signature, joined=not mail.opens)
        row = Outgoing.objects.create(
            mail=mail,
            message_id=f"<{uuid.uuid4().hex}@{address.rpartition('@')[2] or 'cobranza.invalid'}>",
            sender=address,
            to=to[:320],
            subject=canonical.plain(text.subject),
            text=canonical.plain(text.body),
            in_reply_to=mail.message_id,
            references=[*mail.references, mail.message_id] if mail.message_id else mail.references,
            lang=mail.lang or "es",
            state=_States.OMITTED if silent else _States.PLANNED,
            reason=silent,
            created_at=clock.now(),
            ended_at=clock.now() if silent else None,
        )
        record("answer.omitted" if silent else "answer.planned", row, {"mail": mail.key, "to": row.to}, actor,
               creditor=mail.creditor_id, seals=[row])  # fmt: skip
    return row


def send(row: Outgoing, sender: Sender, *, actor: Actor) -> Outgoing:
    """Send what is planned, once more under its own Message-ID when an earlier try was cut short.

    Raises:
        MailboxError: it was not taken, or that is not known; try again later.
    """
    row = _sending(row, actor)
    if row.state in Outgoing.ENDED:
        return row
    answer = sender.send(
        OutgoingMail(
            message_id=row.message_id,
            sender=row.sender,
            to=row.to,
            subject=row.subject,
            text=row.text,
            in_reply_to=row.in_reply_to,
            references=tuple(row.references),
        )
    )
    if answer is Accepted.ACCEPTED:
        return _end(row, _States.ACCEPTED, "", actor)
    if answer is Accepted.REFUSED:
        suppress(row.to, actor=actor, creditor=row.mail.creditor, mail=row.mail, why="El servidor rechazó el acuse")
        return _end(row, _States.REFUSED, "El servidor de destino no admite esa dirección", actor)
    if row.tries >= _MOST_TRIES:
        return _end(row, _States.REFUSED, f"No se pudo entregar en {row.tries} intentos", actor)
    what = "lo dejó para más tarde" if answer is Accepted.DEFERRED else "no llegó a decir si lo tomaba"
    raise MailboxError(f"El servidor {what}: acuse a {row.to}.")


def _sending(row: Outgoing, actor: Actor) -> Outgoing:
    with transaction.atomic():
        found = (
            Outgoing.objects.select_for_update(no_key=True, of=("self",))
            .select_related("mail__creditor")
            .get(pk=row.pk)
        )
        if found.state in Outgoing.ENDED:
            return found
        fresh = found.state == _States.PLANNED
        found.state, found.tries = _States.SENDING, found.tries + 1
        found.save(update_fields=["state", "tries"])
        if fresh:
            record("answer.sending", found, {"to": found.to}, actor, creditor=found.mail.creditor_id, seals=[found])
    return found


def _end(row: Outgoing, state: str, reason: str, actor: Actor) -> Outgoing:
    with transaction.atomic():
        found = Outgoing.objects.select_for_update(no_key=True, of=("self",)).select_related("mail").get(pk=row.pk)
        if found.state in Outgoing.ENDED:
            return found
        found.state, found.reason, found.ended_at = state, reason, clock.now()
        found.save(update_fields=["state", "reason", "ended_at"])
        kind = "answer.sent" if state == _States.ACCEPTED else "answer.refused"
        record(kind, found, {"to": found.to, "reason": reason}, actor, creditor=found.mail.creditor_id, seals=[found])
        if state == _States.ACCEPTED:
            talking.answered(found, actor=actor)
    return found


def _sent(to: str) -> tuple[int, int]:
    """Acknowledgements of the last day to an address, and to its company's domain."""
    rows = Outgoing.objects.filter(created_at__gt=clock.now() - _DAY).exclude(state=_States.OMITTED)
    domain = domain_of(to)
    return rows.filter(to=to).count(), rows.filter(to__endswith=f"@{domain}").count() if domain else 0


def _one_at_a_time(to: str) -> None:
    """Two robots that answer one address count each other's answers, so the cap holds."""
    number = int.from_bytes(hashlib.sha256((domain_of(to) or to).encode()).digest()[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
