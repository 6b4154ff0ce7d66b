"""Bands and segments: kept apart, in order, never a case for the court by figures alone."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.risk.treatment import PROPOSED_LEGAL, Rules, on_worklist, treat

RULES = Rules()
shares = st.floats(min_value=0, max_value=1)


def judged(
    pay_60: float, *, pay_90: float | None = None, recovery: float = 0.9, miss: float = math.nan
) -> pd.DataFrame:
    columns = {"pay_60": [pay_60], "pay_90": [pay_60 if pay_90 is None else pay_90], "recovery": [recovery]}
    return pd.DataFrame(columns | {"first_miss": [miss]}, index=pd.Index([7], name="debtor"))


@pytest.mark.parametrize(
    ("table", "band", "segment", "proposed"),
    [
        (judged(0.9), "bajo", "recordatorio", "recordatorio"),
        (judged(0.75), "medio", "recordatorio", "recordatorio"),
        (judged(0.5), "medio", "negociacion", "negociacion"),
        (judged(0.3), "alto", "negociacion", "negociacion"),
        (judged(0.9, recovery=0.1), "alto", "recordatorio", "recordatorio"),
        (judged(0.02, recovery=0.1), "alto", "negociacion", "caso_legal"),
        (judged(0.02, miss=0.1), "bajo", "recordatorio", "recordatorio"),
        (judged(0.02, recovery=0.0, miss=0.6), "alto", "negociacion", "negociacion"),
    ],
)
def test_each_case(table: pd.DataFrame, band: str, segment: str, proposed: str) -> None:
    row = treat(table, {}, RULES).iloc[0]

    assert (row["band"], row["segment"], row["proposed"]) == (band, segment, proposed)
    assert row["to_person"] == (PROPOSED_LEGAL if proposed == "caso_legal" else "")


@given(pay=shares, recovery=shares, miss=st.one_of(shares, st.just(math.nan)))
def test_no_figures_make_anybody_a_case_for_the_court(pay: float, recovery: float, miss: float) -> None:
    row = treat(judged(pay, recovery=recovery, miss=miss), {}, RULES).iloc[0]

    assert row["segment"] != "caso_legal"
    assert (row["proposed"] == "caso_legal") == (row["to_person"] == PROPOSED_LEGAL)


@given(worse=shares, better=shares, recovery=shares)
def test_who_pays_more_probably_is_never_in_a_higher_band(worse: float, better: float, recovery: float) -> None:
    worse, better = sorted((worse, better))
    order = ["bajo", "medio", "alto"]
    bands = [treat(judged(pay, recovery=recovery), {}, RULES).iloc[0]["band"] for pay in (better, worse)]

    assert order.index(bands[0]) <= order.index(bands[1])


@given(rows=st.lists(st.tuples(shares, shares, st.one_of(shares, st.just(math.nan))), min_size=1, max_size=20))
def test_one_is_treated_as_among_many(rows: list[tuple[float, float, float]]) -> None:
    frames = [judged(pay, recovery=recovery, miss=miss) for pay, recovery, miss in rows]
    whole = pd.concat(frames).set_axis(pd.Index(range(len(frames)), name="debtor"))
    people = {0: "importe alto"}
    together = treat(whole, people, RULES)
    for place in range(len(frames)):
        alone = treat(whole.iloc[[place]], people, RULES).iloc[0]
        assert alone.to_dict() == together.iloc[place].to_dict()


def test_a_person_leads_whatever_the_score_and_the_proposal_is_told_too() -> None:
    assert treat(judged(0.99), {7: "importe alto"}, RULES).iloc[0]["to_person"] == "importe alto"
    told = treat(judged(0.01, recovery=0), {7: "cuidado especial: duelo"}, RULES).iloc[0]["to_person"]
    assert told == f"cuidado especial: duelo; {PROPOSED_LEGAL}"


@pytest.mark.parametrize(
    ("segment", "why", "listed"),
    [
        ("recordatorio", "", False), ("recordatorio", "importe alto", True), ("negociacion", "", True),
        ("caso_legal", "", True),
    ],
)  # fmt: skip
def test_the_first_segment_alone_stays_off_the_list(segment: str, why: str, listed: bool) -> None:
    assert on_worklist(segment, why) is listed
