"""Sets of documents that a payment does not name (all): which of what is open adds up, and how far chance would too.

Three ways to fill a transfer are known to every clerk: some of the documents that are due, everything that is due but
for one or two that are in dispute, and an unbroken run of the statement. A credit note comes with the invoice that it
corrects. How many sets of usual documents there are against how many cents they may add up to says what chance alone
would give; where chance would give a set anyway, none is looked for.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from cobranza.reconciliation.board import View
from cobranza.reconciliation.hundredths import written
from cobranza.reconciliation.records import Hypothesis, Line
from cobranza.reconciliation.subsets import subsets_summing_to
from cobranza.reconciliation.weights import LONELY_CREDIT, ONE_MORE, usual

# Share of such payments whose true set lies in what is searched at all.
REACH = {"completed": 0.97, "account": 0.94}
TWIN_CAP = 0.94  # equal documents of one customer: the oldest is proposed, a person confirms
TWIN_CAP_NAMED = 0.65  # the payer named some of them and meant certain others
# When the most usual documents give nothing: small sets of many more.
_WIDE, _WIDE_SIZE = 56, 3
_MOST_BY_SIZE = 8  # documents at most where not every set is looked at
_BY_CHANCE = 1.0  # sets of a size are looked for while chance would give less than this many
_SKIPPED_FROM = 5  # "all but two" is said of five documents or more
_LARGEST = 60  # documents at most in a run that is paid but for two
_RUN = 7.0  # a run of the statement is so many times likelier than another set with the same sum
_RUN_BY_CHANCE = 0.02  # runs that chance gives, of those of a usual length
_CREDITS = 3  # credit notes looked at, the most usual days first


class Found(NamedTuple):
    """A set that adds up.

    Attributes:
        docs: Its documents.
        solutions: How many sets add up as well.
        chance: Expected number of sets that would add up by chance, against how usual this one is.
        share: Probability among the sets found, by how usual their days are.
        odds: How usual it is, log-odds, 0 at most.
        twins: Equal documents stand outside the set: the oldest were taken.
    """

    docs: list[int]
    solutions: int
    chance: float
    share: float
    odds: float = 0.0
    twins: bool = False


def pool(view: View, least: int | None = None) -> list[int]:
    """Documents that may be paid unnamed, oldest due day first; only of `least` hundredths or more, or returned.

    Same currency, not in a batch, not too old, and not named by another payment that waits for a decision. The list
    is not to be changed.
    """
    if least is None and view.pool is not None:
        return view.pool
    board, free = view.board, view.free
    papers = board.payable(view.customer).get(view.payment.currency)
    if papers is None:
        return []
    oldest = bisect_left(papers.dues, view.payment.booked - board.policy.ventana_dias)
    batched, returned, claims = board.batched, board.returned, board.claims
    found = [
        doc
        for doc in papers.docs[oldest:]
        if doc in free and (doc not in batched or doc in returned) and (doc not in claims or not claimed(view, doc))
    ]
    if least is None:
        view.pool = found
        return found
    return [doc for doc in found if free[doc] >= least or doc in returned]


def claimed(view: View, doc: int) -> bool:
    """Whether another payment names the document and has not been decided."""
    decided, mine = view.board.decided, view.payment.index
    for other in view.board.claims.get(doc, ()):  # noqa: SIM110  # asked for every document of a customer
        if other != mine and other not in decided:
            return True
    return False


def unusual(view: View, doc: int) -> float:
    """How unusual it is to pay the document on the payment's day: 0 around its due day, growing either way."""
    return -usual(view.payment.booked - view.board.documents[doc].due)


def search(view: View, candidates: Sequence[int], target: int, *, most: int = _LARGEST) -> list[Found]:
    """Sets of `candidates` (oldest due day first) that add up to `target`, likeliest first, at most four."""
    if target == 0 or not candidates:
        return []
    free = view.free
    credits = [doc for doc in candidates if free[doc] < 0]
    relief = -sum([free[doc] for doc in credits])
    invoices = [doc for doc in candidates if 0 < free[doc] <= target + relief]
    if not credits and sum([free[doc] for doc in invoices]) < target:
        return []
    booked, documents = view.payment.booked, view.board.documents
    odds = {doc: usual(booked - documents[doc].due) for doc in invoices}
    ranked = [doc for _, doc in sorted([(-odds[doc], doc) for doc in invoices])]
    found = _Sums(view, odds, ranked, invoices, target, most).found()
    if not credits:
        return _ranked(view, candidates, found)
    credits.sort(key=lambda doc: (-usual(booked - documents[doc].due), doc))
    for credit in credits[:_CREDITS]:
        partners = _partners(view, credit, invoices)
        rest = target - free[credit]
        if rest == 0:
            continue
        netted = _Sums(view, odds, ranked, invoices, rest, most - 1).found()
        for one in [*netted, *_with_pair(found, credit, partners, free)]:
            lonely = 0.0 if not partners.isdisjoint(one.docs) else LONELY_CREDIT
            found.append(one._replace(docs=[*one.docs, credit], odds=one.odds + lonely))
    if target < 0 and target in [free[credit] for credit in credits]:
        found += [Found([doc], 1, 0.01, 1.0) for doc in credits if free[doc] == target][:1]
    return _ranked(view, candidates, found)


def _partners(view: View, credit: int, invoices: Iterable[int]) -> set[int]:
    """Invoices of which the credit note is the whole or a round part: what it may correct."""
    free, amount = view.free, -view.free[credit]
    wanted: set[int] = set()
    for share in view.board.policy.abono_partes:
        parts, over = share.as_integer_ratio()
        whole = amount * over // parts
        wanted.update(range(whole - over // parts - 1, whole + over // parts + 2) if parts < over else (amount,))
    return {doc for doc in invoices if free[doc] in wanted}


def _with_pair(plain: Sequence[Found], credit: int, partners: set[int], free: dict[int, int]) -> list[Found]:
    """A set and, beside it, an invoice that the credit note cancels whole: both are cleared together."""
    whole = [doc for doc in sorted(partners) if free[doc] == -free[credit]][:1]
    return [
        one._replace(docs=[*one.docs, doc], odds=one.odds + ONE_MORE)
        for one in plain
        for doc in whole
        if doc not in one.docs and all(free[other] > 0 for other in one.docs)
    ]


def _ranked(view: View, candidates: Sequence[int], found: Sequence[Found]) -> list[Found]:
    """Equal documents exchanged for their oldest, each set once, shares worked out; the likeliest four."""
    if not found:
        return []
    free = view.free
    values = [free[doc] for doc in candidates]
    several = len(set(values)) < len(values)
    equal: dict[int, list[int]] = {}
    if several:
        used = {free[doc] for one in found for doc in one.docs}
        for doc, value in zip(candidates, values, strict=True):
            if value in used:
                equal.setdefault(value, []).append(doc)
    once: dict[tuple[int, ...], Found] = {}
    alike: set[tuple[int, ...]] = set()
    for one in found:
        docs, twins = one.docs, False
        if several:
            docs, twins = _oldest(docs, equal, free)
        key = tuple(sorted(docs))
        held = once.get(key)
        if held is None or one.odds > held.odds:
            once[key] = one
            (alike.add if twins else alike.discard)(key)
    best = max([one.odds for one in once.values()])
    total = sum([math.exp(one.odds - best) for one in once.values()], 0.0)
    most = max([one.solutions for one in once.values()])
    unseen = max(1.0, most / max(1, len(found)))
    place = dict(zip(candidates, range(len(candidates)), strict=True)).__getitem__
    order = sorted(
        [(-math.exp(one.odds - best) / (total * unseen), sorted(key, key=place), key) for key, one in once.items()]
    )
    return [
        Found(docs, max(once[key].solutions, len(once)), once[key].chance, -share, once[key].odds, key in alike)
        for share, docs, key in order[:4]
    ]


def _oldest(docs: Sequence[int], equal: dict[int, list[int]], free: dict[int, int]) -> tuple[list[int], bool]:
    """As many documents of the same amounts, the oldest of each; whether equal ones are left over."""
    counts: dict[int, int] = {}
    for doc in docs:
        counts[free[doc]] = counts.get(free[doc], 0) + 1
    chosen = [doc for value, number in counts.items() for doc in equal[value][:number]]
    return chosen, any(len(equal[value]) > number for value, number in counts.items())


class _Sums:
    """One search: invoices (positive) that add up to a target.

    Attributes:
        odds: How usual it is to pay each candidate now.
        ranked: The candidates, the most usual first.
        invoices: Those of at most the target, oldest due day first.
    """

    def __init__(
        self,
        view: View,
        odds: dict[int, float],
        ranked: Sequence[int],
        invoices: Sequence[int],
        target: int,
        most: int,
    ) -> None:
        free = view.free
        self.view = view
        self.invoices = [doc for doc in invoices if free[doc] <= target]
        self.ranked = ranked
        self.target = target
        self.most = most
        self.odds = odds

    def found(self) -> list[Found]:
        """Every set found, the cheapest kind of search that finds any."""
        if self.target <= 0 or self.most < 1 or not self.invoices:
            return []
        free, target = self.view.free, self.target
        if sum([free[doc] for doc in self.invoices]) < target:
            return []
        order = [doc for doc in self.ranked if free[doc] <= target]
        first = self.view.board.policy.candidatos_maximo
        result = self._subsets(order[:first], self.most)
        if not result and len(order) > first:
            result = self._subsets(order[:_WIDE], min(self.most, _WIDE_SIZE))
        if not result and len(self.invoices) >= _SKIPPED_FROM and self.most >= _SKIPPED_FROM:
            result = self._all_but_few()
        return result

    def _subsets(self, usable: Sequence[int], most: int) -> list[Found]:
        free = self.view.free
        values = [free[doc] for doc in usable]
        if self.target % math.gcd(*values):
            return []
        grain, spread = self._spread(values)
        weights = [math.exp(self.odds[doc] + ONE_MORE) for doc in usable]
        size, expected = _worth(weights, min(most, len(usable)), spread * _BY_CHANCE)
        sums = subsets_summing_to(values, self.target, most=size, keep=64)
        result = []
        for chosen in sums.found:
            docs = [usable[position] for position in chosen]
            by_chance = expected / spread
            common = math.gcd(self.target, *[values[position] for position in chosen])
            if common > grain:  # round amounts meet round totals more easily
                round_ones = [weight for weight, value in zip(weights, values, strict=True) if value % common == 0]
                by_chance = max(by_chance, _expected(round_ones, size) * common / grain / spread)
            odds = sum([self.odds[doc] + ONE_MORE for doc in docs], 0.0)
            result.append(Found(docs, sums.count, by_chance, 1.0, odds))
        return result

    def _all_but_few(self) -> list[Found]:
        """Everything that is due by some day, but for one or two documents (in dispute, mislaid)."""
        free, target = self.view.free, self.target
        docs: list[int] = []
        seen: dict[int, int] = {}
        total, tried, largest = 0, 0, 0
        result: list[Found] = []
        usable = [doc for doc in self.invoices if self.odds[doc] > -3.0]
        _, spread = self._spread([free[doc] for doc in usable])
        for doc in usable[:_LARGEST]:
            docs.append(doc)
            seen.setdefault(free[doc], doc)
            total += free[doc]
            largest = max(largest, free[doc])
            over = total - target
            if over < 0 or len(docs) < _SKIPPED_FROM:
                continue
            tried += 1 + len(docs) * len(docs) // 2
            if over > 2 * largest:
                continue
            left_out: tuple[int, ...] | None = None
            if over == 0:
                left_out = ()
            elif over in seen:
                left_out = (seen[over],)
            elif len(docs) > _SKIPPED_FROM:
                pairs = ((one, seen[over - free[one]]) for one in docs if over - free[one] in seen)
                left_out = next(((one, two) for one, two in pairs if one != two), None)
            if left_out is not None and len(docs) - len(left_out) <= self.most:
                kept = [other for other in docs if other not in left_out]
                odds = -1.5 * len(left_out) + sum(min(0.0, self.odds[other] + 1.0) for other in kept)
                result.append(Found(kept, 1, 0.0, 1.0, odds))
        return [one._replace(solutions=len(result), chance=tried / spread) for one in result]

    def _spread(self, values: Sequence[int]) -> tuple[int, float]:
        """The common grain of the amounts, and how many different totals around the target they could give."""
        grain = math.gcd(self.target, *values) or 1
        return grain, max(1.0, min(sum(values), 2 * self.target) / grain)


def _worth(weights: Sequence[float], most: int, limit: float) -> tuple[int, float]:
    """The largest size of set of which chance gives less than `limit`, at least two; and how many sets that is."""
    whole = math.exp(sum(map(math.log1p, weights), 0.0))
    if whole <= limit and most >= len(weights):
        return most, whole
    most = min(most, _MOST_BY_SIZE)
    by_size = [1.0] + [0.0] * most
    for number, weight in enumerate(weights):
        for size in range(min(number + 1, most), 0, -1):
            by_size[size] += by_size[size - 1] * weight
    total = 0.0
    for size in range(1, most + 1):
        total += by_size[size]
        if total > limit and size > 2:
            return size - 1, total - by_size[size]
    return most, total


def _expected(weights: Sequence[float], most: int) -> float:
    return _worth(weights, min(most, len(weights)), math.inf)[1] if weights else 0.0


def runs(view: View, candidates: Sequence[int]) -> list[int]:
    """An unbroken run of documents, by due day or by number, that adds up to the payment: a statement paid whole."""
    documents, target, free = view.board.documents, view.payment.cents, view.free
    by_number = [
        doc for _, _, doc in sorted([(documents[doc].issued, documents[doc].serial_int, doc) for doc in candidates])
    ]
    for order in (list(candidates), by_number):
        totals = list(accumulate([free[doc] for doc in order], initial=0))
        if {total - target for total in totals}.isdisjoint(totals):
            continue
        first_at: dict[int, int] = {}
        for position, total in enumerate(totals):
            start = first_at.get(total - target)
            if start is not None and position > start + 1:
                return order[start:position]
            first_at.setdefault(total, position)
    return []


def with_run(view: View, found: Sequence[Found], run: Sequence[int]) -> list[Found]:
    """The sets found, an unbroken run among them being as likely as `_RUN` others of its kind."""
    if not run:
        return list(found)
    free = view.free
    odds = -0.5 * sum([unusual(view, doc) for doc in run], 0.0)
    amounts = sorted(free[doc] for doc in run)
    same = next((one for one in found if sorted(free[doc] for doc in one.docs) == amounts), None)
    before = same.share if same else 1.0 / (1 + len(found))
    share = _RUN * before / (1.0 + (_RUN - 1.0) * before)
    scale = (1.0 - share) / (1.0 - before) if before < 1.0 else 0.0
    others = [one._replace(share=one.share * scale) for one in found if one is not same]
    best = (
        same._replace(docs=list(run), share=share, odds=max(odds, same.odds), chance=min(same.chance, _RUN_BY_CHANCE))
        if same
        else Found(list(run), 1 + len(found), _RUN_BY_CHANCE, share, odds)
    )
    return [best, *others]


def hypothesis(view: View, docs: Sequence[int], how: str, found: Found | None) -> Hypothesis:
    """The reading that the payment settles exactly these documents."""
    credit = any(view.board.documents[doc].credit for doc in docs)
    chance = found.chance if found else _RUN_BY_CHANCE
    share = found.share if found else 1.0
    odds = found.odds if found else 0.5 * sum([-unusual(view, doc) for doc in docs], 0.0)
    weight = max(-2.0, min(6.0, -math.log(max(1e-9, chance)))) + math.log(max(share, 1e-6))
    cap = REACH.get(how, 1.0) * share / (1.0 + chance * math.exp(-max(-6.0, odds)))
    ceiling = 1.0
    notes = []
    if found and found.twins:
        ceiling = TWIN_CAP if how == "account" else TWIN_CAP_NAMED
        notes.append("hay otros documentos iguales; se proponen los más antiguos")
    amounts = [view.free[doc] for doc in docs]
    return Hypothesis(
        lines=tuple(map(Line, docs, amounts)),
        rule="netted" if credit else "set",
        how=how,
        customer=view.customer,
        cash=sum(amounts),
        parts={"importe": weight, "fechas": odds},
        told=partial(addition, amounts),
        solutions=found.solutions if found else 1,
        capped=cap,
        ceiling=ceiling,
        notes=notes,
    )


def addition(values: Sequence[int]) -> str:
    """The sum in words.

    >>> addition([1000, 250, -50])
    '10,00 + 2,50 − 0,50 = 12,00'
    """
    text = " + ".join([written(value) for value in values[:8]]).replace("+ -", "− ")
    more = f" + … ({len(values)} documentos)" if len(values) > 8 else ""
    return f"{text}{more} = {written(sum(values))}"
