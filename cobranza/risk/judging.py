"""Debtors looked at on a day: features read from the ledger, judged, treated. One way for one and for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pandas as pd
from django.db import connection
from numpy.typing import NDArray

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_money
from cobranza.ledger.models import Agreement, Invoice
from cobranza.risk import features, sources
from cobranza.risk.features.history import History
from cobranza.risk.models import Care
from cobranza.risk.ports import Judge
from cobranza.risk.rows import Scored, rounded
from cobranza.risk.settings import RiskSettings, risk_settings
from cobranza.risk.treatment import LOW, treat

RECOVERED = "recuperado_con_riesgo_bajo"
"""Tag of who kept an agreement to the end, owes nothing overdue since, and has low risk."""
FEW = 5000
"""Up to so many debtors are looked up by their ids; more are read as a whole."""


def judge_in_use(settings: RiskSettings | None = None) -> Judge:
    """The judge that ``config/risk.toml`` names.

    Raises:
        ConfigError: no such folder in classifiers/payers/.
    """
    slug = (settings or risk_settings()).modelo
    found = suite.adapters("classifiers.payers").get(slug)
    if found is None:
        known = ", ".join(suite.adapters("classifiers.payers")) or "ninguno"
        raise ConfigError(f"risk.toml: no hay un modelo «{slug}» en classifiers/payers/ (hay: {known}).")
    # Of one that is taught, the version in use at this moment: another may come into use before the end.
    live = getattr(found, "live", None)
    return cast(Judge, (live() if live is not None else None) or found)


def judge_named(name: str) -> Judge | None:
    """The judge whose content a stored score names, kept versions included; None when it is there no more."""
    for each in suite.adapters("classifiers.payers").values():
        named = getattr(each, "named", None)
        judge = cast("Judge | None", named(name) if named is not None else each)
        if judge is not None and judge.name == name:
            return judge
    return None


def look(history: History, as_of: date, judge: Judge, settings: RiskSettings) -> Scored:
    """Score the debtors of a history as of the end of a day; nothing is stored."""
    at = clock.now()
    table = rounded(features.table(history, as_of))
    judged = judge.judge(table)
    treated = treat(judged, whom_a_person_leads(table.index, settings), settings.tratamiento.rules())
    return Scored(
        table=table,
        days=features.days(history, as_of),
        judged=judged,
        treated=treated,
        missing=sources.missing(table.index.to_numpy(np.int64), as_of),
        tags={pk: [RECOVERED] for pk in recovered(table.index, treated, as_of)},
        model=judge.name,
        as_of=as_of,
        at=at,
    )


def whom_a_person_leads(index: pd.Index[Any], settings: RiskSettings) -> dict[int, str]:
    """Debtors whom a person leads whatever the score: much money, or special care."""
    ids = index.to_numpy(np.int64)
    told: dict[int, list[str]] = {}
    limits = settings.tratamiento.high_value()
    for debtor, currency, owed in _owing_much(ids, limits):
        told.setdefault(debtor, []).append(f"importe alto ({write_money(Money(currency, owed).rounded())})")
    rows = Care.objects.filter(until=None)
    if len(ids) <= FEW:
        rows = rows.filter(debtor__in=ids.tolist())
    for debtor, reason in rows.values_list("debtor", "reason"):
        told.setdefault(debtor, []).append(f"cuidado especial: {reason}")
    return {debtor: "; ".join(reasons) for debtor, reasons in told.items()}


def recovered(index: pd.Index[Any], treated: pd.DataFrame, as_of: date) -> set[int]:
    """Who kept their last agreement to the end, has low risk, and let nothing fall overdue since."""
    low = index[treated["band"].to_numpy() == LOW].to_numpy(np.int64)
    if not len(low):
        return set()
    rows = Agreement.objects.exclude(ended_at=None).exclude(standing="anulado")
    if len(low) <= FEW:
        rows = rows.filter(debtor__in=low.tolist())
    last = dict(rows.order_by("debtor", "-ended_at").distinct("debtor").values_list("debtor", "standing"))
    kept = {debtor for debtor, standing in last.items() if standing == "cumplido"} & set(low.tolist())
    late = Invoice.objects.filter(debtor__in=kept, due_on__lt=as_of, vanished_at=None, open__gt=0)
    return kept - set(late.values_list("debtor", flat=True))


def has_arrears(debtor: int, as_of: date) -> bool:
    """Whether anything is overdue."""
    return Invoice.objects.filter(debtor=debtor, due_on__lt=as_of, vanished_at=None, open__gt=0).exists()


def today() -> date:
    """The house's day."""
    return clock.now().astimezone(clock.MADRID).date()


_MUCH = """
SELECT i.debtor_id, i.currency, sum(i.open) FROM ledger_invoice i
JOIN unnest(%s::text[], %s::numeric[]) AS l(currency, amount) ON l.currency = i.currency
WHERE i.vanished_at IS NULL AND i.state <> 'settled' AND i.debtor_id = ANY(%s)
GROUP BY i.debtor_id, i.currency, l.amount HAVING sum(i.open) >= l.amount
"""


def _owing_much(ids: NDArray[np.int64], limits: Mapping[str, Decimal]) -> list[tuple[int, str, Decimal]]:
    with connection.cursor() as cursor:
        cursor.execute(_MUCH, [list(limits), list(limits.values()), ids.tolist()])
        found: list[tuple[int, str, Decimal]] = cursor.fetchall()
    return found
