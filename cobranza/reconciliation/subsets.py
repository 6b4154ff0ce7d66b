"""Which of these amounts add up to that one? Exact, bounded, and it counts the answers: two answers are a question."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sums:
    """Answer of `subsets_summing_to`.

    Attributes:
        found: Index tuples in ascending order, fewest items first, then lowest indexes; at most `keep`.
        count: How many answers there are, exact unless `capped`.
        capped: The search stopped at a bound: there may be more answers.
    """

    found: tuple[tuple[int, ...], ...]
    count: int
    capped: bool


def subsets_summing_to(
    amounts: Sequence[int], target: int, *, most: int = 6, keep: int = 8, bound: int = 60_000
) -> Sums:
    """Find the sets of at most `most` positions whose amounts add up to `target`, meeting in the middle.

    Amounts may be negative (credit notes). The halves hold the sums of up to `most` items each, pruned to `bound`
    sums a half; when pruned, `capped` says so.

    >>> subsets_summing_to([500, 300, 200, 100], 600)
    Sums(found=((0, 3), (1, 2, 3)), count=2, capped=False)
    """
    size = len(amounts)
    if size == 0 or most < 1:
        return Sums((), 0, False)
    middle = size // 2
    left, left_cut = _sums(amounts, range(middle), most, bound)
    right, right_cut = _sums(amounts, range(middle, size), most, bound)
    by_sum: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for total, items in left:
        by_sum[total].append(items)
    found: list[tuple[int, ...]] = []
    count = 0
    capped = left_cut or right_cut
    for total, items in right:
        for other in by_sum.get(target - total, ()):
            if 0 < len(other) + len(items) <= most:
                count += 1
                if len(found) < 4096:
                    found.append(other + items)
                else:
                    capped = True
    found.sort(key=lambda chosen: (len(chosen), chosen))
    return Sums(tuple(found[:keep]), count, capped)


def _sums(
    amounts: Sequence[int], positions: range, most: int, bound: int
) -> tuple[list[tuple[int, tuple[int, ...]]], bool]:
    sums: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    cut = False
    for position in positions:
        amount = amounts[position]
        grown = [(total + amount, (*items, position)) for total, items in sums if len(items) < most]
        if len(sums) + len(grown) > bound:
            cut = True
            grown = grown[: max(0, bound - len(sums))]
        sums += grown
    return sums, cut
