"""The account of a claim: it foots, keeps what nobody waived, and knows whom it is against."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.kernel.money import Money
from cobranza.legal.interest import ClaimDataError, ConsumerError, Payment
from cobranza.legal.sheet import Invoice, Sheet, Waiver, prepare
from cobranza.regimes.interest import Debtor, book
from cobranza.regimes.interest_errors import ExpiredRateError, UnknownRegimeError

UNTIL = date(2026, 3, 2)
WAIVER = Waiver(by="Ana Ruiz", why="acuerdo comercial", on=date(2026, 2, 1))


def euros(text: str) -> Money:
    return Money("EUR", Decimal(text))


INVOICE = Invoice(reference="F-1", principal=euros("1860.01"), due=date(2024, 5, 13))


def sheet(*invoices: Invoice, debtor: Debtor = "business", until: date = UNTIL) -> Sheet:
    return prepare(book(), invoices, country="ES", until=until, debtor=debtor)


def test_principal_interest_and_forty_euros_per_invoice() -> None:
    other = Invoice(reference="F-2", principal=euros("10.00"), due=date(2026, 3, 1))
    found = sheet(INVOICE, other)
    assert found.principal == euros("1870.01")
    assert found.invoices[0].interest == euros("375.00")
    assert found.invoices[1].interest == euros("0.00")  # one day of ten euros is less than half a cent
    assert found.recovery == euros("80.00")  # however small the debt and short the delay
    assert found.total == euros("2325.01")
    assert found.total == Money.total("EUR", (row.money for each in found.invoices for row in each.rows))


def test_interest_that_is_given_up_needs_no_rate_and_no_figure_is_made_up() -> None:
    later = date(2027, 6, 1)
    with pytest.raises(ExpiredRateError):
        sheet(INVOICE, until=later)
    found = sheet(replace(INVOICE, interest_waiver=WAIVER), until=later)
    assert (found.interest, found.waived) == (euros("0.00"), euros("0.00"))
    assert found.recovery == euros("40.00")
    assert found.total == euros("1900.01")
    [row] = [row for row in found.invoices[0].rows if row.concept == "interest_waived"]
    assert row.note.endswith("(acuerdo comercial); sin liquidar: falta un tipo")


def test_a_consumer_owes_no_commercial_interest_and_no_forty_euros() -> None:
    demanded = replace(INVOICE, demanded=date(2025, 1, 15))
    found = sheet(demanded, debtor="consumer")
    assert found.invoices[0].regime.slug == "es-legal"
    assert found.invoices[0].statement is not None
    assert found.invoices[0].statement.first == date(2025, 1, 16)
    assert found.recovery == euros("0.00")
    with pytest.raises(ConsumerError, match="F-1"):
        sheet(replace(INVOICE, regime="es-ley3-2004"), debtor="consumer")
    with pytest.raises(ClaimDataError, match="requerimiento"):
        sheet(INVOICE, debtor="consumer")


def test_the_compensation_is_for_businesses_even_where_a_regime_is_for_all() -> None:
    own = book()
    legal = replace(own.regime("es-legal"), recovery=own.regime("es-ley3-2004").recovery)
    own = replace(own, regimes={**own.regimes, "es-legal": legal})
    one = replace(INVOICE, regime="es-legal", demanded=date(2025, 1, 15))
    for debtor, expected in (("business", "40.00"), ("consumer", "0.00")):
        found = prepare(own, [one], country="ES", until=UNTIL, debtor=debtor)  # type: ignore[arg-type]
        assert found.recovery == euros(expected)


def test_interest_of_an_invoice_that_was_paid_late_is_not_forgotten() -> None:
    late = replace(INVOICE, payments=(Payment(on=date(2024, 8, 1), money=INVOICE.principal),))
    found = prepare(book(), [late], country="ES", until=UNTIL, imputation="principal_first")
    assert found.principal == euros("0.00")
    assert found.interest == euros("50.56")  # 48 days at 12.50 and 32 at 12.25
    assert found.recovery == euros("40.00")


def test_what_was_paid_in_time_carries_nothing() -> None:
    found = sheet(replace(INVOICE, payments=(Payment(on=INVOICE.due, money=INVOICE.principal),)))
    assert found.total == euros("0.00")
    assert found.invoices[0].sum_of("recovery") == euros("0.00")


def test_what_was_paid_beyond_the_debt_is_told() -> None:
    late = Payment(on=date(2024, 5, 14), money=euros("2000.00"))
    found = sheet(replace(INVOICE, payments=(late,))).invoices[0]
    assert found.interest == euros("0.00")
    assert found.unapplied == euros("139.35")  # 2000.00 less 1860.01 and the 0.64 of one day
    early = replace(late, on=INVOICE.due)
    assert sheet(replace(INVOICE, payments=(early,))).invoices[0].unapplied == euros("139.99")


def test_each_line_says_what_it_was_worked_out_with() -> None:
    one = Invoice(reference="F-4", principal=euros("100.00"), due=date(2024, 12, 30))
    rows = prepare(book(), [one], country="ES", until=date(2025, 1, 1), base="actual").invoices[0].rows
    assert [row.text for row in rows if row.concept == "interest"] == [
        "Intereses del 31/12/2024 al 31/12/2024: 1 día de 100,00 al 12,25 %, año de 366 días",
        "Intereses del 01/01/2025 al 01/01/2025: 1 día de 100,00 al 11,15 %",
    ]


def test_what_is_not_due_yet_is_claimed_without_interest() -> None:
    part = Payment(on=date(2026, 2, 1), money=euros("60.00"))
    found = sheet(Invoice(reference="F-3", principal=euros("100.00"), due=UNTIL, payments=(part,)))
    assert found.total == found.principal == euros("40.00")
    assert found.invoices[0].statement is None


def test_a_waived_amount_stays_on_the_sheet_with_who_and_why() -> None:
    found = sheet(replace(INVOICE, interest_waiver=WAIVER))
    assert found.interest == euros("0.00")
    assert found.recovery == euros("40.00")
    assert found.waived == euros("375.00")
    row = next(row for row in found.invoices[0].rows if row.concept == "interest_waived")
    assert row.note == "Renuncia de Ana Ruiz el 01/02/2026 (acuerdo comercial)"
    assert "Ana" not in row.text, "what is filed names nobody of the house"
    assert "acuerdo comercial" not in row.text
    both = sheet(replace(INVOICE, interest_waiver=WAIVER, recovery_waiver=WAIVER))
    assert both.total == INVOICE.principal
    with pytest.raises(ClaimDataError, match="quién"):
        sheet(replace(INVOICE, interest_waiver=replace(WAIVER, why=" ")))


def test_interest_already_paid_is_not_claimed_again() -> None:
    found = sheet(replace(INVOICE, payments=(Payment(on=date(2025, 12, 31), money=euros("400.00")),)))
    one = found.invoices[0]
    assert one.sum_of("interest_paid") == euros("-343.45")
    assert one.sum_of("principal_paid") == euros("-56.55")
    assert one.interest == one.statement.interest_left if one.statement else None
    assert one.total == one.principal + one.interest + one.recovery


def test_no_compensation_for_delays_before_the_law_gave_it() -> None:
    old = Invoice(reference="V-1", principal=euros("100.00"), due=date(2013, 2, 22))
    assert sheet(old, until=date(2013, 3, 31)).recovery == euros("0.00")
    new = replace(old, due=date(2013, 2, 23))
    assert sheet(new, until=date(2013, 3, 31)).recovery == euros("40.00")


def test_the_sheet_says_which_invoices_rest_on_unread_rates() -> None:
    read = Invoice(reference="F-9", principal=euros("100.00"), due=date(2024, 12, 31))
    found = sheet(INVOICE, read, until=date(2025, 6, 30))
    assert found.unverified == ("F-1",)


def test_a_missing_semester_stops_the_whole_sheet() -> None:
    with pytest.raises(ExpiredRateError, match="2026-S2"):
        sheet(INVOICE, until=date(2026, 7, 1))


@pytest.mark.parametrize(
    ("invoices", "told"),
    [
        ((), "ninguna factura"),
        ((INVOICE, INVOICE), "dos veces"),
        ((INVOICE, Invoice(reference="X", principal=Money("USD", Decimal(1)), due=UNTIL)), "otra moneda"),
        (
            (replace(INVOICE, due=UNTIL, payments=(Payment(on=date(2026, 3, 3), money=euros("1.00")),)),),
            "posterior",
        ),
        ((replace(INVOICE, regime="es-lec576"),), "resolución"),
        ((replace(INVOICE, due=date(9999, 12, 31)),), "vencimiento de F-1"),
    ],
)
def test_accounts_that_make_no_sense_are_refused(invoices: tuple[Invoice, ...], told: str) -> None:
    with pytest.raises(ClaimDataError, match=told):
        sheet(*invoices)


def test_a_country_without_a_regime_is_refused_by_name() -> None:
    with pytest.raises(UnknownRegimeError, match="PT"):
        prepare(book(), [INVOICE], country="PT", until=UNTIL)


@st.composite
def accounts(draw: st.DrawFn) -> list[Invoice]:
    few = st.integers(min_value=0, max_value=3)
    cents = st.integers(min_value=1, max_value=9_999_999).map(lambda each: Money("EUR", Decimal(each) / 100))
    invoices = []
    for number in range(draw(st.integers(min_value=1, max_value=4))):
        days = st.integers(min_value=0, max_value=800).map(lambda ago: UNTIL - timedelta(days=ago))
        invoices.append(
            Invoice(
                reference=f"F-{number}",
                principal=draw(cents),
                due=draw(days),
                payments=tuple(Payment(on=draw(days), money=draw(cents)) for _ in range(draw(few))),
                interest_waiver=draw(st.sampled_from([None, WAIVER])),
                recovery_waiver=draw(st.sampled_from([None, WAIVER])),
            )
        )
    return invoices


@settings(max_examples=100, deadline=None)
@given(accounts())
def test_every_sheet_foots_and_claims_nothing_below_zero(invoices: list[Invoice]) -> None:
    found = sheet(*invoices)
    assert found.total == found.principal + found.interest + found.recovery
    for each in found.invoices:
        assert each.total == Money.total("EUR", (row.money for row in each.rows))
        assert all(part.amount >= 0 for part in (each.principal, each.interest, each.recovery, each.waived))
        paid = sum((payment.money.amount for payment in each.invoice.payments), Decimal(0))
        assert 0 <= each.unapplied.amount <= paid
        assert all(row.money for row in each.rows if row.concept != "interest")


def test_a_part_that_is_held_bears_nothing_and_the_sheet_foots() -> None:
    held = sheet(replace(INVOICE, held=euros("200.00"))).invoices[0]
    less = sheet(replace(INVOICE, principal=INVOICE.principal - euros("200.00"))).invoices[0]
    assert (held.total, held.interest, held.principal) == (less.total, less.interest, less.principal)
    assert held.sum_of("principal_held") == euros("-200.00")
    for wrong in ("0.00", str(INVOICE.principal.amount)):
        with pytest.raises(ClaimDataError, match="una parte"):
            sheet(replace(INVOICE, held=euros(wrong)))
