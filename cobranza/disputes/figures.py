"""Figures by category: how many cases, how sure the classifier was, how often people agreed; and what it can learn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Avg, Count, Max, Q

from cobranza.disputes.models import Decision, Dispute, Mail
from cobranza.disputes.settings import read as settings
from cobranza.disputes.shift import NotConnected, classifier
from cobranza.kernel import clock

PERIODS = (30, 90, 365)
_Kinds = Decision.Kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One category.

    Attributes:
        slug: Category.
        name: For people.
        cases: How many were opened.
        review: How many a person had to look at.
        confirmed: Decisions that kept what the model said.
        corrected: Decisions that changed it to something else.
        gained: Decisions that changed something else to this.
        confidence: The model's mean, None without cases.
    """

    slug: str
    name: str
    cases: int
    review: int
    confirmed: int
    corrected: int
    gained: int
    confidence: Decimal | None

    @property
    def agreed(self) -> Decimal | None:
        """Share of what the model said that people kept (precision among those looked at); None when nobody looked."""
        whole = self.confirmed + self.corrected
        return Decimal(self.confirmed) / whole if whole else None

    @property
    def found(self) -> Decimal | None:
        """Share of what people said that the model had said (recall among those looked at); None when nobody did."""
        whole = self.confirmed + self.gained
        return Decimal(self.confirmed) / whole if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """All categories together.

    Attributes:
        lines: By name.
        cases: How many were opened.
        mails: By what became of them.
        review: Share that a person had to look at.
        agreed: Share of the decisions that kept what the model said.
    """

    lines: tuple[Line, ...]
    cases: int
    mails: Mapping[str, int]
    review: Decimal | None
    agreed: Decimal | None


def by_category(days: int, names: Mapping[str, str]) -> Whole:
    """The figures of the last days."""
    since = clock.now() - timedelta(days=days)
    opened = Dispute.objects.filter(opened_at__gte=since)
    looked = ~Q(review=Dispute.Reviews.NONE)
    grouped = opened.values("category").annotate(
        cases=Count("pk"), reviewed=Count("pk", filter=looked), sure=Avg("confidence")
    )
    counted = {row["category"]: row for row in grouped.order_by()}
    said = _last(since)
    slugs = sorted(
        {*names, *counted, *(b for b, _ in said), *(a for _, a in said)} - {""}, key=lambda s: names.get(s, s)
    )
    lines = []
    for slug in slugs:
        row: dict[str, Any] = {**counted.get(slug, {})}
        sure = row.get("sure")
        lines.append(
            Line(
                slug=slug,
                name=names.get(slug, slug),
                cases=row.get("cases", 0),
                review=row.get("reviewed", 0),
                confirmed=sum(count for (before, after), count in said.items() if before == after == slug),
                corrected=sum(count for (before, after), count in said.items() if before == slug != after),
                gained=sum(count for (before, after), count in said.items() if after == slug != before),
                confidence=Decimal(sure) if sure is not None else None,
            )
        )
    total = sum(line.cases for line in lines)
    judged = sum(said.values())
    kept = sum(count for (before, after), count in said.items() if before == after)
    states = Mail.objects.filter(received_at__gte=since).values_list("state").annotate(Count("pk")).order_by()
    return Whole(
        lines=tuple(lines),
        cases=total,
        mails=dict(states),
        review=Decimal(sum(line.review for line in lines)) / total if total else None,
        agreed=Decimal(kept) / judged if judged else None,
    )


def _last(since: datetime) -> dict[tuple[str, str], int]:
    """The last word about each mail: (what the model said, what the person said) and how often."""
    rows = Decision.objects.filter(kind__in=(_Kinds.CONFIRMED, _Kinds.CORRECTED), at__gte=since, mail__isnull=False)
    found: dict[tuple[str, str], int] = {}
    for before, after in rows.order_by("mail", "-pk").distinct("mail").values_list("before", "after"):
        found[before, after] = found.get((before, after), 0) + 1
    return found


def learning() -> dict[str, Any]:
    """What the classifier is, and what people's decisions can teach it: keys model, state, decisions, since, newest."""
    said = Decision.objects.filter(kind__in=(_Kinds.CONFIRMED, _Kinds.CORRECTED), mail__isnull=False)
    newest = Dispute.objects.exclude(model="").order_by("-pk").values_list("model", flat=True).first() or ""
    first = Dispute.objects.filter(model=newest).order_by("pk").values_list("opened_at", flat=True).first()
    return {
        "model": newest,
        "since": first,
        "decisions": said.values("mail").distinct().count(),
        "fresh": said.filter(at__gte=first).values("mail").distinct().count() if first else 0,
        "newest": said.aggregate(last=Max("at"))["last"],
        "state": _state(),
    }


def _state() -> dict[str, Any]:
    """What the classifier says of itself, nothing when it does not."""
    try:
        judge, _ = classifier(settings().clasificador)
    except NotConnected:
        return {}
    tell = getattr(judge, "state", None)
    return dict(tell()) if callable(tell) else {}
