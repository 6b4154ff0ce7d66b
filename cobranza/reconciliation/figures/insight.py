"""The figures themselves: pure functions over frames, so that every one can be computed again by hand.

`lines` has one row per document that a payment settles or waits to settle: payment, bank, month ("2026-03"), outcome
and age (days since it was decided). Outcomes:

- "automatic": posted without a person and not undone by one;
- "corrected": posted without a person, and a person undid it later;
- "person": decided by a person;
- "waiting": nobody has decided yet; a payment without any proposed document counts as one.

What a bank returns was not wrong when it was posted: it stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pandas as pd

from cobranza.reconciliation.figures.policy import FiguresPolicy
from cobranza.reconciliation.learning.intervals import interval

LINES = ("payment", "bank", "month", "outcome", "age")
UNAPPLIED = ("value_on", "currency", "amount", "on_account")
AUTOMATIC, CORRECTED, PERSON, WAITING = "automatic", "corrected", "person", "waiting"
_STEP = Decimal("0.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How much went through by itself.

    Attributes:
        key: Bank or month; "" for all.
        documents: All, the waiting ones included.
        documents_automatic: Without a person, from the bank to the ERP, and not undone.
        payments: All.
        payments_automatic: Those whose documents are all automatic.
    """

    key: str
    documents: int
    documents_automatic: int
    payments: int
    payments_automatic: int

    @property
    def by_document(self) -> Decimal | None:
        """Share of documents; None of none."""
        return _share(self.documents_automatic, self.documents)

    @property
    def by_payment(self) -> Decimal | None:
        """Share of payments; None of none."""
        return _share(self.payments_automatic, self.payments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """How right the automatic postings were, judged by what people corrected later.

    Attributes:
        payments: Posted without a person.
        corrected: Of them, undone by a person.
        low: Lower bound of the share that was right, with 95 % certainty.
        high: Upper bound.
    """

    payments: int
    corrected: int
    low: Decimal
    high: Decimal

    @property
    def share(self) -> Decimal | None:
        """Share that was right; None of none."""
        return _share(self.payments - self.corrected, self.payments)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Minutes that nobody had to spend, and from what they are counted."""

    minutes: Decimal
    payments: int
    documents: int
    per_payment: Decimal
    per_document: Decimal
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Unapplied money of one age: from `first` days on, to `last` (None: and older).

    Attributes:
        amount: All that settles no document.
        on_account: The part of it that a person keeps for a customer.
    """

    currency: str
    first: int
    last: int | None
    movements: int
    amount: Decimal
    on_account: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why payments went to a person: how many, and their share."""

    text: str
    payments: int
    share: Decimal


def rates(lines: pd.DataFrame, by: str) -> list[Rate]:
    """Straight-through rates by a column of `lines`, in its order; an empty `by` gives one row of all."""
    if not by:
        return [_rate("", lines)]
    return [_rate(str(key), part) for key, part in lines.groupby(by, sort=True)]


def _rate(key: str, lines: pd.DataFrame) -> Rate:
    good = lines["outcome"] == AUTOMATIC
    whole = good.groupby(lines["payment"]).all() if len(lines) else good
    return Rate(
        key=key,
        documents=len(lines),
        documents_automatic=int(good.sum()),
        payments=len(whole),
        payments_automatic=int(whole.sum()),
    )


def precision(lines: pd.DataFrame, *, least_age: int = 0) -> Precision:
    """Precision of automatic posting as people's corrections show it.

    Args:
        lines: See the module.
        least_age: Only payments decided so many days ago, so that there was time to notice.
    """
    posted = lines[lines["outcome"].isin([AUTOMATIC, CORRECTED]) & (lines["age"] >= least_age)]
    wrong = (posted["outcome"] == CORRECTED).groupby(posted["payment"]).any()
    payments, corrected = len(wrong), int(wrong.sum())
    low, high = interval(payments - corrected, payments)
    return Precision(
        payments=payments,
        corrected=corrected,
        low=Decimal(str(low)).quantize(_STEP),
        high=Decimal(str(high)).quantize(_STEP),
    )


def saved(lines: pd.DataFrame, policy: FiguresPolicy) -> Saved:
    """Minutes of review that automatic posting saved, under the policy's assumption."""
    whole = _rate("", lines)
    minutes = (
        policy.minutos_por_cobro * whole.payments_automatic + policy.minutos_por_documento * whole.documents_automatic
    )
    return Saved(
        minutes=minutes,
        payments=whole.payments_automatic,
        documents=whole.documents_automatic,
        per_payment=policy.minutos_por_cobro,
        per_document=policy.minutos_por_documento,
        source=policy.origen_de_los_minutos,
    )


def ageing(unapplied: pd.DataFrame, today: date, ends: Sequence[int]) -> list[Bucket]:
    """Unapplied money by age since its value date, every bucket of every currency, also the empty ones.

    Args:
        unapplied: Columns value_on (date), currency, amount (Decimal), on_account (Decimal, part of amount).
        today: In the company's calendar. A value date to come counts as today.
        ends: Upper ends of the buckets in days, rising.
    """
    bounds: list[tuple[int, int | None]] = list(zip((0, *(end + 1 for end in ends)), (*ends, None), strict=True))
    rows = list(zip(*(unapplied[name] for name in UNAPPLIED), strict=True))
    found = []
    for currency in sorted({row[1] for row in rows}):
        ages = [(max(0, (today - on).days), amount, held) for on, code, amount, held in rows if code == currency]
        for first, last in bounds:
            inside = [row for row in ages if row[0] >= first and (last is None or row[0] <= last)]
            found.append(
                Bucket(
                    currency=currency,
                    first=first,
                    last=last,
                    movements=len(inside),
                    amount=sum((amount for _, amount, _ in inside), Decimal(0)),
                    on_account=sum((held for _, _, held in inside), Decimal(0)),
                )
            )
    return found


def reasons(texts: Sequence[str]) -> list[Reason]:
    """How often each reason sent a payment to a person, most frequent first."""
    counts = pd.Series(list(texts), dtype="object").value_counts()
    total = int(counts.sum())
    found = [
        Reason(text=str(text), payments=int(count), share=_share(int(count), total) or Decimal(0))
        for text, count in counts.items()
    ]
    return sorted(found, key=lambda reason: (-reason.payments, reason.text))


def _share(part: int, of: int) -> Decimal | None:
    return (Decimal(part) / of).quantize(_STEP) if of else None
