"""How much of which document is not to be claimed while a case is open. Pure.

Only what is disputed, and never more than is owed: of an invoice of 1,210 with 200 too many, 200 are held and 1,010
go on. When the text names no figure that can be the disputed one, the whole document is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cobranza.disputes.linking import Named, money
from cobranza.disputes.ports import Entity, Hold, ReadMail, Zone
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money

ZERO = Decimal(0)
_BEFORE = 48
_AFTER = 28

# The figure is what it should have been: what is disputed is the rest.
_SHOULD = re.compile(
    r"deb(?:er[ií]a|[ií]a|iera|e)\s+(?:de\s+)?(?:ser|haber\s+sido|figurar|poner|facturar|cobrar)|lo\s+(?:correcto|pactado|acordado|"
    r"presupuestado|convenido|pedido)|(?:precio|importe|total|monto|valor)\s+(?:correcto|pactado|acordado|real)|"
    r"en\s+(?:lugar|vez)\s+de(?!\s+los)|presupuesto|cotizaci[oó]n|pedido\s+(?:era|fue|es)|should\s+(?:be|have\s+been|read)|"
    r"correct\s+(?:amount|total|price)|agreed|quoted?\s+(?:at|price)|deveria|devia|o\s+correto|valor\s+correto|combinad[oa]|"
    r"or[cç]amento|acordado",
    re.IGNORECASE,
)
# The figure is what is too many.
_TOO_MANY = re.compile(
    r"de\s+m[aá]s|sobran?|exceso|diferencia|indebid|err[oó]ne[oa]|incorrect[oa]|no\s+(?:corresponde|procede|recib)|duplicad|"
    r"cargo\s+(?:de|por)|recargo|penalizaci[oó]n|inter[eé]s|portes|gastos|over\s?charge|too\s+much|extra|difference|excess|"
    r"duplicate|a\s+mais|cobrad[oa]\s+a\s+mais|diferen[cç]a|indevid",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What is to be held of one document.

    Attributes:
        named: The document and how it was tied.
        amount: In the document's currency; None for all that is open.
        why: Spanish, for the hold.
    """

    named: Named
    amount: Decimal | None
    why: str


def plan(policy: Hold, named: Sequence[Named], mail: ReadMail) -> tuple[Planned, ...]:
    """What a category's policy holds of the documents that a message is about.

    Credit notes and settled documents have nothing to hold.

    Args:
        policy: Of the category.
        named: Documents of the sender's debtor.
        mail: For the figures that it names.
    """
    held: list[Planned] = []
    if policy is Hold.NONE:
        return ()
    for entry in named:
        document = entry.document
        if document.open <= ZERO:
            continue
        if policy is Hold.NAMED_DOCUMENTS:
            held.append(Planned(named=entry, amount=None, why=f"Se discute {document.number} entera"))
            continue
        amount, why = disputed(entry, named, mail)
        held.append(Planned(named=entry, amount=amount, why=why))
    return tuple(held)


def disputed(entry: Named, named: Sequence[Named], mail: ReadMail) -> tuple[Decimal | None, str]:
    """How much of a document is disputed, and why; None for all of it.

    Only figures of the sender's own words in the document's currency count, each for the document that it stands
    nearest to. A figure that is the document's own total or balance only says which document is meant.
    """
    document = entry.document
    figures: list[tuple[Decimal, Entity]] = []
    for one in _amounts(mail.entities):
        said = money(one)
        if said is None or said[1] not in ("", document.currency) or not said[0] > ZERO:
            continue
        if _owner(one, named) is entry:
            figures.append((said[0], one))
    parts: dict[Decimal, str] = {}
    for amount, one in figures:
        if amount in (document.gross, document.open) or amount > document.gross:
            continue
        parts.setdefault(amount, _kind(one, mail))
    too_many = [amount for amount, kind in parts.items() if kind == "too_many"]
    should = [amount for amount, kind in parts.items() if kind == "should"]
    if len(too_many) == 1:
        return _at_most(
            too_many[0], document.open
        ), f"Se discuten {_written(too_many[0], document.currency)} de {document.number}"
    if len(should) == 1 and not too_many:
        rest = document.gross - should[0]
        why = f"De {document.number} solo reconoce {_written(should[0], document.currency)}"
        return _at_most(rest, document.open), why
    if len(parts) == 1:
        [only] = parts
        return _at_most(only, document.open), f"Se discuten {_written(only, document.currency)} de {document.number}"
    return None, f"Se discute {document.number} entera"


def _at_most(amount: Decimal, open_: Decimal) -> Decimal | None:
    """Never more than is owed; all of it needs no figure, so that it stays all of it whatever is paid meanwhile."""
    return amount if amount < open_ else None


def _amounts(entities: Iterable[Entity]) -> list[Entity]:
    return [one for one in entities if one.type == "amount" and one.where == "body" and one.zone is Zone.NEW]


def _owner(one: Entity, named: Sequence[Named]) -> Named | None:
    """The document that a figure stands nearest to, the one before it when two are as near."""
    placed = [entry for entry in named if entry.at >= 0]
    if not placed:
        return named[0] if len(named) == 1 else None
    return min(placed, key=lambda entry: (abs(entry.at - one.start), entry.at > one.start))


def _kind(one: Entity, mail: ReadMail) -> str:
    """What the words around a figure say about it; those before it and nearer count more."""
    before = mail.body[max(one.start - _BEFORE, 0) : one.start]
    after = mail.body[one.end : one.end + _AFTER]
    cut = max((before.rfind(mark) for mark in (". ", "; ", "\n\n", "?")), default=-1)
    before = before[cut + 1 :]
    ends = [mark for mark in (after.find(". "), after.find("; "), after.find("\n")) if mark >= 0]
    after = after[: min(ends)] if ends else after
    nearest: list[tuple[int, str]] = []
    for kind, cue in (("should", _SHOULD), ("too_many", _TOO_MANY)):
        nearest += [(len(before) - hit.end(), kind) for hit in cue.finditer(before)]
        nearest += [(hit.start() + 4, kind) for hit in cue.finditer(after)]
    return min(nearest)[1] if nearest else ""


def _written(amount: Decimal, currency: str) -> str:
    return write_money(Money(currency, amount))
