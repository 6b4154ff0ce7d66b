"""Which of these amounts add up to that one? Exact, bounded, and it counts the answers: two answers are a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_EXAMINED = 256
_LARGEST = 60
_PAIRED = 3  # sets as small as this are found through a table of pairs
_FEW, _SQUARED = 9, 18  # amounts of a half between which all sums, wanted or not, cost less than the wanted ones alone
_LOW, _STEP = 0xFFFF, 14  # bits of a sum that a table looks at, and where the second table begins
_AT_ONCE, _FEW_EQUAL = 26, 4  # amounts, and equal ones among them, of which all subsets are looked at
_WHOLE = 13  # amounts whose subsets are looked at without halves
_ROWS = 7  # amounts whose subsets are rows of a table


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

    Amounts may be negative (credit notes). Equal amounts are the same answer: of several positions with one amount
    the lowest are taken. Time and memory grow with the number of sets of up to `most` items in half of the amounts.

    Raises:
        ValueError: more than 60 amounts; the caller chooses which ones are worth looking at.

    >>> subsets_summing_to([500, 300, 200, 100], 600)
    Sums(found=((0, 3), (1, 2, 3)), count=2, capped=False)
    >>> subsets_summing_to([50, 50, 50], 100)
    Sums(found=((0, 1),), count=1, capped=False)
    """
    size = len(amounts)
    if size > _LARGEST:
        raise ValueError(f"{size} amounts are too many to search")
    if size == 0 or most < 1:
        return Sums((), 0, False)
    groups: dict[int, list[int]] = {}
    for position, amount in enumerate(amounts):
        groups.setdefault(amount, []).append(position)
    if most <= _PAIRED:
        found, capped = _by_pairs(groups, target, most), False
    elif size <= _AT_ONCE and size - len(groups) <= _FEW_EQUAL:
        found, capped = _all_at_once(amounts, groups, target, most)
    else:
        found, capped = _half_by_half(amounts, groups, target, most)
    found.sort(key=lambda chosen: (len(chosen), chosen))
    return Sums(tuple(found[:keep]), len(found), capped)


def _all_at_once(
    amounts: Sequence[int], groups: dict[int, list[int]], target: int, most: int
) -> tuple[list[tuple[int, ...]], bool]:
    """Every subset, too large ones and repeated ones sorted out at the end: hardly any add up."""
    several = [group for group in groups.values() if len(group) > 1]
    masks = _masks(amounts, target)
    found: list[tuple[int, ...]] = []
    for mask in masks:
        if not 0 < mask.bit_count() <= most or any(not _lowest(mask, group) for group in several):
            continue
        if len(found) >= _EXAMINED:
            return found, True
        found.append(_positions(mask))
    return found, False


def _masks(amounts: Sequence[int], target: int) -> Iterator[int]:
    """The subsets that add up, as bits."""
    size = len(amounts)
    if size <= _WHOLE:
        yield from (_every_sum(amounts) == target).nonzero()[0].tolist()
        return
    half = (size + 1) // 2
    left, wanted = _half_sums(tuple(amounts[:half])), target - _half_sums(tuple(amounts[half:]))
    likely = _meeting(left, wanted)
    if likely is None:
        return
    by_sum: dict[int, list[int]] = {}
    for mask, total in zip(likely[0].tolist(), left[likely[0]].tolist(), strict=True):
        by_sum.setdefault(total, []).append(mask)
    for mask, total in zip(likely[1].tolist(), wanted[likely[1]].tolist(), strict=True):
        for other in by_sum.get(total, ()):
            yield other | mask << half


def _lowest(mask: int, group: Sequence[int]) -> bool:
    """Whether of some positions with one amount the subset takes the lowest."""
    taken = [mask >> position & 1 for position in group]
    return taken == sorted(taken, reverse=True)


def _half_by_half(
    amounts: Sequence[int], groups: dict[int, list[int]], target: int, most: int
) -> tuple[list[tuple[int, ...]], bool]:
    """Subsets of at most `most` in each half, equal amounts counted once."""
    left, right = _balanced(list(groups.values()), len(amounts))
    left_sums, left_sizes, left_masks = _half(amounts, left, most)
    right_sums, right_sizes, right_masks = _half(amounts, right, most)
    wanted = target - right_sums
    found: list[tuple[int, ...]] = []
    likely = _meeting(left_sums, wanted)
    if likely is None:
        return found, False
    lefts, rights = likely
    order = lefts[np.argsort(left_sums[lefts], kind="stable")]
    in_order = left_sums[order]
    low = np.searchsorted(in_order, wanted[rights], side="left").tolist()
    high = np.searchsorted(in_order, wanted[rights], side="right").tolist()
    capped = False
    for number, position in enumerate(rights.tolist()):
        if high[number] <= low[number]:
            continue
        right_size, right_mask = int(right_sizes[position]), int(right_masks[position])
        for other in order[low[number] : high[number]].tolist():
            if not 0 < int(left_sizes[other]) + right_size <= most:
                continue
            if len(found) >= _EXAMINED:
                capped = True
                break
            found.append(_positions(int(left_masks[other]) | right_mask))
    return found, capped


def _by_pairs(groups: dict[int, list[int]], target: int, most: int) -> list[tuple[int, ...]]:
    """Every set of up to three positions, equal amounts counted once."""
    found: list[tuple[int, ...]] = []
    if target in groups:
        found.append((groups[target][0],))
    values = list(groups)
    chosen: set[tuple[int, ...]] = set()
    if most >= 2:
        for one in values:
            other = target - one
            if one <= other and other in groups:
                chosen.add((one, other))
    if most >= 3:
        for one, two in _with_third(values, target):
            third = target - one - two
            if third in groups:
                chosen.add(tuple(sorted((one, two, third))))
    for amounts in chosen:
        positions: list[int] = []
        for amount in amounts:
            group = groups[amount]
            used = sum(position in positions for position in group)
            if used == len(group):
                break
            positions.append(group[used])
        else:
            found.append(tuple(sorted(positions)))
    found.sort(key=lambda positions: (len(positions), positions))
    return found


def _with_third(values: Sequence[int], target: int) -> Iterator[tuple[int, int]]:
    """Pairs of values to which a third may be added to reach the target; a few more, none less."""
    amounts = np.array(values, dtype=np.int64)
    table = np.zeros(_LOW + 1, dtype=np.bool_)
    table[amounts & _LOW] = True
    left, right = table[(target - np.add.outer(amounts, amounts)) & _LOW].nonzero()
    for one, two in zip(left.tolist(), right.tolist(), strict=True):
        if one <= two:
            yield values[one], values[two]


def _balanced(groups: Sequence[list[int]], size: int) -> tuple[list[list[int]], list[list[int]]]:
    """Share the groups of equal amounts out between two halves of about the same number of positions."""
    left: list[list[int]] = []
    right: list[list[int]] = []
    placed = 0
    for group in groups:
        if placed * 2 < size:
            left.append(group)
            placed += len(group)
        else:
            right.append(group)
    return left, right


def _half(
    amounts: Sequence[int], groups: Sequence[list[int]], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """Every sum of up to `most` of the positions with its number of items and its bit mask, equal amounts in order."""
    if len(groups) == sum(map(len, groups)):
        return _half_of_different(amounts, [group[0] for group in groups], most)
    sums = np.zeros(1, dtype=np.int64)
    sizes = np.zeros(1, dtype=np.int8)
    masks = np.zeros(1, dtype=np.int64)
    taken = 0
    for group in groups:
        amount = amounts[group[0]]
        last = (sums, sizes, masks)
        for position in group[:most]:
            one, count, mask = last
            if taken >= most:
                room = count < most
                one, count, mask = one[room], count[room], mask[room]
            last = (one + amount, count + np.int8(1), mask | np.int64(1 << position))
            sums = np.concatenate((sums, last[0]))
            sizes = np.concatenate((sizes, last[1]))
            masks = np.concatenate((masks, last[2]))
            taken += 1
    return sums, sizes, masks


def _half_of_different(
    amounts: Sequence[int], positions: list[int], most: int
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.int64]]:
    """`_half` where every amount is there once."""
    count = len(positions)
    allowed, sizes = _choices(count, most)
    first = positions[0] if positions else 0
    if positions == list(range(first, first + count)):
        masks = allowed << np.int64(first)
    else:
        masks = _bits(count, most) @ np.array([1 << position for position in positions], dtype=np.int64)
    return _sums([amounts[position] for position in positions], most), sizes, masks


def _sums(values: Sequence[int], most: int) -> NDArray[np.int64]:
    """The sums of all choices of up to `most` values, in the order of `_choices`."""
    if not _FEW < len(values) <= _SQUARED:
        return _bits(len(values), most) @ np.array(values, dtype=np.int64)
    return _every_sum(values)[_choices(len(values), most)[0]]


def _every_sum(values: Sequence[int]) -> NDArray[np.int64]:
    """The sums of all subsets; bit `n` of the index says whether value `n` is in."""
    size = len(values)
    if size <= _ROWS:
        return _bits(size, size) @ np.array(values, dtype=np.int64)
    cut = size // 2  # two parts added to each other: far cheaper than so many rows
    return np.add.outer(_every_sum(values[cut:]), _every_sum(values[:cut])).ravel()


@lru_cache(maxsize=128)  # at most 64 KB each; a customer's usual documents are searched for several totals
def _half_sums(values: tuple[int, ...]) -> NDArray[np.int64]:
    """`_every_sum`, not to be changed."""
    sums = _every_sum(values)
    sums.setflags(write=False)
    return sums


@lru_cache(maxsize=512)
def _choices(size: int, most: int) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    """Every way to choose up to `most` of `size` things as a number of `size` bits, and how many each takes."""
    masks = np.zeros(1, dtype=np.int64)
    sizes = np.zeros(1, dtype=np.int8)
    for position in range(size):
        room = sizes < most
        masks = np.concatenate((masks, masks[room] | np.int64(1 << position)))
        sizes = np.concatenate((sizes, sizes[room] + np.int8(1)))
    masks.setflags(write=False)
    sizes.setflags(write=False)
    return masks, sizes


@lru_cache(maxsize=512)
def _bits(size: int, most: int) -> NDArray[np.int64]:
    """The same ways as rows of 0 and 1."""
    bits = (_choices(size, most)[0][:, None] >> np.arange(size, dtype=np.int64)) & 1
    bits.setflags(write=False)
    return bits


def _meeting(left: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Positions of the sums that may be wanted and of what may be met, both ascending; None when nothing meets.

    Two tables of bits over parts of the numbers leave hardly any that do not meet, at a fraction of the cost of
    sorting.
    """
    lefts, rights = _alike(left & _LOW, wanted & _LOW)
    if not len(rights):
        return None
    again, kept = _alike((left[lefts] >> _STEP) & _LOW, (wanted[rights] >> _STEP) & _LOW)
    if not len(kept):
        return None
    lefts, rights = lefts[again], rights[kept]
    if set(left[lefts].tolist()).isdisjoint(wanted[rights].tolist()):
        return None
    return lefts, rights


def _alike(left: NDArray[np.int64], wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions on both sides of the numbers (at most `_LOW`) that stand on the other side too."""
    table = np.zeros(_LOW + 1, dtype=np.bool_)
    table[left] = True
    rights = table[wanted].nonzero()[0]
    if not len(rights):
        return rights, rights
    table[left] = False
    table[wanted[rights]] = True
    return table[left].nonzero()[0], rights


def _positions(mask: int) -> tuple[int, ...]:
    result = []
    while mask:
        lowest = mask & -mask
        result.append(lowest.bit_length() - 1)
        mask ^= lowest
    return tuple(result)
