"""What the desk is asked for: the ticket of a case, kept as it was first asked so that every try is the same. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from cobranza.disputes import answering
from cobranza.disputes.holding import Planned
from cobranza.disputes.linking import Document, Linked
from cobranza.disputes.policy import Review
from cobranza.disputes.ports import Attachment, Category, Judgement, NewTicket, Priority, ReadMail, Route
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money

TO_REVIEW, FRAUD = "por_revisar", "posible_fraude"
_SUBJECT = 150
_MOST_TEXT = 60_000


def ask(
    mail: ReadMail,
    judgement: Judgement,
    entry: Category,
    linked: Linked,
    held: Sequence[Planned],
    review: Review,
    *,
    names: Mapping[str, str],
    reply: str,
    due: datetime | None,
    fallback: str,
    today: Any,
) -> dict[str, Any]:
    """The ticket to open, as JSON; `of_request` makes it a `NewTicket` again.

    Args:
        mail: As read.
        judgement: What counts.
        entry: Its category.
        linked: What it was tied to.
        held: What is held.
        review: Why a person has to look.
        names: Spanish names of the categories.
        reply: The suggested reply.
        due: By when.
        fallback: Address of ours, as requester of a mail without sender.
        today: In the creditor's zone.
    """
    tags = ["cobranza", entry.slug, f"idioma_{mail.lang}"]
    tags += [judgement.secondary] if judgement.secondary else []
    tags += [TO_REVIEW] if review.wanted else []
    tags += [FRAUD] if review.alert else []
    documents = [one.document for one in linked.named]
    return {
        "requester": mail.sender or fallback,
        "requester_name": mail.sender_name,
        "subject": _subject(mail, entry),
        "text": (mail.own_text.strip() or mail.body.strip() or "(sin texto)")[:_MOST_TEXT],
        "note": note(mail, judgement, linked, held, review, names=names, reply=reply, today=today),
        "group": entry.department,
        "form": entry.form,
        "fields": {
            "categoria": entry.slug,
            "confianza": f"{judgement.confidence:.2f}",
            "deudor": f"{linked.party.name} {linked.party.tax_id}".strip() if linked.party else "",
            "pais": mail.country,
            "facturas": ", ".join(document.number for document in documents),
            "importe": "; ".join(_held(one) for one in held),
        },
        "tags": tags,
        "priority": (Priority.URGENT if review.alert else entry.priority).value,
        "due": due.isoformat() if due else "",
    }


def of_request(key: str, request: Mapping[str, Any], files: Sequence[Attachment]) -> NewTicket:
    """The ticket of a stored request."""
    return NewTicket(
        key=key,
        requester=request["requester"],
        requester_name=request["requester_name"],
        subject=request["subject"],
        text=request["text"],
        note=request["note"],
        group=request["group"],
        form=request["form"],
        fields=request["fields"],
        tags=tuple(request["tags"]),
        priority=Priority(request["priority"]),
        due=datetime.fromisoformat(request["due"]) if request["due"] else None,
        files=tuple(files),
    )


def route(
    entry: Category,
    *,
    moves: bool,
    secondary: str,
    waits: bool,
    alert: bool,
    before: Collection[str],
    fields: Mapping[str, str],
    due: datetime | None,
) -> dict[str, Any]:
    """Where a ticket belongs once a person has decided, as JSON; `of_route` makes it a `Route` again.

    Args:
        entry: The category that counts now.
        moves: It is another than before; otherwise the ticket stays where people at the desk may have put it.
        secondary: The second matter, "" for none.
        waits: Somebody still has to look.
        alert: It may be a fraud.
        before: Tags that earlier categories may have put on it.
        fields: Values by slug of field.
        due: By when.
    """
    tags = [
        entry.slug,
        *([secondary] if secondary else []),
        *([TO_REVIEW] if waits else []),
        *([FRAUD] if alert else []),
    ]
    return {
        "group": entry.department if moves else "",
        "form": entry.form if moves else "",
        "fields": {"categoria": entry.slug, **fields},
        "tags": tags,
        "untags": sorted({*before, TO_REVIEW, FRAUD} - {"", *tags}),
        "priority": (Priority.URGENT if alert else entry.priority).value if moves else "",
        "due": due.isoformat() if due and moves else "",
    }


def of_route(stored: Mapping[str, Any]) -> Route:
    """The route of a stored one."""
    return Route(
        group=stored["group"],
        form=stored["form"],
        fields=stored["fields"],
        tags=tuple(stored["tags"]),
        untags=tuple(stored["untags"]),
        priority=Priority(stored["priority"]) if stored["priority"] else None,
        due=datetime.fromisoformat(stored["due"]) if stored["due"] else None,
    )


def files_of(raw: bytes, mail: ReadMail) -> tuple[Attachment, ...]:
    """The message itself, whole, and its attachments."""
    whole = Attachment(
        name="mensaje.eml", media_type="message/rfc822", sha256=hashlib.sha256(raw).hexdigest(), content=raw
    )
    return (whole, *mail.attachments)


def note(
    mail: ReadMail,
    judgement: Judgement,
    linked: Linked,
    held: Sequence[Planned],
    review: Review,
    *,
    names: Mapping[str, str],
    reply: str,
    today: Any,
) -> str:
    """The internal comment: what has to be looked at, why this category, the documents, the suggested reply."""
    blocks: list[list[str]] = []
    if review.wanted:
        blocks.append(["ATENCIÓN" if review.alert else "Por revisar:", *[f"- {reason}" for reason in review.reasons]])
    share = round(judgement.confidence * 100)
    blocks.append(
        [
            f"Categoría: {names.get(judgement.label, judgement.label)} ({share} %, modelo {judgement.model})",
            *[f"- {reason}" for reason in judgement.reasons[:6]],
            *(
                [f"Segundo asunto: {names.get(judgement.secondary, judgement.secondary)}"]
                if judgement.secondary
                else []
            ),
        ]
    )
    blocks.append(_tied(linked, held, today))
    if mail.notes:
        blocks.append(["Del mensaje:", *[f"- {one}" for one in mail.notes]])
    if reply:
        blocks.append(["Respuesta propuesta (revísela antes de enviarla):", "", reply.rstrip()])
    return "\n\n".join("\n".join(block) for block in blocks)[:_MOST_TEXT]


def _tied(linked: Linked, held: Sequence[Planned], today: Any) -> list[str]:
    lines = [f"Deudor: {linked.party.name}" if linked.party else "Deudor: sin identificar"]
    lines += [f"- {reason}" for reason in linked.reasons]
    for one in linked.named:
        lines.append(f"Documento: {answering.cited(one.document, today)}{_extra(one.document)}")
    lines += [f"Retenido: {_held(one)}" for one in held]
    for document in linked.suggested:
        lines.append(f"Sin unir, de otro deudor: {document.number}")
    return lines


def _extra(document: Document) -> str:
    if document.held <= 0:
        return ""
    return f" (ya retenidos {write_money(Money(document.currency, document.held))})"


def _held(one: Planned) -> str:
    amount = one.amount if one.amount is not None else one.named.document.open
    return f"{one.named.document.number}: {write_money(Money(one.named.document.currency, amount))}"


def _subject(mail: ReadMail, entry: Category) -> str:
    own = " ".join(mail.subject.split())[:_SUBJECT]
    return own or entry.name
