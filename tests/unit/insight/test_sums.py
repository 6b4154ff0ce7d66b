"""Sums of days: windows, balances, the three DSO, intervals."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from cobranza.insight.intervals import newcombe, wilson
from cobranza.insight.sums import Line, Sums, dso_countback, dso_simple, windows

D = Decimal
_DAY = st.dates(date(2024, 1, 1), date(2026, 12, 31))


def _wallet(*months: tuple[date, str, str]) -> Line:
    return Line({day: (D(change), D(sold), 1) for day, change, sold in months})


def test_counting_back_takes_the_newest_sales_first() -> None:
    wallet = _wallet(
        (date(2026, 4, 1), "600", "1000"), (date(2026, 5, 10), "500", "500"), (date(2026, 6, 5), "250", "250")
    )

    assert dso_countback(wallet, date(2026, 6, 30)) == (D(79), D(1750))
    assert dso_countback(wallet, date(2026, 4, 10)) == (D(6), D(1000))  # 600 of 1000 sold in ten days


def test_without_the_sales_that_explain_it_there_is_no_dso() -> None:
    assert dso_countback(_wallet((date(2026, 6, 5), "900", "100")), date(2026, 6, 30))[0] is None
    assert dso_simple(D(10), D(0), 90) is None
    assert dso_countback(Line({}), date(2026, 6, 30))[0] == 0


@given(start=_DAY, length=st.integers(0, 800), step=st.sampled_from(["day", "week", "month"]))
def test_windows_cover_every_day_once(start: date, length: int, step: str) -> None:
    end = start + timedelta(days=length)
    found = windows(start, end, step)  # type: ignore[arg-type]

    assert (found[0][0], found[-1][1]) == (start, end)
    assert all(after[0] - before[1] == timedelta(days=1) for before, after in pairwise(found))


@given(
    days=st.dictionaries(_DAY, st.integers(-1000, 1000), max_size=30),
    cut=_DAY,
)
def test_parts_of_a_period_sum_to_it(days: dict[date, int], cut: date) -> None:
    line = Line({day: (D(amount), D(1), 1) for day, amount in days.items()})
    before, after = line.between(None, cut), line.between(cut + timedelta(days=1), date(2027, 1, 1))
    whole = line.between(None, date(2027, 1, 1))

    assert before.num + after.num == whole.num == sum(days.values())
    assert before.rows + after.rows == len(days)


def test_classes_sum_to_the_figure() -> None:
    day = date(2026, 6, 1)
    found = Sums(
        [
            ("f", day, "a", "EUR", D(2), D(4), 1),
            ("f", day, "b", "EUR", D(1), None, 2),
            ("g", day, "", "USD", D(1), None, 1),
        ]
    )

    assert found.line("f").between(None, day) == (D(3), D(4), 3)
    assert found.kinds("f") == ["a", "b"]
    assert found.currencies["f"] == {"EUR"}
    assert found.line("none").between(None, day) == (D(0), None, 0)


@given(count=st.integers(1, 5000), share=st.floats(0, 1))
def test_an_interval_holds_its_share(count: int, share: float) -> None:
    found = wilson(round(count * share), count)

    assert found.low is not None and found.value is not None and found.high is not None
    assert 0 <= found.low <= found.value + D("0.000001") and found.value <= found.high + D("0.000001") <= 1 + D(
        "0.000001"
    )
    same = newcombe(found, found)
    assert same.low is not None and same.high is not None
    assert same.value == 0
    assert same.low <= 0 <= same.high
