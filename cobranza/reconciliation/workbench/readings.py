"""The ways to read a movement, best first: what is proposed and the engine's other candidates, with their sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext as _

from cobranza.ledger.models import Invoice, Movement
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.workbench.words import sentences
from cobranza.screens import formats

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """This much of the money for one document; figures as in `ledger.Allocation`."""

    invoice: Invoice
    applied: Decimal
    withheld: Decimal = ZERO
    fee: Decimal = ZERO
    discount: Decimal = ZERO
    cash: Decimal | None = None
    rate: Decimal | None = None

    @property
    def net(self) -> Decimal:
        """Cash in the document's currency."""
        return self.applied - self.withheld - self.fee - self.discount

    @property
    def taken(self) -> Decimal:
        """Cash in the movement's currency."""
        return self.net if self.cash is None else self.cash

    @property
    def postable(self) -> bool:
        """Whether it is a plain payment, such as every ERP port takes."""
        return self.invoice.kind == "invoice" and self.applied > 0 and self.net > 0

    @property
    def sum(self) -> str:
        """The arithmetic: "1.210,00 − 150,00 retención = 1.060,00 EUR"."""
        return arithmetic(self.applied, self.withheld, self.fee, self.discount, self.net, self.invoice.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read a movement.

    Attributes:
        number: Its place, from 1; the key that takes it.
        proposed: The engine's own proposal, not only a candidate.
        confidence: 0 to 1.
        reasons: Why, in Spanish, as the engine kept it.
        rest: What it leaves of the money: positive is not applied, negative is missing.
    """

    number: int
    proposed: bool
    confidence: Decimal
    lines: tuple[Line, ...]
    reasons: tuple[str, ...]
    rest: Decimal
    names: tuple[str, ...] = field(default=())

    @property
    def documents(self) -> frozenset[int]:
        """The documents' ids."""
        return frozenset(line.invoice.pk for line in self.lines)


def readings(proposal: Proposal, free: Decimal) -> list[Reading]:
    """Every reading of a proposal, best first.

    Args:
        proposal: With its movement and matches.
        free: What the movement has left.
    """
    movement = proposal.movement
    named = {pk for entry in proposal.candidates for pk in entry.get("invoices", ())}
    documents = {row.pk: row for row in Invoice.objects.filter(pk__in=named).select_related("debtor")}
    found: list[Reading] = []
    matches = list(proposal.matches.all())
    if matches:
        lines = tuple(
            Line(
                invoice=match.invoice,
                applied=match.applied,
                withheld=match.withheld,
                fee=match.fee,
                discount=match.discount,
                cash=match.cash,
                rate=match.rate,
            )
            for match in matches
        )
        found.append(_reading(1, True, proposal.confidence, lines, proposal.explanation, free))
    for entry in proposal.candidates:
        chosen = [documents[pk] for pk in entry.get("invoices", ()) if pk in documents]
        lines = shared(movement, free, chosen)
        if lines and frozenset(line.invoice.pk for line in lines) not in {reading.documents for reading in found}:
            sure = Decimal(str(entry.get("confidence", "0")))
            found.append(_reading(len(found) + 1, False, sure, lines, str(entry.get("explanation", "")), free))
    return found


def _reading(
    number: int, proposed: bool, confidence: Decimal, lines: tuple[Line, ...], explanation: str, free: Decimal
) -> Reading:
    return Reading(
        number=number,
        proposed=proposed,
        confidence=confidence,
        lines=lines,
        reasons=tuple(sentences(explanation)),
        rest=free - sum((line.taken for line in lines), ZERO),
        names=tuple(dict.fromkeys(line.invoice.debtor.name for line in lines)),
    )


def shared(movement: Movement, free: Decimal, documents: Sequence[Invoice]) -> tuple[Line, ...]:
    """The money shared out among documents, credit notes first and then the oldest; those left without get none.

    Money that goes out reopens what was paid: its documents are taken up to what they once received.
    """
    if movement.amount < 0:
        return _reopened(-free, documents)
    same = [row for row in documents if row.currency == movement.currency]
    amounts = share_out(free, same)
    lines = [Line(invoice=row, applied=amounts[row.pk]) for row in same if row.pk in amounts]
    # Another currency has no sum of its own: the whole balance, and the person says what it took.
    lines += [Line(invoice=row, applied=row.open, cash=ZERO) for row in documents if row.currency != movement.currency]
    return tuple(lines)


def share_out(money: Decimal, invoices: Iterable[Invoice]) -> dict[int, Decimal]:
    """Share `money` among documents, credit notes first (they add to it), then the oldest due."""
    left = money
    amounts: dict[int, Decimal] = {}
    rows = sorted(invoices, key=lambda row: (row.open > 0, row.due_on, row.pk))
    for row in rows:
        amounts[row.pk] = row.open if row.open < 0 else min(row.open, max(left, ZERO))
        left -= amounts[row.pk]
    return {pk: amount for pk, amount in amounts.items() if amount}


def _reopened(money: Decimal, documents: Iterable[Invoice]) -> tuple[Line, ...]:
    lines = []
    for row in sorted(documents, key=lambda row: (row.due_on, row.pk)):
        amount = min(row.gross - row.open, money)
        if amount > 0:
            lines.append(Line(invoice=row, applied=-amount))
            money -= amount
    return tuple(lines)


def arithmetic(
    applied: Decimal, withheld: Decimal, fee: Decimal, discount: Decimal, net: Decimal, currency: str
) -> str:
    """One line of arithmetic, only the parts that are there."""
    parts: Mapping[str, Decimal] = {_("retención"): withheld, _("gasto"): fee, _("descuento"): discount}
    text = _short(applied, currency)
    for label, value in parts.items():
        if value:
            text += f" {formats.MINUS if value > 0 else '+'} {_short(abs(value), currency)} {label}"
    return f"{text} = {formats.money(net, currency)}" if net != applied else formats.money(net, currency)


def _short(value: Decimal, currency: str) -> str:
    return formats.money(value, currency).rsplit("\u00a0", 1)[0]
