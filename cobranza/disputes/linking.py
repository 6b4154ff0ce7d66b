"""Who wrote, and which documents they mean. Pure: what the ledger knows comes through a `Directory`.

The debtor is who writes from an address (or a company's own domain) that the ledger already has. A tax id or an
invoice number in the text proves nothing: they are printed on every invoice, so a stranger who names somebody's
documents gets a suggestion that a person has to take. Numbers that are not exact are only looked for among the
documents of the sender's own debtor, and one that exists elsewhere is never bent into one of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Literal, Protocol

from rapidfuzz.distance import OSA

from cobranza.disputes.ports import Entity, LedgerFacts, ReadMail, Zone

ZERO = Decimal(0)
_SHORTEST_FUZZY = 6
_LONE_TAIL = 3
_NEAR_DAYS = 45
_WEIGHTS = {"exact": 4, "digits": 3, "tail": 2, "near": 1}

# Providers whose addresses say nothing about the company.
_SHARED = re.compile(
    r"^(?:gmail|googlemail|hotmail|outlook|live|msn|yahoo|ymail|icloud|me|mac|aol|gmx|mail|proton|protonmail|zoho|"
    r"telefonica|terra|movistar|orange|vodafone|ono|wanadoo|jazztel|uol|bol|ig|globo|prodigy|infinitum|speedy|fibertel|"
    r"arnet|vtr|entel|une|etb|cantv|hispavista|correo|email)\.",
)
_CONFUSED = str.maketrans("OQDILSBZG", "000115826")

How = Literal["exact", "digits", "tail", "near", "quoted", "amount", "only"]


@dataclass(frozen=True, slots=True)
class Party:
    """A debtor of the creditor whose mailbox it is."""

    id: int
    name: str
    tax_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or credit note of the ledger.

    Attributes:
        id: Its row.
        debtor: Whose.
        number: As issued.
        currency: ISO 4217.
        gross: Total, taxes included.
        open: What is still to pay.
        held: How much of `open` is not to be claimed already.
        issued_on: Day of issue.
        due_on: Last day to pay on time.
    """

    id: int
    debtor: int
    number: str
    currency: str
    gross: Decimal
    open: Decimal
    held: Decimal = ZERO
    issued_on: date
    due_on: date


class Directory(Protocol):
    """What the ledger of one creditor knows."""

    def by_address(self, address: str) -> Sequence[Party]:
        """Debtors that have this very address."""

    def by_domain(self, domain: str) -> Sequence[Party]:
        """Debtors that have some address of this domain."""

    def by_tax_id(self, tax_ids: Sequence[str]) -> Sequence[Party]:
        """Debtors with one of these tax ids, written without separators."""

    def documents(self, debtor: int) -> Sequence[Document]:
        """What the debtor owes or has owed lately, oldest due first."""

    def by_number(self, flats: Sequence[str]) -> Sequence[Document]:
        """Documents of anybody whose number without separators is one of these."""

    def last_payment(self, debtor: int) -> date | None:
        """Day of the debtor's last booked payment."""

    def loose_money(self, debtor: int) -> Sequence[Decimal]:
        """Receipts from the debtor that settle nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A document that the message is about.

    Attributes:
        document: Which.
        how: What tied it: its number (exact, the same digits, its last digits, nearly), the quoted text, its amount,
            or that the debtor owes no other.
        text: As the message has it, "" when it does not name it.
        at: Where the message names it, in the body; -1 in the subject or not at all.
    """

    document: Document
    how: How
    text: str = ""
    at: int = -1

    @property
    def sure(self) -> bool:
        """Nobody needs to look at this link."""
        return self.how in ("exact", "digits", "quoted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What a message was tied to.

    Attributes:
        party: The sender's debtor; None for a stranger.
        named: Documents of that debtor, in the order of the text.
        candidates: Debtors that it may be when `party` is None: the likeliest first.
        suggested: Documents of somebody else that a stranger or another debtor names.
        unknown: Numbers that are nobody's.
        facts: For the judge.
        reasons: Spanish: what tied the debtor, and what was odd.
    """

    party: Party | None = None
    named: tuple[Named, ...] = ()
    candidates: tuple[Party, ...] = ()
    suggested: tuple[Document, ...] = ()
    unknown: tuple[str, ...] = ()
    facts: LedgerFacts = field(default_factory=LedgerFacts)
    reasons: tuple[str, ...] = ()


def flat(number: str) -> str:
    """A number without what separates its parts.

    >>> flat("f-2026/00381")
    'F202600381'
    """
    return re.sub(r"[^A-Z0-9]", "", number.upper())


def domain_of(address: str) -> str:
    """The domain of an address when it is a company's own, "" when it is a provider that anybody uses.

    >>> domain_of("pagos@pepa.example"), domain_of("pepa@gmail.com")
    ('pepa.example', '')
    """
    domain = address.rpartition("@")[2].lower()
    return "" if not domain or "." not in domain or _SHARED.match(domain) else domain


def likeness(text: str, number: str) -> How | None:
    """How a number as written resembles the number of a document, None when it does not.

    >>> likeness("fra F2026/00381", "F2026-00381"), likeness("2026-381", "F2026-00381"), likeness("381", "F2026-00381")
    ('digits', 'digits', 'tail')
    >>> likeness("F2O26-00381", "F2026-00381"), likeness("F2026-003811", "F2026-00381"), likeness("F2026-99", "F2026-1")
    ('near', 'near', None)
    """
    said, real = flat(text), flat(number)
    if not said or not real:
        return None
    if said == real:
        return "exact"
    said_groups, real_groups = _groups(text), _groups(number)
    letters = "".join(re.findall(r"[A-Z]+", said))
    prefix = "".join(re.findall(r"[A-Z]+", real))
    plain = (
        not letters or letters == prefix or letters.removesuffix(prefix) in ("F", "FRA", "FACT", "FACTURA", "N", "NO")
    )
    if said_groups and plain:
        if said_groups == real_groups:
            return "digits"
        long_enough = len(said_groups[-1]) >= _LONE_TAIL or len(re.findall(r"\d+", text)[-1]) >= _LONE_TAIL
        if len(said_groups) == 1 and len(real_groups) > 1 and said_groups[0] == real_groups[-1] and long_enough:
            return "tail"
    if min(len(said), len(real)) >= _SHORTEST_FUZZY:
        if said.translate(_CONFUSED) == real.translate(_CONFUSED):
            return "near"
        if OSA.distance(said, real, score_cutoff=1) <= 1:
            return "near"
    return None


def link(mail: ReadMail, directory: Directory, today: date) -> Linked:
    """Tie a message to the ledger.

    Args:
        mail: As read.
        directory: The ledger of the creditor whose mailbox it came to.
        today: In the creditor's zone.
    """
    mentions = _mentions(mail.entities)
    ids = _tax_ids(mail.entities)
    party, candidates, reasons = _party(mail, directory, mentions, ids)
    if party is None:
        return _stranger(directory, mentions, candidates, reasons)
    own = list(directory.documents(party.id))
    named, missing = _named(mentions, own, directory)
    elsewhere = {
        flat(found.number): found for found in directory.by_number([flat(one.value or one.text) for one in missing])
    }
    theirs = [found for found in elsewhere.values() if found.debtor != party.id]
    unknown = [one.text for one in missing if flat(one.value or one.text) not in elsewhere]
    # A number that is nobody's may be a slip of the pen; one that is somebody else's is not.
    near, unknown = _near(unknown, mentions, own, {entry.document.id for entry in named})
    named += near
    if not named and not theirs:
        named = _quoted(mail.entities, own) or _by_amount(mail.entities, own)
    if theirs:
        numbers = ", ".join(found.number for found in theirs)
        reasons.append(f"Nombra documentos que no son suyos: {numbers}")
    if unknown:
        reasons.append(f"No existe ningún documento {', '.join(unknown)}")
    facts = _facts(party, named, theirs, unknown, own, directory, today)
    return Linked(
        party=party,
        named=tuple(named),
        suggested=tuple(theirs),
        unknown=tuple(unknown),
        facts=facts,
        reasons=tuple(reasons),
    )


# ---- who


def _party(
    mail: ReadMail, directory: Directory, mentions: Sequence[Entity], ids: Sequence[str]
) -> tuple[Party | None, tuple[Party, ...], list[str]]:
    reasons: list[str] = []
    found = list(directory.by_address(mail.sender)) if mail.sender else []
    what = f"Escribe desde {mail.sender}, que consta en su ficha"
    if not found and (domain := domain_of(mail.sender)):
        found = list(directory.by_domain(domain))
        what = f"Escribe desde el dominio {domain}, el de sus contactos"
    if len(found) > 1:
        found, what = _settle(found, directory, mentions, ids, what)
    if len(found) == 1:
        return found[0], (), [what]
    if found:
        reasons.append(f"{mail.sender} es de varios deudores: {', '.join(party.name for party in found[:5])}")
        return None, tuple(found[:5]), reasons
    claimed = list(directory.by_tax_id(ids)) if ids else []
    if claimed:
        reasons.append(f"No se conoce {mail.sender or 'al remitente'}; dice un NIF de {claimed[0].name}")
    elif mail.sender:
        reasons.append(f"No se conoce {mail.sender}")
    else:
        reasons.append("El correo no dice quién lo envía")
    return None, tuple(claimed[:5]), reasons


def _settle(
    found: list[Party], directory: Directory, mentions: Sequence[Entity], ids: Sequence[str], what: str
) -> tuple[list[Party], str]:
    """An address of several debtors (an agency's, a group's): what the text names tells which."""
    by_id = [party for party in found if party.tax_id and flat(party.tax_id) in ids]
    if len(by_id) == 1:
        return by_id, f"{what}, y dice el NIF de {by_id[0].name}"
    flats = {flat(one.value or one.text) for one in mentions}
    owners = {document.debtor for document in directory.by_number(sorted(flats))} if flats else set()
    by_number = [party for party in found if party.id in owners]
    if len(by_number) == 1:
        return by_number, f"{what}, y nombra una factura de {by_number[0].name}"
    return found, what


def _stranger(
    directory: Directory, mentions: Sequence[Entity], candidates: tuple[Party, ...], reasons: list[str]
) -> Linked:
    flats = sorted({flat(one.value or one.text) for one in mentions})
    there = list(directory.by_number(flats)) if flats else []
    if there:
        numbers = ", ".join(found.number for found in there[:5])
        reasons.append(f"Nombra {numbers} sin ser un contacto conocido: una persona tiene que unirlo")
    known = {flat(found.number) for found in there}
    unknown = [one.text for one in mentions if one.type == "invoice" and flat(one.value or one.text) not in known]
    return Linked(candidates=candidates, suggested=tuple(there), unknown=tuple(unknown), reasons=tuple(reasons))


def _tax_ids(entities: Iterable[Entity]) -> list[str]:
    own = (one for one in entities if one.type == "tax_id" and one.valid and one.zone is not Zone.QUOTED)
    return list(dict.fromkeys(flat(one.value or one.text) for one in own))


# ---- which documents


def _mentions(entities: Iterable[Entity]) -> list[Entity]:
    """Numbers that the sender's own words (or what they forward) name, each once, the text before the subject."""
    wanted = [
        one for one in entities if one.type in ("invoice", "reference") and one.zone in (Zone.NEW, Zone.FORWARDED)
    ]
    wanted.sort(key=lambda one: (one.where != "body", one.start))
    first: dict[str, Entity] = {}
    for one in wanted:
        first.setdefault(flat(one.value or one.text), one)
    return [one for key, one in first.items() if key]


def _named(
    mentions: Sequence[Entity], own: Sequence[Document], directory: Directory
) -> tuple[list[Named], list[Entity]]:
    """Documents of the debtor that are named beyond a slip of the pen, and invoice numbers that are not theirs."""
    named: dict[int, Named] = {}
    missing = []
    for one in mentions:
        best = _best(one, own)
        if best is None:
            found = [row for row in directory.by_number([flat(one.value or one.text)]) if _same_debtor(row, own)]
            best = Named(document=found[0], how="exact", text=one.text, at=_place(one)) if len(found) == 1 else None
        if best is not None:
            named.setdefault(best.document.id, best)
        elif one.type == "invoice":
            missing.append(one)
    return list(named.values()), missing


def _same_debtor(found: Document, own: Sequence[Document]) -> bool:
    """A document too old to be on the list of the debtor's."""
    return bool(own) and found.debtor == own[0].debtor


def _best(one: Entity, own: Sequence[Document]) -> Named | None:
    ranked: list[tuple[int, Document, How]] = []
    for document in own:
        how = likeness(one.text, document.number)
        other = likeness(one.value, document.number) if one.value and one.value != one.text else None
        found = max((kind for kind in (how, other) if kind), key=lambda kind: _WEIGHTS[kind], default=None)
        if found and found != "near" and (one.type == "invoice" or found in ("exact", "digits")):
            ranked.append((_WEIGHTS[found], document, found))
    if not ranked:
        return None
    top = max(weight for weight, _, _ in ranked)
    best = [(document, how) for weight, document, how in ranked if weight == top]
    if len(best) > 1:  # the same last digits in two years: what is still owed is meant
        best = [(document, how) for document, how in best if document.open] or best
    return Named(document=best[0][0], how=best[0][1], text=one.text, at=_place(one)) if len(best) == 1 else None


def _near(
    unknown: Sequence[str], mentions: Sequence[Entity], own: Sequence[Document], taken: set[int]
) -> tuple[list[Named], list[str]]:
    named, left = [], []
    for text in unknown:
        alike = [row for row in own if row.id not in taken and likeness(text, row.number) == "near"]
        if len(alike) == 1:
            place = next((_place(one) for one in mentions if one.text == text), -1)
            named.append(Named(document=alike[0], how="near", text=text, at=place))
            taken.add(alike[0].id)
        else:
            left.append(text)
    return named, left


def _quoted(entities: Iterable[Entity], own: Sequence[Document]) -> list[Named]:
    """An answer to our letter about one document, which only the quoted letter names."""
    found: dict[int, Named] = {}
    for one in entities:
        if one.type == "invoice" and one.zone is Zone.QUOTED and (best := _best(one, own)) is not None:
            found.setdefault(best.document.id, Named(document=best.document, how="quoted", text=one.text))
    return list(found.values()) if len(found) == 1 else []


def _by_amount(entities: Iterable[Entity], own: Sequence[Document]) -> list[Named]:
    """No number, but an amount that only one open document has; or the debtor owes one document and no other."""
    unpaid = [row for row in own if row.open > 0]
    found: dict[int, Named] = {}
    for one in entities:
        if one.type != "amount" or one.zone is not Zone.NEW:
            continue
        said = money(one)
        alike = [row for row in unpaid if said and said[0] in (row.open, row.gross) and said[1] in ("", row.currency)]
        if len(alike) == 1:
            found.setdefault(alike[0].id, Named(document=alike[0], how="amount", text=one.text, at=_place(one)))
    if found:
        return list(found.values())
    return [Named(document=unpaid[0], how="only")] if len(unpaid) == 1 else []


def money(one: Entity) -> tuple[Decimal, str] | None:
    """Amount and currency of an entity ("1250.40 EUR"), None when it has no amount.

    >>> money(Entity(type="amount", text="", value="1250.40 EUR", start=0, end=0, where="body", zone=Zone.NEW))
    (Decimal('1250.40'), 'EUR')
    """
    number, _, currency = one.value.partition(" ")
    if not re.fullmatch(r"-?\d{1,15}(\.\d{1,6})?", number):
        return None
    return Decimal(number), currency.strip()


def _place(one: Entity) -> int:
    return one.start if one.where == "body" else -1


def _groups(text: str) -> list[str]:
    return [group.lstrip("0") or "0" for group in re.findall(r"\d+", text)]


# ---- facts


def _facts(
    party: Party,
    named: Sequence[Named],
    theirs: Sequence[Document],
    unknown: Sequence[str],
    own: Sequence[Document],
    directory: Directory,
    today: date,
) -> LedgerFacts:
    said = [entry.document for entry in named if entry.how != "only"]
    loose = set(directory.loose_money(party.id))
    paid = [row for row in said if not row.open]
    twice = sum(row.gross in loose for row in paid)
    last = directory.last_payment(party.id)
    unpaid = sorted((row for row in own if row.open > 0), key=lambda row: (row.gross, row.issued_on))
    pairs = pairwise(unpaid)
    return LedgerFacts(
        debtor_known=True,
        open=sum(bool(row.open) for row in said),
        paid=len(paid),
        paid_twice=twice or int(bool(loose)),
        disputed=sum(row.held > 0 for row in said),
        unknown=len(unknown),
        others=len(theirs),
        recent_payment=max((today - last).days, 0) if last is not None else None,
        overdue=sum(row.due_on < today for row in unpaid),
        same_amount=any(a.gross == b.gross and (b.issued_on - a.issued_on).days <= _NEAR_DAYS for a, b in pairs),
    )
