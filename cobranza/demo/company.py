"""The demo company's month: bank movements composed from what its customers really owe in the ERP.

The portals show these movements, the robot reads them there, and nothing tells the robot which invoice is behind which
movement: the texts are the kind that payers and banks write.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain
from typing import Any

from cobranza.kernel.spanish import plain
from cobranza.ledger.receivables import Customer, OpenDocument, OpenLedger

BANKS = ("caja_demo", "banco_ejemplo")
ACCOUNTS = {
    "caja_demo": ("ES6520854503069000000015", "Cuenta de cobros", Decimal("18450.35")),
    "banco_ejemplo": ("ES7901825322230000000031", "Cuenta operativa", Decimal("7320.10")),
}
_TRANSFER, _CARD, _CHARGE = "PMNT/RCDT/ESCT", "PMNT/CCRD/POSP", "PMNT/MDOP/CHRG"
_MIX = (  # how customers pay, out of 100
    ("exact", 46),
    ("stripped", 14),
    ("several", 12),
    ("partial", 8),
    ("anonymous", 8),
    ("fee", 6),
    ("unclear", 6),
)


_SLIPPED = (3, 9)  # days since it fell due, on the last working day: a first reminder's
_SLIPPING = 6  # customers
_OLDER = 6  # documents of theirs that are paid, at most


@dataclass(slots=True)
class Composition:
    """What was composed.

    Attributes:
        worlds: Bank slug → the JSON world that its portal serves (see ``cobranza/demo/banks/PORTALS.md``).
        meant: Bank slug → for each customer payment: the document numbers that it pays and how it was written.
    """

    worlds: dict[str, dict[str, Any]] = field(default_factory=dict)
    meant: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def compose(ledger: OpenLedger, *, today: date, seed: int = 1, payments: int = 90, days: int = 55) -> Composition:
    """Invent what arrived at the company's two banks.

    Args:
        ledger: What is open in the ERP now.
        today: The last possible booking day.
        seed: Same seed, same ledger, same day: same movements.
        payments: How many customer payments to make, over both banks.
        days: Over how many days up to `today`.
    """
    rng = random.Random(seed)  # noqa: S311 - invented data, no secret
    customers = {customer.key: customer for customer in ledger.customers}
    queue = _by_customer(ledger, rng)
    lines: dict[str, list[dict[str, Any]]] = {bank: [] for bank in BANKS}
    meant: dict[str, list[dict[str, Any]]] = {bank: [] for bank in BANKS}
    slipped = list(_slipped(queue, today))
    for number, (customer, kind, documents) in enumerate(chain(slipped, _payments(queue, rng))):
        if number == payments:
            break
        bank = BANKS[0] if rng.random() < 0.6 else BANKS[1]
        day = today - timedelta(days=rng.randrange(1, days))
        line = _payment(customers[customer], kind, documents, day, rng)
        lines[bank].append(line)
        meant[bank].append(
            {"numbers": [d.number for d in documents], "kind": kind, "amount": line["amount"], "day": day.isoformat()}
        )
    for bank in BANKS:
        lines[bank] += list(_noise(bank, today, days, rng))
        lines[bank].sort(key=lambda line: str(line["booked_on"]))
    result = Composition(meant=meant)
    for bank in BANKS:
        iban, name, opening = ACCOUNTS[bank]
        account = {"iban": iban, "name": name, "currency": "EUR", "opening_balance": str(opening)}
        result.worlds[bank] = {"accounts": [account | {"movements": lines[bank]}]}
    return result


def _by_customer(ledger: OpenLedger, rng: random.Random) -> dict[str, list[OpenDocument]]:
    queue: dict[str, list[OpenDocument]] = defaultdict(list)
    for document in ledger.documents:
        if document.kind == "invoice" and document.open > 0 and document.currency == "EUR":
            queue[document.customer].append(document)
    for documents in queue.values():
        documents.sort(key=lambda document: (document.due_on, document.number))
    keys = sorted(queue)
    rng.shuffle(keys)
    return {key: queue[key] for key in keys}


def _slipped(queue: dict[str, list[OpenDocument]], today: date) -> Iterator[tuple[str, str, tuple[OpenDocument, ...]]]:
    """Customers who pay all but what has just fallen due, and so are reminded of it and of nothing else."""
    working = today - timedelta(days=max(0, today.weekday() - 4))
    first, last = working - timedelta(days=_SLIPPED[1]), working - timedelta(days=_SLIPPED[0])
    found = 0
    for key, documents in list(queue.items()):
        older = [document for document in documents if document.due_on < first]
        if found == _SLIPPING or len(older) > _OLDER or not any(first <= each.due_on <= last for each in documents):
            continue
        found += 1
        del queue[key]  # the rest of theirs stays open
        for document in older:
            yield key, "exact", (document,)


def _payments(
    queue: dict[str, list[OpenDocument]], rng: random.Random
) -> Iterator[tuple[str, str, tuple[OpenDocument, ...]]]:
    """Which documents each customer pays next, and in what manner; every document is paid at most once."""
    kinds = [kind for kind, share in _MIX for _ in range(share)]
    left = {key: list(documents) for key, documents in queue.items()}
    while any(left.values()):
        for key, documents in left.items():
            if not documents:
                continue
            kind = rng.choice(kinds)
            if kind == "several" and len(documents) < 2:
                kind = "exact"
            taken = documents[: min(len(documents), rng.randint(2, 4))] if kind == "several" else documents[:1]
            del documents[: len(taken)]
            yield key, kind, tuple(taken)


def _payment(
    customer: Customer, kind: str, documents: tuple[OpenDocument, ...], day: date, rng: random.Random
) -> dict[str, Any]:
    total = sum((document.open for document in documents), Decimal(0))
    number = documents[0].number
    name = plain(customer.name)
    lines = [f"TRANSF. DE {name}"[:38]]  # a Norma 43 line holds 38 characters
    account, tax_id = (customer.accounts[0] if customer.accounts else ""), customer.tax_id
    if kind == "exact":
        lines.append(rng.choice((f"PAGO FACTURA {number}", f"FRA. {number}", f"N/PAGO SU FACTURA {number}")))
    elif kind == "stripped":
        lines.append(f"PAGO FRA {number.rpartition('-')[2].lstrip('0')} {number[1:5]}")
    elif kind == "several":
        listed = ", ".join([number, *(document.number.rpartition("-")[2].lstrip("0") for document in documents[1:])])
        lines.append(f"FACTURAS {listed}"[:70])
    elif kind == "partial":
        total = (total * rng.choice((Decimal("0.25"), Decimal("0.5"), Decimal("0.4")))).quantize(Decimal("0.01"))
        lines.append(f"A CUENTA FACTURA {number}")
    elif kind == "anonymous":
        lines.append(rng.choice(("PAGO PENDIENTE", "SEGUN ACUERDO", "LIQUIDACION")))
    elif kind == "fee":
        total -= rng.choice((Decimal("1.50"), Decimal("3.00"), Decimal("4.75")))
        lines.append(f"PAGO {number} GASTOS DEDUCIDOS")
    else:  # unclear: neither a document nor an amount that says which
        total = (total * Decimal("0.37")).quantize(Decimal("0.01"))
        lines, account, tax_id = [f"INGRESO {name.split()[0]}"], "", ""
    return _line(day, total, lines, name=name, account=account, tax_id=tax_id, code=_TRANSFER)


def _noise(bank: str, today: date, days: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    """What else moves on a company's account: charges, card takings, taxes; two of them truly equal."""
    for week in range(days // 7):
        day = today - timedelta(days=7 * week + 2)
        takings = Decimal(rng.randrange(8000, 60000)) / 100
        yield _line(day, takings, ["LIQUIDACION TPV REDSYS", f"COMERCIO 3310{rng.randrange(100, 999)}"], code=_CARD)
        yield _line(day, Decimal("-3.00"), ["COMISION TRANSFERENCIAS"], code=_CHARGE)
    twin = today - timedelta(days=9)
    for _ in range(2):
        yield _line(twin, Decimal("60.00"), ["INGRESO EFECTIVO CAJERO"], code="PMNT/CNTR/CDPT")
    yield _line(today - timedelta(days=20), Decimal("-2115.40"), ["AEAT MODELO 303"], code="PMNT/ICDT/ESCT")
    yield _line(today, Decimal("145.20"), ["TRANSFERENCIA PENDIENTE"], code=_TRANSFER) | {
        "pending": True,
        "value_on": None,
    }


def _line(
    day: date, amount: Decimal, text: list[str], *, name: str = "", account: str = "", tax_id: str = "", code: str
) -> dict[str, Any]:
    return {
        "booked_on": day.isoformat(),
        "value_on": day.isoformat(),
        "amount": str(amount),
        "text": text,
        "reference": "",
        "counterparty_name": name,
        "counterparty_account": account,
        "counterparty_tax_id": tax_id,
        "bank_code": code,
        "pending": False,
    }
