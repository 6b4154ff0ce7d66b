"""What people decided in the tray, as labelled messages that a classifier learns from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cobranza.disputes.deciding import labelled
from cobranza.disputes.ports import UnreadableMail
from cobranza.disputes.reading import reader


def lines(creditor: int | None = None) -> Iterator[dict[str, Any]]:
    """One labelled message for each mail that a person decided, oldest decision first.

    Args:
        creditor: Of one company; all by default.

    Returns:
        Rows with the keys of a line of the corpus (``classifiers/disputes/corpus/``). A mail that can be read no more
        (a limit has been lowered since) teaches nothing.
    """
    for said in labelled(creditor):
        try:
            mail = reader.read(said.raw)
        except UnreadableMail:
            continue
        if not mail.body.strip():
            continue
        yield {
            "id": f"decidido-{said.key[:16]}",
            "lang": mail.lang,
            "country": mail.country,
            "from": mail.sender,
            "subject": mail.subject,
            "body": mail.body,
            "own_text": mail.body,  # whoever learns reads the body again, as it reads new mails
            "label": said.label,
            "secondary": said.secondary or None,
            "attachments": [file.name for file in mail.attachments],
        }
