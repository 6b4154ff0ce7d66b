"""Which of these amounts add up to that one? Exact, bounded, and it counts the answers: two answers are a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_EXAMINED = 256
_LARGEST = 60


@dataclass(frozen=True, slots=True)
class Sums:
    """Answer of `subsets_summing_to`.

    Attributes:
        found: Index tuples in ascending order, fewest items first, then lowest indexes; at most `keep`.
        count: How many answers there are; a lower bound when `capped`.
        capped: The search stopped at a bound: there may be more answers.
    """

    found: tuple[tuple[int, ...], ...]
    count: int
    capped: bool


def subsets_summing_to(amounts: Sequence[int], target: int, *, most: int = 6, keep: int = 8) -> Sums:
    """Find the sets of at most `most` positions whose amounts add up to `target`, meeting in the middle.

    Amounts may be negative (credit notes). Time and memory grow with
    the number of sets of up to `most` items in half of the amounts.

    Raises:
        ValueError: more than 60 amounts; the caller chooses which ones are worth looking at.

    >>> subsets_summing_to([500, 300, 200, 100], 600)
    Sums(found=((0, 3), (1, 2, 3)), count=2, capped=False)
    """
    size = len(amounts)
    if size > _LARGEST:
        raise ValueError(f"{size} amounts are too many to search")
    if size == 0 or most < 1:
        return Sums((), 0, False)
    middle = size // 2
    left_sums, left_sizes, left_masks = _half(amounts[:middle], most)
    right_sums, right_sizes, right_masks = _half(amounts[middle:], most)
    order = np.argsort(left_sums, kind="stable")
    left_sums, left_sizes, left_masks = left_sums[order], left_sizes[order], left_masks[order]
    wanted = target - right_sums
    low = np.searchsorted(left_sums, wanted, side="left")
    high = np.searchsorted(left_sums, wanted, side="right")
    found: list[tuple[int, ...]] = []
    capped = False
    for position in np.nonzero(high > low)[0].tolist():
        right_size, right_mask = int(right_sizes[position]), int(right_masks[position])
        for other in range(int(low[position]), int(high[position])):
            if not 0 < int(left_sizes[other]) + right_size <= most:
                continue
            if len(found) >= _EXAMINED:
                capped = True
                break
            found.append(_positions(int(left_masks[other]) | right_mask << middle))
    found.sort(key=lambda chosen: (len(chosen), chosen))
    return Sums(tuple(found[:keep]), len(found), capped)


def _half(amounts: Sequence[int], most: int) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """Every sum of up to `most` of the amounts with its number of items and its bit mask."""
    sums = np.zeros(1, dtype=np.int64)
    sizes = np.zeros(1, dtype=np.int8)
    masks = np.zeros(1, dtype=np.int64)
    for position, amount in enumerate(amounts):
        room = sizes < most
        sums = np.concatenate((sums, sums[room] + amount))
        masks = np.concatenate((masks, masks[room] | np.int64(1 << position)))
        sizes = np.concatenate((sizes, sizes[room] + np.int8(1)))
    return sums, sizes, masks


def _positions(mask: int) -> tuple[int, ...]:
    return tuple(position for position in range(mask.bit_length()) if mask >> position & 1)
