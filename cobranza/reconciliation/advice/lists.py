"""Advices without a table: "F26/001 1.210,00; F26/002 605,50" in the lines of a message.

Only what the stated total proves is believed: a list has no headings that say what a figure is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from cobranza.kernel.spanish import plain
from cobranza.reconciliation.advice import layout, values
from cobranza.reconciliation.advice.ports import MAX_LINE, Page
from cobranza.reconciliation.advice.records import ZERO, RemittanceLine
from cobranza.reconciliation.advice.vocabulary import total_of, vocabulary
from cobranza.regimes.payments import wording

_REFERENCE = re.compile(r"(?<![A-Z0-9])(?=[A-Z0-9/\-.]*\d)[A-Z0-9][A-Z0-9/\-.]*[A-Z0-9](?![A-Z0-9])", re.IGNORECASE)
_SUM = re.compile(r"^(?:SUB ?)?TOTAL|\bSUMA\b|\bIMPORTE TOTAL\b|\bPOR IMPORTE DE\b|\bTOTAL DE\b")
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_TAX_ID = re.compile(r"\b(?:N\.?I\.?F|C\.?I\.?F|RUC|RFC|RUT|NIT|CUIT|TEL|FAX|CP|IBAN)\.?[ :]")


def read(pages: Sequence[Page], decimal: str) -> list[RemittanceLine]:
    """Every pair of a document and the amount after it, in the order of the text."""
    found: list[RemittanceLine] = []
    for page in pages:
        for row in page.rows:
            line = " ".join(cell.text for cell in layout.phrases(row, page.grid))[:MAX_LINE]
            if _SUM.search(plain(line)) or total_of(line.partition(":")[0]) is not None or _TAX_ID.search(plain(line)):
                continue
            found += _pairs(_ACCOUNT.sub(" ", line), page.name, row.number, decimal)
    return found


def _pairs(line: str, page: str, row: int, decimal: str) -> list[RemittanceLine]:
    amounts = values.amounts_in(line)
    result: list[RemittanceLine] = []
    start = 0
    for begin, end, written in amounts:
        value = values.amount(written, decimal)
        before = line[start:begin]
        start = end
        names = _references(before)
        if value is None or not names:
            continue
        if plain(before).split() and any(word in vocabulary().credit_kinds for word in plain(before).split()):
            value = -abs(value)
        day = values.first_day(before)
        result.append(
            RemittanceLine(document=names[-1], others=tuple(names[:-1]), issued_on=day, paid=value, page=page, row=row)
        )
    return result


def _references(text: str) -> list[str]:
    bare = re.sub(r"\d{1,2}[/.\-]\d{1,2}[/.\-]\d{2,4}|\d{4}-\d{2}-\d{2}", " ", text)
    words = wording().document_words
    found = []
    for match in _REFERENCE.finditer(bare):
        word = match[0]
        digits = sum(char.isdigit() for char in word)
        if digits >= 3 or (digits >= 1 and plain(bare[: match.start()]).rstrip(" .:").split(" ")[-1] in words):
            found.append(word)
    return found


def total(lines: Sequence[RemittanceLine]) -> Decimal:
    """Sum of what is paid."""
    return sum((line.paid for line in lines), ZERO)
