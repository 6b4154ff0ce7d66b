"""Screens of the agreements: how they stand, what waits for approval, and the table of whoever negotiates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cobranza.agreements import approval, forms, plain, workflow
from cobranza.agreements.models import Waiting
from cobranza.agreements.offers import Scenario, offers
from cobranza.agreements.owed import Owed
from cobranza.agreements.scripts import objections
from cobranza.agreements.settings import agreement_settings
from cobranza.agreements.terms import AgreementError, Kind
from cobranza.kernel import clock
from cobranza.ledger import agreements as ledger
from cobranza.ledger import conversation, tasks
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Creditor, Debtor, Invoice
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.navigation import Tone
from cobranza.screens.tables import Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.SUPERVISION, Role.LEGAL, Role.AUDIT)
ACT = (Role.ADMINISTRATION, Role.SUPERVISION)
_WORDS = 12

LOOKS: dict[str, tuple[Tone, str]] = {
    "al_corriente": ("ok", "check"), "vencida_en_gracia": ("info", "clock"), "impago": ("warn", "alert"),
    "incumplido": ("danger", "x"), "cumplido": ("ok", "coins"), "anulado": ("neutral", "x"),
}  # fmt: skip
KINDS = {
    Kind.FULL: _("Pago total"),
    Kind.PART: _("Una parte ahora y el resto después"),
    Kind.PROMISE: _("Promesa de pago"),
    Kind.INSTALMENTS: _("Plan de cuotas"),
}
CHANNELS = {
    "call": _("Teléfono"), "in_person": _("En persona"), "email": _("Correo"), "portal": _("Página del deudor"),
    "whatsapp": "WhatsApp", "sms": "SMS", "letter": _("Carta"), "ivr": _("Llamada automática"),
}  # fmt: skip
GROUPS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("marcha", _("En marcha"), ("al_corriente", "vencida_en_gracia")),
    ("problemas", _("Con un impago"), ("impago",)),
    ("cumplidos", _("Cumplidos"), ("cumplido",)),
    ("terminados", _("Rotos o anulados"), ("incumplido", "anulado")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A scenario as the screen shows it: `button` is what pressing it does, None where nobody may."""

    key: str
    title: Any
    scenario: Scenario
    button: Any = None
    own: bool = False


def _of_group(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(standing__in=next(standings for name, _label, standings in GROUPS if name == value))


def _creditors() -> list[tuple[str, str]]:
    return list(Creditor.objects.order_by("name").values_list("key", "name"))


AGREEMENTS = Spec(
    columns=(
        Column(name="debtor", label=_("Deudor"), order=("debtor__name",)),
        Column(name="total", label=_("Paga en total"), order=("total",), kind="number", narrow=False),
        Column(name="next", label=_("Próximo pago"), order=("next_due",)),
        Column(name="accepted", label=_("Acordado"), order=("accepted_at",), narrow=False),
        Column(name="standing", label=_("Cómo va"), order=("standing",)),
    ),
    filters=(
        Filter(
            name="group", label=_("Cómo va"), choices=[(name, label) for name, label, _s in GROUPS], apply=_of_group
        ),
        Filter(name="creditor", label=_("Acreedor"), choices=_creditors, field="creditor__key"),
    ),
    search=("debtor__name", "debtor__tax_id", "covers__invoice__number"),
    sort="next",
    placeholder=_("Buscar por deudor, NIF o factura"),
)


@requires(*LOOK)
@require_GET
def agreements(request: HttpRequest) -> HttpResponse:
    """Every agreement and how it stands; those that have ended are left out until somebody asks for them."""
    rows = Agreement.objects.select_related("debtor", "creditor").annotate(
        next_due=Min("instalments__due_on", filter=Q(instalments__closed_on=None))
    )
    if not request.GET.get("group") and not request.GET.get("q"):
        rows = rows.filter(ended_at=None)
    table: Table[Any] = Table(AGREEMENTS, request, rows.distinct())
    today = _today()
    shown = []
    for row in table.page:
        following = workflow.standing_of(row, today) if row.ended_at is None else None
        due = next((each for each in following.rows if each.open.amount), None) if following else None
        signs = following.at_risk if following else ()
        shown.append((row, LOOKS[row.standing], due, signs, due is not None and due.instalment.due < today))
    return render(request, "agreements/list.html", {"table": table, "shown": shown})


@requires(*LOOK)
@require_GET
def agreement(request: HttpRequest, pk: int) -> HttpResponse:
    """One agreement: its payments, what came in for each, and what was said and decided."""
    rows = Agreement.objects.select_related("debtor__creditor", "creditor")
    return agreement_page(request, get_object_or_404(rows, pk=pk))


def agreement_page(request: HttpRequest, row: Agreement, *, problem: Any = None, status: int = 200) -> HttpResponse:
    """The page of an agreement; `problem` is what was refused."""
    context = {
        "row": row,
        "look": LOOKS[row.standing],
        "kind": KINDS[Kind(row.kind)],
        "channel": CHANNELS.get(row.channel, row.channel),
        "following": workflow.standing_of(row, _today()),
        "covers": row.covers.select_related("invoice").order_by("invoice__due_on", "invoice__number"),
        "waived": row.waived_principal + row.waived_interest + row.waived_costs,
        "change": getattr(row, "change", None),
        "tasks": tasks.waiting(row.debtor_id).filter(source=f"acuerdo:{row.pk}"),
        "today": _today(),
        "acts": row.ended_at is None and may_open(request.user, "agreements:cancel", row.pk),
        "problem": problem,
    }
    return render(request, "agreements/agreement.html", context, status=status)


@requires(*LOOK)
@require_GET
def approvals(request: HttpRequest) -> HttpResponse:
    """What waits for people, the oldest first, and what was decided lately."""
    return approvals_page(request)


def approvals_page(request: HttpRequest, *, problem: Any = None, status: int = 200) -> HttpResponse:
    """The list of approvals; `problem` is what was refused."""
    settings = agreement_settings()
    me = Actor.person(actor(request))
    rank = approval.rank_of(me, settings)
    levels = [each.papel for each in settings.niveles]
    rows = Waiting.objects.select_related("debtor", "creditor").prefetch_related("decisions")
    shown = []
    for row in rows.filter(state=Waiting.States.ASKED).order_by("asked_at", "pk"):
        mine = any(each.person == me.name for each in row.decisions.all())
        may = rank >= (levels.index(row.role) if row.role in levels else len(levels))
        channel = CHANNELS.get(row.channel, row.channel)
        decides = may and not mine
        shown.append((row, plain.to_proposal(row.proposal), channel, decides, decides and not row.beyond, mine))
    context = {
        "shown": shown,
        "ended": rows.exclude(state=Waiting.States.ASKED).order_by("-pk")[:20],
        "problem": problem,
    }
    return render(request, "agreements/approvals.html", context, status=status)


@requires(*LOOK)
@require_GET
def adviser(request: HttpRequest, pk: int, currency: str) -> HttpResponse:
    """The table of whoever negotiates: what is owed, scenarios side by side, scripts, what was said."""
    debtor = get_object_or_404(Debtor.objects.select_related("creditor"), pk=pk)
    return adviser_page(request, debtor, currency)


def adviser_page(
    request: HttpRequest, debtor: Debtor, currency: str, *, problem: Any = None, status: int = 200
) -> HttpResponse:
    """See `adviser`; `problem` is what was refused."""
    today, policy = _today(), agreement_settings().policy()
    acts = may_open(request.user, "agreements:accept", debtor.pk, currency)
    form = forms.OwnTerms(request.GET if "cuotas" in request.GET else None, initial={"desde": today})
    owed: Owed | None = None
    cards: list[Card] = []
    nothing = ""
    try:
        owed = workflow.owed_by(debtor, currency, today)
        if form.is_bound and form.is_valid():
            scenario, refused = forms.weighed(form, owed, policy)
            if scenario is None:
                problem = problem or refused
            else:
                button = None if scenario.approval.beyond or not acts else _button(scenario)
                cards.append(Card(key="", title=_("Su propuesta"), scenario=scenario, button=button, own=True))
        for each in offers(owed.debt, policy):
            button = None if each.approval.beyond or not acts else _button(each)
            title = KINDS[each.proposal.kind]
            cards.append(Card(key=workflow.key_of(each), title=title, scenario=each, button=button))
    except AgreementError as exc:
        nothing = exc.message
    invoices = Invoice.objects.filter(debtor=debtor, currency=currency, vanished_at=None).exclude(open=0)
    context = {
        "debtor": debtor,
        "currency": currency,
        "owed": owed,
        "nothing": nothing,
        "cards": cards,
        "form": form,
        "acts": acts,
        "invoices": _invoices(invoices, owed, today),
        "objections": objections(),
        "words": [
            (word, CHANNELS.get(word.channel, word.channel))
            for word in conversation.thread(debtor).order_by("-at", "-pk")[:_WORDS]
        ],
        "leader": conversation.leader(debtor),
        "running": [(row, LOOKS[row.standing]) for row in ledger.running(debtor, currency)],
        "requests": Waiting.objects.filter(debtor=debtor, state=Waiting.States.ASKED),
        "tasks": tasks.waiting(debtor)[:10],
        "problem": problem,
        "query": request.GET.urlencode(),
    }
    return render(request, "agreements/adviser.html", context, status=status)


def _button(scenario: Scenario) -> Any:
    return _("Acordar") if scenario.approval.state == "approved" else _("Pedir aprobación")


def _invoices(rows: QuerySet[Invoice], owed: Owed | None, today: date) -> list[tuple[Invoice, int, Decimal]]:
    """Each with its days late and what of it can be agreed about."""
    covers = owed.covers if owed else {}
    return [
        (row, max(0, (today - row.due_on).days), covers.get(row.pk, Decimal(0)))
        for row in rows.order_by(F("due_on").asc(), "number")
    ]


def _today() -> date:
    return clock.now().astimezone(clock.MADRID).date()
