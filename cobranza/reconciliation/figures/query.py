"""Reads the ledger and the proposals into the frames that `insight` counts, and gathers the whole report."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from cobranza import suite
from cobranza.kernel import clock
from cobranza.ledger.models import Allocation, Creditor, Movement
from cobranza.reconciliation.figures import insight, policy
from cobranza.reconciliation.figures.insight import AUTOMATIC, CORRECTED, PERSON, WAITING
from cobranza.reconciliation.figures.policy import FiguresPolicy
from cobranza.reconciliation.models import Match, Proposal
from cobranza.reconciliation.workbench.models import OnAccount

BY_HAND = "persona"
MATURE_DAYS = 60
_CHUNK = 5000
_States = Proposal.States
_SET_ASIDE = (_States.DISMISSED, _States.UNRELATED)
_WAITING = ("review", "refused", "reversed")
_DETAILS = re.compile(r"[\w/.\-]*\d[\w/.,\-]*|«[^»]*»")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Every figure of a period.

    Attributes:
        company: Key of the creditor, "" for all.
        since: First booking day.
        until: Last booking day.
        total: Straight-through rate of all.
        by_bank: The same by bank.
        by_month: The same by month of booking.
        precision: Of automatic postings.
        mature: The same of those old enough to have been noticed.
        saved: Minutes of review.
        ageing: Unapplied money today, whatever the period.
        reasons: Why payments went to a person.
    """

    company: str
    since: date
    until: date
    total: insight.Rate
    by_bank: list[insight.Rate]
    by_month: list[insight.Rate]
    precision: insight.Precision
    mature: insight.Precision
    saved: insight.Saved
    ageing: list[insight.Bucket]
    reasons: list[insight.Reason]


def settings() -> FiguresPolicy:
    """``config/figures.toml``."""
    return policy.read(suite.root() / "config" / FiguresPolicy.FILE)


def today() -> date:
    """The day in the instance's calendar."""
    return clock.now().astimezone(clock.MADRID).date()


def default_since(rules: FiguresPolicy) -> date:
    """First day of the first month that the figures show when nobody says."""
    day = today()
    months = day.year * 12 + day.month - 1 - (rules.meses - 1)
    return date(months // 12, months % 12 + 1, 1)


def report(creditor: Creditor | None, since: date, until: date) -> Report:
    """All the figures of a company, or of all, over the movements booked between both days inclusive."""
    rules = settings()
    movements = Movement.objects.filter(booked_on__gte=since, booked_on__lte=until, amount__gt=0)
    if creditor is not None:
        movements = movements.filter(account__creditor=creditor)
    lines = _lines(movements)
    return Report(
        company=creditor.key if creditor is not None else "",
        since=since,
        until=until,
        total=insight.rates(lines, "")[0],
        by_bank=insight.rates(lines, "bank"),
        by_month=insight.rates(lines, "month"),
        precision=insight.precision(lines),
        mature=insight.precision(lines, least_age=MATURE_DAYS),
        saved=insight.saved(lines, rules),
        ageing=insight.ageing(_unapplied(creditor), today(), rules.tramos_dias),
        reasons=insight.reasons(list(_reasons(movements))),
    )


def _lines(movements: Any) -> pd.DataFrame:
    """One row per document settled or waiting; see `insight`."""
    now = clock.now()
    fields = ("movement_id", "invoice_id", "movement__account__name", "movement__account__portal")
    allocations = (
        Allocation.objects.filter(movement__in=movements.values("pk"), applied__gt=0)
        .order_by("pk")
        .values_list(*fields, "movement__booked_on", "decided_by", "decided_at", "reversed_at", "reversed_by")
    )
    kept: dict[tuple[int, int], tuple[Any, ...]] = {}
    for payment, invoice, name, portal, booked, by, at, reversed_at, reversed_by in allocations.iterator(_CHUNK):
        undone = reversed_at is not None and reversed_by == "person"
        outcome = CORRECTED if undone and by == "robot" else PERSON if by == "person" else AUTOMATIC
        before = kept.get((payment, invoice))
        if before is not None and before[3] == CORRECTED:
            continue  # what was corrected stays so, whatever is applied instead
        if undone and by == "person":
            kept.pop((payment, invoice), None)
            continue
        kept[payment, invoice] = (payment, portal or name, f"{booked:%Y-%m}", outcome, (now - at).days)
    pending = Proposal.objects.filter(movement__in=movements.values("pk"), state__in=_WAITING)
    documents = dict.fromkeys(pending.values_list("pk", flat=True), 0)
    for proposal in Match.objects.filter(proposal__in=pending.values("pk")).values_list("proposal_id", flat=True):
        documents[proposal] += 1
    waiting = pending.order_by("pk").values_list(
        "pk", "movement_id", "movement__account__name", "movement__account__portal", "movement__booked_on"
    )
    rows = list(kept.values())
    corrected = {row[0] for row in rows if row[3] == CORRECTED}
    for pk, payment, name, portal, booked in waiting.iterator(_CHUNK):
        if payment in corrected:
            continue  # its documents are there already
        rows += [(payment, portal or name, f"{booked:%Y-%m}", WAITING, 0)] * max(1, documents[pk])
    return pd.DataFrame(rows, columns=list(insight.LINES))


def _unapplied(creditor: Creditor | None) -> pd.DataFrame:
    """Money of customers that settles nothing yet; what is no payment of a customer does not count.

    What a person keeps on account is a customer's, also where the movement has left the queue by that.
    """
    active = OnAccount.objects.filter(released_at=None)
    held = dict(active.order_by().values("movement").annotate(total=Sum("amount")).values_list("movement", "total"))
    aside = Proposal.objects.filter(state__in=_SET_ASIDE).values("movement")
    rows = Movement.objects.filter(amount__gt=0, remaining__gt=0).annotate(aside=Q(pk__in=aside))
    rows = rows.filter(Q(aside=False) | Q(pk__in=active.values("movement")))
    if creditor is not None:
        rows = rows.filter(account__creditor=creditor)
    found = [
        (value_on, currency, kept if set_aside else remaining, kept)
        for pk, value_on, currency, remaining, set_aside in rows.order_by("pk").values_list(
            "pk", "value_on", "currency", "remaining", "aside"
        )
        for kept in (held.get(pk, Decimal(0)),)
    ]
    return pd.DataFrame(found, columns=list(insight.UNAPPLIED), dtype="object")


def _reasons(movements: Any) -> Iterator[str]:
    """Why each payment that a person had to see, or must still see, went to them."""
    rows = (
        Proposal.objects.filter(movement__in=movements.values("pk"))
        .order_by("movement", "pk")
        .prefetch_related("matches__invoice", "decisions")
    )
    by_movement: dict[int, list[Proposal]] = defaultdict(list)
    for row in rows.iterator(chunk_size=_CHUNK):
        by_movement[row.movement_id].append(row)
    for proposals in by_movement.values():
        seen = any(row.state in _WAITING or row.decisions.all() for row in proposals)
        engine = [row for row in proposals if row.rule != BY_HAND]
        if seen and engine:
            yield reason_of(engine[-1])


def reason_of(proposal: Proposal) -> str:
    """Why a proposal was not posted by itself, without what only this one says."""
    matches = list(proposal.matches.all())
    if proposal.state == _States.REFUSED:
        return _("El ERP lo rechazó.")
    if not matches:
        first = proposal.explanation.splitlines()[0] if proposal.explanation else _("Sin propuesta.")
        return re.sub(r"(…[\s,]*)+", "… ", _DETAILS.sub("…", first)).strip()
    if any(match.applied <= 0 or match.invoice.kind != "invoice" for match in matches):
        return _("No es un cobro simple: abono, devolución o anticipo.")
    if len(matches) > 1:
        return _("Propuesta de varios documentos por debajo del umbral.")
    return _("Propuesta de un documento por debajo del umbral.")


def as_dict(found: Report) -> dict[str, Any]:
    """The report as the command prints it: stable keys, figures as text."""
    return {
        "company": found.company,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "straight_through": {
            "total": _rate(found.total),
            "by_bank": [_rate(rate) for rate in found.by_bank],
            "by_month": [_rate(rate) for rate in found.by_month],
        },
        "precision": _precision(found.precision),
        "precision_mature": {"days": MATURE_DAYS, **_precision(found.mature)},
        "minutes_saved": {
            "minutes": str(found.saved.minutes),
            "payments": found.saved.payments,
            "documents": found.saved.documents,
            "minutes_per_payment": str(found.saved.per_payment),
            "minutes_per_document": str(found.saved.per_document),
            "assumption": found.saved.source,
        },
        "unapplied": [
            {
                "currency": bucket.currency,
                "from_days": bucket.first,
                "to_days": bucket.last,
                "movements": bucket.movements,
                "amount": f"{bucket.amount:f}",
                "on_account": f"{bucket.on_account:f}",
            }
            for bucket in found.ageing
        ],
        "reasons": [
            {"reason": reason.text, "payments": reason.payments, "share": str(reason.share)} for reason in found.reasons
        ],
    }


def _rate(rate: insight.Rate) -> dict[str, Any]:
    return {
        "key": rate.key,
        "documents": rate.documents,
        "documents_automatic": rate.documents_automatic,
        "by_document": _text(rate.by_document),
        "payments": rate.payments,
        "payments_automatic": rate.payments_automatic,
        "by_payment": _text(rate.by_payment),
    }


def _precision(found: insight.Precision) -> dict[str, Any]:
    return {
        "payments": found.payments,
        "corrected": found.corrected,
        "share": _text(found.share),
        "interval": [str(found.low), str(found.high)],
    }


def _text(share: Decimal | None) -> str | None:
    return None if share is None else str(share)
