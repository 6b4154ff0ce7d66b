"""Today's plan, the outbox, and what people have to do."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.dunning import config, workflow
from cobranza.dunning.models import Message, States
from cobranza.dunning.ports import Delivery
from cobranza.dunning.strategy import Nothing
from cobranza.dunning.workflow import Planned
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger import tasks as ledger_tasks
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Task
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.navigation import Tone
from cobranza.screens.tables import Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.SUPERVISION, Role.OPERATION, Role.AUDIT)
ACT = (Role.ADMINISTRATION, Role.OPERATION)
DECIDE = (Role.SUPERVISION,)
_PAGE = 100

LOOKS: dict[str, tuple[Tone, str]] = {
    Delivery.QUEUED: ("info", "clock"), Delivery.SENDING: ("info", "runs"), Delivery.UNKNOWN: ("danger", "alert"),
    Delivery.ACCEPTED: ("ok", "check"), Delivery.SENT: ("ok", "check"), Delivery.DELIVERED: ("ok", "check"),
    Delivery.READ: ("ok", "eye"), Delivery.BOUNCED: ("danger", "x"), Delivery.REFUSED: ("danger", "x"),
    Delivery.SUPPRESSED: ("warn", "shield"), Delivery.CANCELLED: ("neutral", "x"),
}  # fmt: skip


def creditors() -> list[Creditor]:
    """Companies with reminders, by name."""
    known = set(config.companies())
    return list(Creditor.objects.filter(key__in=known).order_by("name"))


def chosen(request: HttpRequest) -> Creditor | None:
    """The company that the page is about: the one asked for, else the first."""
    found = creditors()
    asked = request.GET.get("empresa") or request.POST.get("empresa", "")
    return next((each for each in found if each.key == asked), found[0] if found else None)


@requires(*LOOK)
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """What would go today, what is for a person, what is held and why; a page of accounts at a time."""
    creditor = chosen(request)
    context: dict[str, Any] = {"creditor": creditor, "creditors": creditors(), "now": clock.now()}
    if creditor is not None:
        pairs = workflow.accounts(creditor)
        page = Paginator(sorted({debtor.pk for debtor, _currency in pairs}), _PAGE).get_page(request.GET.get("page"))
        planned = list(workflow.plan(creditor, debtors=list(page.object_list)))
        context |= {
            "page": page,
            "accounts": len(planned),
            "goes": [each for each in planned if each.goes],
            "tasks": [each for each in planned if each.task],
            "held": [(each, why_held(each)) for each in planned if not each.goes and not each.task],
            "reasons": Counter(why_held(each) for each in planned if not each.goes and not each.task).most_common(),
            "warnings": sorted({each for one in planned if one.decision is not None for each in one.decision.warnings}),
            "acts": may_open(request.user, "dunning:queue"),
        }
    return render(request, "dunning/today.html", context)


def why_held(each: Planned) -> str:
    """Why an account gets nothing today, in Spanish."""
    if each.arm == "holdout":
        return _now("grupo de control del ensayo")
    if isinstance(each.found, Nothing):
        return each.found.why
    if each.stands:
        return _now("su mensaje ya está en la bandeja: %(state)s") % {"state": States(each.stands).label}
    return "; ".join(each.decision.reasons) if each.decision is not None else ""


@requires(*ACT)
@require_POST
def queue(request: HttpRequest) -> HttpResponse:
    """Queue the accounts that were ticked; the gate is asked for each again."""
    creditor = chosen(request)
    who = Actor.person(actor(request))
    ids = [int(each) for each in request.POST.getlist("deudor")[:1000] if each.isascii() and each.isdigit()]
    if creditor is None or not ids:
        messages.warning(request, _now("No ha marcado ninguna cuenta."))
        return redirect("dunning:today")
    queued = given = 0
    for each in workflow.plan(creditor, debtors=ids):
        if each.task:
            given += workflow.hand_over(each, actor=who) is not None
        else:
            queued += workflow.queue(creditor, each, actor=who) is not None
    told = _now("%(queued)d mensajes en la bandeja de salida y %(tasks)d tareas.")
    messages.success(request, told % {"queued": queued, "tasks": given})
    return redirect(request.POST["volver"]) if _ours(request) else redirect("dunning:today")


def _ours(request: HttpRequest) -> bool:
    return request.POST.get("volver", "").startswith("/dunning/")


# ---- the outbox


def _creditor_choices() -> list[tuple[str, str]]:
    return list(Creditor.objects.filter(messages__isnull=False).distinct().order_by("name").values_list("key", "name"))


def _channels() -> list[tuple[str, str]]:
    return [(each, each) for each in Message.objects.order_by("channel").values_list("channel", flat=True).distinct()]


OUTBOX = Spec(
    columns=(
        Column(name="debtor", label=_("Deudor"), order=("debtor__name",)),
        Column(name="step", label=_("Paso y canal"), order=("step",), narrow=False),
        Column(name="amount", label=_("Reclamado"), order=("amount",), kind="number", narrow=False),
        Column(name="queued", label=_("En cola"), order=("queued_at",), narrow=False),
        Column(name="state", label=_("Estado"), order=("state",)),
    ),
    filters=(
        Filter(name="state", label=_("Estado"), choices=[(one.value, one.label) for one in States], field="state"),
        Filter(name="channel", label=_("Canal"), choices=_channels, field="channel"),
        Filter(name="creditor", label=_("Acreedor"), choices=_creditor_choices, field="creditor__key"),
    ),
    search=("debtor__name", "debtor__tax_id", "address", "key"),
    sort="-queued",
    placeholder=_("Buscar por deudor, NIF o dirección"),
)


@requires(*LOOK)
@require_GET
def outbox(request: HttpRequest) -> HttpResponse:
    """Every message and what became of it."""
    table: Table[Any] = Table(OUTBOX, request, Message.objects.select_related("debtor", "creditor"))
    shown = [(row, LOOKS[row.state]) for row in table.page]
    return render(request, "dunning/outbox.html", {"table": table, "shown": shown})


@requires(*LOOK)
@require_GET
def message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message: its text as it left, the gate's words, what the provider told."""
    row = get_object_or_404(Message.objects.select_related("debtor", "creditor", "wanted"), pk=pk)
    context = {
        "row": row,
        "look": LOOKS[row.state],
        "decisions": [_decided(each) for each in row.decisions],
        "told": [(each, States(each.state).label if each.state else "") for each in row.told.order_by("at", "pk")],
        "cancels": row.state == Delivery.QUEUED.value and may_open(request.user, "dunning:cancel", row.pk),
    }
    return render(request, "dunning/message.html", context)


def _decided(stored: dict[str, Any]) -> dict[str, Any]:
    """The gate's word as stored, with its instant and amount as such."""
    claimable = stored.get("claimable")
    return stored | {
        "verdict": _VERDICTS.get(stored.get("decision", ""), ""),
        "at": datetime.fromisoformat(stored["at"]),
        "claimable": None if claimable is None else Decimal(claimable),
    }


_VERDICTS = {"allow": _("permitido"), "defer": _("aplazado"), "deny": _("denegado")}


@requires(*ACT)
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a message back that has not left."""
    row = get_object_or_404(Message, pk=pk)
    why = request.POST.get("why", "").strip()[:500] or _now("Anulado en la consola")
    if workflow.cancel(row, reason=why, actor=Actor.person(actor(request))):
        messages.success(request, _now("Anulado: no saldrá, y ningún robot lo repite."))
    else:
        messages.error(request, _now("Ya no está en la cola: no se puede anular."))
    return redirect("dunning:message", pk=row.pk)


# ---- what people have to do


def _persons() -> list[tuple[str, str]]:
    names = Task.objects.exclude(assigned_to="").order_by("assigned_to").values_list("assigned_to", flat=True)
    return [(name, name) for name in names.distinct()]


def _when(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    day = clock.now().astimezone(clock.MADRID).date()
    if value == "hechas":
        return rows.exclude(done_at=None)
    rows = rows.filter(done_at=None)
    return rows.filter(due_on__lte=day) if value == "hoy" else rows.filter(due_on__lt=day)


WORK = Spec(
    columns=(
        Column(name="debtor", label=_("Deudor"), order=("debtor__name",)),
        Column(name="kind", label=_("Qué hay que hacer"), order=("kind",), narrow=False),
        Column(name="due", label=_("Para el"), order=("due_on", "pk")),
        Column(name="assigned", label=_("Quién"), order=("assigned_to",), narrow=False),
        Column(name="act", label=_("Resultado")),
    ),
    filters=(
        Filter(name="kind", label=_("Qué"), choices=list(Task.Kinds.choices), field="kind"),
        Filter(
            name="when",
            label=_("Cuándo"),
            choices=[("hoy", _("Hasta hoy")), ("tarde", _("Con retraso")), ("hechas", _("Hechas"))],
            apply=_when,
        ),
        Filter(name="who", label=_("Quién"), choices=_persons, field="assigned_to"),
    ),
    search=("debtor__name", "debtor__tax_id", "why"),
    sort="due",
    placeholder=_("Buscar por deudor, NIF o motivo"),
)


@requires(*LOOK)
@require_GET
def tasks(request: HttpRequest) -> HttpResponse:
    """What waits for advisers, the earliest due first."""
    rows = Task.objects.select_related("debtor__creditor")
    if request.GET.get("when") != "hechas":
        rows = rows.filter(done_at=None)
    table: Table[Any] = Table(WORK, request, rows)
    day = clock.now().astimezone(clock.MADRID).date()
    context = {
        "table": table,
        "shown": [(row, row.due_on < day) for row in table.page],
        "today": day,
        "me": actor(request),
        "acts": may_open(request.user, "dunning:task_done", 0),
    }
    return render(request, "dunning/tasks.html", context)


@requires(*ACT)
@require_POST
def task_assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a task, or give it to somebody; "" leaves it to nobody."""
    row = get_object_or_404(Task, pk=pk, done_at=None)
    row.assigned_to = request.POST.get("to", "").strip()[:150]
    row.save(update_fields=["assigned_to"])
    messages.success(request, _now("Asignada."))
    return _back(request)


@requires(*ACT)
@require_POST
def task_done(request: HttpRequest, pk: int) -> HttpResponse:
    """Close a task with what came of it."""
    row = get_object_or_404(Task, pk=pk)
    outcome = request.POST.get("outcome", "").strip()[:2000]
    if not outcome:
        messages.error(request, _now("Diga qué resultó: lo lee quien siga con el deudor."))
        return _back(request)
    try:
        ledger_tasks.done(row, outcome=outcome, actor=Actor.person(actor(request)))
        messages.success(request, _now("Hecha."))
    except CobranzaError as exc:
        messages.error(request, exc.message)
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    return redirect(request.POST["volver"]) if _ours(request) else redirect("dunning:tasks")
