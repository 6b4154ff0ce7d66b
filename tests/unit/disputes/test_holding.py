"""How much of which document stops being collected: what is disputed, never more than is owed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.disputes.holding import plan
from cobranza.disputes.linking import Document, Named, link
from cobranza.disputes.ports import Hold
from tests.unit.disputes import fakes
from tests.unit.disputes.test_linking import TODAY, Book, document

D = Decimal
ROWS = [document(1, 1, "F2026-00381", "1210"), document(2, 1, "F2026-00400", "605.50")]


def held(text: str, policy: Hold = Hold.DISPUTED_AMOUNT, rows: list[Document] = ROWS) -> dict[str, Decimal | None]:
    mail = fakes.read(fakes.raw(text))
    found = link(mail, Book(rows=rows), TODAY)
    return {one.named.document.number: one.amount for one in plan(policy, found.named, mail)}


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("En la F2026-00381 hay 200,00 EUR de más.", "200"),
        ("La F2026-00381 de 1.210,00 EUR trae un recargo de 35,00 EUR que no procede.", "35"),
        ("La F2026-00381 debería ser de 1.000,00 EUR según el presupuesto.", "210"),
        ("Nos facturan 1.210,00 EUR en la F2026-00381 en lugar de 1.110,00 EUR.", "100"),
        ("A F2026-00381 tem 80,00 EUR a mais.", "80"),
        ("Invoice F2026-00381 should be 1.200,00 EUR.", "10"),
        ("La F2026-00381 está mal.", None),
        ("La F2026-00381 por 1.210,00 EUR está mal.", None),
        ("La F2026-00381: pagué 300,00 EUR y luego 400,00 EUR.", None),
    ],
)
def test_only_what_is_disputed(text: str, amount: str | None) -> None:
    assert held(text) == {"F2026-00381": D(amount) if amount else None}


def test_each_figure_belongs_to_the_document_it_stands_next_to() -> None:
    text = "En la F2026-00381 sobran 200,00 EUR. En cuanto a la F2026-00400, hay 5,50 EUR de más."
    assert held(text) == {"F2026-00381": D(200), "F2026-00400": D("5.50")}


def test_what_is_left_to_pay_bounds_what_is_held() -> None:
    rows = [document(1, 1, "F2026-00381", "1210", "150")]
    assert held("En la F2026-00381 hay 200,00 EUR de más.", rows=rows) == {"F2026-00381": None}


def test_nothing_owed_nothing_held() -> None:
    assert held("La F2026-00381 está mal", rows=[document(1, 1, "F2026-00381", "1210", "0")]) == {}
    assert held("La F2026-00381 está mal", Hold.NONE) == {}


def test_a_whole_document_when_the_category_says_so() -> None:
    assert held("La F2026-00381: 200,00 EUR", Hold.NAMED_DOCUMENTS) == {"F2026-00381": None}


def test_another_currency_says_nothing() -> None:
    row = document(1, 1, "F2026-00381", "1210")
    mail = fakes.read(fakes.raw("F2026-00381: 200,00 EUR de más"))
    other = Document(**{name: getattr(row, name) for name in row.__dataclass_fields__} | {"currency": "MXN"})
    [one] = plan(Hold.DISPUTED_AMOUNT, [Named(document=other, how="exact", at=0)], mail)
    assert one.amount is None


@given(st.decimals("0.01", "5000", places=2), st.decimals("0.01", "3000", places=2), st.decimals("0", "3000", places=2))
def test_never_more_than_is_open_never_nothing(figure: Decimal, gross: Decimal, open_: Decimal) -> None:
    row = document(1, 1, "F2026-00381", str(gross), str(min(open_, gross)))
    text = f"F2026-00381: {figure:.2f}".replace(".", ",") + " EUR de más"
    for amount in held(text, rows=[row]).values():
        assert amount is None or 0 < amount < row.open
