"""What the engine never does, whatever the data: invented worlds of one customer or two."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.reconciliation.factory import invoice, payment, run

AMOUNTS = st.lists(st.integers(100, 90_000), min_size=1, max_size=8)


def _open(amounts: list[int]) -> list[dict[str, str]]:
    return [
        invoice(
            f"I{number}",
            f"F2026-0{700 + number}",
            f"{cents / 100:.2f}",
            series="F2026-",
            due_date=f"2026-02-{1 + number:02}",
        )
        for number, cents in enumerate(amounts)
    ]


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.data())
def test_an_amount_alone_never_matches(amounts: list[int], data: st.DataObject) -> None:
    rows = _open(amounts)
    chosen = data.draw(st.lists(st.sampled_from(amounts), min_size=1, max_size=3))
    text = data.draw(st.sampled_from(["", "PAGO", "TRANSFERENCIA RECIBIDA", "PAGO FACTURAS MARZO"]))

    result = run([payment("P1", f"{sum(chosen) / 100:.2f}", payer_name="Nadie Conocido", remittance=text)], rows)

    assert result.links.empty


@settings(max_examples=40, deadline=None)
@given(AMOUNTS, st.integers(100, 300_000))
def test_what_a_known_payer_sends_stays_within_what_is_open(amounts: list[int], cents: int) -> None:
    rows = _open(amounts)
    result = run([payment(f"P{n}", f"{cents / 100:.2f}", payer_account="ES001") for n in (1, 2, 3)], rows)

    applied: dict[str, Decimal] = {}
    for row in result.links.itertuples(index=False):
        applied[row.invoice_id] = applied.get(row.invoice_id, Decimal(0)) + Decimal(row.applied)
    still_open = {row["invoice_id"]: Decimal(row["open_amount"]) for row in rows}
    assert all(0 <= value <= still_open[key] for key, value in applied.items())


@settings(max_examples=25, deadline=None)
@given(st.integers(100, 90_000), st.integers(1, 60_000))
def test_a_number_of_another_document_is_never_overruled_unseen(cents: int, more: int) -> None:
    rows = _open([cents, cents + more])

    result = run([payment("P1", rows[0]["gross"], payer_account="ES001", remittance=f"FRA {rows[1]['number']}")], rows)

    linked = dict(zip(result.links["invoice_id"], result.links["confidence"], strict=True))
    assert Decimal(linked.get("I0", "0")) < Decimal("0.95")


@settings(max_examples=25, deadline=None)
@given(st.integers(100, 90_000), st.integers(2, 5))
def test_a_second_payment_of_a_named_document_is_left_for_a_person(cents: int, others: int) -> None:
    """Equal documents are open, and yet the number that is named has been paid: no other takes its place."""
    rows = _open([cents] * others)
    twice = [
        payment(
            f"P{n}", rows[0]["gross"], f"2026-03-1{n}", payer_account="ES001", remittance=f"FRA {rows[0]['number']}"
        )
        for n in (1, 2)
    ]

    result = run(twice, rows)

    assert result.links["payment_id"].tolist() == ["P1"]
    assert result.unmatched["reason"].tolist() == [
        f"Nombra {rows[0]['number']}, que ya está cobrada: posible pago duplicado."
    ]


def test_a_return_that_names_another_document_is_asked_about() -> None:
    """The bank says which one came back; that the amount of another one is right may be chance."""
    rows = [invoice("I1", "F2026-03001", "99.99", series="F2026-")]
    paid = payment("P1", "99.99", payer_account="ES001", remittance="FRA F2026-03001")

    def back(text: str) -> dict[tuple[str, str], float]:
        result = run([paid, payment("P2", "-99.99", "2026-03-14", payer_account="ES001", remittance=text)], rows)
        found = result.links[result.links["payment_id"] == "P2"]
        return {("P2", row.invoice_id): float(row.confidence) for row in found.itertuples(index=False)}

    assert back("DEV.ADEUDO 3001 MOTIVO AM04")[("P2", "I1")] > 0.9
    assert back("DEV.ADEUDO TALLERES ALDONZA MOTIVO AM04")[("P2", "I1")] > 0.9
    assert back("DEV.ADEUDO 3429 MOTIVO AM04").get(("P2", "I1"), 0.0) < 0.8  # asked about, never posted
