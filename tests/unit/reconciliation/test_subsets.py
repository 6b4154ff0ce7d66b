"""Subset sums against brute force."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.subsets import subsets_summing_to


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-40, 60), max_size=11), st.integers(-50, 150), st.integers(1, 6))
def test_equals_brute_force_with_equal_amounts_counted_once(amounts: list[int], target: int, most: int) -> None:
    expected: dict[tuple[int, ...], tuple[int, ...]] = {}
    for size in range(1, most + 1):
        for chosen in combinations(range(len(amounts)), size):
            if sum(amounts[position] for position in chosen) == target:
                expected.setdefault(tuple(sorted(amounts[position] for position in chosen)), chosen)

    answer = subsets_summing_to(amounts, target, most=most, keep=10_000)

    if answer.capped:
        assert len(expected) > answer.count
        assert set(answer.found) <= set(expected.values())
    else:
        assert answer.count == len(expected)
        assert list(answer.found) == sorted(expected.values(), key=lambda chosen: (len(chosen), chosen))


def test_too_many_amounts_are_refused() -> None:
    with pytest.raises(ValueError, match="61"):
        subsets_summing_to([1] * 61, 3)


def test_large_amounts_stay_exact() -> None:
    assert subsets_summing_to([10**14 + 1, 10**14 + 2, 5], 2 * 10**14 + 3).found == ((0, 1),)
