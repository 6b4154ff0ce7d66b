"""What a movement says about why it came back."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from cobranza.ledger.models import Movement
from cobranza.reconciliation.return_reasons import read
from cobranza.regimes.returns import Category, return_codes


def movement(text: str = "", *, code: str = "", details: list[dict[str, Any]] | None = None) -> Movement:
    return Movement(text=text, bank_code=code, details=details or [], amount=Decimal("-100"))


@pytest.mark.parametrize(
    ("found", "code", "told_by"),
    [
        (movement(details=[{"return_reason": "MD07", "amount": "-100"}]), "MD07", "detail"),
        (movement("DEVOL. RECIBO 1234 (AC04)"), "AC04", "text"),
        (movement("Adeudo devuelto MS02/ref 77", code="PMNT/IDDT/UPDD"), "MS02", "text"),
        (movement("DEVOLUCIÓN POR FALTA DE SALDO"), "AM04", "text"),
        (movement("RECIBO IMPAGADO INCORRIENTE"), "AM04", "text"),
        (movement("RECIBO DEVUELTO POR ORDEN DEL CLIENTE", code="14/008"), "MS02", "text"),
        (movement("RECIBO 12 DE PEPE", code="14/008"), "", "mark"),
        (movement("RECIBO 12 DE PEPE", code="PMNT/IDDT/UPDD"), "", "mark"),
        (movement("RECIBO 12 DE PEPE", code="NRTI"), "", "mark"),
        (movement("RECIBO 12 DE PEPE", code="RC/NTRF"), "", "mark"),
        (movement("DEVOLUCION FRA 12"), "", "mark"),
        (movement("Recibo devuelto: cuenta cancelada"), "AC04", "text"),
        (movement("DEVOLUCION", details=[{"return_reason": "ZZ99"}]), "ZZ99", "detail"),
    ],
    ids=lambda value: value.text[:30] if isinstance(value, Movement) else None,
)
def test_reads_the_reason_where_the_bank_puts_it(found: Movement, code: str, told_by: str) -> None:
    reason = read(found)
    assert reason is not None
    assert (reason.code, reason.told_by) == (code, told_by)
    if not code:
        assert (reason.category, reason.may_retry) == ("unknown", False)


@pytest.mark.parametrize(
    "found",
    [
        movement("TRANSFERENCIA A PROVEEDOR AC04"),  # a code without a word of return is somebody's reference
        movement("PAGO NOMINA", code="04/007"),
        movement("COMISION", code="PMNT/CCRD/CHRG"),
        movement("RECARGA MD06X"),
        movement(),
    ],
    ids=str,
)
def test_says_nothing_about_other_money(found: Movement) -> None:
    assert read(found) is None


def test_of_several_returns_in_one_movement_the_one_that_is_meant() -> None:
    two = movement(details=[{"return_reason": "AM04", "amount": "-60"}, {"return_reason": "MD01", "amount": "-40"}])
    found = [read(two, amount) for amount in (Decimal(-40), Decimal(-60), None)]
    assert [reason.code for reason in found if reason is not None] == ["MD01", "AM04", ""]


def test_every_code_is_dated_sourced_and_says_what_to_do() -> None:
    reasons = return_codes().reasons
    assert {"AC01", "AC04", "AC06", "AM04", "MD01", "MD06", "MD07", "MS02", "MS03", "SL01"} <= set(reasons)
    for reason in reasons.values():
        assert reason.text
        assert reason.advice.endswith(".")
        assert reason.source
        assert reason.in_force(date(2026, 11, 22))
        assert not reason.in_force(date(2013, 1, 1))
    retried = {reason.category for reason in reasons.values() if reason.may_retry}
    assert not retried & {Category.REFUSED, Category.DECEASED, Category.ACCOUNT, Category.DUPLICATE}
