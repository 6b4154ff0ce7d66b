"""What the forecast of cash needs, read from the ledger set by set; and the forecast kept as it was told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
from django.db.models import F, QuerySet
from django.utils import timezone

from cobranza.insight.alerts import yesterday
from cobranza.insight.forecast import Forecast, History, forecast
from cobranza.insight.models import CashForecast
from cobranza.insight.settings import Forecast as ForecastSettings
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Agreement, Allocation, Cover, Creditor, DocumentKinds, Hold, Instalment, Invoice

_NEVER = date.max.toordinal()


class NothingToForecast(BusinessError):
    """A company that is not owed anything in that currency."""

    code = "COB-INS-130"
    remedy = "Compruebe la empresa y la moneda; las facturas entran con la lectura del ERP."


def read(creditor: Creditor, currency: str, as_of: date, days: int) -> History:
    """A company's receivables in one currency, as `cobranza.insight.forecast` takes them.

    Args:
        creditor: The company.
        currency: Amounts of one currency only.
        as_of: Last day.
        days: Of history, by day of issue; what is still open is read whatever its age.
    """
    first = as_of - timedelta(days=days)
    rows = Invoice.objects.filter(
        creditor=creditor, currency=currency, kind=DocumentKinds.INVOICE, vanished_at=None, issued_on__lte=as_of
    )
    rows = rows.filter(issued_on__gte=first) | rows.filter(open__gt=0)
    documents = _frame(
        rows.order_by("issued_on", "pk").values_list(
            "pk", "debtor_id", "issued_on", "due_on", F("gross") - F("elsewhere")
        ),
        ("id", "payer", "issued", "due", "amount"),
    ).set_index("id")
    documents = documents[documents["amount"] > 0]
    owner = dict(zip(documents.index, documents["payer"], strict=True))
    paid = Allocation.objects.filter(
        invoice__in=rows.values("pk"), reversed_at=None, movement__booked_on__lte=as_of
    ).values_list("invoice_id", "movement__booked_on", "applied")
    agreements = Agreement.objects.filter(creditor=creditor, currency=currency)
    return History(
        documents=documents,
        payments=_frame(paid, ("document", "on", "amount")),
        plans=_plans(agreements),
        covers=_covers(agreements),
        holds=_holds(creditor, owner),
    )


def currencies(creditor: Creditor) -> list[str]:
    """The currencies that a company invoices in."""
    rows = Invoice.objects.filter(creditor=creditor).order_by("currency").values_list("currency", flat=True)
    return list(rows.distinct())


def make(creditor: Creditor, currency: str, settings: ForecastSettings, as_of: date | None = None) -> Forecast:
    """Forecast a company's cash from its ledger; raises `NothingToForecast`."""
    day = as_of or yesterday()
    history = read(creditor, currency, day, settings.historia_dias)
    if not len(history.documents):
        raise NothingToForecast(f"{creditor.name} no tiene facturas en {currency}.")
    return forecast(
        history,
        day,
        weeks=settings.semanas,
        level=float(settings.cobertura),
        days=settings.historia_dias,
        origins=settings.pruebas,
        draws=settings.simulaciones,
        seed=settings.semilla,
    )


def keep(creditor: Creditor, currency: str, found: Forecast) -> CashForecast:
    """Keep a forecast as it was told; the first of a day counts."""
    made, _new = CashForecast.objects.get_or_create(
        creditor=creditor,
        currency=currency,
        as_of=found.as_of,
        defaults={
            "made_at": clock.now(),
            "level": Decimal(repr(found.level)),
            "weeks": [week_dict(each) for each in found.weeks],
            "quality": quality_dict(found),
        },
    )
    return made


def week_dict(week: Any) -> dict[str, str]:
    """A week as programs read it: amounts as strings, days as ISO 8601."""
    return {
        "start": week.start.isoformat(),
        "end": week.end.isoformat(),
        "expected": str(week.expected),
        "low": str(week.low),
        "high": str(week.high),
        "from_documents": str(week.documents),
        "from_plans": str(week.plans),
        "from_new_invoices": str(week.new),
    }


def quality_dict(found: Forecast) -> dict[str, Any]:
    """What the back-test said, shares as strings with four decimals; empty without one."""
    tested = found.tested
    if tested is None:
        return {}
    return {
        "origins": tested.origins,
        "weeks": tested.weeks,
        "coverage": None if tested.coverage is None else f"{tested.coverage:.4f}",
        "coverage_before_stretching": f"{tested.bare:.4f}",
        "wape": f"{tested.wape:.4f}",
        "wape_of_last_four_weeks": f"{tested.naive_recent:.4f}",
        "wape_of_due_days": f"{tested.naive_due:.4f}",
        "bias": f"{tested.bias:.4f}",
        "stretch": f"{found.stretch:.4f}",
    }


def _plans(agreements: QuerySet[Agreement]) -> pd.DataFrame:
    """Instalments while they are to be paid: from the agreement until its end or their own."""
    rows = []
    for due, amount, paid, closed, agreement in Instalment.objects.filter(agreement__in=agreements).values_list(
        "due_on", "amount", "paid", "closed_on", "agreement_id"
    ):
        rows.append((agreement, due, amount if closed else amount - paid, closed))
    known = {
        pk: (debtor, timezone.localdate(accepted), timezone.localdate(ended) if ended else None)
        for pk, debtor, accepted, ended in agreements.values_list("pk", "debtor_id", "accepted_at", "ended_at")
    }
    plain = [
        (known[agreement][0], due, amount, known[agreement][1], _first(closed, known[agreement][2]))
        for agreement, due, amount, closed in rows
    ]
    return _frame(plain, ("payer", "due", "amount", "since", "until"))


def _covers(agreements: QuerySet[Agreement]) -> pd.DataFrame:
    rows = Cover.objects.filter(agreement__in=agreements).values_list(
        "invoice_id", "amount", "agreement__accepted_at", "agreement__ended_at"
    )
    return _frame(
        [(document, amount, timezone.localdate(since), _local(until)) for document, amount, since, until in rows],
        ("document", "amount", "since", "until"),
    )


def _holds(creditor: Creditor, owner: dict[int, int]) -> pd.DataFrame:
    """Holds by document: one of a debtor holds all that is owed, one without amount all of its document."""
    of: dict[int, list[int]] = {}
    for document, payer in owner.items():
        of.setdefault(payer, []).append(document)
    rows: list[tuple[int, Decimal, date, date | None]] = []
    for debtor, document, amount, since, until in Hold.objects.filter(debtor__creditor=creditor).values_list(
        "debtor_id", "invoice_id", "amount", "opened_at", "released_at"
    ):
        for each in [document] if document is not None else of.get(debtor, ()):
            rows.append((each, amount or Decimal("1e15"), timezone.localdate(since), _local(until)))
    return _frame(rows, ("document", "amount", "since", "until"))


def _local(at: Any) -> date | None:
    return timezone.localdate(at) if at else None


def _first(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


def _frame(rows: Iterable[Sequence[Any]], names: tuple[str, ...]) -> pd.DataFrame:
    """Rows as a frame: days as ordinals (none: never), amounts as floats, for statistics."""
    plain = [
        tuple(
            each.toordinal() if isinstance(each, date) else _NEVER if each is None else
            float(each) if isinstance(each, Decimal) else each
            for each in row
        )
        for row in rows
    ]  # fmt: skip
    return pd.DataFrame(plain, columns=list(names))
