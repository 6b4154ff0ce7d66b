"""The screens of robots, runs, work items, alerts, schedules and credentials.

Who may what: everybody but `legal` looks; administration and operation start, stop and answer; supervision and
operation take note of alerts; only operation reopens a credential. Auditors never get a form.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger import events
from cobranza.runs import alerts as engine_alerts
from cobranza.runs import catalogue, engine, served
from cobranza.runs import credentials as engine_credentials
from cobranza.runs import items as engine_items
from cobranza.runs.errors import RobotUnknown
from cobranza.runs.models import (
    ACTIVE_RUNS,
    FAILED_RUNS,
    Alert,
    CredentialBlock,
    Evidence,
    EvidenceKind,
    ItemState,
    Run,
    RunState,
    Schedule,
    WorkItem,
)
from cobranza.runs.start_form import StartForm
from cobranza.screens.access import Role, actor, may_open, public, requires
from cobranza.screens.navigation import panels_of_run
from cobranza.screens.tables import Choices, Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.SUPERVISION, Role.OPERATION, Role.AUDIT)
ACT = (Role.ADMINISTRATION, Role.OPERATION)
WATCH = (Role.SUPERVISION, Role.OPERATION, Role.AUDIT)

_ANSWER_MAX = 4000
_HASH_BYTES = 200 * 1024 * 1024


def _robot_choices() -> Choices:
    names = Run.objects.order_by("robot").values_list("robot", flat=True).distinct()
    titles = {robot.slug: robot.title for robot in catalogue.robots()}
    return [(name, titles.get(name, name)) for name in names]


def _since(rows: QuerySet[Any], days: str) -> QuerySet[Any]:
    return rows.filter(created_at__gte=clock.now() - timedelta(days=int(days)))


_RESULTS: dict[str, tuple[str, ...]] = {
    "active": tuple(ACTIVE_RUNS),
    "done": (RunState.DONE,),
    "failed": tuple(state for state in FAILED_RUNS if state != RunState.NEEDS_PERSON),
    "person": (RunState.NEEDS_PERSON,),
    "cancelled": (RunState.CANCELLED,),
}

RUNS = Spec(
    columns=(
        Column(name="number", label=_("N.º"), order=("pk",), kind="number", narrow=False),
        Column(name="robot", label=_("Robot"), order=("title", "robot")),
        Column(name="state", label=_("Estado"), order=("state",)),
        Column(name="who", label=_("Lanzado por"), order=("started_by",), narrow=False),
        Column(name="created", label=_("Empezó"), order=("created_at",), narrow=False),
        Column(name="lasted", label=_("Duró"), kind="number", narrow=False),
    ),
    filters=(
        Filter(
            name="result",
            label=_("Estado"),
            choices=(
                ("active", _("En marcha")),
                ("done", _("Hechas")),
                ("failed", _("Fallidas")),
                ("person", _("Esperan a una persona")),
                ("cancelled", _("Canceladas")),
            ),
            apply=lambda rows, value: rows.filter(state__in=_RESULTS[value]),
        ),
        Filter(name="robot", label=_("Robot"), choices=_robot_choices),
        Filter(
            name="since",
            label=_("Desde"),
            choices=(("1", _("Un día")), ("7", _("Una semana")), ("31", _("Un mes"))),
            apply=_since,
        ),
    ),
    search=("title", "robot", "started_by", "error_message", "error_code"),
    sort="-number",
    placeholder=_("Buscar por robot, persona o error"),
)


@requires(*LOOK)
@require_GET
def runs(request: HttpRequest) -> HttpResponse:
    """Every run, with filters."""
    return render(request, "runs/list.html", {"table": Table(RUNS, request, Run.objects.all())})


@requires(*LOOK)
@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """The catalogue, each robot with its last run."""
    found = catalogue.robots()
    last = {
        run.robot: run
        for run in Run.objects.filter(
            pk__in=Run.objects.order_by().values("robot").annotate(last=models.Max("pk")).values("last")
        )
    }
    cards = [{"robot": robot, "last": last.get(robot.slug)} for robot in found]
    return render(request, "runs/robots.html", {"cards": cards})


@requires(*ACT)
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Start a robot with values for its variables."""
    try:
        robot = catalogue.find(slug)
    except RobotUnknown as exc:
        raise Http404 from exc
    form = StartForm(robot, request.POST if request.method == "POST" else None)
    problem: CobranzaError | None = None
    if request.method == "POST" and form.is_valid():
        try:
            made = _submit(request, robot, form)
        except CobranzaError as exc:
            problem = exc
        else:
            messages.success(request, _now("«%(title)s» está en marcha.") % {"title": robot.title})
            return redirect("runs:run", made.pk)
    context = {
        "robot": robot,
        "form": form,
        "problem": problem,
        "limit": timedelta(seconds=robot.limit_seconds),
        "blocked": engine_credentials.blocked(robot.credential) if robot.credential else None,
        "active": Run.objects.filter(robot=slug, state__in=ACTIVE_RUNS).first(),
    }
    return render(request, "runs/start.html", context, status=422 if form.errors or problem else 200)


def _submit(request: HttpRequest, robot: catalogue.Robot, form: StartForm) -> Run:
    with transaction.atomic():
        made = engine.submit(robot.slug, form.values(), started_by=_by(request), rehearse=form.cleaned_data["rehearse"])
        _record(request, "run.started", made, {"robot": robot.slug, "rehearse": made.rehearse, **_given(made)})
    return made


def _given(made: Run) -> dict[str, Any]:
    return {"variables": made.variables} if made.variables else {}


@requires(*LOOK)
@require_GET
def run(request: HttpRequest, pk: int) -> HttpResponse:
    """One run: state, items, evidence."""
    found = get_object_or_404(Run, pk=pk)
    files = list(found.evidence_files.all())
    shots = [file for file in files if file.kind == EvidenceKind.SCREENSHOT]
    context = _live_context(found) | {
        "shots": shots,
        "files": [file for file in files if file.kind != EvidenceKind.SCREENSHOT],
        "has_log": any(file.kind == EvidenceKind.LOG for file in files),
        "items": found.items.all()[:200],
        "items_total": found.items.count(),
        "panels": panels_of_run(request, found),
    }
    return render(request, "runs/run.html", context)


@requires(*LOOK)
@require_GET
def live(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of a run's page that moves; when the run ends the whole page is loaded again."""
    found = get_object_or_404(Run, pk=pk)
    if found.is_final:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "runs/live.html", _live_context(found))


def _live_context(found: Run) -> dict[str, Any]:
    return {"run": found, "share": round(100 * found.done / found.total) if found.total else None}


@requires(*ACT)
@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a run, or take it out of the queue."""
    found = get_object_or_404(Run, pk=pk)
    with transaction.atomic():
        accepted = engine.cancel(found.pk, by=_by(request))
        if accepted:
            _record(request, "run.stop_asked", found, {"robot": found.robot})
    if accepted:
        messages.success(request, _now("Se está deteniendo la ejecución %(number)s.") % {"number": found.pk})
    else:
        messages.info(request, _now("La ejecución %(number)s ya había terminado.") % {"number": found.pk})
    return redirect("runs:run", found.pk)


@requires(*LOOK)
@require_GET
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """Robot Framework's own log, in a frame that can do nothing to the console."""
    found = get_object_or_404(Run, pk=pk)
    entry = found.evidence_files.filter(kind=EvidenceKind.LOG).last()
    if entry is None or found.evidence_folder is None:
        raise Http404
    file = served.file_of(entry)
    context = {
        "run": found,
        "entry": entry,
        "token": served.frame_pass(found, _user_id(request)),
        "path": file.relative_to(found.evidence_folder.resolve()).as_posix(),
    }
    return render(request, "runs/log.html", context)


@public
@xframe_options_exempt
@require_GET
def frame(request: HttpRequest, token: str, path: str) -> FileResponse:
    """What the log's frame loads. The pass in the address stands for the session (see `served`)."""
    return served.frame_response(token, path)


@requires(*LOOK)
@require_GET
def evidence(request: HttpRequest, pk: int, evidence_pk: int) -> HttpResponse:
    """One piece of evidence, with the proof that nobody changed it."""
    entry = get_object_or_404(Evidence.objects.select_related("run"), pk=evidence_pk, run_id=pk)
    file = served.file_of(entry)
    checkable = file.stat().st_size <= _HASH_BYTES
    siblings = list(entry.run.evidence_files.values_list("pk", flat=True))
    place = siblings.index(entry.pk)
    context = {
        "entry": entry,
        "run": entry.run,
        "preview": served.preview(file),
        "unchanged": served.unchanged(entry, file) if checkable else None,
        "previous": siblings[place - 1] if place else None,
        "next": siblings[place + 1] if place + 1 < len(siblings) else None,
    }
    return render(request, "runs/evidence.html", context)


@requires(*LOOK)
@require_GET
def evidence_file(request: HttpRequest, pk: int, evidence_pk: int) -> FileResponse:
    """The file itself: images show, everything else is a download."""
    entry = get_object_or_404(Evidence, pk=evidence_pk, run_id=pk)
    return served.file_response(served.file_of(entry), download="download" in request.GET)


def _queue_choices() -> Choices:
    names = WorkItem.objects.order_by("queue").values_list("queue", flat=True).distinct()
    return [(name, name) for name in names]


ITEMS = Spec(
    columns=(
        Column(name="reference", label=_("Referencia"), order=("reference",)),
        Column(name="queue", label=_("Cola"), order=("queue",), narrow=False),
        Column(name="state", label=_("Estado"), order=("state",)),
        Column(name="attempts", label=_("Intentos"), order=("attempts",), kind="number", narrow=False),
        Column(name="updated", label=_("Último cambio"), order=("updated_at",), narrow=False),
    ),
    filters=(
        Filter(name="state", label=_("Estado"), choices=ItemState.choices),
        Filter(name="queue", label=_("Cola"), choices=_queue_choices),
    ),
    search=("reference", "error_message", "error_code", "question"),
    sort="-updated",
    placeholder=_("Buscar por referencia o error"),
)


@requires(*LOOK)
@require_GET
def items(request: HttpRequest) -> HttpResponse:
    """Every work item, with filters."""
    return render(request, "runs/items.html", {"table": Table(ITEMS, request, WorkItem.objects.all())})


@requires(*LOOK)
@require_GET
def pending(request: HttpRequest) -> HttpResponse:
    """The questions that robots wait for, oldest first."""
    asked = WorkItem.objects.filter(state=ItemState.NEEDS_PERSON).select_related("run").order_by("updated_at")
    return render(request, "runs/pending.html", {"asked": asked[:100], "total": asked.count()})


@requires(*LOOK)
@require_GET
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """One work item: what it is about, what the robot saw, and its question when it has one."""
    found = get_object_or_404(WorkItem.objects.select_related("run"), pk=pk)
    shots = found.run.evidence_files.filter(kind=EvidenceKind.SCREENSHOT).order_by("-pk")[:6] if found.run else []
    context = {
        "item": found,
        "shots": shots,
        "asks": found.state == ItemState.NEEDS_PERSON,
        "failed": found.state in (ItemState.BUSINESS_ERROR, ItemState.TECHNICAL_ERROR),
        "can_answer": may_open(request.user, "runs:answer", pk),
        "next": _next_question(found),
    }
    return render(request, "runs/item.html", context)


def _next_question(found: WorkItem) -> WorkItem | None:
    asked = WorkItem.objects.filter(state=ItemState.NEEDS_PERSON).exclude(pk=found.pk)
    return asked.order_by("updated_at").first()


@requires(*ACT)
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Give the answer that a robot waits for; the same item goes on."""
    found = get_object_or_404(WorkItem, pk=pk)
    text = request.POST.get("answer", "").strip()[:_ANSWER_MAX]
    if not text:
        messages.error(request, _now("Escriba una respuesta."))
        return redirect("runs:item", pk)
    try:
        with transaction.atomic():
            engine_items.answer(found.pk, text, by=_by(request))
            # The answer may be a one-time code: the ledger keeps that it was given and by whom, never what it was.
            _record(request, "item.answered", found, {"queue": found.queue, "reference": found.reference})
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
        return redirect("runs:item", pk)
    messages.success(request, _now("Respuesta enviada. El robot sigue con «%(item)s».") % {"item": found.reference})
    return redirect("runs:pending")


@requires(*ACT)
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Try a failed work item again."""
    found = get_object_or_404(WorkItem, pk=pk)
    try:
        with transaction.atomic():
            engine_items.reopen(found.pk, by=_by(request))
            _record(request, "item.reopened", found, {"queue": found.queue, "reference": found.reference})
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, _now("«%(item)s» vuelve a la cola.") % {"item": found.reference})
    return redirect("runs:item", pk)


ALERTS = Spec(
    columns=(
        Column(name="message", label=_("Aviso")),
        Column(name="kind", label=_("Clase"), order=("kind",), narrow=False),
        Column(name="opened", label=_("Desde"), order=("opened_at",), narrow=False),
        Column(name="state", label=_("Leído por"), order=("acknowledged_at",)),
    ),
    filters=(
        Filter(
            name="read",
            label=_("Lectura"),
            choices=(("no", _("Sin leer")), ("yes", _("Leídos"))),
            apply=lambda rows, value: rows.filter(acknowledged_at__isnull=value == "no"),
        ),
    ),
    search=("message", "schedule"),
    sort="-opened",
)


@requires(*LOOK)
@require_GET
def alerts(request: HttpRequest) -> HttpResponse:
    """What the operator was told."""
    return render(request, "runs/alerts.html", {"table": Table(ALERTS, request, Alert.objects.select_related("run"))})


@requires(Role.SUPERVISION, Role.OPERATION)
@require_POST
def acknowledge(request: HttpRequest, pk: int) -> HttpResponse:
    """Take note of an alert."""
    found = get_object_or_404(Alert, pk=pk)
    with transaction.atomic():
        engine_alerts.acknowledge(found.pk, by=_by(request))
        _record(request, "alert.acknowledged", found, {"kind": found.kind})
    messages.success(request, _now("Aviso marcado como leído."))
    return redirect("runs:alerts")


@requires(*WATCH)
@require_GET
def schedules(request: HttpRequest) -> HttpResponse:
    """What starts by itself and when."""
    found = Schedule.objects.select_related("last_run").order_by("-enabled", "next_at", "name")
    return render(request, "runs/schedules.html", {"schedules": found})


@requires(*WATCH)
@require_GET
def credentials(request: HttpRequest) -> HttpResponse:
    """Credentials that robots leave alone, and those that were reopened."""
    blocks = CredentialBlock.objects.select_related("run")
    context = {
        "open": blocks.filter(cleared_at__isnull=True).order_by("blocked_at"),
        "cleared": blocks.filter(cleared_at__isnull=False).order_by("-cleared_at")[:20],
    }
    return render(request, "runs/credentials.html", context)


@requires(Role.OPERATION)
@require_POST
def clear(request: HttpRequest, pk: int) -> HttpResponse:
    """Let robots use a credential again."""
    found = get_object_or_404(CredentialBlock, pk=pk, cleared_at__isnull=True)
    with transaction.atomic():
        engine_credentials.clear(found.name, by=_by(request))
        _record(request, "credential.cleared", found, {"credential": found.name})
    messages.success(request, _now("Los robots vuelven a usar «%(name)s».") % {"name": found.name})
    return redirect("runs:credentials")


def _by(request: HttpRequest) -> str:
    return f"consola:{actor(request)}"


def _user_id(request: HttpRequest) -> int:
    return int(request.user.pk or 0)


def _record(request: HttpRequest, kind: str, subject: models.Model, payload: dict[str, Any]) -> None:
    events.record(kind, subject, payload, events.Actor.person(actor(request)))
