"""A letter as a PDF: one look with the papers that the legal department files, the same bytes for the same letter."""

from __future__ import annotations

from datetime import datetime

from cobranza.dunning.ports import Outgoing
from cobranza.kernel import clock
from cobranza.kernel.spanish import write_day

_PLACES = {"es": "Referencia", "en": "Reference", "pt": "Referência"}


def pdf(message: Outgoing, *, reference: str, at: datetime | None = None) -> bytes:
    """A4 pages: addressee in the window of a DL envelope, day and reference, subject, text.

    Args:
        message: `to` is the postal address on lines, the name first.
        reference: Printed, so that an answer can name it.
        at: Its day; None today.
    """
    from cobranza.legal.bundle import typeset  # reportlab and its letters: only who prints pays for them

    day = write_day((at or clock.now()).date())
    story = [
        typeset.text("\n".join(lines_of(message.to)), typeset.ADDRESS),
        typeset.text(f"{day} · {_PLACES.get(message.language, _PLACES['es'])} {reference}", typeset.NOTE),
        *([typeset.text(message.subject, typeset.TITLE)] if message.subject else []),
        *(typeset.text(part, typeset.BODY) for part in message.text.split("\n\n") if part.strip()),
    ]
    return typeset.typeset(story, title=message.subject or reference, language=message.language).content


def lines_of(address: str) -> list[str]:
    """The lines of a postal address; one written in a single line is broken at its commas.

    >>> lines_of("Ferretería Pepa, S.L.\\nC/ Mayor 1\\n28013 Madrid")
    ['Ferretería Pepa, S.L.', 'C/ Mayor 1', '28013 Madrid']
    >>> lines_of("C/ Mayor 1, 28013 Madrid")
    ['C/ Mayor 1', '28013 Madrid']
    """
    parts = address.splitlines() if "\n" in address else address.split(",")
    return [" ".join(part.split()) for part in parts if part.strip()]
