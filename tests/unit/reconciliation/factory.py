"""Small invented tables for the matching engine."""

from __future__ import annotations

from typing import Any

import pandas as pd

from cobranza.reconciliation.frames import (
    CUSTOMER_COLUMNS,
    FX_COLUMNS,
    INVOICE_COLUMNS,
    PAYMENT_COLUMNS,
    text_frame,
)
from cobranza.reconciliation.matching import Result, match


def payment(key: str, amount: str, day: str = "2026-03-10", **fields: str) -> dict[str, str]:
    base = dict.fromkeys(PAYMENT_COLUMNS, "")
    return {
        **base,
        "payment_id": key,
        "country": "ES",
        "booking_date": day,
        "value_date": day,
        "amount": amount,
        "currency": "EUR",
        "end_to_end_id": "NOTPROVIDED",
        **fields,
    }


def invoice(key: str, number: str, gross: str, customer: str = "C1", **fields: str) -> dict[str, str]:
    base = dict.fromkeys(INVOICE_COLUMNS, "")
    return {
        **base,
        "invoice_id": key,
        "customer_id": customer,
        "country": "ES",
        "number": number,
        "type": "credit_note" if gross.startswith("-") else "invoice",
        "issue_date": "2026-01-15",
        "due_date": "2026-03-01",
        "currency": "EUR",
        "net": gross,
        "tax": "0.00",
        "gross": gross,
        "open_amount": gross,
        **fields,
    }


def customer(key: str, name: str, **fields: str) -> dict[str, str]:
    base = dict.fromkeys(CUSTOMER_COLUMNS, "")
    return {**base, "customer_id": key, "country": "ES", "legal_name": name, **fields}


CUSTOMERS = (
    customer("C1", "Talleres Aldonza S.L.", trade_name="Aldomotor", tax_id="B99887766", account="ES001"),
    customer("C2", "Bodegas Quintanar S.A.", account="ES002", group_id="G1"),
    customer("C3", "Quintanar Distribución S.L.", account="ES003", group_id="G1"),
    customer("C4", "Minera Huascarán S.A.C.", country="PE", account="PE004"),
)


def frame(rows: Any, columns: tuple[str, ...]) -> pd.DataFrame:
    return text_frame(columns, [[row[column] for column in columns] for row in rows])


def run(
    payments: list[dict[str, str]],
    invoices: list[dict[str, str]],
    *,
    customers: tuple[dict[str, str], ...] = CUSTOMERS,
    fx: tuple[tuple[str, str, str], ...] = (),
    **options: Any,
) -> Result:
    return match(
        frame(payments, PAYMENT_COLUMNS),
        frame(invoices, INVOICE_COLUMNS),
        frame(customers, CUSTOMER_COLUMNS),
        text_frame(FX_COLUMNS, fx),
        **options,
    )


def links(result: Result) -> dict[tuple[str, str], tuple[str, ...]]:
    """(payment, invoice) → (applied, withheld, fee, discount, rule)."""
    columns = ["payment_id", "invoice_id", "applied", "withheld", "fee", "discount", "rule"]
    return {(row[0], row[1]): tuple(row[2:]) for row in result.links[columns].to_numpy().tolist()}
