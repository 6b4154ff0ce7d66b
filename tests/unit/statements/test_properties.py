"""What must hold for any statement: written and read back it is the same, cut it is refused, twins stay two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cobranza.ledger.statements import Statement, StatementError, identities
from cobranza.reconciliation import statement_files
from tests.unit.statements import builders
from tests.unit.statements.builders import Line

WRITERS: dict[str, Callable[[Sequence[Line], Decimal], bytes]] = {
    "camt": builders.camt,
    "mt940": builders.mt940,
    "n43": builders.n43,
    "csv": builders.spanish_csv,
}
SETTINGS = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
WORDS = st.text(alphabet="ABCDEFGHIJKLMNÑOPQRSTUVWXYZ0123456789 ./-", max_size=60).map(
    lambda text: " ".join(text.split())
)
AMOUNTS = st.decimals(min_value=Decimal("-99999999.99"), max_value=Decimal("99999999.99"), places=2).filter(bool)
LINES = st.builds(
    Line,
    day=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    amount=AMOUNTS,
    text=WORDS,
    reference=st.from_regex(r"[A-Z][A-Z0-9]{3,10}", fullmatch=True),
)


def _read(raw: bytes, folder: Path, name: str = "extracto.txt") -> Statement:
    path = folder / name
    path.write_bytes(raw)
    (statement,) = statement_files.read(path).statements
    return statement


@pytest.mark.parametrize("slug", WRITERS)
@SETTINGS
@given(lines=st.lists(LINES, min_size=2, max_size=12), opening=AMOUNTS)
def test_what_is_written_is_read(slug: str, lines: list[Line], opening: Decimal, tmp_path: Path) -> None:
    if slug == "csv":  # a bank's rows come in the order of their days, and so can the reader tell the order
        lines = sorted(lines, key=lambda line: line.day)

    statement = _read(WRITERS[slug](lines, opening), tmp_path)

    assert statement.opening == opening
    assert [movement.amount for movement in statement.movements] == [line.amount for line in lines]
    assert [movement.booked_on for movement in statement.movements] == [line.day for line in lines]
    if slug in {"camt", "n43"}:
        assert [movement.reference for movement in statement.movements] == [line.reference for line in lines]


@SETTINGS
@given(lines=st.lists(LINES, min_size=1, max_size=6), data=st.data())
def test_a_norma_43_cut_at_any_line_is_refused(lines: list[Line], data: st.DataObject, tmp_path: Path) -> None:
    whole = builders.n43(lines, Decimal("10.00")).splitlines(keepends=True)
    cut = b"".join(whole[: data.draw(st.integers(0, len(whole) - 1))])

    with pytest.raises(StatementError):
        _read(cut, tmp_path)


@pytest.mark.parametrize("slug", ["camt", "mt940", "n43", "ofx"])
def test_a_file_cut_at_any_byte_is_refused(slug: str, tmp_path: Path) -> None:
    whole = {**WRITERS, "ofx": builders.ofx}[slug](builders.many(3), Decimal("10.00")).rstrip()
    last = whole.removesuffix(b"-").rstrip()  # MT940: field 62 is the end, the dash only says so

    for end in range(0, len(last) - 4, 7):
        with pytest.raises(StatementError):
            _read(whole[:end], tmp_path)


def test_cutting_an_mt940_never_yields_part_of_it_to_a_person_either(tmp_path: Path) -> None:
    """Beyond the door: `inspect` refuses too once a movement has begun, so no half statement is ever shown as one."""
    whole = builders.mt940(builders.many(3), Decimal("10.00"))
    first, last = whole.index(b":61:"), whole.index(b":62F:")
    path = tmp_path / "cortado.sta"

    for end in range(first + 1, last + 4):
        path.write_bytes(whole[:end])
        with pytest.raises(StatementError):
            statement_files.inspect(path)


@pytest.mark.parametrize("slug", WRITERS)
@pytest.mark.parametrize("what", ["opening", "amount"])
def test_a_single_changed_cent_is_refused(slug: str, what: str, tmp_path: Path) -> None:
    lines = [Line(date(2026, 3, day), Decimal(f"{day}1.11"), "PAGO", f"F{day}") for day in (2, 3, 4)]
    raw = WRITERS[slug](lines, Decimal("77.77"))
    digits = {"opening": "7777", "amount": "3111"}[what]
    written = {
        "camt": f"{digits[:-2]}.{digits[-2:]}",
        "mt940": f"{digits[:-2]},{digits[-2:]}",
        "csv": f"{digits[:-2]},{digits[-2:]}",
        "n43": digits,
    }[slug].encode()
    if slug == "csv" and what == "opening":
        written = b"98,88"  # no opening is written: the first running balance stands for it
    assert raw.count(written) >= 1

    with pytest.raises(StatementError):
        _read(raw.replace(written, written[:-1] + b"9"), tmp_path)


@pytest.mark.parametrize("slug", [*WRITERS, "ofx"])
def test_twin_movements_are_both_kept(slug: str, tmp_path: Path) -> None:
    twin = Line(date(2026, 3, 2), Decimal("25.90"), "PEAJE", "R1")

    statement = _read({**WRITERS, "ofx": builders.ofx}[slug]([twin, twin], Decimal("0.00")), tmp_path)

    (first, second) = identities(statement.account, statement.movements)
    assert first[0] == second[0]
    assert (first[1], second[1]) == (0, 1)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("inverted", [False, True])
@SETTINGS
@given(lines=st.lists(LINES, min_size=2, max_size=10, unique_by=lambda line: line.day), opening=AMOUNTS)
def test_the_balance_tells_sign_and_order(
    newest_first: bool, inverted: bool, lines: list[Line], opening: Decimal, tmp_path: Path
) -> None:
    lines = sorted(lines, key=lambda line: line.day)
    raw = builders.spanish_csv(lines, opening, newest_first=newest_first, inverted=inverted)

    statement = _read(raw, tmp_path, "extracto.csv")

    amounts = [line.amount for line in lines]
    assert [movement.amount for movement in statement.movements] == (amounts[::-1] if newest_first else amounts)
    assert statement.opening == opening


@pytest.mark.parametrize("slug", [*WRITERS, "ofx"])
def test_damaged_bytes_raise_nothing_else(slug: str, tmp_path: Path) -> None:
    """Fuzz: whatever is overwritten, a reader answers with a statement or with `StatementError`."""
    import random

    chance = random.Random(43)
    whole = {**WRITERS, "ofx": builders.ofx}[slug](builders.many(4), Decimal("10.00"))
    path = tmp_path / "roto.txt"
    for _ in range(400):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            raw[chance.randrange(len(raw))] = chance.choice(b"\x00\xff:-<>;,.0A\n9")
        path.write_bytes(raw)
        try:
            statement_files.inspect(path)
        except StatementError as exc:
            assert exc.message
