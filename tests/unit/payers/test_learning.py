"""What the judges learn from a made-up ledger: better than the rules, exact in their reasons, and never the future."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from classifiers.payers import calibration, heads, learned, store
from classifiers.payers.errors import ModelError
from classifiers.payers.heads import AGAINST
from classifiers.payers.learned import Learned
from classifiers.payers.rules import ADAPTER as RULES
from classifiers.payers.shapes import Shapes
from cobranza.risk import measuring, training
from cobranza.risk.features import CATALOGUE
from cobranza.risk.learning import Examples
from cobranza.risk.ports import OUTCOMES
from tests.unit.payers.outcome_case import case
from tests.unit.payers.payers_world import payers
from tests.unit.risk_features.worlds import TODAY


@pytest.fixture(scope="module")
def examples() -> Examples:
    return training.gather([payers(260)], training.looks(TODAY, 21, 3), TODAY)


@pytest.fixture(scope="module")
def boosting(examples: Examples) -> Learned:
    patch = pytest.MonkeyPatch()
    patch.setattr(heads, "_TREES", 40)  # enough to see what it is, and quick
    patch.setattr(learned, "_FOLDS", 2)
    taught = examples.where(~training.reserved(examples.debtor, 0.3))
    found = learned.learn("gradiente", heads.boosted, taught, seed=1, least=100)
    patch.undo()
    return found


@pytest.fixture(scope="module")
def logistic(examples: Examples) -> Learned:
    taught = examples.where(~training.reserved(examples.debtor, 0.3))
    return learned.learn("logistica", heads.linear, taught, seed=1, least=100)


@pytest.mark.parametrize("kind", ["boosting", "logistic"])
def test_beats_the_rules_on_debtors_that_never_taught(
    kind: str, examples: Examples, request: pytest.FixtureRequest
) -> None:
    judge: Learned = request.getfixturevalue(kind)
    check = examples.where(training.reserved(examples.debtor, 0.3))

    ruled, found = (measuring.figures(each.judge(check.table), check) for each in (RULES, judge))

    for outcome in ("pay_30", "pay_60"):
        assert found[outcome]["brier"] < ruled[outcome]["brier"]
        assert found[outcome]["auc"] > ruled[outcome]["auc"] - 0.03  # a few hundred rows teach
    assert found["days_late"]["mae"] < ruled["days_late"]["mae"]
    assert any("Brier" in reason for reason in measuring.worse(found, ruled))
    assert not measuring.worse(found, found)


@pytest.mark.parametrize("kind", ["boosting", "logistic"])
def test_the_reasons_add_up(kind: str, examples: Examples, request: pytest.FixtureRequest) -> None:
    judge: Learned = request.getfixturevalue(kind)
    k = judge.core.outcomes.index("pay_60")

    sums, parts = judge.core.add(examples.table, "pay_60")

    base = judge.core.base[k]
    np.testing.assert_allclose(base + parts.sum(axis=1), sums[:, k], atol=1e-9)
    taught = examples.where(~training.reserved(examples.debtor, 0.3))
    assert abs(judge.core.add(taught.table, "pay_60")[1].mean(axis=0)).max() < 1e-6  # against the average debtor
    one = judge.judge(examples.table.iloc[[3]])
    k1 = judge.core.names.index(one["reason_1"].iloc[0])
    assert one["points_1"].iloc[0] == pytest.approx(parts[3, k1])


def test_steps_go_the_way_that_the_catalogue_says(boosting: Learned) -> None:
    core = boosting.core
    assert isinstance(core, Shapes)
    for name, points in core.points.items():
        for k, outcome in enumerate(core.outcomes):
            sense = CATALOGUE[name].sense * (-1 if outcome in AGAINST else 1)
            assert (np.diff(points[1:, k]) * sense >= -1e-9).all(), (name, outcome)
    assert max(np.abs(points).max() for points in core.points.values()) > 0.1


@pytest.mark.parametrize("kind", ["boosting", "logistic"])
def test_comes_back_from_disk_the_same(
    kind: str, examples: Examples, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    judge: Learned = request.getfixturevalue(kind)
    learned.save(judge, tmp_path)

    back = learned.load(tmp_path)

    assert back.name == judge.name
    pd.testing.assert_frame_equal(back.judge(examples.table), judge.judge(examples.table))


def test_what_is_damaged_or_unknown_is_refused(boosting: Learned, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="ningún modelo"):
        learned.load(tmp_path)
    learned.save(boosting, tmp_path)
    text = (tmp_path / "model.json").read_text("utf-8")

    (tmp_path / "model.json").write_text(text[:200], "utf-8")
    with pytest.raises(ModelError, match="dañado"):
        learned.load(tmp_path)
    (tmp_path / "model.json").write_text(text.replace("late_share", "mood"), "utf-8")
    with pytest.raises(ModelError, match="mood"):
        learned.load(tmp_path)


def test_the_same_examples_give_the_same_model(examples: Examples, logistic: Learned) -> None:
    taught = examples.where(~training.reserved(examples.debtor, 0.3))

    again = learned.learn("logistica", heads.linear, taught, seed=1, least=100)

    assert again.name == logistic.name


def test_with_too_little_it_says_so(examples: Examples) -> None:
    with pytest.raises(ModelError, match="muy pocos ejemplos"):
        learned.learn("logistica", heads.linear, examples.where(np.arange(len(examples)) < 60), seed=1, least=100)


def test_an_outcome_without_examples_is_judged_by_the_rules(examples: Examples) -> None:
    bare = Examples(
        table=examples.table,
        outcomes=examples.outcomes.assign(relapse=np.nan),
        known=examples.known,
        debtor=examples.debtor,
        as_of=examples.as_of,
        country=examples.country,
    )
    judge = learned.learn("logistica", heads.linear, bare, seed=1, least=100)

    assert "relapse" not in judge.core.outcomes
    pd.testing.assert_series_equal(
        judge.judge(examples.table)["relapse"], RULES.judge(examples.table)["relapse"], rtol=1e-9
    )


def test_no_fold_learns_from_what_was_not_known_when_it_began(examples: Examples) -> None:
    """The answers that came after a fold began are turned round: what is said of that fold must not move."""
    seen: list[tuple[int, float]] = []

    def spy(given: pd.DataFrame, outcomes: dict[str, np.ndarray], _seed: int) -> Shapes:
        known = outcomes["pay_60"]
        seen.append((len(given), float(np.nansum(known))))
        return Shapes(("pay_60",), np.zeros(1), {"tenure": np.zeros(0)}, {"tenure": np.zeros((2, 1))})

    learned.out_of_time("x", spy, examples, seed=1, least=100)
    before = list(seen)
    first = int(np.unique(examples.as_of)[-4])
    turned = examples.outcomes.copy()
    late = (examples.known["pay_60"] > first).to_numpy()
    turned.loc[late, "pay_60"] = 1 - turned.loc[late, "pay_60"]
    seen.clear()
    other = Examples(
        table=examples.table, outcomes=turned, known=examples.known, debtor=examples.debtor, as_of=examples.as_of,
        country=examples.country,
    )  # fmt: skip
    learned.out_of_time("x", spy, other, seed=1, least=100)

    assert before and seen[0] == before[0]
    assert seen[-1] != before[-1]  # so the turning is felt where it may be


def test_versions_go_into_use_are_refused_and_come_back(boosting: Learned, logistic: Learned, tmp_path: Path) -> None:
    store.admit(tmp_path, logistic, {"check": {}}, "ficha", ())
    assert store.read(tmp_path).in_use == logistic.version
    store.admit(tmp_path, boosting, {"check": {}}, "otra", ("peor",))

    assert store.read(tmp_path).in_use == logistic.version
    store.use(tmp_path, boosting.version)
    assert store.read(tmp_path).in_use == boosting.version
    assert store.roll_back(tmp_path) == logistic.version
    assert store.roll_back(tmp_path) == ""
    with pytest.raises(ModelError, match="ninguna versión entrenada"):
        store.roll_back(tmp_path)
    with pytest.raises(ModelError, match="No se guarda"):
        store.use(tmp_path, "nada")
    assert store.card(tmp_path, boosting.version) == ({"check": {}}, "otra")


def test_calibration_mends_what_is_too_sure() -> None:
    dice = np.random.default_rng(1)
    truth = dice.uniform(0.02, 0.98, 6000)
    happened = (dice.random(6000) < truth).astype(float)
    said = 1 / (1 + np.exp(-3 * np.log(truth / (1 - truth))))  # far too sure

    points = calibration.fit(said[:3000], happened[:3000])

    mended = calibration.apply(points, said[3000:])
    worst = max(abs(row["said"] - row["found"]) for row in measuring.deciles(mended, happened[3000:]))
    assert worst < 0.05
    assert max(abs(r["said"] - r["found"]) for r in measuring.deciles(said[3000:], happened[3000:])) > 0.1
    assert (np.diff(points[1]) >= 0).all() and (np.diff(points[0]) > 0).all()


def test_outcomes_are_worked_out_by_hand() -> None:
    happened, known = case()

    first, second = (happened.iloc[k].to_dict() for k in (0, 1))
    when = known.iloc[0].to_dict()

    assert {name: first[name] for name in ("pay_30", "pay_60", "pay_90", "recovery", "days_late")} == {
        "pay_30": 0, "pay_60": 1, "pay_90": 1, "recovery": 1, "days_late": 10 + 45,
    }  # fmt: skip
    assert when["pay_60"] - when["pay_30"] == 30
    assert np.isnan(first["first_miss"]) and np.isnan(first["relapse"])
    assert second["first_miss"] == 1 and np.isnan(second["relapse"])
    assert second["pay_30"] == 0
    assert tuple(happened.columns) == OUTCOMES
