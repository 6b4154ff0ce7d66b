"""Sets of documents that a payment does not name (all): which of what is open adds up, and how far chance would too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from cobranza.reconciliation.amounts import written
from cobranza.reconciliation.board import View
from cobranza.reconciliation.records import Hypothesis, Line
from cobranza.reconciliation.subsets import subsets_summing_to

# Share of such payments whose true set lies in what is searched at all.
REACH = {"completed": 0.97, "account": 0.94}
# When the most usual documents give nothing: small sets of many more.
_WIDE, _WIDE_SIZE = 56, 3
_USUAL_DELAY = 15  # days after the due day in which companies pay most


@dataclass(frozen=True, slots=True)
class Found:
    """A set that adds up.

    Attributes:
        docs: Its documents.
        solutions: How many sets add up as well.
        chance: Expected number of sets that would add up by chance.
        share: Probability among the sets found, by how usual their days are.
    """

    docs: list[int]
    solutions: int
    chance: float
    share: float


def pool(view: View, without: frozenset[int] = frozenset()) -> list[int]:
    """Documents that may be paid unnamed: same currency, not in a batch, not too old; usual days to pay first."""
    documents, booked = view.board.documents, view.payment.booked
    oldest = booked - view.board.policy.ventana_dias
    chosen = [
        doc
        for doc in view.own
        if doc not in without
        and documents[doc].currency == view.payment.currency
        and (not documents[doc].remesa or doc in view.board.returned)
        and documents[doc].due >= oldest
    ]
    return sorted(chosen, key=lambda doc: (documents[doc].due, doc))


def unusual(view: View, doc: int) -> float:
    """How unusual it is to pay the document on the payment's day: 0 around its due day, growing either way."""
    late = view.payment.booked - view.board.documents[doc].due
    if late < -5:
        return min(3.0, (-5 - late) / 15)
    return max(0.0, min(3.0, (late - 45) / 45))


def search(view: View, candidates: Sequence[int], target: int, *, most: int) -> list[Found]:
    """Sets of `candidates` that add up to `target`, likeliest first."""
    most_usual = view.board.policy.candidatos_maximo
    found = _search(view, _usable(view, candidates, target, most_usual), target, most)
    if not found and len(candidates) > most_usual:
        found = _search(view, _usable(view, candidates, target, _WIDE), target, min(most, _WIDE_SIZE))
    return found


def _search(view: View, usable: Sequence[int], target: int, most: int) -> list[Found]:
    if not usable or target == 0:
        return []
    values = [view.free[doc] for doc in usable]
    sums = subsets_summing_to(values, target, most=most, keep=64)
    if not sums.found:
        return []
    grain = reduce(math.gcd, [abs(value) for value in values], abs(target)) or 1
    spread = max(1.0, sum(abs(value) for value in values) / grain)
    odd = [unusual(view, doc) for doc in usable]
    weights = [math.exp(-0.6 * sum(odd[position] for position in chosen) - 0.4 * len(chosen)) for chosen in sums.found]
    total = sum(weights) * max(1.0, sums.count / len(sums.found))
    result = []
    for chosen, weight in zip(sums.found, weights, strict=True):
        tried = sum(math.comb(len(values), size) for size in range(1, len(chosen) + 1))
        docs = [usable[position] for position in chosen]
        result.append(Found(docs, sums.count, tried / spread, weight / total))
    result.sort(key=lambda found: (-found.share, found.docs))
    return result[:4]


def _usable(view: View, candidates: Sequence[int], target: int, most: int) -> list[int]:
    """What the search looks at: nothing above the target (unless credits relieve it), the most usual days first."""
    relief = -sum(view.free[doc] for doc in candidates if view.free[doc] < 0)
    usable = [doc for doc in candidates if view.free[doc] < 0 or view.free[doc] <= target + relief]
    if len(usable) > most:
        documents, booked = view.board.documents, view.payment.booked

        def distance(doc: int) -> tuple[float, int]:
            late = booked - documents[doc].due - _USUAL_DELAY
            return (late if late >= 0 else -2.0 * late), doc

        usable = sorted(usable, key=distance)[:most]
    return usable


def runs(view: View, candidates: Sequence[int]) -> list[int]:
    """An unbroken run of documents, by due day or by number, that adds up to the payment: a statement paid whole."""
    documents, target = view.board.documents, view.payment.cents
    by_number = sorted(candidates, key=lambda doc: (documents[doc].issued, documents[doc].serial_int, doc))
    for order in (list(candidates), by_number):
        first_at = {0: 0}
        total = 0
        for position, doc in enumerate(order):
            total += view.free[doc]
            start = first_at.get(total - target)
            if start is not None and position > start:
                return order[start : position + 1]
            first_at.setdefault(total, position + 1)
    return []


def hypothesis(view: View, docs: Sequence[int], how: str, found: Found | None) -> Hypothesis:
    """The reading that the payment settles exactly these documents."""
    credit = any(view.board.documents[doc].credit for doc in docs)
    chance = found.chance if found else 0.02
    share = found.share if found else 1.0
    weight = max(-2.0, min(6.0, -math.log(max(1e-9, chance)))) + math.log(max(share, 1e-6))
    return Hypothesis(
        lines=tuple(Line(doc=doc, applied=view.free[doc]) for doc in docs),
        rule="netted" if credit else "set",
        how=how,
        customer=view.customer,
        cash=sum(view.free[doc] for doc in docs),
        parts={"importe": weight, "fechas": -0.2 * sum(unusual(view, doc) for doc in docs)},
        arithmetic=addition([view.free[doc] for doc in docs]),
        solutions=found.solutions if found else 1,
        capped=REACH.get(how, 1.0) * (0.85 if credit and how == "account" else 1.0) * share / (1.0 + chance),
    )


def addition(values: Sequence[int]) -> str:
    """The sum in words.

    >>> addition([1000, 250, -50])
    '10,00 + 2,50 − 0,50 = 12,00'
    """
    text = " + ".join(written(value) for value in values[:8]).replace("+ -", "− ")
    more = f" + … ({len(values)} documentos)" if len(values) > 8 else ""
    return f"{text}{more} = {written(sum(values))}"
