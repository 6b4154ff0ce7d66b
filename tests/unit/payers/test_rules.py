"""The score card of the first day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from classifiers.payers.rules import ADAPTER
from classifiers.payers.shapes import Shapes
from cobranza import suite
from cobranza.risk.features import CATALOGUE, NAMES, table
from cobranza.risk.ports import OUTCOMES, REASONS
from tests.unit.risk_features.worlds import TODAY, world


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    return pd.concat([table(world(seed), TODAY) for seed in range(20)], ignore_index=True)


def test_is_found_by_its_name() -> None:
    assert suite.adapters("classifiers.payers")["reglas"] is ADAPTER
    assert ADAPTER.name.startswith("reglas/")


def test_answers_as_the_port_says(features: pd.DataFrame) -> None:
    found = ADAPTER.judge(features)

    assert list(found.columns[: len(OUTCOMES)]) == list(OUTCOMES)
    assert found.index.equals(features.index)
    assert (found["pay_30"] <= found["pay_60"]).all() and (found["pay_60"] <= found["pay_90"]).all()
    assert all(found[name].between(0, 1).all() for name in ("pay_30", "pay_90", "recovery"))
    owing = features["overdue_count"] > 0
    assert found["first_miss"].isna().equals(owing)
    assert found["relapse"].notna().equals(~owing & features["cured_days_ago"].notna())
    sizes = found[[f"points_{k}" for k in range(1, REASONS + 1)]].abs().to_numpy()
    assert (np.diff(sizes, axis=1) <= 0).all()
    assert set(found["reason_1"]) <= {*NAMES, ""}


def test_the_reasons_are_all_there_is() -> None:
    """For one debtor: the points of all features and the average make up the log odds."""
    shapes: Shapes = ADAPTER._shapes
    one = table(world(5), TODAY)

    sums, parts = shapes.add(one, "pay_60")

    odds = np.log(ADAPTER.judge(one)["pay_60"] / (1 - ADAPTER.judge(one)["pay_60"]))
    np.testing.assert_allclose(odds, shapes.base[0] + parts.sum(axis=1), atol=1e-3)
    np.testing.assert_allclose(sums[:, 0], shapes.base[0] + parts.sum(axis=1))


@pytest.mark.parametrize("name", ADAPTER._shapes.names)
def test_points_go_the_way_that_the_catalogue_says(name: str) -> None:
    steps = np.diff(ADAPTER._shapes.points[name][1:, 0])

    assert CATALOGUE[name].sense != 0
    assert (steps * CATALOGUE[name].sense >= 0).all()


def test_one_row_is_judged_as_in_the_crowd(features: pd.DataFrame) -> None:
    whole = ADAPTER.judge(features)

    pd.testing.assert_frame_equal(ADAPTER.judge(features.iloc[[7]]), whole.iloc[[7]])
