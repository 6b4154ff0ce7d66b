"""A read message as plain data, for JSON: the keys of `cobranza disputes parse`."""

from __future__ import annotations

from typing import Any

from cobranza.disputes.ports import Entity, ReadMail


def of(mail: ReadMail) -> dict[str, Any]:
    """Everything but the content of the files."""
    return {
        "key": mail.key,
        "message_id": mail.message_id,
        "references": list(mail.references),
        "sender": mail.sender,
        "sender_name": mail.sender_name,
        "reply_to": mail.reply_to,
        "to": list(mail.to),
        "date": mail.date.isoformat() if mail.date is not None else None,
        "subject": mail.subject,
        "kind": mail.kind.value,
        "kind_reason": mail.kind_reason,
        "lang": mail.lang,
        "country": mail.country,
        "own_text": mail.own_text,
        "body": mail.body,
        "spans": [{"zone": span.zone.value, "start": span.start, "end": span.end} for span in mail.spans],
        "entities": [entity(each) for each in mail.entities],
        "attachments": [
            {"name": each.name, "media_type": each.media_type, "sha256": each.sha256, "size": len(each.content)}
            for each in mail.attachments
        ],
        "bounce": [
            {
                "recipient": each.recipient,
                "status": each.status,
                "permanent": each.permanent,
                "diagnostic": each.diagnostic,
                "original_id": each.original_id,
            }
            for each in mail.bounce
        ],
        "notes": list(mail.notes),
    }


def entity(found: Entity) -> dict[str, Any]:
    """One entity; `in` is where its offsets count: "subject" or "body"."""
    return {
        "type": found.type,
        "text": found.text,
        "value": found.value,
        "start": found.start,
        "end": found.end,
        "in": found.where,
        "zone": found.zone.value,
        "valid": found.valid,
    }
