"""Mails in the database: taken in once whatever arrives twice, and moved on one committed step at a time."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from cobranza.disputes.models import Bounce, Mail, RawMail, Suppression
from cobranza.disputes.ports import Kind, MailPosition, ReadMail
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError, CobranzaError
from cobranza.ledger import canonical
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Contact, Creditor

States = Mail.States
_MOST_TEXT = 200_000
_MOST_ID = 600
_MOST_REFERENCES = 100
_HEAD = 65_536
_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s{0,200}(<[^<>\s]{1,500}>)")


class MailState(BusinessError):
    """A mail is not where this step expects it."""

    code = "COB-DIS-011"
    remedy = "Vuelva a cargar la página: otro proceso ha seguido con este correo."


def key_of(raw: bytes) -> str:
    """The identity of a message: SHA-256 of its bytes."""
    return hashlib.sha256(raw).hexdigest()


def take(raw: bytes, position: MailPosition, *, creditor: Creditor, actor: Actor) -> tuple[Mail, bool]:
    """Keep a message whole, by its hash. Again only brings its position up to date.

    Args:
        raw: The bytes as fetched.
        position: Where it lies now.
        creditor: Whose mailbox it is.
        actor: Who takes it.

    Returns:
        The mail and whether it was new.
    """
    key = key_of(raw)
    with transaction.atomic():
        RawMail.objects.bulk_create([RawMail(key=key, content=raw)], ignore_conflicts=True)
        named = _MESSAGE_ID.search(raw[:_HEAD].partition(b"\r\n\r\n")[0])
        return _enter(
            key,
            len(raw),
            position,
            creditor=creditor,
            actor=actor,
            raw_id=key,
            # Known before it is read, so that an answer to it that another robot reads first waits for its case.
            message_id=named[1].decode("ascii", "replace") if named else "",
        )


def take_unread(
    position: MailPosition, size: int, problem: CobranzaError, *, creditor: Creditor, actor: Actor
) -> tuple[Mail, bool]:
    """Keep word of a message that may not be fetched (too large): it stays in the mailbox, in quarantine."""
    place = f"{position.account}/{position.folder}/{position.uidvalidity}/{position.uid}"
    key = hashlib.sha256(f"sin leer: {place}".encode()).hexdigest()
    with transaction.atomic():
        mail, new = _enter(key, size, position, creditor=creditor, actor=actor, raw_id=None)
        if new:
            mail.state, mail.problem, mail.done_at = States.QUARANTINE, problem.as_dict(), clock.now()
            mail.save(update_fields=["state", "problem", "done_at"])
    return mail, new


def _enter(
    key: str,
    size: int,
    position: MailPosition,
    *,
    creditor: Creditor,
    actor: Actor,
    raw_id: str | None,
    message_id: str = "",
) -> tuple[Mail, bool]:
    fresh = Mail(
        key=key,
        creditor=creditor,
        raw_id=raw_id,
        size=size,
        message_id=message_id,
        account=position.account,
        folder=position.folder,
        uidvalidity=position.uidvalidity,
        uid=position.uid,
        received_at=clock.now(),
    )
    Mail.objects.bulk_create([fresh], ignore_conflicts=True)
    mail = Mail.objects.select_for_update(no_key=True).get(creditor=creditor, key=key)
    if mail.received_at == fresh.received_at:
        record("mail.received", mail, {"key": key, "account": position.account}, actor, creditor=creditor, seals=[mail])
        return mail, True
    mail.account, mail.folder = position.account, position.folder
    mail.uidvalidity, mail.uid, mail.moved_at = position.uidvalidity, position.uid, None
    mail.save(update_fields=["account", "folder", "uidvalidity", "uid", "moved_at"])
    return mail, False


def advance(mail: Mail, to: str, *, expected: tuple[str, ...], effect: Callable[[Mail], None] | None = None) -> Mail:
    """Move a mail to its next state, with `effect` in the same transaction; already there or further changes nothing.

    Raises:
        MailState: it is neither in an expected state nor past it.
    """
    with transaction.atomic():
        row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
        if row.state not in expected:
            order = list(States)
            if row.state in Mail.ENDED or order.index(States(row.state)) >= order.index(States(to)):
                return row
            raise MailState(f"El correo está «{row.get_state_display()}».")
        row.state, row.problem = to, {}
        if to in Mail.ENDED and row.done_at is None:
            row.done_at = clock.now()
        row.save(update_fields=["state", "problem", "done_at"])
        if effect is not None:
            effect(row)
    return row


def write_reading(mail: Mail, read: ReadMail) -> Mail:
    """Keep what was read. A second delivery of the same message ends here, as does what no person wrote.

    Returns:
        The mail: read, or ignored with the reason.
    """
    try:
        with transaction.atomic():
            return _write_reading(mail, read, duplicate=None)
    except IntegrityError as exc:
        rule = getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None)
        if rule != "disputes_mail_once":
            raise
    first = Mail.objects.get(creditor=mail.creditor_id, canonical=read.canonical, duplicate_of=None)
    with transaction.atomic():
        return _write_reading(mail, read, duplicate=first)


def _write_reading(mail: Mail, read: ReadMail, *, duplicate: Mail | None) -> Mail:
    row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
    if row.state != States.RECEIVED:
        return row
    for name, value in _columns(read).items():
        setattr(row, name, value)
    row.problem = {}
    row.state = States.READ
    if duplicate is not None:
        row.duplicate_of, row.state = duplicate, States.IGNORED
        row.kind_reason = f"Es otra entrega del correo {duplicate.pk}"
    elif read.kind is not Kind.HUMAN:
        row.state = States.IGNORED
    if row.state == States.IGNORED:
        row.done_at = clock.now()
    row.save()
    return row


def _columns(read: ReadMail) -> dict[str, Any]:
    columns = {
        "canonical": read.canonical,
        "message_id": read.message_id[:_MOST_ID],
        "references": [one[:_MOST_ID] for one in read.references[-_MOST_REFERENCES:]],
        "sender": read.sender[:320],
        "sender_name": read.sender_name[:300],
        "reply_to": read.reply_to[:320],
        "subject": read.subject[:2000],
        "kind": read.kind.value,
        "kind_reason": read.kind_reason,
        "lang": read.lang[:2],
        "own_text": read.own_text[:_MOST_TEXT],
        "reading": {
            "body": read.body[:_MOST_TEXT],
            "spans": [[span.zone.value, span.start, span.end] for span in read.spans],
            "entities": [
                [one.type, one.text, one.value, one.start, one.end, one.where, one.zone.value, one.valid]
                for one in read.entities
            ],
            "attachments": [[one.name, one.media_type, one.sha256, len(one.content)] for one in read.attachments],
            "notes": list(read.notes),
            "to": list(read.to),
            "country": read.country,
        },
    }
    clean: dict[str, Any] = canonical.plain(columns)  # PostgreSQL holds neither NUL nor lone surrogates
    return clean | {"sent_at": read.date}


# ---- what machines say


def note_bounces(mail: Mail, read: ReadMail, *, actor: Actor) -> int:
    """Read delivery reports into the contact data; returns how many addresses are not to be written to any more."""
    suppressed = 0
    for one in read.bounce:
        address = canonical.plain(one.recipient.lower())[:320]
        with transaction.atomic():
            Bounce.objects.get_or_create(
                mail=mail,
                address=address,
                defaults={
                    "status": canonical.plain(one.status)[:20],
                    "permanent": one.permanent,
                    "diagnostic": canonical.plain(one.diagnostic),
                    "original_id": canonical.plain(one.original_id)[:_MOST_ID],
                    "at": clock.now(),
                },
            )
            if one.permanent and address:
                suppressed += suppress(
                    address, actor=actor, creditor=mail.creditor, mail=mail, status=one.status, why=one.diagnostic,
                    original=one.original_id,
                )  # fmt: skip
    return suppressed


def suppress(
    address: str,
    *,
    actor: Actor,
    creditor: Creditor,
    mail: Mail | None = None,
    status: str = "",
    why: str = "",
    original: str = "",
) -> bool:
    """Write no more to an address; the event names the contacts that have it. Again changes nothing.

    Args:
        original: Message-ID of what came back, where the report tells it.
    """
    with transaction.atomic():
        fresh = Suppression(
            address=address.lower(),
            mail=mail,
            status=canonical.plain(status)[:20],
            diagnostic=canonical.plain(why),
            at=clock.now(),
        )
        if Suppression.objects.filter(address=fresh.address, lifted_at=None).exists():
            return False
        Suppression.objects.bulk_create([fresh], ignore_conflicts=True)
        row = Suppression.objects.get(address=fresh.address, lifted_at=None)
        if row.at != fresh.at:
            return False
        contacts = Contact.objects.filter(kind=Contact.Kinds.EMAIL, value__iexact=fresh.address)
        ids = list(contacts.order_by("pk").values_list("pk", flat=True)[:100])
        payload = {
            "address": fresh.address, "status": fresh.status, "contacts": ids,
            "why": fresh.diagnostic[:300], "original": canonical.plain(original)[:_MOST_ID],
        }  # fmt: skip
        record("contact.suppressed", row, payload, actor, creditor=creditor, seals=[row])
    return True


def lift_suppression(row: Suppression, *, person: str) -> Suppression:
    """A person says that the address may be written to again."""
    with transaction.atomic():
        found = Suppression.objects.select_for_update(no_key=True).get(pk=row.pk)
        if found.lifted_at is None:
            found.lifted_at, found.lifted_by = clock.now(), person
            found.save(update_fields=["lifted_at", "lifted_by"])
            record("contact.allowed", found, {"address": found.address}, Actor.person(person), seals=[found])
    return found


def is_suppressed(address: str) -> bool:
    """Whether an address bounced for good and nobody has said otherwise."""
    return bool(address) and Suppression.objects.filter(address=address.lower(), lifted_at=None).exists()


# ---- what went wrong


def quarantine(mail: Mail, problem: CobranzaError) -> Mail:
    """Set a mail aside whole, with the reason."""

    def explain(row: Mail) -> None:
        row.problem = problem.as_dict()
        row.save(update_fields=["problem"])

    return advance(mail, States.QUARANTINE, expected=(States.RECEIVED, States.READ), effect=explain)


def note_problem(mail: Mail, problem: dict[str, str], *, person: bool) -> None:
    """Keep why the last try failed; with `person` somebody has to look before it is tried again."""
    with transaction.atomic():
        row = Mail.objects.select_for_update(no_key=True).get(pk=mail.pk)
        if row.state in Mail.ENDED:
            return
        row.tries += 1
        row.problem = canonical.plain(problem)
        if person:
            row.state = States.NEEDS_PERSON
        row.save(update_fields=["tries", "problem", "state"])


def step_of(mail: Mail) -> str:
    """The state from which a mail that waited for a person goes on: what was done stays done."""
    if not mail.canonical:
        return States.RECEIVED
    if mail.dispute is None:
        return States.READ
    return States.CREATED if _told(mail) else States.CREATING


def _told(mail: Mail) -> bool:
    """The desk has the mail: its acknowledgement was planned after it."""
    return hasattr(mail, "acknowledgement")
