"""The readers against 228 files of other people's tests, with values that independent readers agree on.

`expected.json` says for each file what is right (`ok`) or that no money may come out of it (`refuse`,
`no_bank_statement`), and per field which other libraries agree. Where this suite differs, `_CORRECTED` says why.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cobranza.ledger.statements import StatementError
from cobranza.reconciliation import statement_files

SAMPLES = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "statements"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the shared statement samples are not beside this checkout (../shared/data/statements)"
)

_IMPOSSIBLE_DAY = "the file writes a day that no calendar has (30 or 31 February); the reference repeats it as text"
_CORRECTED = {
    ("mt940/wolph_mt940__self-provided_february_30.sta", "dates"): _IMPOSSIBLE_DAY,
    ("mt940/wolph_mt940__self-provided_transaction_details_wrapped.sta", "dates"): _IMPOSSIBLE_DAY,
    ("ofx/jseutter_ofxparse__fail_nice_date_missing.ofx", "dates"): _IMPOSSIBLE_DAY,
}
_TWO_ACCOUNTS = "mt940/zilverline_mt940__two_accounts.txt"


@cache
def _expected() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SAMPLES / "expected.json").read_text(encoding="utf-8"))
    return found


def _named(*statuses: str) -> list[str]:
    if not SAMPLES.is_dir():
        return []
    return sorted(name for name, entry in _expected().items() if entry["status"] in statuses)


def _fields(statement: dict[str, Any], *, reference: bool) -> dict[str, Any]:
    if reference:
        entries = statement["entries"]
        currency = "EUR" if statement["currency"] == "978" else statement["currency"]  # N43 writes ISO 4217's number
        amounts, dates = [each[2] for each in entries], [(each[0], each[1]) for each in entries]
    else:
        movements = statement["movements"]
        currency = statement["currency"]
        amounts = [each["amount"] for each in movements]
        dates = [(each["booking_date"], each["value_date"]) for each in movements]
    same = {key: statement[key] for key in ("account", "opening", "closing")}
    return {**same, "currency": currency, "entries": amounts, "dates": dates}


@pytest.mark.parametrize("name", _named("ok"))
def test_reads_every_agreed_field(name: str) -> None:
    entry = _expected()[name]
    got = statement_files.as_dict(statement_files.inspect(SAMPLES / name))

    assert got["format"] == entry["format"]
    if name == _TWO_ACCOUNTS:
        pytest.skip("the reference merges two messages of different accounts; see test_keeps_two_accounts_apart")
    if "n_statements" in entry["agreed_by"] or len(entry["statements"]) == 1:
        assert len(got["statements"]) == len(entry["statements"])
    for mine, theirs in zip(got["statements"], entry["statements"], strict=False):
        read, agreed = _fields(mine, reference=False), _fields(theirs, reference=True)
        for field, value in agreed.items():
            if entry["agreed_by"].get(field) and (name, field) not in _CORRECTED:
                assert read[field] == value, f"{field} of {theirs['account']}"


@pytest.mark.parametrize("name", [name for name in _named("ok") if name.startswith("camt/")])
def test_reads_camt_details(name: str) -> None:
    """Detail level: only the reference reader's word, so three known better readings are told apart by field."""
    got = statement_files.as_dict(statement_files.inspect(SAMPLES / name))
    for mine, theirs in zip(got["statements"], _expected()[name]["statements"], strict=True):
        read = [(at, each) for at, movement in enumerate(mine["movements"]) for each in movement["details"]]
        assert len(read) == len(theirs["details"])
        for (at, detail), other in zip(read, theirs["details"], strict=True):
            assert at == other["entry"]
            assert detail["end_to_end"] == other["end_to_end"]
            assert detail["unstructured"] == other["unstructured"]
            assert detail["creditor_reference"] == other["creditor_ref"]
            assert detail["return_reason"] == other["return_reason"]
            if mine["currency"] != "XXX":  # the reference takes XXX for a currency that no detail is in
                assert detail["amount"] == other["amount"]
            if other["party"] is not None:  # the reference overlooks the ultimate debtor
                assert detail["party"] == other["party"]


@pytest.mark.parametrize("name", [name for name in _named("ok") if name.startswith("n43/")])
def test_joins_n43_texts(name: str) -> None:
    got = statement_files.as_dict(statement_files.inspect(SAMPLES / name))
    for mine, theirs in zip(got["statements"], _expected()[name]["statements"], strict=True):
        assert [movement["text"] for movement in mine["movements"]] == theirs["texts"]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="no samples")
def test_keeps_two_accounts_apart() -> None:
    """A file glued with ^Z: its last message opens at -12.00 and closes at 238.00 with one credit of 250.00."""
    file = statement_files.read(SAMPLES / _TWO_ACCOUNTS)  # proved: each of the four closes

    assert [each.account for each in file.statements][2:] == ["3462.483.153 EUR", "1325.76.155EUR"]
    assert [str(each.opening) for each in file.statements][2:] == ["5000.00", "-12.00"]


@pytest.mark.parametrize("name", _named("refuse"))
def test_refuses_what_is_no_statement(name: str) -> None:
    with pytest.raises(StatementError):
        statement_files.inspect(SAMPLES / name)


@pytest.mark.parametrize("name", _named("no_bank_statement"))
def test_says_that_an_ofx_has_no_account_statement(name: str) -> None:
    with pytest.raises(StatementError, match=r"ningún extracto de cuenta|falta </OFX>"):
        statement_files.inspect(SAMPLES / name)


@pytest.mark.parametrize("name", _named("unconfirmed", "no_expected"))
def test_survives_the_rest(name: str) -> None:
    try:
        file = statement_files.inspect(SAMPLES / name)
    except StatementError as exc:
        assert exc.message
    else:
        assert file.statements


def test_the_door_accepts_nothing_that_does_not_close() -> None:
    """Many samples are invented and do not close: what `read` lets through does, file by file."""
    accepted = 0
    for name in _named("ok"):
        try:
            file = statement_files.read(SAMPLES / name)
        except StatementError:
            continue
        accepted += 1
        assert not file.objections
        for statement in file.statements:
            assert all(movement.booked for movement in statement.movements)
            if statement.opening is not None and statement.closing is not None:
                reached = statement.opening + sum(movement.amount for movement in statement.movements)
                assert reached == statement.closing
    assert accepted > 100
