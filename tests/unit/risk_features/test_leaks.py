"""Tries to leak the future into the features, by every table and every date that can change later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.risk.features import NAMES, days, table
from cobranza.risk.features.history import NEVER, History
from tests.unit.risk_features.worlds import KNOWN, NOW, TODAY, frame, together, world

SEEDS = st.integers(0, 10_000)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=False, rtol=1e-9, atol=1e-9)


@settings(max_examples=20, deadline=None)
@given(SEEDS, SEEDS)
def test_nothing_that_became_known_later_changes_the_table(past: int, future: int) -> None:
    before = world(past)
    after = world(future, first=NOW + 1, last=NOW + 400, base=1000)

    both = together(before, after, future)

    same(table(both, TODAY), table(before, TODAY))
    pd.testing.assert_frame_equal(days(both, TODAY), days(before, TODAY))


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.integers(1, 500))
def test_what_ended_later_has_not_ended(seed: int, later: int) -> None:
    """Releases, ends of agreements, payments of instalments: moved about in the future, or never."""
    found = world(seed)

    def moved(rows: pd.DataFrame, column: str, to: int) -> pd.DataFrame:
        return rows.assign(**{column: rows[column].where(rows[column] <= NOW, to)})

    for to in (NOW + later, NEVER):
        other = replace(
            found,
            disputes=moved(found.disputes, "released", to),
            agreements=moved(found.agreements, "ended", to),
            instalments=moved(found.instalments, "closed", to),
        )
        same(table(other, TODAY), table(found, TODAY))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_how_an_agreement_will_end_is_not_known_while_it_runs(seed: int) -> None:
    found = world(seed)
    running = found.agreements["ended"] > NOW

    for outcome in (-1, 0, 1):
        told = found.agreements.assign(outcome=found.agreements["outcome"].where(~running, outcome))
        same(table(replace(found, agreements=told), TODAY), table(found, TODAY))


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_a_later_payment_of_an_old_bill_is_not_seen_even_when_it_was_made_before(seed: int) -> None:
    """The transfer stood in the bank, but nobody knew yet whose it was."""
    found = world(seed)
    late = found.settlements.assign(known=NOW + 1)

    both = replace(found, settlements=pd.concat([found.settlements, late], ignore_index=True))

    same(table(both, TODAY), table(found, TODAY))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_attempts_are_real(name: str) -> None:
    """The same additions, known in time, do change something: otherwise the tests above could not fail."""
    before, after = world(1), world(2, first=NOW - 60, base=1000)
    rows = getattr(after, name)
    if name == "settlements":
        rows = rows.assign(
            invoice=before.invoices["invoice"].sample(len(rows), replace=True, random_state=1).to_numpy()
        )
    with_them = replace(before, **{name: pd.concat([getattr(before, name), rows], ignore_index=True)})

    assert not table(with_them, TODAY).equals(table(before, TODAY))


@settings(max_examples=20, deadline=None)
@given(SEEDS, SEEDS)
def test_the_order_of_the_rows_and_the_company_of_others_change_nothing(seed: int, shuffle: int) -> None:
    found = world(seed)
    whole = table(found, TODAY)
    shuffled = together(found, History(debtors=found.debtors), shuffle)
    some = replace(found, debtors=found.debtors.iloc[[4, 1]])

    same(table(shuffled, TODAY), whole)
    same(table(some, TODAY), whole.loc[[2, 5]])


def test_the_columns_are_those_of_the_catalogue() -> None:
    found = table(world(3), TODAY)

    assert tuple(found.columns) == NAMES
    assert (found.dtypes == np.float64).all()
    assert not np.isinf(found.to_numpy()).any()


def test_a_frame_without_its_columns_is_refused() -> None:
    with pytest.raises(ValueError, match="invoices lacks amount"):
        History(debtors=world(1).debtors, invoices=world(1).invoices.drop(columns="amount"))


def test_a_debtor_without_any_history_has_a_row() -> None:
    nobody = frame("debtors", {"debtor": [9], "country": ["ES"], "sector": [""]})

    found = table(History(debtors=nobody), TODAY)

    assert found.loc[9, "overdue_count"] == 0
    assert found["late_share"].isna().all()
