"""How likely a new invoice is paid late, on the day it is issued, from the invoices that were settled before that day.

Days to settle are a customer's own level, plus what circumstances add (an invoice sent electronically, say), plus a
delay when the customer disputes it, plus chance. Nobody knows on the day of issue whether there will be a dispute, so
the answer weighs both cases by how often this customer disputes. Levels and habits are pulled towards what is usual
while there is little to go by (empirical Bayes); what circumstances add, and how much likelier a dispute is when an
invoice is large for its customer, is estimated within customers. Who takes longer also varies more: the spread grows
with the level. Everything is estimated anew each month, from what was known when it began; so is the calibration, on
invoices judged before.

Sources: Robbins (1956) for empirical Bayes; Henderson (1975) for the levels as random effects.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from classifiers.payers import calibration
from classifiers.payers.judging import logit, sigmoid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MONTH: Final = 30
_LEAST: Final = 60
"""Settled invoices from which anything is estimated; before, everybody is `_UNKNOWN`."""
_UNKNOWN: Final = 0.35
_RIDGE: Final = 4.0
_GRACE: Final = 0.5
_SIZE_PRIOR: Final = 5.0
_LEAST_SPREAD, _MOST_SPREAD = 0.35, 2.0
"""Of what is usual, for those who pay at once and for those who take longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is usual, estimated from the settled invoices of all customers.

    Attributes:
        effects: Days that each circumstance adds, shape (circumstances,).
        dispute: Days that a dispute adds.
        level: Mean of the customers' levels, days.
        between: Variance of the levels.
        within: Variance of an invoice about its customer's level.
        disputes: Share of invoices that are disputed.
        weight: Invoices that this share counts as, beside a customer's own.
        size: What the log odds of a dispute gain with the logarithm of the amount against the customer's usual one.
    """

    effects: Floats
    dispute: float
    level: float
    between: float
    within: float
    disputes: float
    weight: float
    size: float


def estimate(customer: Ints, days: Floats, disputed: Floats, circumstances: Floats, size: Floats) -> Habits:
    """Learn what is usual from settled invoices.

    Args:
        customer: Numbers from 0, shape (n,).
        days: From issue to settlement, shape (n,).
        disputed: 1 or 0, shape (n,).
        circumstances: Shape (n, k).
        size: Logarithm of the amount against what was usual for the customer then, shape (n,).
    """
    many = int(customer.max()) + 1
    count = np.bincount(customer, minlength=many).astype(np.float64)
    x = np.column_stack([disputed, circumstances])
    inside = x - _means(customer, x, count)[customer]
    y = days - _means(customer, days[:, None], count)[customer, 0]
    effects = np.linalg.solve(inside.T @ inside + _RIDGE * np.eye(x.shape[1]), inside.T @ y)
    rest = days - x @ effects
    mean = _means(customer, rest[:, None], count)[:, 0]
    there = count > 0
    free = max(1.0, float(count.sum() - there.sum()))
    within = max(1.0, float(((rest - mean[customer]) ** 2).sum()) / free)
    level = float(mean[there].mean())
    between = max(1.0, float(mean[there].var()) - within * float((1 / count[there]).mean()))
    share = float(disputed.mean())
    own = np.bincount(customer, disputed, many)[there] / count[there]
    spread = max(1e-4, float(own.var()) - share * (1 - share) * float((1 / count[there]).mean()))
    weight = float(np.clip(share * (1 - share) / spread - 1, 0.5, 50.0))
    chance = ((np.bincount(customer, disputed, many) + weight * share) / (count + weight))[customer]
    gain = float((disputed - chance) @ size) / (float((chance * (1 - chance)) @ size**2) + _SIZE_PRIOR)
    return Habits(
        effects=effects[1:], dispute=float(effects[0]), level=level, between=between, within=within, disputes=share,
        weight=weight, size=gain,
    )  # fmt: skip


def _means(customer: Ints, x: Floats, count: Floats) -> Floats:
    sums = np.column_stack([np.bincount(customer, x[:, k], len(count)) for k in range(x.shape[1])])
    return sums / np.maximum(count, 1)[:, None]


def late(
    habits: Habits, terms: Floats, own: tuple[Floats, Floats, Floats], circumstances: Floats, size: Floats
) -> Floats:
    """Probability that invoices are settled after their terms.

    Args:
        terms: Days from issue to due date, shape (n,).
        own: Of each invoice's customer, shape (n,): settled invoices, the sum of their days less what circumstances and
            disputes added, and how many were disputed.
        circumstances: Shape (n, k).
        size: As in `estimate`.
    """
    count, total, disputed = own
    pull = habits.within / habits.between
    level = (pull * habits.level + total) / (pull + count)
    share = (disputed + habits.weight * habits.disputes) / (count + habits.weight)
    share = sigmoid(logit(share) + habits.size * size)
    expected = level + circumstances @ habits.effects
    return share * _longer(habits, terms, expected + habits.dispute, pull + count) + (1 - share) * _longer(
        habits, terms, expected, pull + count
    )


def _longer(habits: Habits, terms: Floats, expected: Floats, held: Floats) -> Floats:
    """Chance of more days than the terms; the spread goes with what is expected, and with what is not known of it."""
    usual = np.clip(expected / habits.level, _LEAST_SPREAD, _MOST_SPREAD)
    return _above((terms + _GRACE - expected) / np.sqrt(habits.within * (usual**2 + 1 / held)))


def _above(z: Floats) -> Floats:
    """Probability that a standard normal variable exceeds z."""
    from scipy.special import ndtr

    return np.asarray(ndtr(-z))


def walk(bills: pd.DataFrame, circumstances: Sequence[str]) -> pd.DataFrame:
    """Judge every invoice on its day of issue, going through time.

    Args:
        bills: customer (any key), issued, due, settled (days as numbers; `NEVER` while open), amount, disputed (0 or 1,
            taken to be known once it is settled), and the circumstances (numbers known on the day of issue).
        circumstances: Their columns.

    Returns:
        The same index; `raw`, as the model says it, and `late`, calibrated.
    """
    customer = np.unique(bills["customer"].to_numpy(), return_inverse=True)[1]
    issued, due, settled = (bills[name].to_numpy(np.int64) for name in ("issued", "due", "settled"))
    disputed = bills["disputed"].to_numpy(np.float64)
    around = bills[list(circumstances)].to_numpy(np.float64).reshape(len(bills), len(circumstances))
    size = _sizes(customer, issued, np.log(np.maximum(bills["amount"].to_numpy(np.float64), 0.01)))
    raw, said = np.full(len(bills), _UNKNOWN), np.full(len(bills), _UNKNOWN)
    first = int(issued.min())
    for month in range(first, int(issued.max()) + 1, MONTH):
        known = settled < month
        if known.sum() < _LEAST:
            continue
        days = (settled - issued)[known].astype(np.float64)
        habits = estimate(customer[known], days, disputed[known], around[known], size[known])
        judged_before = known & (raw != _UNKNOWN)
        points = calibration.fit(raw[judged_before], (settled > due)[judged_before].astype(np.float64))
        for day in np.unique(issued[(issued >= month) & (issued < month + MONTH)]):
            now = issued == day
            own = _experience(habits, day, customer, issued, due, settled, disputed, around)
            mine = tuple(each[customer[now]] for each in own)
            raw[now] = late(habits, (due - issued)[now].astype(np.float64), mine, around[now], size[now])
            said[now] = calibration.apply(points, raw[now])
    return pd.DataFrame({"raw": raw, "late": said}, index=bills.index)


def _sizes(customer: Ints, issued: Ints, amount: Floats) -> Floats:
    """Logarithm of each amount against the mean of the customer's earlier ones; 0 for the first."""
    rows = pd.DataFrame({"customer": customer, "issued": issued, "amount": amount})
    days = rows.groupby(["customer", "issued"])["amount"].agg(["sum", "size"])
    before = days.groupby(level="customer").cumsum() - days
    mean = (before["sum"] / before["size"].where(before["size"] > 0)).rename("mean")
    usual = rows.join(mean, on=["customer", "issued"])["mean"].to_numpy(np.float64)
    return np.where(np.isnan(usual), 0.0, amount - usual)


def _experience(
    habits: Habits, day: int, customer: Ints, issued: Ints, due: Ints, settled: Ints, disputed: Floats, around: Floats
) -> tuple[Floats, Floats, Floats]:
    """What was known of each customer before a day: settled invoices, and those past due, with their days so far."""
    many = int(customer.max()) + 1
    done = settled < day
    waiting = (issued < day) & ~done & (due < day)
    days = np.where(done, settled - issued, day - issued) - around @ habits.effects
    days = np.where(done, days - disputed * habits.dispute, days - habits.disputes * habits.dispute)
    seen = done | waiting
    return (
        np.bincount(customer[seen], minlength=many).astype(np.float64),
        np.bincount(customer[seen], days[seen], many).astype(np.float64),
        np.bincount(customer[done], disputed[done], many).astype(np.float64),
    )
