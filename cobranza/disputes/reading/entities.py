"""What a message names: papers, amounts, days, tax ids, accounts; of every zone, as what is quoted tells "
"the context."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cobranza.disputes.ports import Entity, Span, Zone
from cobranza.disputes.reading import accounts, dates, documents, money, quote_marks, tax_ids
from cobranza.disputes.reading.found import Found, without_overlaps

_LONGEST = 30_000
"""Characters of the body that are looked at; debtors do not name invoices after page ten."""


@dataclass(frozen=True, slots=True)
class Identifiers:
    """Accounts and tax ids of subject and body: found before the country is known, as they tell it."""

    subject: tuple[Found, ...]
    body: tuple[Found, ...]

    @property
    def countries(self) -> Mapping[str, int]:
        """Countries that gave them out, and how many each; only valid ones count."""
        return Counter(each.country for each in (*self.subject, *self.body) if each.country and each.valid)


def identifiers(subject: str, body: str) -> Identifiers:
    """Accounts and tax ids."""
    return Identifiers(tuple(_identifiers(subject)), tuple(_identifiers(body[:_LONGEST])))


def _identifiers(text: str) -> list[Found]:
    return without_overlaps(accounts.find(text) + tax_ids.find(text)) if any(sign.isdigit() for sign in text) else []


def find(
    subject: str, body: str, spans: Sequence[Span], known: Identifiers, *, country: str, language: str
) -> tuple[Entity, ...]:
    """Entities of subject and body, in order of place, the subject's first.

    Args:
        subject: One line.
        body: Whole.
        spans: Its zones.
        known: From `identifiers` of the same texts.
        country: Decides what a bare «$» and 3/4 are.
        language: Likewise.
    """
    head = body[:_LONGEST]
    papers: set[str] = set()
    above = _of_text(subject, known.subject, country, language, papers)
    below = _of_text(head, known.body, country, language, papers)
    if papers:  # what the body calls an invoice is one in the subject too
        above = _of_text(subject, known.subject, country, language, papers)
    found = [_entity(each, subject, "subject", Zone.NEW) for each in above]
    starts = [span.start for span in spans]
    for each in below:
        zone = spans[bisect_right(starts, each.start) - 1].zone if spans else Zone.NEW
        if each.type == "date" and zone in (Zone.QUOTED, Zone.FORWARDED) and _in_header(head, each.start):
            continue
        found.append(_entity(each, head, "body", zone))
    return tuple(found)


def _of_text(text: str, known: Sequence[Found], country: str, language: str, papers: set[str]) -> list[Found]:
    if not any(sign.isdigit() for sign in text):
        return []
    # a day written with points or hyphens also looks like a number of something: amounts, then days, then papers
    surer = without_overlaps([*known, *money.find(text, country=country, language=language)])
    surer = without_overlaps([*surer, *dates.find(text, country=country, language=language)])
    return without_overlaps([*surer, *documents.find(text, surer, papers)])


def _in_header(text: str, start: int) -> bool:
    """Days in the header lines of what is quoted say when it was sent, not what it is about."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", start)
    line = text[line_start : line_end if line_end >= 0 else len(text)][: quote_marks.LONGEST].strip()
    return bool(
        quote_marks.FIELD.match(line) or quote_marks.INTRO_END.search(line) or quote_marks.DATED_ADDRESS.match(line)
    )


def _entity(each: Found, text: str, where: str, zone: Zone) -> Entity:
    return Entity(
        type=each.type,
        text=text[each.start : each.end],
        value=each.value,
        start=each.start,
        end=each.end,
        where=where,
        zone=zone,
        valid=each.valid,
    )
