"""A small company whose figures can be computed by hand; the sums stand beside what they come from.

It is 30 June 2026. All amounts in euros.

    A1  Pepa  issued 01.04, due 01.05, 1,000: 400 paid on 30.04, 600 on 20.05 (19 days late)
    A2  Pepa  issued 10.05, due 09.06,   500: open, 21 days late
    A3  Juan  issued 05.06, due 05.07,   300: open, not due
    A4  Juan  issued 15.03, due 14.04,   800: 200 paid on 01.06; 600 open, 77 days late
    N1  Pepa  credit note of 10.06,      -50: open
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from cobranza.disputes.models import Dispute
from cobranza.dunning.models import Message
from cobranza.insight import cube
from cobranza.ledger import allocations
from cobranza.ledger.allocations import Part
from cobranza.ledger.models import Agreement, Creditor, Debtor, Instalment, Invoice, Movement, OptOut, Survey, Task
from cobranza.ledger.receivables import Customer, OpenDocument
from cobranza.legal.filing.models import CourtFiling
from cobranza.legal.models import LegalCase
from cobranza.runs.models import Run
from tests.journeys.ledger.conftest import PEPA, ROBOT, account, creditor, line, listed, paid

__all__ = ["account", "creditor", "paid"]
NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
JUAN = Customer(key="c2", name="Juan Tornero, S.L.", tax_id="B98765431", country="PT")
D = Decimal


def at(month: int, day: int, hour: int = 9) -> datetime:
    """An hour of 2026, UTC."""
    return datetime(2026, month, day, hour, 30, tzinfo=UTC)


def bill(key: str, customer: str, issued: date, due: date, gross: str) -> OpenDocument:
    """A document as the ERP lists it."""
    total = D(gross)
    return OpenDocument(
        key=key,
        number=key,
        customer=customer,
        kind="credit_note" if total < 0 else "invoice",
        issued_on=issued,
        due_on=due,
        currency="EUR",
        net=total,
        tax=D(0),
        gross=total,
        open=total,
    )


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """30 June 2026, for all rooms."""
    monkeypatch.setattr("cobranza.kernel.clock.now", lambda: NOW)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


@pytest.fixture
def wallet(now: datetime, creditor: Creditor, paid: Callable[..., list[Movement]]) -> Creditor:
    """The documents and payments above."""
    from cobranza.ledger.intake import import_ledger

    bills = (
        bill("A1", "c1", date(2026, 4, 1), date(2026, 5, 1), "1000.00"),
        bill("A2", "c1", date(2026, 5, 10), date(2026, 6, 9), "500.00"),
        bill("A3", "c2", date(2026, 6, 5), date(2026, 7, 5), "300.00"),
        bill("A4", "c2", date(2026, 3, 15), date(2026, 4, 14), "800.00"),
        bill("N1", "c1", date(2026, 6, 10), date(2026, 6, 10), "-50.00"),
    )
    import_ledger(creditor, "tryton", listed(*bills, customers=(PEPA, JUAN)), actor=ROBOT)
    money = paid(
        line("400.00", "A1", date(2026, 4, 30)),
        line("600.00", "A1", date(2026, 5, 20)),
        line("200.00", "A4", date(2026, 6, 1)),
    )
    rows = {row.number: row for row in Invoice.objects.all()}
    for movement, number in zip(money, ("A1", "A1", "A4"), strict=True):
        part = Part(
            key=f"k{movement.pk}", invoice=rows[number].pk, applied=movement.amount, rule="r", confidence=D(1),
            explanation="e",
        )  # fmt: skip
        allocations.allocate(movement, [part], actor=ROBOT)
    return creditor


@pytest.fixture
def company(wallet: Creditor) -> Creditor:
    """The wallet, and something of everything else."""
    pepa, juan = Debtor.objects.get(erp_key="c1"), Debtor.objects.get(erp_key="c2")
    for key, debtor, channel, sent, state, answered in (
        ("m1", pepa, "email", at(5, 5), "leido", None),  # 11:30 in Madrid
        ("m2", pepa, "sms", at(6, 12), "entregado", None),
        ("m3", juan, "email", at(4, 20, 16), "rebotado", None),
        ("m4", juan, "email", at(6, 15), "entregado", at(6, 16)),
    ):
        Message.objects.create(
            key=key, creditor=wallet, debtor=debtor, currency="EUR", strategy="general@v1", step="recordatorio",
            anchor=date(2026, 5, 1), channel=channel, address="x", template="t", state=state, not_before=sent,
            sent_at=sent, answered_at=answered,
        )  # fmt: skip
    Task.objects.create(
        key="t1", debtor=juan, kind="llamar", due_on=date(2026, 6, 20), why="w", source="s", opened_at=at(6, 18),
        done_at=at(6, 20), done_by="ana", outcome="o",
    )  # fmt: skip
    OptOut.objects.create(debtor=pepa, channel="sms", said="BAJA", at=at(6, 13))
    for key, debtor, category, opened, closed in (
        ("d1", pepa, "precio_o_contrato", at(6, 1), at(6, 8)),  # 7 days
        ("d2", juan, "queja_por_trato", at(6, 16), at(6, 19)),  # 3 days
    ):
        Dispute.objects.create(
            key=key, creditor=wallet, debtor=debtor, category=category, opened_at=opened, closed_at=closed,
            state="cerrada",
        )  # fmt: skip
    for key, standing, paid_sum in (("p1", "cumplido", D(100)), ("p2", "incumplido", D(0)), ("p3", "cumplido", D(50))):
        promise = Agreement.objects.create(
            key=key, creditor=wallet, debtor=pepa, currency="EUR", kind="promise", total=D(100), channel="portal",
            proof="p", accepted_at=at(6, 1), approved_by="matriz", standing=standing, ended_at=at(6, 25),
        )  # fmt: skip
        Instalment.objects.create(
            agreement=promise, number=1, due_on=date(2026, 6, 20), amount=D(100), principal=D(100), paid=paid_sum,
            closed_on=date(2026, 6, 19) if standing == "cumplido" else None,
        )  # fmt: skip
        Survey.objects.create(
            key=f"s{key}", debtor=pepa, agreement=promise, asked_at=at(6, 26),
            score={"p1": 8, "p3": 6}.get(key), answered_at=at(6, 27) if key != "p2" else None,
        )  # fmt: skip
    for number, debtor, opened, filed, stage in (
        ("EXP-1", pepa, at(5, 1), at(5, 11), "admitido"),  # 10 days
        ("EXP-2", juan, at(5, 10), at(6, 9), "subsanacion"),  # 30 days
    ):
        LegalCase.objects.create(
            number=number, creditor=wallet, debtor=debtor, currency="EUR", country="ES", court="lexnet", stage=stage,
            claimable=D(600), opened_at=opened, stage_at=filed, changed_at=filed,
        )  # fmt: skip
        CourtFiling.objects.create(
            case=number, court="lexnet", credential="c", package_hash=number, fingerprint=number, reference=number,
            folder="f", state="presentado", registry="r", receipt_sha256="h", filed_at=filed, created_at=opened,
        )  # fmt: skip
    for state in ("hecho", "hecho", "hecho", "error_tecnico", "cancelado"):
        Run.objects.create(robot="conciliacion_diaria", state=state, started_by="x", started_at=at(6, 3))
    cube.sync()
    return wallet
