"""Readings of a payment against exactly these documents: the amounts of `amounts` with their lines and their weight."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cobranza.reconciliation import amounts, sets
from cobranza.reconciliation.amounts import Owed, Reading
from cobranza.reconciliation.board import View
from cobranza.reconciliation.hundredths import share_out
from cobranza.reconciliation.records import Hypothesis, Line

SETTLING = frozenset({"equal", "withholding", "rounding", "discount", "deposit", "charge", "fx"})
SEVERAL_CAP = {"fee": 0.85}  # a list whose sum is near: one of its numbers may be misread
# A name alone leaves these open to chance.
UNNAMED_CAP = {"rounding": 0.85, "fee": 0.80, "partial": 0.85, "over": 0.70}
COARSEST = 10_000  # hundredths: the coarsest rounding of any country


def explained(view: View, docs: Sequence[int], *, loose: bool, how: str = "named") -> list[Hypothesis]:
    """Readings of a payment against exactly these documents."""
    docs = [doc for doc in docs if view.free.get(doc)]
    together = _owed(view, docs)
    if together is None:
        return []
    owed, currency = together
    cash = view.payment.cents
    if currency != view.payment.currency:
        return _foreign(view, docs, owed, currency, how)
    if not loose and "deposit" not in view.clues.hints:
        over = cash - owed.open
        if over > COARSEST and view.board.returned.isdisjoint(docs):
            return []
        if -over > cash:  # more than half of the documents would be missing
            return []
    country = view.board.customers[view.customer].country or view.payment.country
    readings = amounts.explain(
        owed,
        cash,
        country,
        view.payment.booked,
        view.clues.hints,
        view.board.policy,
        loose=loose and len(docs) == 1,
    )
    if len(docs) == 1 and docs[0] in view.board.returned:
        charge = amounts.explain_charge(owed, view.payment.cents, view.board.charges.get(docs[0], 0), country)
        readings = [charge, *readings] if charge else readings
    result = []
    for reading in readings:
        lines = _lines(view, docs, reading)
        if lines is None:
            continue
        told = reading.told
        cap = reading.cap
        if len(docs) > 1:
            cap = min(cap, SEVERAL_CAP.get(reading.rule, 1.0))
            told = partial(_told, [view.free[doc] for doc in docs], reading)
        found = Hypothesis(
            lines,
            reading.rule,
            how,
            view.customer,
            sum([line[1] - line[2] - line[3] - line[4] for line in lines]),
            {"importe": reading.weight},
            told,
        )
        found.capped = cap if how == "named" else min(cap, UNNAMED_CAP.get(reading.rule, 1.0))
        result.append(found)
    return result


def _owed(view: View, docs: Sequence[int]) -> tuple[Owed, str] | None:
    """What documents of one currency say together; None when there is nothing to collect."""
    free, documents = view.free, view.board.documents
    if len(docs) == 1:
        one = documents[docs[0]]
        owed = Owed(free[docs[0]], one.net, one.tax, one.gross, one.due)
        return (owed, one.currency) if owed.open > 0 else None
    several = [documents[doc] for doc in docs]
    if len({one.currency for one in several}) != 1:
        return None
    owed = Owed(
        open=sum([free[doc] for doc in docs]),
        net=sum([one.net for one in several]),
        tax=sum([one.tax for one in several]),
        gross=sum([one.gross for one in several]),
        due=max([one.due for one in several]),
    )
    return (owed, several[0].currency) if owed.open > 0 else None


def _foreign(view: View, docs: Sequence[int], owed: Owed, currency: str, how: str) -> list[Hypothesis]:
    rate = view.board.rates.rate(currency, view.payment.currency, view.payment.booked)
    if rate is None:
        return []
    reading = amounts.explain_fx(
        owed.open, currency, view.payment.cents, view.payment.currency, rate, view.board.policy
    )
    if reading is None:
        return []
    return [
        Hypothesis(
            lines=tuple(Line(doc=doc, applied=view.free[doc]) for doc in docs),
            rule="fx",
            how=how,
            customer=view.customer,
            cash=view.payment.cents,
            parts={"importe": reading.weight},
            told=reading.told,
        )
    ]


def _told(amounts: Sequence[int], reading: Reading) -> str:
    """The arithmetic of a reading against several documents."""
    text = sets.addition(amounts)
    return text if reading.rule == "equal" else f"{text}; {reading.arithmetic}"


def _lines(view: View, docs: Sequence[int], reading: Reading) -> tuple[Line, ...] | None:
    """Spread a reading over its documents, to the cent."""
    if len(docs) == 1:
        return (Line(docs[0], reading.applied, reading.withheld, reading.fee, reading.discount),)
    free = [view.free[doc] for doc in docs]
    if reading.applied != sum(free):
        return None
    positive = [max(0, amount) for amount in free]
    withheld, fee, discount = (
        share_out(total, positive) for total in (reading.withheld, reading.fee, reading.discount)
    )
    return tuple(map(Line, docs, free, withheld, fee, discount))
