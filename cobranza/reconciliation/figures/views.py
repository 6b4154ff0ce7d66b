"""The screen of figures, and the same as files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cobranza.ledger.models import Creditor
from cobranza.reconciliation.figures import export, query, tables
from cobranza.screens.access import Role, requires

LOOK = (Role.ADMINISTRATION, Role.SUPERVISION, Role.AUDIT)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what it says wrongly falls back to the default."""

    creditor: Creditor | None
    since: date
    until: date

    @classmethod
    def parse(cls, request: HttpRequest) -> Asked:
        """Read ``?company=key&since=2026-01&until=2026-03``."""
        key = request.GET.get("company", "").replace("\x00", "")
        since = _month(request.GET.get("since", "")) or query.default_since(query.settings())
        until = _month(request.GET.get("until", "")) or query.today().replace(day=1)
        if until < since:
            since, until = until, since
        return cls(Creditor.objects.filter(key=key).first() if key else None, since, _last_day(until))

    @property
    def address(self) -> str:
        """As it goes behind a link."""
        asked = {"company": self.creditor.key if self.creditor else "", "since": f"{self.since:%Y-%m}"}
        return "?" + urlencode({key: value for key, value in asked.items() if value} | {"until": f"{self.until:%Y-%m}"})


def _month(text: str) -> date | None:
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1990 <= int(found[1]) <= 2200:
        return None
    return date(int(found[1]), int(found[2]), 1)


def _last_day(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


@requires(*LOOK)
@require_GET
def figures(request: HttpRequest) -> HttpResponse:
    """How much goes through by itself, how right it was, what waits and why."""
    asked = Asked.parse(request)
    found = query.report(asked.creditor, asked.since, asked.until)
    context = {
        "asked": asked,
        "found": found,
        "sheets": tables.sheets(found),
        "companies": Creditor.objects.order_by("name"),
    }
    return render(request, "reconciliation/figures/report.html", context)


@requires(*LOOK)
@require_GET
def figures_csv(request: HttpRequest) -> HttpResponse:
    """The same tables as CSV."""
    return _file(request, "csv", "text/csv; charset=utf-8")


@requires(*LOOK)
@require_GET
def figures_xlsx(request: HttpRequest) -> HttpResponse:
    """The same tables as an Excel workbook."""
    return _file(request, "xlsx", _XLSX)


def _file(request: HttpRequest, kind: str, media: str) -> HttpResponse:
    asked = Asked.parse(request)
    sheets = tables.sheets(query.report(asked.creditor, asked.since, asked.until))
    body = export.as_csv(sheets) if kind == "csv" else export.as_workbook(sheets)
    name = f"cifras-conciliacion-{asked.since:%Y-%m}-{asked.until:%Y-%m}.{kind}"
    answer = HttpResponse(body, content_type=media)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
