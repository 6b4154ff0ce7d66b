"""One line of an advice against the creditor's documents: which one, how much of it, and is the difference lawful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cobranza.reconciliation import amounts
from cobranza.reconciliation.advice.records import RemittanceLine
from cobranza.reconciliation.advice.resolving import Named, Resolver, cents, fits
from cobranza.reconciliation.amounts import Owed, Reading
from cobranza.reconciliation.hundredths import written
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.records import Document, Payment
from cobranza.reconciliation.references import Quality

# What may be wrong with one line, as a share: by how the document is named and whether its figures agree.
EXACT = {Quality.STRUCTURED: 0.0003, Quality.FULL: 0.0003, Quality.STRIPPED: 0.001, Quality.TAIL: 0.002}
WEAK = 0.02
"""A number with a slip or cut short, believed only when the figures are the document's own."""
UNSURE = 0.08
"""A number without its series and figures that are not the document's own."""
ON_ACCOUNT = 0.004
"""A part payment that the advice shows as one."""
UNEXPLAINED = 0.06
"""Less is paid than is open, and the advice does not show the rest."""
INFERRED = 0.01
"""A lawful deduction that the advice does not name and the amount shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """Money of one advice on one document; hundredths of the document's currency, signed like `records.Line`.

    Attributes:
        doc: Index of the document.
        written: How the advice names it.
        places: Where in the advice.
        arithmetic: In Spanish.
        notes: Further remarks.
        risk: Chance that the line is wrong, as a share.
    """

    doc: int
    written: str
    places: tuple[str, ...]
    applied: int
    withheld: int = 0
    fee: int = 0
    discount: int = 0
    arithmetic: str
    notes: tuple[str, ...] = ()
    risk: float

    @property
    def cash(self) -> int:
        """What it takes of the movement."""
        return self.applied - self.withheld - self.fee - self.discount


def apply_line(
    line: RemittanceLine,
    payment: Payment,
    find: Resolver,
    owners: frozenset[int],
    taken: Mapping[int, int],
    before: Mapping[int, Applied],
    policy: Policy,
) -> Applied | str:
    """Put a line on its document; or say in Spanish why a person has to.

    Args:
        line: Of the advice.
        payment: The movement.
        find: The creditor's documents.
        owners: Customers whose documents are meant, with their groups; empty when nobody is known.
        taken: Hundredths already taken of each document by others.
        before: What earlier lines of this advice put on each document.
        policy: The company's tolerances.
    """
    found = _document(line, payment, find, owners)
    if isinstance(found, str):
        return found
    named, exact = found
    document = find.documents[named.doc]
    if document.currency != payment.currency:
        return f"{document.number} es en {document.currency}"
    held = before.get(named.doc)
    free = document.open - taken.get(named.doc, 0) - (held.applied if held else 0)
    part = _amounts(line, named, document, free, payment, policy, exact=exact)
    if isinstance(part, str) or held is None:
        return part
    return replace(
        part,
        places=(*held.places, *part.places),
        applied=part.applied + held.applied,
        withheld=part.withheld + held.withheld,
        fee=part.fee + held.fee,
        discount=part.discount + held.discount,
        arithmetic=f"{held.arithmetic}; {part.arithmetic}",
        notes=(*held.notes, *part.notes),
        risk=part.risk + held.risk,
    )


def _document(
    line: RemittanceLine, payment: Payment, find: Resolver, owners: frozenset[int]
) -> tuple[Named, bool] | str:
    if not line.document and not line.others:
        return "la línea no nombra ningún documento"
    named = find.mentions(line, payment.booked)
    if owners:
        inside = [each for each in named if find.documents[each.doc].customer in owners]
        if named and not inside and named[0].quality >= Quality.FULL:
            return f"{find.documents[named[0].doc].number} es de otro cliente"
        named = inside
    found = _one(named, line, find)
    if isinstance(found, tuple):
        return found
    if not named and owners:
        of_theirs = [
            doc for owner in sorted(owners) for doc in find.index.of_customer(owner) if find.documents[doc].open
        ]
        weak = [each for each in find.weaker(line, of_theirs, payment.booked) if fits(line, find.documents[each.doc])]
        if len({each.doc for each in weak}) == 1:
            return weak[0], True
    return found or "no hay ningún documento con ese número"


def _one(named: list[Named], line: RemittanceLine, find: Resolver) -> tuple[Named, bool] | str:
    """The document meant: the best named; among equals the one whose figures agree."""
    if not named:
        return ""
    best = [each for each in named if each.quality == named[0].quality]
    exact = [each for each in best if fits(line, find.documents[each.doc])]
    if len(exact) == 1:
        return exact[0], True
    credit = [each for each in best if find.documents[each.doc].credit == line.credit]
    if len(best) == 1:
        return best[0], False
    if len(credit) == 1:
        return credit[0], False
    numbers = ", ".join(find.documents[each.doc].number for each in best[:3])
    return f"puede ser {numbers}"


def _amounts(
    line: RemittanceLine,
    named: Named,
    document: Document,
    free: int,
    payment: Payment,
    policy: Policy,
    *,
    exact: bool,
) -> Applied | str:
    paid = cents(line.paid)
    withheld, discount, fee = cents(line.withheld), cents(line.discount), cents(line.fee)
    deposited = cents(line.deposited)
    if (paid < 0) != document.credit and paid:
        what = "descuenta de una factura" if paid < 0 else "paga un abono"
        return f"{what}: {document.number}"
    if not free:
        return f"{document.number} ya está cobrada: posible pago duplicado"
    kept = (withheld, discount, fee, deposited)
    if any(amount and (amount < 0) != document.credit for amount in kept):
        return f"las deducciones de {document.number} llevan el signo contrario"
    applied = paid + withheld + discount + fee
    if not applied:
        return f"no aplica nada a {document.number}"
    if abs(applied) > abs(free):
        return f"aplica {written(applied)} y de {document.number} solo quedan {written(free)}"
    part = Applied(
        doc=named.doc,
        written=named.written,
        places=(line.where,),
        applied=applied,
        withheld=withheld,
        fee=fee,
        discount=discount,
        arithmetic=_arithmetic(line, applied, paid),
        risk=EXACT.get(named.quality, WEAK) if exact else UNSURE if named.quality < Quality.FULL else 0.0003,
    )
    doubt = _unlawful(document, free, withheld, discount, fee, deposited, payment, policy)
    if doubt:
        return doubt
    left = free - applied - deposited
    if left:
        return _short(part, line, document, free, left, payment, policy)
    if deposited:
        part = replace(part, notes=(f"quedan {written(deposited)}, que llegan aparte por la detracción",))
    return part


def _short(
    part: Applied, line: RemittanceLine, document: Document, free: int, left: int, payment: Payment, policy: Policy
) -> Applied:
    """Less is paid than is open: a part payment that the advice shows, a deduction that it does not, or neither."""
    if not (part.withheld or part.discount or part.fee or line.deposited) and not line.short:
        for reading in _explanations(document, free, part.applied, payment, policy):
            if reading.rule in ("withholding", "discount", "deposit", "rounding"):
                return replace(
                    part,
                    applied=reading.applied,
                    withheld=reading.withheld,
                    fee=reading.fee,
                    discount=reading.discount,
                    arithmetic=reading.arithmetic,
                    notes=("el aviso no nombra la diferencia; la explica el importe",),
                    risk=part.risk + INFERRED,
                )
    shown = line.gross is not None and line.short and cents(line.short) == left
    note = f"a cuenta: quedan {written(left)} de {document.number}"
    return replace(part, notes=(note,), risk=part.risk + (ON_ACCOUNT if shown else UNEXPLAINED))


def _explanations(document: Document, free: int, cash: int, payment: Payment, policy: Policy) -> list[Reading]:
    if document.credit or cash <= 0:
        return []
    owed = Owed(open=free, net=document.net, tax=document.tax, gross=document.gross, due=document.due)
    return amounts.explain(owed, cash, document.country, payment.booked, frozenset(), policy, loose=False)


def _unlawful(
    document: Document,
    free: int,
    withheld: int,
    discount: int,
    fee: int,
    deposited: int,
    payment: Payment,
    policy: Policy,
) -> str:
    """What the payer keeps back must be what law or terms let it keep; "" when it is."""
    for amount, rule, what in (
        (withheld, "withholding", "la retención"),
        (discount, "discount", "el descuento"),
        (fee, "fee", "el gasto"),
        (deposited, "deposit", "la detracción"),
    ):
        if not amount or document.credit:
            continue
        readings = _explanations(document, document.gross, document.gross - amount, payment, policy)
        if document.open != document.gross and free != document.gross:
            readings += _explanations(document, free, free - amount, payment, policy)
        if not any(reading.rule == rule for reading in readings):
            return (
                f"{what} de {written(amount)} no corresponde a ningún tipo ni condición conocidos de {document.number}"
            )
    return ""


def _arithmetic(line: RemittanceLine, applied: int, paid: int) -> str:
    parts = [written(applied + cents(line.deposited)) if not line.short else written(applied)]
    for value, name in (
        (line.withheld, "de retención"),
        (line.discount, "de descuento"),
        (line.fee, "de gastos"),
        (line.deposited, "de detracción"),
    ):
        if value and not (line.short and name == "de detracción"):
            parts.append(f"− {written(cents(value))} {name}")
    return f"{' '.join(parts)} = {written(paid)}"
