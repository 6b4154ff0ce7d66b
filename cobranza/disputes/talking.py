"""What this room hears and answers, as words of the one conversation with a debtor that all rooms share."""

from __future__ import annotations

from cobranza.disputes.models import Dispute, Mail, Outgoing
from cobranza.disputes.ports import ReadMail
from cobranza.ledger import conversation
from cobranza.ledger.events import Actor

ROOM = "disputas"


def heard(mail: Mail, read: ReadMail, *, actor: Actor) -> None:
    """A mail of a person, with its case's debtor; it is attended to here, so no other room answers it."""
    case = mail.dispute
    word = conversation.note(
        f"mail:{mail.key}",
        channel="email",
        direction="in",
        text=read.own_text.strip() or read.body.strip(),
        at=mail.received_at,
        actor=actor,
        debtor=case.debtor if case is not None else None,
        address=mail.sender,
        subject=mail.subject,
        reference=_reference(mail.dispute_id),
    )
    conversation.handled(word, by=ROOM)


def answered(answer: Outgoing, *, actor: Actor) -> None:
    """An acknowledgement that the server took."""
    case = answer.mail.dispute
    conversation.note(
        f"acuse:{answer.message_id}",
        channel="email",
        direction="out",
        text=answer.text,
        at=answer.ended_at or answer.mail.received_at,
        actor=actor,
        debtor=case.debtor if case is not None else None,
        address=answer.to,
        subject=answer.subject,
        reference=_reference(answer.mail.dispute_id),
    )


def belongs(case: Dispute, *, actor: Actor) -> None:
    """A person has said whose case it is."""
    conversation.belongs(_reference(case.pk), case.debtor, actor=actor)


def forgotten(mail: Mail, *, sender: bool) -> None:
    """The mail is erased, and so are its words here and those of its answer."""
    answer = Outgoing.objects.filter(mail=mail).first()
    keys = [f"mail:{mail.key}", *([f"acuse:{answer.message_id}"] if answer else [])]
    conversation.erase(keys, sender=sender)


def _reference(case: int | None) -> str:
    return f"caso:{case}" if case is not None else ""
