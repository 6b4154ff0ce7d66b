"""From the mailbox to the ticket, the hold and the answer, each exactly once. The only file here that touches ports.

A mail is taken in whole (`take`, one transaction: bytes by their hash, row, work item), then worked on by whoever holds
its work item. Each step is committed before the next act outside, and every act outside can be repeated without harm:
tickets and comments by their key, acknowledgements under their Message-ID, moving a message that is gone. A message is
moved out of the inbox only after everything else is committed, so what a crash leaves is found again: by its row, or
still in the inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from cobranza.disputes import answers, cases, deciding, desk_words, opening, storing, talking, threads, ticketing
from cobranza.disputes.desk_news import ticket_changed, watch, webhook
from cobranza.disputes.directory import contacts_of
from cobranza.disputes.models import Dispute, Mail, Outgoing
from cobranza.disputes.ports import (
    Mailbox,
    MailGone,
    MailPosition,
    NewComment,
    ReadMail,
    TicketClosed,
    TicketDesk,
    UnreadableMail,
)
from cobranza.disputes.settings import read as settings
from cobranza.disputes.shift import Shift, open_desk, open_shift, queue_of
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError, CobranzaError
from cobranza.runs import context, items
from cobranza.runs.errors import LeaseLost
from cobranza.runs.items import HeldItem
from cobranza.runs.models import ItemState, WorkItem

__all__ = [
    "Shift",
    "collect",
    "open_shift",
    "queue_of",
    "retry",
    "take",
    "ticket_changed",
    "tidy",
    "triage",
    "watch",
    "webhook",
    "work",
]

_WAIT = timedelta(seconds=5)
_BATCH = 20
_MOST_WAITS = 120
_FAILED_DAYS = timedelta(days=60)
_States = Mail.States


class ReadingFails(UnreadableMail):
    """A mail whose reading failed, or killed its robot, too many times."""

    code = "COB-DIS-012"
    remedy = "Ábralo en un programa de correo de confianza y conteste a mano; si es legítimo, avise a soporte."


# ---- taking in


def take(shift: Shift, raw: bytes, position: MailPosition) -> Mail:
    """Keep a message and its work item, in one transaction. Again only brings its position up to date."""
    with transaction.atomic():
        mail, new = storing.take(raw, position, creditor=shift.creditor, actor=shift.actor)
        if mail.state not in Mail.ENDED:
            items.add(shift.queue, mail.key, {"mail": mail.pk}, max_attempts=shift.settings.intentos)
    shift.tally.taken += new
    return mail


def triage(shift: Shift) -> int:
    """Collect and work, a batch at a time, until the mailboxes bring nothing new; returns how many were worked on.

    In batches, so that the first mail of a full mailbox does not wait until the last one is fetched.
    """
    done, before = 0, (-1, -1)
    while before != (shift.tally.taken, shift.tally.moved):
        before = shift.tally.taken, shift.tally.moved
        collect(shift, limit=_BATCH)
        done += work(shift)
    collect(shift, limit=0)
    return done


def collect(shift: Shift, *, limit: int | None = None) -> int:
    """Take in what waits in every mailbox, and move out what is done; returns how many were new.

    Args:
        shift: Whose mailboxes.
        limit: Most messages to fetch from each; all by default.
    """
    before = shift.tally.taken
    for account, mailbox in shift.mailboxes.items():
        if limit != 0:
            _collect(shift, account, mailbox, limit)
        if not context.current().rehearse:
            tidy(shift, account, mailbox)
    return shift.tally.taken - before


def _collect(shift: Shift, account: str, mailbox: Mailbox, limit: int | None) -> None:
    listed = mailbox.waiting()
    known = _known(shift, account, [one.position for one in listed])
    fresh = [one for one in listed if one.position not in known][:limit]
    for number, one in enumerate(fresh):
        context.progress(number, len(fresh), f"Recogiendo correos de {account}")
        try:
            raw = mailbox.fetch(one.position, shift.settings.tamano_maximo)
        except MailGone:
            continue  # moved by somebody, or the folder was rebuilt: the next listing tells
        except UnreadableMail as exc:
            _, new = storing.take_unread(one.position, one.size, exc, creditor=shift.creditor, actor=shift.actor)
            shift.tally.quarantined += new
            continue
        take(shift, raw, one.position)


def _known(shift: Shift, account: str, positions: Sequence[MailPosition]) -> set[MailPosition]:
    """Positions whose message we have: within one UIDVALIDITY a number means one message for ever."""
    found: set[MailPosition] = set()
    for validity in {one.uidvalidity for one in positions}:
        rows = Mail.objects.filter(
            creditor=shift.creditor, account=account, uidvalidity=validity, moved_at=None,
            uid__in=[one.uid for one in positions if one.uidvalidity == validity],
        )  # fmt: skip
        found |= {_position(row) for row in rows}
    return found


def tidy(shift: Shift, account: str, mailbox: Mailbox) -> int:
    """Move what is done out of the inbox; what could not be moved is moved the next time. Returns how many."""
    rows = Mail.objects.filter(creditor=shift.creditor, account=account, moved_at=None, state__in=Mail.ENDED)
    done = 0
    for mail in rows.order_by("pk"):
        bad = mail.state == _States.QUARANTINE
        try:
            mailbox.move(_position(mail), "Errores" if bad else "Procesados")
        except MailGone:
            continue  # the folder was rebuilt: the next listing gives its new place
        _moved(mail)
        done += 1
    shift.tally.moved += done
    return done


def _position(mail: Mail) -> MailPosition:
    return MailPosition(account=mail.account, folder=mail.folder, uidvalidity=mail.uidvalidity, uid=mail.uid)


def _moved(mail: Mail) -> None:
    with transaction.atomic():
        row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
        if (row.uidvalidity, row.uid) != (mail.uidvalidity, mail.uid):
            return  # another copy of the same message turned up meanwhile
        row.moved_at = clock.now()
        if row.state == _States.ACKNOWLEDGED:
            row.state = _States.DONE
            row.done_at = row.done_at or clock.now()
        row.save(update_fields=["moved_at", "state", "done_at"])


# ---- working


def work(shift: Shift, *, limit: int | None = None) -> int:
    """Work on the mails that wait, each once; one that fails never stops the others. Returns how many."""
    if context.current().rehearse:
        shift.tally.waiting = WorkItem.objects.filter(queue=shift.queue, state=ItemState.NEW).count()
        return 0
    items.reclaim_lost()
    done = 0
    total = WorkItem.objects.filter(queue=shift.queue, state=ItemState.NEW).count()
    for item in items.work(shift.queue, limit=limit):
        with item:
            if "note" in item.payload:
                desk_words.carry_out(lambda case: _desk(shift, case), item, actor=shift.actor)
            else:
                _work(shift, item)
        done += 1
        context.progress(done, max(total, done), "Atendiendo correos")
    surface_failed(shift.queue)
    shift.tally.worked += done
    return done


def surface_failed(queue: str) -> int:
    """Put the mails whose work item was given up in front of a person; returns how many."""
    failed = WorkItem.objects.filter(queue=queue, state__in=(ItemState.BUSINESS_ERROR, ItemState.TECHNICAL_ERROR))
    recent = failed.filter(updated_at__gt=clock.now() - _FAILED_DAYS)
    told = {one.payload["mail"]: one for one in recent if one.payload and "mail" in one.payload}
    stuck = Mail.objects.filter(pk__in=told).exclude(state__in=(*Mail.ENDED, _States.NEEDS_PERSON))
    for mail in stuck:
        item = told[mail.pk]
        why = {"code": item.error_code, "message": item.error_message, "remedy": item.error_remedy}
        storing.note_problem(mail, why, person=True)
    return len(stuck)


def _work(shift: Shift, item: HeldItem) -> None:
    mail = Mail.objects.select_related("creditor", "dispute").get(pk=item.payload["mail"])
    try:
        if mail.state == _States.NEEDS_PERSON:  # somebody has sent it back
            Mail.objects.filter(pk=mail.pk, state=mail.state).update(state=storing.step_of(mail), problem={})
            mail.refresh_from_db(fields=["state", "problem"])
        while mail.state not in Mail.ENDED and not item.settled:
            _step(shift, mail, item)
            mail = Mail.objects.select_related("creditor", "dispute").get(pk=mail.pk)
    except LeaseLost:
        raise
    except CobranzaError as exc:
        storing.note_problem(mail, exc.as_dict(), person=isinstance(exc, BusinessError))
        raise


def _step(shift: Shift, mail: Mail, item: HeldItem) -> Mail:
    """The next step of a mail; several callers may be at it, and each step happens once."""
    state = mail.state
    if mail.raw_id is None:
        raise ReadingFails("El correo no se pudo traer del buzón.")
    if state == _States.RECEIVED:
        return _read(shift, mail, item)
    read = shift.reading(mail)
    if state == _States.READ:
        return _open_or_join(shift, mail, read, item)
    if state == _States.CREATING:
        return _tell(shift, mail, read, item)
    return _acknowledge(shift, mail, read, item)


def _read(shift: Shift, mail: Mail, item: HeldItem) -> Mail:
    """Read a mail; what cannot be read is set aside whole, what no person wrote ends here."""
    if mail.readings_tried >= shift.settings.lecturas:
        shift.tally.quarantined += 1
        return storing.quarantine(mail, ReadingFails(f"Leerlo falló {mail.readings_tried} veces."))
    # Counted before it is tried: a mail that kills its reader gets there too.
    Mail.objects.filter(pk=mail.pk).update(readings_tried=mail.readings_tried + 1)
    try:
        read = shift.reading(mail)
    except UnreadableMail as exc:
        shift.tally.quarantined += 1
        return storing.quarantine(mail, exc)
    item.guard()
    row = storing.write_reading(mail, read)
    if row.duplicate_of_id is not None:
        shift.tally.again += 1
    elif row.state == _States.IGNORED:
        storing.note_bounces(row, read, actor=shift.actor)
        shift.tally.machine += 1
    return row


def _open_or_join(shift: Shift, mail: Mail, read: ReadMail, item: HeldItem) -> Mail:
    """Join the case of its thread, or open one of its own."""
    if read.sender in shift.ours:
        return storing.advance(mail, _States.IGNORED, expected=(_States.READ,), effect=_say("Es una dirección nuestra"))
    place = threads.place(read.sender, list(_earlier(mail, read)))
    if place.wait and item.attempts + int(item.payload.get("waits", 0)) < _MOST_WAITS:
        item.save({**item.payload, "waits": int(item.payload.get("waits", 0)) + 1})
        item.defer(clock.now() + _WAIT)
        return mail
    item.guard()
    if place.case is not None:
        case = cases.merged(Dispute.objects.select_related("merged_into").get(pk=place.case))

        def join(row: Mail) -> None:
            row.dispute = case
            row.save(update_fields=["dispute"])

        with transaction.atomic():
            row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
            if row.dispute_id is None:
                join(row)
            if case.state in (Dispute.States.CLOSED, Dispute.States.TO_CLOSE):
                cases.reopen(case, reason="Ha vuelto a escribir sobre lo mismo", actor=shift.actor)
            return storing.advance(row, _States.CREATING, expected=(_States.READ,))
    opening.open_case(shift, mail, read, stranger=place.stranger)
    return mail


def _say(reason: str) -> Callable[[Mail], None]:
    def write(row: Mail) -> None:
        row.kind_reason = reason
        row.save(update_fields=["kind_reason"])

    return write


def _earlier(mail: Mail, read: ReadMail) -> Iterator[threads.Earlier]:
    """Mails and answers of ours that a mail refers to, latest first."""
    ids = [one for one in mail.references if one]
    if not ids:
        return
    cited = Q(message_id__in=ids) | Q(acknowledgement__message_id__in=ids)
    rows = Mail.objects.filter(cited, creditor=mail.creditor_id, duplicate_of=None).exclude(pk=mail.pk)
    for row in rows.select_related("dispute").order_by("-pk").distinct()[:50]:
        people = {row.sender, row.reply_to} - {""}
        if row.dispute is not None:
            written = row.dispute.mails.values_list("sender", "reply_to")
            people |= {one for pair in written for one in pair if one}
            people |= contacts_of(row.dispute.debtor_id)
        waits = row.state in (_States.RECEIVED, _States.READ)
        yield threads.Earlier(case=row.dispute_id, waits=waits, people=frozenset(people))


# ---- acts outside


def _tell(shift: Shift, mail: Mail, read: ReadMail, item: HeldItem) -> Mail:
    """Open the ticket of a mail, or add the mail to its case's."""
    case = mail.dispute
    if case is None:
        raise storing.MailState(f"El correo {mail.pk} no tiene caso.")
    if not mail.opens:
        return _comment(shift, mail, read, case, item)
    if not case.ticket:
        desk = _desk(shift, case)
        files = ticketing.files_of(bytes(mail.raw.content if mail.raw else b""), read)
        wanted = ticketing.of_request(case.key, case.request, files)
        follows = case.follows.ticket if case.follows else ""
        ticket = item.once(
            look_up=lambda: desk.find(case.key),
            act=lambda: desk.open(wanted, follows=follows),
            intent={"ticket": case.key},
        )
        cases.set_ticket(case, ticket, desk=case.desk, actor=shift.actor)
        shift.tally.tickets += 1
    return _created(shift, mail, read)


def _comment(shift: Shift, mail: Mail, read: ReadMail, case: Dispute, item: HeldItem) -> Mail:
    case = cases.merged(case)
    if not case.ticket:
        item.defer(clock.now() + _WAIT)  # the mail that opens it is being worked on
        return mail
    files = ticketing.files_of(bytes(mail.raw.content if mail.raw else b""), read)
    text = read.own_text.strip() or read.body.strip() or "(sin texto)"
    item.guard()
    try:
        _desk(shift, case).comment(
            NewComment(
                key=cases.key_of(mail), ticket=case.ticket, text=text, public=True, author=read.sender, files=files
            )
        )
    except TicketClosed:
        opening.open_case(shift, mail, read, stranger=False, follows=case)
        return mail
    shift.tally.comments += 1
    return _created(shift, mail, read)


def _created(shift: Shift, mail: Mail, read: ReadMail) -> Mail:
    if shift.take_attachments is not None and read.attachments:
        shift.take_attachments(mail, read)
    return storing.advance(
        mail,
        _States.CREATED,
        expected=(_States.CREATING,),
        effect=lambda row: talking.heard(row, read, actor=shift.actor),
    )


def _acknowledge(shift: Shift, mail: Mail, read: ReadMail, item: HeldItem) -> Mail:
    """Answer that the mail arrived, once."""
    if mail.dispute is None:
        raise storing.MailState(f"El correo {mail.pk} no tiene caso.")
    case = cases.merged(mail.dispute)
    waits = case.review == Dispute.Reviews.WAITING and bool(mail.judgement.get("abstain"))
    row = answers.plan(
        mail,
        read,
        case,
        None if waits else shift.categories.get(case.category),
        address=shift.addresses.get(mail.account, "") if mail.account in shift.senders else "",
        ours=shift.ours,
        signature=shift.signature,
        settings=shift.settings,
        actor=shift.actor,
    )
    if row.state not in Outgoing.ENDED:
        item.guard()
        row = answers.send(row, shift.senders[mail.account], actor=shift.actor)
        shift.tally.acknowledged += row.state == Outgoing.States.ACCEPTED
    return storing.advance(mail, _States.ACKNOWLEDGED, expected=(_States.CREATED,))


def _desk(shift: Shift, case: Dispute) -> TicketDesk:
    if case.desk not in shift.desks:
        shift.desks[case.desk] = open_desk(case.desk)
    return shift.desks[case.desk]


# ---- what a person sends back


def retry(mail: Mail, *, person: str) -> Mail:
    """Send a mail of quarantine, or one that waits for a person, back to where it stopped.

    Raises:
        MailState: it does not wait, or its bytes were never fetched or are forgotten.
    """
    with transaction.atomic():
        row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
        whole = row.raw_id is not None and row.erased_at is None
        if row.state not in (_States.QUARANTINE, _States.NEEDS_PERSON) or not whole:
            raise storing.MailState(f"El correo {row.pk} no espera a nadie, o no se tiene.")
        deciding.record_retry(row, person=person)
        if row.state == _States.QUARANTINE:
            row.state, row.readings_tried = _States.RECEIVED, 0
        row.problem, row.done_at = {}, None
        row.save(update_fields=["state", "readings_tried", "problem", "done_at"])
        item = WorkItem.objects.filter(reference=row.key, queue=queue_of(row.creditor.key)).first()
        if item is not None and item.state in (ItemState.BUSINESS_ERROR, ItemState.TECHNICAL_ERROR):
            items.reopen(item.pk, by=person)
        elif item is None or item.state == ItemState.DONE:
            again = f"{row.key}·{row.decisions.count()}"
            items.add(queue_of(row.creditor.key), again, {"mail": row.pk}, max_attempts=settings().intentos)
    return row
