"""A score told to people: computed again from what is stored, its reasons, and what would change it.

What would change it is asked of the judge itself, on the stored inputs with one thing changed at a time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import numpy as np
import pandas as pd

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Rating
from cobranza.risk import judging
from cobranza.risk.features.catalogue import CATALOGUE, NAMES
from cobranza.risk.ports import OUTCOMES, Judge
from cobranza.risk.settings import risk_settings
from cobranza.risk.treatment import treat

MOST: Final = 3
"""How many changes are told."""
_NOT_THEIRS: Final = frozenset({"series", "informes", "límites"})
"""Sources that the debtor cannot change by what they do."""
_PAYS_ALL: Final = {
    "overdue_count": 0.0, "overdue_share": 0.0, "overdue_days": math.nan, "overdue_age": math.nan,
    "overdue_months": 0.0, "instalments_missed": 0.0, "paid_days_ago": 0.0,
}  # fmt: skip
_LEAST: Final = 0.01


class NotRated(BusinessError):
    """Somebody without a score."""

    code = "COB-RIE-004"
    remedy = "Valore primero con «cobranza risk score»."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: a sentence with its value, the day of the input, and what it adds (negative: against paying)."""

    text: str
    value: str
    as_of: date
    points: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would change a score.

    Attributes:
        what: Spanish, "Si pagara todo lo vencido".
        pay_60: Probability then.
        band: Then.
        segment: Then.
        turns: Whether band or segment would be others.
    """

    what: str
    pay_60: float
    band: str
    segment: str
    turns: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A score and whether it is what its inputs give.

    Attributes:
        equal: None when the model that made it is not installed any more.
        differences: Column → (stored, computed again), where they differ.
    """

    rating: Rating
    equal: bool | None
    differences: dict[str, tuple[str, str]]
    reasons: tuple[Reason, ...]
    changes: tuple[Change, ...]


def explain(debtor: int) -> Explained:
    """The score that stands for a debtor, computed again.

    Raises:
        NotRated: there is none.
    """
    rating = Rating.objects.select_related("debtor__creditor").filter(debtor=debtor, current=True).first()
    if rating is None:
        raise NotRated(f"El deudor {debtor} no tiene valoración.")
    return explained(rating)


def explained(rating: Rating) -> Explained:
    """See `explain`, for any stored score."""
    judge = judging.judge_named(rating.model)
    differences = {} if judge is None else _differences(rating, judge)
    return Explained(
        rating=rating,
        equal=None if judge is None else not differences,
        differences=differences,
        reasons=reasons(rating),
        changes=() if judge is None else changes(rating, judge),
    )


def reasons(rating: Rating) -> tuple[Reason, ...]:
    """The stored reasons as people read them."""
    return tuple(
        Reason(
            text=str(each["text"]),
            value=CATALOGUE[each["feature"]].shown(math.nan if each["value"] is None else float(each["value"]))
            if each["feature"] in CATALOGUE
            else str(each["value"]),
            as_of=date.fromisoformat(each["as_of"]),
            points=float(each["points"]),
        )
        for each in rating.reasons
    )


def table_of(rating: Rating) -> pd.DataFrame:
    """The features as they were judged, from what is stored."""
    values = {name: float(pair[0]) for name, pair in rating.inputs.items()}
    row = {name: values.get(name, math.nan) for name in NAMES}
    return pd.DataFrame([row], index=pd.Index([rating.debtor_id], name="debtor"), dtype=np.float64)


def changes(rating: Rating, judge: Judge) -> tuple[Change, ...]:
    """What would change a score for the better: whatever turns its treatment first, then what helps most."""
    base = table_of(rating)
    tried: list[tuple[str, pd.DataFrame]] = []
    if not math.isnan(base["overdue_count"].iloc[0]) and base["overdue_count"].iloc[0] > 0:
        tried.append(("Si pagara todo lo vencido", base.assign(**_PAYS_ALL)))
    for name in NAMES:
        feature, value = CATALOGUE[name], float(base[name].iloc[0])
        if math.isnan(value) or feature.sense == 0 or feature.source in _NOT_THEIRS:
            continue
        for other in _better(value, feature.sense, feature.unit):
            said = f"Si «{feature.title}» pasara de {feature.shown(value)} a {feature.shown(other)}"
            if feature.shown(value) != feature.shown(other):
                tried.append((said, base.assign(**{name: other})))
    if not tried:
        return ()
    rows = pd.concat([frame for _, frame in tried], ignore_index=True)
    judged = judge.judge(rows)
    treated = treat(judged, {}, risk_settings().tratamiento.rules())
    found: dict[str, Change] = {}
    now = float(rating.pay_60)
    for (said, _), pay_60, band, segment in zip(
        tried, judged["pay_60"], treated["band"], treated["segment"], strict=True
    ):
        turns = (band, segment) != (rating.band, rating.segment)
        if turns or float(pay_60) - now >= _LEAST:
            each = Change(what=said, pay_60=float(pay_60), band=str(band), segment=str(segment), turns=turns)
            about = said.partition(" pasara de")[0]  # of one feature the smallest change that turns it, else the best
            if about not in found or (each.turns, -each.pay_60) > (found[about].turns, -found[about].pay_60):
                found[about] = each
    best = sorted(found.values(), key=lambda each: (not each.turns, -each.pay_60))
    return tuple(best[:MOST])


def _better(value: float, sense: int, unit: str) -> tuple[float, ...]:
    """Values that a debtor could come to, the nearest first."""
    if sense < 0:
        return tuple(other for other in (value / 2, value / 4, 0.0) if other < value)
    top = {"%": 1.0, "sí/no": 1.0, "puntos": 100.0}.get(unit, value * 2 + 2)
    return tuple(other for other in ((value + top) / 2, top) if other > value)


def _differences(rating: Rating, judge: Judge) -> dict[str, tuple[str, str]]:
    judged = judge.judge(table_of(rating))
    treated = treat(judged, {}, risk_settings().tratamiento.rules()).iloc[0]
    found: dict[str, tuple[str, str]] = {}
    for name in OUTCOMES:
        stored: Decimal | None = getattr(rating, name)
        places = 1 if name == "days_late" else 5
        value = float(judged[name].iloc[0])
        again = None if math.isnan(value) else Decimal(f"{np.round(value, places) + 0.0:.{places}f}")
        if stored != again:
            found[name] = (str(stored), str(again))
    for name in ("band", "segment", "proposed"):
        if getattr(rating, name) != treated[name]:
            found[name] = (getattr(rating, name), str(treated[name]))
    told: list[Any] = [each["feature"] for each in rating.reasons]
    again_told = [name for number in (1, 2, 3) if (name := str(judged[f"reason_{number}"].iloc[0]))]
    if told != again_told:
        found["reasons"] = (", ".join(told), ", ".join(again_told))
    return found
