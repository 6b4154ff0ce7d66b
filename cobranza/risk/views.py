"""Screens of the scores: whom to call, one debtor's score with its reasons, early warnings, possible customers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cobranza.kernel import clock
from cobranza.ledger import ratings, tasks
from cobranza.ledger.models import Creditor, Debtor, Rating, Survey, Verdict
from cobranza.ledger.tables_ratings import Segments
from cobranza.risk import aftercare, explaining, forms, listening, reach, worklist
from cobranza.risk.models import BureauReport, Care, Contest, CreditCheck, EarlyWarning
from cobranza.risk.settings import risk_settings
from cobranza.screens.access import Role, may_open, requires
from cobranza.screens.navigation import Tone

LOOK = (Role.ADMINISTRATION, Role.SUPERVISION, Role.LEGAL, Role.AUDIT)
ACT = (Role.ADMINISTRATION, Role.SUPERVISION)
DECIDE = (Role.ADMINISTRATION, Role.SUPERVISION, Role.LEGAL)
_PAGE = 25
_HISTORY = 12

BANDS: dict[str, tuple[Any, Tone, str]] = {
    "bajo": (_("Riesgo bajo"), "ok", "check"),
    "medio": (_("Riesgo medio"), "warn", "clock"),
    "alto": (_("Riesgo alto"), "danger", "alert"),
}
SEGMENTS: dict[str, tuple[Any, Tone, str]] = {
    "recordatorio": (_("Basta un recordatorio"), "ok", "bell"),
    "negociacion": (_("Negociación flexible"), "info", "person"),
    "caso_legal": (_("Caso legal"), "danger", "shield"),
}
ACTIONS = {
    "llamar": _("Llamar"), "escribir": _("Escribir"), "negociar": _("Ofrecer un plan"), "revisar": _("Revisar"),
    "contestar": _("Contestar"), "expediente": _("Preparar el expediente"),
    "corregir": _("Corregir los datos de contacto"),
}  # fmt: skip
TONES = {"amable": _("amable"), "claro": _("claro"), "firme": _("firme"), "cuidado": _("con cuidado")}
CHANNELS = {
    "email": _("correo"), "sms": "SMS", "whatsapp": "WhatsApp", "call": _("llamada"), "letter": _("carta"),
}  # fmt: skip
ORDERS = (("cobro", _("Lo que se espera cobrar")), ("caja", _("Lo que no entrará solo este mes")))


@requires(*LOOK)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Whom to call, what is worth most first; company, currency, order and filters stand in the address."""
    creditors = list(Creditor.objects.filter(debtors__ratings__current=True).distinct().order_by("name"))
    creditor = _chosen(creditors, request.GET.get("empresa", ""))
    context: dict[str, Any] = {"creditor": creditor, "creditors": creditors, "orders": ORDERS}
    if creditor is not None:
        listening.catch_up(creditor)
        known = worklist.currencies(creditor)
        currency = request.GET.get("moneda", "")
        currency = currency if currency in known else next(iter(known), "EUR")
        order: worklist.Order = "caja" if request.GET.get("orden") == "caja" else "cobro"
        segment = request.GET.get("trato", "")
        segment = segment if segment in Segments.values else ""
        person = request.GET.get("persona") == "si"
        number = request.GET.get("pagina", "1")
        start = (int(number) - 1) * _PAGE if number.isascii() and number.isdigit() and 0 < int(number) < 10_000 else 0
        rows, total = worklist.rows(
            creditor, currency, order=order, segment=segment, person=person, start=start, limit=_PAGE
        )
        entry = risk_settings().lista
        now = clock.now()
        counts = reach.house(creditor, now, memory=entry.memoria_dias, answer_days=entry.respuesta_dias)
        shown = [(row, BANDS[row.band], SEGMENTS[row.segment], _action(row, counts)) for row in rows]
        asked = {"empresa": creditor.key, "moneda": currency, "orden": order, "trato": segment}
        asked |= {"persona": "si"} if person else {}
        page = Paginator(range(total), _PAGE).get_page(number)
        context |= {
            "currencies": known,
            "currency": currency,
            "order": order,
            "segment": segment,
            "segments": [(value, SEGMENTS[value][0]) for value in ("negociacion", "caso_legal", "recordatorio")],
            "person": person,
            "shown": shown,
            "total": total,
            "page": page,
            "previous": urlencode(asked | {"pagina": page.number - 1}) if page.has_previous() else "",
            "next": urlencode(asked | {"pagina": page.number + 1}) if page.has_next() else "",
            "now": now,
        }
    return render(request, "risk/worklist.html", context)


@requires(*LOOK)
@require_GET
def debtor(request: HttpRequest, pk: int) -> HttpResponse:
    """One debtor's score: reasons, what would change it, who decided, what was contested."""
    row = get_object_or_404(Debtor.objects.select_related("creditor"), pk=pk)
    listening.catch_up(row.creditor_id)
    return debtor_page(request, row)


def debtor_page(request: HttpRequest, row: Debtor, *, problem: Any = None, status: int = 200) -> HttpResponse:
    """See `debtor`; `problem` is what was refused."""
    standing = ratings.standing(row)
    rating = Rating.objects.filter(debtor=row, current=True).first()
    told = explaining.explained(rating) if rating is not None else None
    context = {
        "debtor": row,
        "standing": standing,
        "rating": rating,
        "told": told,
        "band": BANDS[standing.band] if standing else None,
        "look": SEGMENTS[standing.segment] if standing else None,
        "verdict": Verdict.objects.filter(debtor=row, ended_at=None).first(),
        "verdicts": Verdict.objects.filter(debtor=row).exclude(ended_at=None).order_by("-at")[:_HISTORY],
        "care": Care.objects.filter(debtor=row, until=None).first(),
        "contest": Contest.objects.filter(debtor=row, answered_at=None).first(),
        "answered": Contest.objects.filter(debtor=row).exclude(answered_at=None).order_by("-answered_at")[:3],
        "advice": aftercare.recommendation(rating),
        "survey": Survey.objects.filter(debtor=row).order_by("-asked_at").first(),
        "reports": BureauReport.objects.filter(tax_id=row.tax_id).exclude(tax_id="").order_by("-as_of")[:6],
        "history": [
            (each, BANDS[each.band], SEGMENTS[each.segment])
            for each in Rating.objects.filter(debtor=row).order_by("-at", "-pk")[:_HISTORY]
        ],
        "actions": row.next_actions.order_by("-day")[:3],
        "tasks": tasks.waiting(row)[:10],
        "segments": [(value, SEGMENTS[value][0]) for value in Segments.values],
        "decides": may_open(request.user, "risk:decide", row.pk),
        "acts": may_open(request.user, "risk:contest", row.pk),
        "problem": problem,
    }
    return render(request, "risk/debtor.html", context, status=status)


@requires(*LOOK)
@require_GET
def warnings(request: HttpRequest) -> HttpResponse:
    """Whoever may miss the next due day, what was done about it, and what came of it."""
    return warnings_page(request)


def warnings_page(request: HttpRequest, *, problem: Any = None, status: int = 200) -> HttpResponse:
    """See `warnings`; `problem` is what was refused."""
    rows = EarlyWarning.objects.select_related("debtor__creditor")
    closed = rows.exclude(closed_at=None).order_by("-closed_at")
    context = {
        "open": rows.filter(closed_at=None).order_by("due_on", "pk")[:200],
        "closed": closed[:20],
        "right": closed.exclude(outcome="falsa_alarma").count(),
        "many": closed.count(),
        "actions": [(value, label) for value, label in EarlyWarning.Actions.choices],
        "acts": may_open(request.user, "risk:warning_act", 1),
        "problem": problem,
    }
    return render(request, "risk/warnings.html", context, status=status)


@requires(*LOOK)
@require_GET
def credit(request: HttpRequest) -> HttpResponse:
    """A possible customer, and what was asked about lately."""
    return credit_page(request, forms.Applicant(initial={"country": "ES", "currency": "EUR"}))


def credit_page(
    request: HttpRequest, form: forms.Applicant, *, made: CreditCheck | None = None, problem: Any = None,
    status: int = 200,
) -> HttpResponse:  # fmt: skip
    """See `credit`; `made` is the answer to what was just asked."""
    context = {
        "form": form,
        "made": made,
        "look": BANDS[made.band] if made is not None else None,
        "latest": [(row, BANDS[row.band]) for row in CreditCheck.objects.order_by("-at")[:10]],
        "acts": may_open(request.user, "risk:credit_check"),
        "problem": problem,
    }
    return render(request, "risk/credit.html", context, status=status)


def _action(row: worklist.Row, counts: Any) -> dict[str, Any]:
    made = worklist.next_action(row, counts)
    return {
        "row": made,
        "label": ACTIONS.get(made.action, made.action),
        "channel": CHANNELS.get(made.channel, made.channel),
        "tone": TONES.get(made.tone, made.tone),
        "chance": Decimal(made.chance),
    }


def _chosen(creditors: list[Creditor], asked: str) -> Creditor | None:
    found = next((each for each in creditors if each.key == asked), None)
    return found or (creditors[0] if creditors else None)
