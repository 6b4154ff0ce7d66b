"""Whatever is composed, in any manner and file, is read back line by line, or comes with an objection; never wrong."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cobranza.reconciliation.advice import reading
from cobranza.reconciliation.advice.records import AdviceError
from tests.unit.advice.builders import CARRIERS, WORDINGS, Item, Told, fits

QUICK = [name for name in CARRIERS if not name.startswith("pdf")]  # a PDF costs a process: see test_layouts
CENTS = st.integers(min_value=1, max_value=9_999_999).map(lambda cents: Decimal(cents) / 100)
SERIES = st.sampled_from(["F-2026/", "FV26-", "2026/A/", "F001-", "FAC ", "INV", ""])


@st.composite
def items(draw: st.DrawFn) -> Item:
    number = f"{draw(SERIES)}{draw(st.integers(min_value=1000, max_value=999_999)):06d}"
    gross = draw(CENTS)
    credit = draw(st.integers(min_value=0, max_value=9)) == 0
    if credit:
        return Item(f"AB-{number}", _day(draw), -min(gross, Decimal("5.00")))
    withheld = (gross * draw(st.sampled_from([0, 0, 0, 3, 15]))) / 100
    discount = (gross * draw(st.sampled_from([0, 0, 0, 1, 2]))) / 100
    cent = Decimal("0.01")
    return Item(number, _day(draw), gross, withheld.quantize(cent), discount.quantize(cent))


def _day(draw: st.DrawFn) -> date:
    return date(2026, 1, 1) + timedelta(days=draw(st.integers(min_value=0, max_value=60)))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(items(), min_size=1, max_size=14, unique_by=lambda item: item.document),
    st.sampled_from(sorted(WORDINGS)),
    st.sampled_from(QUICK),
)
def test_any_advice_in_any_layout_reads_back(found: list[Item], manner: str, carrier: str) -> None:
    wording = WORDINGS[manner]
    told = fits(Told(tuple(found)), wording)
    assume(told.total > 0)
    name, write = CARRIERS[carrier]

    [advice] = reading.read(write(told, wording), name)

    assert advice.objections == ()
    assert advice.total == told.total
    assert [line.document for line in advice.lines] == [item.document.strip() for item in told.items]
    assert [line.paid for line in advice.lines] == [item.paid for item in told.items]
    assert [line.withheld for line in advice.lines] == [item.withheld for item in told.items]
    assert [line.discount for line in advice.lines] == [item.discount for item in told.items]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(items(), min_size=2, max_size=8, unique_by=lambda item: item.document),
    st.sampled_from(sorted(WORDINGS)),
    st.sampled_from(["csv", "text"]),
    st.data(),
)
def test_an_advice_with_a_line_lost_is_never_used_alone(
    found: list[Item], manner: str, carrier: str, data: st.DataObject
) -> None:
    wording = WORDINGS[manner]
    told = fits(Told(tuple(found)), wording)
    assume(told.total > 0)
    name, write = CARRIERS[carrier]
    raw = write(told, wording)
    lost = data.draw(st.sampled_from(told.items))
    kept = b"".join(line for line in raw.splitlines(keepends=True) if lost.document.encode() not in line)
    assume(kept != raw and lost.paid)

    try:
        advices = reading.read(kept, name)
    except AdviceError:
        return
    assert all(advice.objections for advice in advices)


WORDS = st.sampled_from(
    ["Factura", "Importe", "Neto", "TOTAL", "Fecha", "Retención", "1.210,00", "605,50", "-100,00", "F-1001", "F-1002",
     "01/02/2026", "H", "D", "EUR", "Ordenante:", "NIF", "A28017895", ";", "|", "\t", "   ", "Σ", "\x00", "99/99/9999",
     "1e9", "=A1", "<table>", "<td>", "%PDF-", "١٢٣", "0,00", "٣,٥٠"]
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=9), max_size=12), st.sampled_from([" ", "   ", ";", "\t"]))
def test_whatever_comes_in_is_read_or_refused(rows: list[list[str]], mark: str) -> None:
    raw = "\n".join(mark.join(row) for row in rows).encode()

    try:
        advices = reading.read(raw, "cuerpo.txt")
    except AdviceError:
        return
    for advice in advices:
        assert advice.lines
        assert advice.total.is_finite()
        if not advice.objections and advice.total_stated:
            assert sum((line.paid for line in advice.lines), Decimal(0)) == advice.total > 0


def test_text_without_end_is_refused_before_it_is_looked_at() -> None:
    prose = "Factura Importe\n" + "Pago 1.210,00 de 01/02/2026 F-1001 " * 40_000

    with pytest.raises(AdviceError, match="caracteres"):
        reading.read(prose.encode(), "cuerpo.txt")
    with pytest.raises(AdviceError, match="caracteres"):
        reading.read(f"<html><body><p>{prose}</p></body></html>".encode(), "cuerpo.html")


def test_long_lines_are_cut_and_the_advice_around_them_is_read() -> None:
    prose = "Pago 1.210,00 de 01/02/2026 F-1001 " * 500
    raw = f"{prose}\nFactura   Importe\nF-1001     100,00\nTOTAL      100,00\n".encode()

    [advice] = reading.read(raw, "cuerpo.txt")

    assert [(line.document, str(line.paid)) for line in advice.lines] == [("F-1001", "100.00")]
