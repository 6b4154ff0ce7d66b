"""The arithmetic of what an ERP says is open."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger.balance import Part, explain

D = Decimal
cents = st.integers(0, 10_000).map(lambda value: D(value) / 100)


@pytest.mark.parametrize(
    ("gross", "elsewhere", "parts", "erp_open", "new_elsewhere", "in_erp", "complains"),
    [
        ("100", "0", [], "100", "0", [], False),
        ("100", "0", [], "40", "60", [], False),  # paid in part by others
        ("100", "60", [], "100", "0", [], False),  # and undone
        ("-50", "0", [], "-20", "-30", [], False),  # a credit note used in part
        ("100", "0", [("100", "85")], "15", "0", ["85"], False),  # the tax withheld is still open there
        ("100", "0", [("100", "85")], "0", "0", ["100"], False),  # and now written off
        ("100", "0", [("60", "0")], "40", "0", ["60"], False),  # somebody entered what we had allocated
        ("100", "0", [("60", "60")], "10", "30", ["60"], False),
        ("100", "0", [("60", "60")], "100", "0", ["0"], True),  # the ERP lost a payment of ours
        ("100", "0", [("60", "60"), ("-60", "0")], "100", "0", ["60", "-60"], False),  # our return arrived there
        ("100", "0", [], "-5", "100", [], True),
        ("100", "0", [], "120", "0", [], True),
    ],
)
def test_explains(gross, elsewhere, parts, erp_open, new_elsewhere, in_erp, complains) -> None:
    given_parts = [Part(applied=D(applied), in_erp=D(held)) for applied, held in parts]

    found = explain(D(gross), D(elsewhere), given_parts, D(erp_open))

    assert found.elsewhere == D(new_elsewhere)
    assert list(found.in_erp) == [D(held) for held in in_erp]
    assert bool(found.complaint) is complains


@given(total=cents, spread=st.lists(st.tuples(cents, cents), max_size=4), told=cents, other=cents, credit=st.booleans())
def test_the_balance_always_fits_and_a_second_look_changes_nothing(total, spread, told, other, credit) -> None:
    sign = -1 if credit else 1
    parts, left = [], total
    for applied, held in spread:
        applied = min(applied, left)
        left -= applied
        if applied:
            parts.append(Part(applied=applied * sign, in_erp=min(held, applied) * sign))
    erp_open = min(told, total) * sign
    elsewhere = min(other, left) * sign

    found = explain(total * sign, elsewhere, parts, erp_open)

    ours = sum((part.applied for part in parts), D(0))
    assert found.open == total * sign - found.elsewhere - ours
    assert 0 <= found.open * sign <= total
    assert all(0 <= held * sign <= part.applied * sign for held, part in zip(found.in_erp, parts, strict=True))
    if not found.complaint:
        known = sum(found.in_erp, D(0))
        assert total * sign - found.elsewhere - known == erp_open
    again = explain(
        total * sign,
        found.elsewhere,
        [Part(applied=part.applied, in_erp=held) for part, held in zip(parts, found.in_erp, strict=True)],
        erp_open,
    )
    assert (again.elsewhere, again.in_erp, again.open) == (found.elsewhere, found.in_erp, found.open)
