"""What debtors wrote is kept for a time and then forgotten; a person may have one mail forgotten before.

Forgotten is the message itself, whole, with its attachments, and the copies of its words here: what was read of it,
the ticket's text as it was asked for, the suggested reply. What stays are the facts that others build on: that a
message with this hash came and when, its category, its documents and holds, who decided what, its ticket, and that
it was acknowledged. The hash of the bytes stays too: it proves what was forgotten if somebody shows it.

Out of reach of this: the copy in the mailbox's own folders, the ticket at the desk, and the record of events, which
holds addresses and no texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from cobranza.disputes import talking
from cobranza.disputes.models import Dispute, Mail, RawMail
from cobranza.disputes.settings import Retention
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor

FORGOTTEN = "(borrado)"
_AT_ONCE = 200


class CannotForget(BusinessError):
    """A mail that is still being worked on, or a wish without a reason."""

    code = "COB-DIS-016"
    remedy = "Espere a que el correo esté terminado, escriba el motivo y vuelva a pedirlo."


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A mail whose time is over.

    Attributes:
        mail: Its row.
        since: When what it is about ended.
        why: Spanish, which rule.
    """

    mail: Mail
    since: datetime
    why: str


def due(rules: Retention, creditor: Creditor | None = None, *, now: datetime | None = None) -> Iterator[Due]:
    """Mails whose time is over, oldest first; those of a case that is open never are."""
    moment = now or clock.now()
    rows = Mail.objects.filter(state__in=Mail.ENDED, erased_at=None, raw__isnull=False).exclude(moved_at=None)
    rows = rows.select_related("creditor").order_by("pk")
    rows = rows if creditor is None else rows.filter(creditor=creditor)
    # A second delivery goes with the first one's case, a merged case with the one that counts.
    rows = rows.annotate(case=Coalesce("dispute", "duplicate_of__dispute"))
    rows = rows.annotate(
        closed=Coalesce(
            "dispute__merged_into__closed_at",
            "dispute__closed_at",
            "duplicate_of__dispute__merged_into__closed_at",
            "duplicate_of__dispute__closed_at",
        ),
        into=Coalesce("dispute__merged_into", "duplicate_of__dispute__merged_into"),
    )
    if rules.con_caso:
        limit = moment - timedelta(days=rules.con_caso)
        live = Dispute.objects.filter(state__in=Dispute.LIVE).values("pk")
        over = rows.filter(Q(into=None) | ~Q(into__in=live), case__isnull=False, closed__lt=limit)
        for mail in _slowly(over):
            yield Due(mail=mail, since=mail.closed, why=f"Han pasado {rules.con_caso} días desde que se cerró su caso")
    if rules.sin_caso:
        limit = moment - timedelta(days=rules.sin_caso)
        for mail in _slowly(rows.filter(case=None, done_at__lt=limit).annotate(ended=F("done_at"))):
            yield Due(mail=mail, since=mail.ended, why=f"Han pasado {rules.sin_caso} días y no abrió ningún caso")


def retain(rules: Retention, *, actor: Actor, creditor: Creditor | None = None) -> int:
    """Forget every mail whose time is over; returns how many. A crash leaves the rest for the next time."""
    done = 0
    for one in due(rules, creditor):
        done += _forget(one.mail, why=one.why, actor=actor, person=False)
    return done


def forget(mail: Mail, *, person: str, reason: str) -> int:
    """Forget one mail and its other deliveries by a person's word, with who wrote it; again changes nothing.

    Returns:
        How many messages were forgotten.

    Raises:
        CannotForget: there is no reason, or it is still being worked on.
    """
    why = " ".join(reason.replace("\x00", "").split())[:500]
    if not why:
        raise CannotForget("Falta el motivo.")
    first = mail.duplicate_of or mail
    with transaction.atomic():
        group = list(Mail.objects.filter(Q(pk=first.pk) | Q(duplicate_of=first.pk)).order_by("pk"))
        busy = next((row for row in group if row.state not in Mail.ENDED), None)
        if busy is not None:
            raise CannotForget(f"El correo {busy.pk} está «{busy.get_state_display()}».")
        return sum(_forget(row, why=why, actor=Actor.person(person), person=True) for row in group)


def _forget(mail: Mail, *, why: str, actor: Actor, person: bool) -> bool:
    with transaction.atomic():
        row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
        if row.erased_at is not None or row.state not in Mail.ENDED:
            return False
        row.erased_at, row.erased_why = clock.now(), why
        row.own_text, row.reading = "", _shape(row.reading)
        if person:
            row.sender = row.sender_name = row.reply_to = ""
            row.subject = FORGOTTEN
        row.save()
        if row.raw_id is not None and not Mail.objects.filter(raw=row.raw_id, erased_at=None).exists():
            RawMail.objects.filter(pk=row.raw_id, erased_at=None).update(content=b"", erased_at=row.erased_at)
        talking.forgotten(row, sender=person)
        if row.opens and row.dispute_id is not None:
            _forget_in_case(row.dispute_id, row.erased_at, person=person)
        payload = {"key": row.key, "why": why, "case": row.dispute_id, "asked": person}
        record("mail.erased", row, payload, actor, creditor=row.creditor_id, seals=[row])
    return True


def _forget_in_case(pk: int, at: datetime, *, person: bool) -> None:
    case = Dispute.objects.select_for_update(no_key=True).get(pk=pk)
    case.request, case.reply = {"erased": at.isoformat()}, ""
    if person:
        case.subject = FORGOTTEN
    case.save(update_fields=["request", "reply", "subject"])


def _shape(reading: dict[str, Any]) -> dict[str, Any]:
    """What stays of a reading: its country, and of each attachment its kind, hash and size."""
    files = reading.get("attachments") or []
    return {
        "country": reading.get("country", ""),
        "attachments": [[FORGOTTEN, kind, digest, size] for _, kind, digest, size in files],
    }


def _slowly(rows: QuerySet[Mail]) -> Iterator[Any]:
    """Rows in small bunches: a year's mails are never in memory together."""
    last = 0
    while True:
        bunch = list(rows.filter(pk__gt=last)[:_AT_ONCE])
        yield from bunch
        if len(bunch) < _AT_ONCE:
            return
        last = bunch[-1].pk
