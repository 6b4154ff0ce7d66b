"""The strategies' screens: the form and the text with their preview, the versions, the trial."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_GET, require_POST
from pydantic import ValidationError

from cobranza.dunning import boxes, config, differences, drafts, editor, settings
from cobranza.dunning.config import TrialEntry
from cobranza.dunning.drafts import Draft
from cobranza.dunning.models import StrategyVersion
from cobranza.dunning.strategy import Strategy
from cobranza.dunning.views import DECIDE, LOOK, chosen, creditors
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor
from cobranza.screens.access import actor, may_open, requires


@requires(*LOOK)
@require_GET
def strategies(request: HttpRequest) -> HttpResponse:
    """Every strategy, who uses it, and the trials."""
    rows: list[tuple[str, Strategy | None, str]] = []
    for name in settings.names():
        try:
            rows.append((name, settings.strategy(name), ""))
        except CobranzaError as exc:
            rows.append((name, None, exc.message))
    companies = [(each, config.company(each.key)) for each in creditors()]
    context = {
        "rows": rows,
        "companies": companies,
        "decides": may_open(request.user, "dunning:trial"),
        "names": settings.names(),
        "today": clock.now().astimezone(clock.MADRID).date(),
    }
    return render(request, "dunning/strategies.html", context)


@requires(*LOOK)
@require_GET
def strategy(request: HttpRequest, name: str) -> HttpResponse:
    """One strategy: its steps, its former versions, and the text for who prefers it."""
    return _page(request, name)


@requires(*DECIDE)
@require_POST
def form(request: HttpRequest, name: str) -> HttpResponse:
    """The form's buttons: add, move or take out a step, see what changes today, put in force.

    Only the last one changes anything; without JavaScript every other one answers with the same form.
    """
    current = _current(name)
    draft, row = drafts.acted(drafts.posted(dict(request.POST.lists())), action := request.POST.get("accion", "ver"))
    if row is not None or action not in ("ver", "guardar"):
        return _page(request, name, draft=draft, opened=row)
    was = settings.written_file(name, current)
    version = editor.next_version(name)
    judged = drafts.judge(draft, name, version)
    if judged.file is None:
        return _page(request, name, draft=draft, errors=judged.errors, status=422)
    if drafts.same(was, judged.file):
        messages.info(request, _now("El formulario dice lo mismo que la estrategia en vigor."))
        return _page(request, name, draft=draft)
    text = drafts.write(judged.file, draft, current)
    why = request.POST.get("why", "").strip()[:500]
    try:
        if action == "guardar" and why:
            made = editor.save(name, text, why=why, actor=Actor.person(actor(request)))
            messages.success(request, _now("En vigor: %(name)s@%(version)s.") % {"name": name, "version": made.version})
            return redirect("dunning:strategy", name=name)
        found = _seen(chosen(request), name, text)
    except CobranzaError as exc:
        return _page(request, name, draft=draft, problem=exc, status=422)
    errors = {"why": _now("Diga por qué cambia: queda en el registro.")} if action == "guardar" else {}
    told = differences.between(was, judged.file)
    return _page(
        request, name, draft=draft, errors=errors, sentences=told, next=version, status=422 if errors else 200, **found
    )


@requires(*DECIDE)
@require_POST
def preview(request: HttpRequest, name: str) -> HttpResponse:
    """What the text would change today; nothing is saved."""
    text = request.POST.get("text", "")
    try:
        editor.check(name, text)
        found = _seen(chosen(request), name, text)
    except CobranzaError as exc:
        return _page(request, name, text=text, problem=exc, status=422)
    return _page(request, name, text=text, **found)


@requires(*DECIDE)
@require_POST
def save(request: HttpRequest, name: str) -> HttpResponse:
    """Put the text in force."""
    text = request.POST.get("text", "")
    why = request.POST.get("why", "").strip()[:500]
    try:
        if not why:
            messages.error(request, _now("Diga por qué cambia: queda en el registro."))
            return _page(request, name, text=text, status=422)
        made = editor.save(name, text, why=why, actor=Actor.person(actor(request)))
    except CobranzaError as exc:
        return _page(request, name, text=text, problem=exc, status=422)
    messages.success(request, _now("En vigor: %(name)s@%(version)s.") % {"name": name, "version": made.version})
    return redirect("dunning:strategy", name=name)


@requires(*DECIDE)
@require_POST
def go_back(request: HttpRequest, name: str, pk: int) -> HttpResponse:
    """Put a former version in force again."""
    row = get_object_or_404(StrategyVersion, pk=pk, name=name)
    why = request.POST.get("why", "").strip()[:500] or _now("Vuelta a una versión anterior")
    try:
        editor.go_back(row, why=why, actor=Actor.person(actor(request)))
        messages.success(request, _now("Otra vez en vigor: %(version)s.") % {"version": row.version})
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    return redirect("dunning:strategy", name=name)


@requires(*DECIDE)
@require_POST
def trial(request: HttpRequest) -> HttpResponse:
    """Start, change or end a company's trial."""
    creditor = chosen(request)
    if creditor is None:
        raise Http404
    who = Actor.person(actor(request))
    try:
        if request.POST.get("terminar"):
            editor.set_trial(creditor, None, actor=who)
            messages.success(request, _now("Ensayo terminado: todas las cuentas siguen la estrategia actual."))
            return redirect("dunning:strategies")
        entry = TrialEntry(
            nombre=request.POST.get("nombre", "").strip()[:60],
            piloto=request.POST.get("piloto", ""),
            cuota_piloto=_share(request, "cuota_piloto"),
            cuota_control=_share(request, "cuota_control"),
            sombra=bool(request.POST.get("sombra")),
            desde=date.fromisoformat(request.POST.get("desde", "")),
            hasta=date.fromisoformat(request.POST["hasta"]) if request.POST.get("hasta") else None,
        )
        if not entry.nombre:
            messages.error(request, _now("El ensayo necesita un nombre: con otro nombre se sortea de nuevo."))
            return redirect("dunning:strategies")
        editor.set_trial(creditor, entry, actor=who)
        messages.success(request, _now("Ensayo guardado."))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    except (ValueError, ValidationError):
        messages.error(request, _now("Las cuotas van de 0 a 100 y las fechas son días del calendario."))
    return redirect("dunning:strategies")


def _share(request: HttpRequest, name: str) -> int:
    return int(request.POST.get(name, "0") or "0")


def _current(name: str) -> str:
    if name not in settings.names():
        raise Http404
    return editor.text_of(name)


def _seen(creditor: Creditor | None, name: str, text: str) -> dict[str, Any]:
    """Today's accounts under `text`, for the page."""
    if creditor is None:
        return {}
    shown = editor.preview(creditor, name, text)
    steps = sorted({*shown.before, *shown.after} - {""})
    return {
        "preview": shown,
        "counts": [(step, shown.before.get(step, 0), shown.after.get(step, 0)) for step in steps],
    }


def _page(
    request: HttpRequest, name: str, *, text: str = "", draft: Draft | None = None,
    errors: Mapping[str, str] | None = None, problem: CobranzaError | None = None, opened: int | None = None,
    status: int = 200, **filled: Any,
) -> HttpResponse:  # fmt: skip
    current = _current(name)
    made: Strategy | None = None
    try:
        made = settings.written(name, current)
        draft = draft or drafts.read(current, name)
    except CobranzaError as exc:
        problem = problem or exc
    decides = may_open(request.user, "dunning:save", name)
    expert = bool(text) or draft is None or request.GET.get("vista") == "texto"
    context = {
        "name": name,
        "strategy": made,
        "expert": expert,
        "text": text or current,
        "form": boxes.form(draft, errors or {}, opened) if draft is not None and not expert else None,
        "changed": bool(text) and text.replace("\r\n", "\n").rstrip() != current.rstrip(),
        "problem": problem.as_dict() if problem is not None else None,
        "versions": editor.versions(name),
        "decides": decides,
        "readonly": not decides,
        "why": request.POST.get("why", ""),
        "creditors": creditors(),
        "creditor": chosen(request),
    }
    return render(request, "dunning/strategy.html", context | filled, status=status)
