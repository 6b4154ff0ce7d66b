"""The simulated portfolio in small: a strategy's true effect is found by its hold-out, and it is worth having."""

from __future__ import annotations

import numpy as np
import pytest

from cobranza.dunning.settings import strategy
from tests import portfolio


@pytest.fixture(scope="module")
def lived() -> tuple[portfolio.Draws, portfolio.Lived]:
    drawn = portfolio.draw(700, months=6, seed=7)
    return drawn, portfolio.live(drawn, strategy("general"), months=6)


def test_the_true_effect_lies_in_the_hold_outs_interval(lived: tuple[portfolio.Draws, portfolio.Lived]) -> None:
    told, truth, covered = portfolio.verdict(*lived, trials=60, share=30)
    assert truth > 0.02, "the strategy moves somebody"
    assert told[0] < told[1] < told[2]
    assert covered >= 53, "19 intervals of 20 on average"


def test_no_effect_is_not_found_where_there_is_none(lived: tuple[portfolio.Draws, portfolio.Lived]) -> None:
    drawn, _ = lived
    nobody = portfolio.Lived(paid=drawn.natural, contacts=np.zeros(drawn.debtors, np.int32), tasks=0, looks=0)
    _told, truth, covered = portfolio.verdict(drawn, nobody, trials=60, share=30)
    assert truth == 0
    assert covered >= 53


def test_it_is_worth_having(lived: tuple[portfolio.Draws, portfolio.Lived]) -> None:
    drawn, with_it = lived
    assert portfolio.dso(drawn, with_it.paid) < portfolio.dso(drawn, drawn.natural) - 2
    assert portfolio.recovered(drawn, with_it.paid, 60) > portfolio.recovered(drawn, drawn.natural, 60)


def test_who_said_stop_is_never_written_to_and_nobody_too_often(
    lived: tuple[portfolio.Draws, portfolio.Lived],
) -> None:
    drawn, with_it = lived
    assert with_it.contacts[drawn.stopped].sum() == 0
    assert with_it.contacts.max() <= 5 * drawn.amounts.shape[1]


def test_a_hold_out_is_left_alone() -> None:
    drawn = portfolio.draw(60, months=3, seed=1)
    treated = np.arange(60) % 2 == 0
    found = portfolio.live(drawn, strategy("general"), months=3, treated=treated)
    assert found.contacts[~treated].sum() == 0
    assert np.array_equal(found.paid[~treated], drawn.natural[~treated])
    assert found.contacts[treated].sum() > 0
