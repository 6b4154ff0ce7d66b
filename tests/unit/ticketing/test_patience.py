"""How long a desk is waited for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cobranza.disputes.ports import DeskError
from connectors.ticketing.patience import Patience, asked_wait


@given(header=some.text(max_size=60))
def test_any_header_is_a_wait_or_none(header: str) -> None:
    wait = asked_wait({"retry-after": header})

    assert wait is None or wait >= 0


@given(asked=some.lists(some.none() | some.integers(0, 40), max_size=60), most=some.floats(0, 120))
def test_the_waits_of_a_call_never_exceed_its_patience(asked: list[int | None], most: float) -> None:
    slept: list[float] = []
    patience = Patience(most, slept.append)
    try:
        for seconds in asked:
            patience.limited({} if seconds is None else {"Retry-After": str(seconds)})
    except DeskError:
        pass
    while patience.failed():
        pass

    assert sum(slept) <= most
    assert all(wait >= 0.5 for wait in slept), "zero would be a busy loop"


def test_a_longer_wait_than_is_left_is_told_and_not_slept() -> None:
    slept: list[float] = []

    with pytest.raises(DeskError, match="120"):
        Patience(60, slept.append).limited({"RETRY-AFTER": "120"})
    assert slept == []
