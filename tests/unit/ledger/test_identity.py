"""Which movement is which, however statements overlap; and which account."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.ledger import canonical
from cobranza.ledger.accounts import same_account
from cobranza.ledger.identity import continuation, identities_after
from cobranza.ledger.statements import BankMovement, Statement, fingerprint

D = Decimal
DAY = date(2026, 3, 2)
IBAN = "ES9121000418450200051332"


@dataclass(frozen=True)
class Held:
    """A movement as the ledger would hold it."""

    fingerprint: str
    booked_on: date
    amount: Decimal


def _movement(day: int, amount: int, text: str) -> BankMovement:
    when = DAY + timedelta(days=day)
    return BankMovement(booked_on=when, value_on=when, amount=D(amount), currency="EUR", text=text)


movements = st.builds(_movement, st.integers(0, 4), st.sampled_from([5, 10, -3]), st.sampled_from(["A", "B"]))


def _take(ledger: dict[tuple[str, int], Held], lines: list[BankMovement]) -> None:
    whole = Statement(account=IBAN, currency="EUR", opening=None, closing=None, movements=tuple(lines))
    there = [held for held in ledger.values() if any(line.booked_on == held.booked_on for line in lines)]
    for line, key in zip(lines, identities_after(IBAN, lines, continuation(whole, None, there)), strict=True):
        ledger.setdefault(key, Held(key[0], line.booked_on, line.amount))


@given(st.lists(movements, max_size=12), st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=6))
def test_any_overlap_in_any_order_leaves_the_same_multiset(lines, windows) -> None:
    lines = sorted(lines, key=lambda line: line.booked_on)
    ledger: dict[tuple[str, int], Held] = {}
    for first, last in [*windows, (0, 4), *windows]:
        lower, upper = DAY + timedelta(days=min(first, last)), DAY + timedelta(days=max(first, last))
        _take(ledger, [line for line in lines if lower <= line.booked_on <= upper])

    assert Counter(held.fingerprint for held in ledger.values()) == Counter(fingerprint(IBAN, line) for line in lines)


@given(
    st.lists(st.integers(1, 3).map(lambda value: _movement(0, value * 10, "A")), min_size=1, max_size=6),
    st.data(),
)
def test_a_day_cut_anywhere_keeps_every_movement_once(lines, data) -> None:
    """Receipts only: a day whose movements cancel out cannot be told apart by balances."""
    cuts = sorted({0, len(lines), *data.draw(st.lists(st.integers(0, len(lines)), max_size=3))})
    parts = [(lines[start:end], sum((line.amount for line in lines[:start]), D(100))) for start, end in pairwise(cuts)]
    ledger: list[Held] = []
    for part, opening in [*parts, *parts]:
        whole = Statement(account=IBAN, currency="EUR", opening=opening, closing=None, movements=tuple(part))
        keys = identities_after(IBAN, part, continuation(whole, D(100), ledger))
        have = Counter(held.fingerprint for held in ledger)
        for line, (key, occurrence) in zip(part, keys, strict=True):
            if occurrence >= have[key]:
                ledger.append(Held(key, line.booked_on, line.amount))

    assert Counter(held.fingerprint for held in ledger) == Counter(fingerprint(IBAN, line) for line in lines)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (IBAN, "ES91 2100 0418 4502 0005 1332", True),
        (IBAN, "21000418450200051332", True),
        (IBAN, "210004180200051332", True),
        (IBAN, "ES91************1332", True),
        (IBAN, "…1332", False),
        (IBAN, "****9999", False),
        ("DE89370400440532013000", "370400440532013000", True),
        ("DE89370400440532013000", "37040044/0532013000EUR", True),
        (IBAN, "", False),
        (IBAN, "ES7921000813610123456789", False),
    ],
)
def test_accounts(one, other, same) -> None:
    assert same_account(one, other) is same
    assert same_account(other, one) is same


words = st.text("aé€\x00 {", max_size=3)
leaves = st.none() | st.booleans() | st.integers() | words


@given(st.dictionaries(words, leaves | st.lists(leaves, max_size=2) | st.dictionaries(words, leaves, max_size=2)))
def test_canonical_text_does_not_depend_on_order(value) -> None:
    shuffled = dict(reversed(list(value.items())))
    if len({canonical.plain(key) for key in value}) == len(value):
        assert canonical.text(value) == canonical.text(shuffled)


@pytest.mark.parametrize("value", [1.5, datetime(2026, 1, 1), {1: 2}, b"x", object()])
def test_what_has_no_one_spelling_is_refused(value) -> None:
    with pytest.raises(TypeError):
        canonical.text({"a": value})
