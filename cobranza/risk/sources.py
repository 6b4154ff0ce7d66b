"""What bureaus say: asked without ever making anybody wait, kept with its day and provenance, missed by name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import cast

import numpy as np
from numpy.typing import NDArray

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Debtor
from cobranza.risk.models import BureauReport
from cobranza.risk.ports import Bureau, BureauDown, Bureaus, Report, Subject

GIVES_UP = 3
"""Failures in a row after which a source is left alone for this round."""
PATIENCE = 20.0
"""Seconds that a person waits for all sources together; who is later is told as missing."""
_BATCH = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one source said, or why it did not.

    Attributes:
        source: Its name.
        weight: How much it counts.
        report: None when it knows nobody of that id, or did not answer.
        missing: Spanish, why there is no answer; "" when there is one.
    """

    source: str
    weight: float
    report: Report | None
    missing: str = ""


def bureaus() -> list[Bureau]:
    """Every source in use.

    Raises:
        ConfigError: an entry of ``config/bureaus.toml`` is wrong.
    """
    kinds = [cast(Bureaus, each) for each in suite.adapters("connectors.bureaus").values()]
    return [kind.open(name) for kind in kinds for name in kind.names()]


def ask(subject: Subject, today: date, *, found: Sequence[Bureau] | None = None) -> list[Answer]:
    """Ask every source about somebody, all at once and never for longer than `PATIENCE`; nothing is stored."""
    known = [each for each in (bureaus() if found is None else found) if subject.country in each.countries]
    if not known:
        return []
    pool = ThreadPoolExecutor(max_workers=len(known), thread_name_prefix="bureau")
    asked = {each.slug: pool.submit(_ask, each, subject, today) for each in known}
    wait(asked.values(), timeout=PATIENCE)
    pool.shutdown(wait=False, cancel_futures=True)
    return [
        asked[each.slug].result()
        if asked[each.slug].done() and not asked[each.slug].cancelled()
        else Answer(source=each.slug, weight=each.weight, report=None, missing="no ha contestado a tiempo")
        for each in known
    ]


def refresh(debtors: Iterable[Debtor], *, now: datetime | None = None, limit: int = 500) -> dict[str, int]:
    """Ask every source about debtors of whom it has said nothing fresh; a source that fails does not stop the round.

    Returns:
        How many reports are new ("read"), how many ids nobody knew ("unknown"), how many questions failed ("failed").
    """
    at = now or clock.now()
    today = at.astimezone(clock.MADRID).date()
    told = {"read": 0, "unknown": 0, "failed": 0}
    wanted = [each for each in debtors if each.tax_id][:limit]
    for bureau in bureaus():
        fresh = _fresh(bureau, today, {each.tax_id for each in wanted})
        failures = 0
        for debtor in wanted:
            country = debtor.country or debtor.creditor.country
            if country not in bureau.countries or debtor.tax_id in fresh or failures >= GIVES_UP:
                continue
            answer = _ask(bureau, Subject(tax_id=debtor.tax_id, country=country, name=debtor.name), today)
            if answer.report is not None:
                keep(answer, debtor.tax_id, country, at)
            failures = failures + 1 if answer.missing else 0
            told["failed" if answer.missing else "read" if answer.report is not None else "unknown"] += 1
    return told


def keep(answer: Answer, tax_id: str, country: str, at: datetime) -> BureauReport:
    """Store what a source said; the same report twice is one."""
    report = answer.report
    if report is None:
        raise ValueError("nothing to keep")
    row, _ = BureauReport.objects.get_or_create(
        source=answer.source,
        tax_id=tax_id,
        as_of=report.as_of,
        reference=report.reference,
        defaults={
            "country": country,
            "default": Decimal(str(round(report.default, 5))),
            "incidents": report.incidents,
            "owed": None if report.owed is None else report.owed.amount,
            "currency": "" if report.owed is None else report.owed.currency,
            "weight": Decimal(str(answer.weight)),
            "provenance": report.provenance[:300],
            "read_at": at,
        },
    )
    return row


def missing(ids: NDArray[np.int64], as_of: date) -> dict[int, list[str]]:
    """Which sources said nothing fresh about each debtor, and why: debtor's id → Spanish lines."""
    found: dict[int, list[str]] = {}
    known = bureaus()
    if not known:
        return found
    rows = Debtor.objects.values_list("pk", "tax_id", "country", "creditor__country")
    wanted = ids.tolist()
    for start in range(0, len(wanted), _BATCH):
        some = list(rows.filter(pk__in=wanted[start : start + _BATCH]))
        taxes = {tax_id for _pk, tax_id, _own, _home in some if tax_id}
        for bureau in known:
            last = dict(
                BureauReport.objects.filter(source=bureau.slug, tax_id__in=taxes, as_of__lte=as_of)
                .order_by("tax_id", "-as_of")
                .distinct("tax_id")
                .values_list("tax_id", "as_of")
            )
            oldest = as_of - timedelta(days=bureau.expires_days)
            for pk, tax_id, own, home in some:
                if (own or home) not in bureau.countries:
                    continue
                day = last.get(tax_id)
                if day is None:
                    found.setdefault(pk, []).append(f"{bureau.slug}: no hay informe")
                elif day < oldest:
                    found.setdefault(pk, []).append(f"{bureau.slug}: el informe es del {day:%d/%m/%Y} y ya no cuenta")
    return found


def blended(answers: Iterable[Answer]) -> float | None:
    """Probability of default over several sources, by weight; None when none of them knows."""
    known = [(each.weight, each.report.default) for each in answers if each.report is not None]
    total = sum(weight for weight, _ in known)
    return sum(weight * default for weight, default in known) / total if known else None


def _ask(bureau: Bureau, subject: Subject, today: date) -> Answer:
    report, why = None, ""
    try:
        report = bureau.ask(subject)
    except BureauDown:
        why = "no contesta"
    except CobranzaError as exc:
        why = exc.message
    if report is not None:
        day = f"{report.as_of:%d/%m/%Y}"
        if report.as_of > today:
            report, why = None, f"el informe es de un día que no ha llegado ({day})"
        elif (today - report.as_of).days > bureau.expires_days:
            report, why = None, f"el informe es del {day} y ya no cuenta"
    return Answer(source=bureau.slug, weight=bureau.weight, report=report, missing=why)


def _fresh(bureau: Bureau, today: date, taxes: set[str]) -> set[str]:
    oldest = today - timedelta(days=bureau.expires_days)
    rows = BureauReport.objects.filter(source=bureau.slug, tax_id__in=taxes, as_of__gte=oldest, as_of__lte=today)
    return set(rows.values_list("tax_id", flat=True))
