"""The desk's screens: one movement in front of the person, the queue beside it, the next one after each decision."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_GET, require_POST

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Movement
from cobranza.reconciliation.models import PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.summary import PENDING, money_by_currency
from cobranza.reconciliation.workbench import (
    bulk,
    decisions,
    export,
    item,
    keys,
    leases,
    queue,
    undo,
)
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.reconciliation.workbench.queue import Filters
from cobranza.screens.access import Role, actor, requires

LOOK = (Role.ADMINISTRATION, Role.OPERATION, Role.SUPERVISION, Role.AUDIT)
DECIDE = (Role.ADMINISTRATION, Role.OPERATION)
TAKE_OVER = (Role.SUPERVISION,)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@requires(*LOOK)
@require_GET
def workbench(request: HttpRequest) -> HttpResponse:
    """The desk: ``item`` is the movement to show, ``after`` the one to go on from, the rest are filters.

    Showing a movement that waits takes it for who may decide, as sitting down at it would: that is the lease's point.
    """
    filters = Filters.parse(request.GET)
    decides = item.decides(request)
    after = _proposal_of(request.GET.get("after", ""))
    if after is not None:
        following = _next(request, filters, after)
        if decides:
            leases.give_up(after.movement_id, actor(request))
        return redirect(desk(filters, following.movement_id if following is not None else None))
    found = _proposal_of(request.GET.get("item", ""))
    if found is None and "item" not in request.GET:
        found = queue.next_free(filters, actor(request)) if decides else filters.rows().first()
    return _desk(request, filters, found)


@requires(*DECIDE)
@require_POST
def write(request: HttpRequest, movement: int) -> HttpResponse:
    """Work on the sheet without deciding: the arithmetic while typing, a row more or less, a difference explained."""
    found = _live(movement)
    filled, acted = item.worked(request, found)
    if _htmx(request) == "suma":
        return render(request, "reconciliation/workbench/sum.html", {"sheet": filled, "live": True})
    context = item.show(request, _filters(request), found, filled) | {"acted": acted}
    if _htmx(request) == "panel":
        return render(request, "reconciliation/workbench/panel.html", context)
    return _page(request, _filters(request), context)


@requires(*DECIDE)
@require_POST
def decide(request: HttpRequest, movement: int) -> HttpResponse:
    """Do what the sheet says and open the next movement; what does not add up comes back with its fields named."""
    filters = _filters(request)
    found = _live(movement)
    typed = item.read_sheet(request, found)
    try:
        if item.applying(request):
            decisions.apply(typed, _seen(request), held=item.kept(request, found), person=actor(request))
        else:
            decisions.settle(typed, _seen(request), person=actor(request))
    except decisions.Unbalanced as exc:
        context = item.show(request, filters, found, typed) | {"problem": exc, "refused": True}
        return _page(request, filters, context, status=422)
    except (CobranzaError, Proposal.DoesNotExist) as exc:
        return _stay(request, filters, movement, exc)
    messages.success(request, decisions.said(typed))
    return _onward(request, filters, found)


@requires(*DECIDE)
@require_POST
def set_aside(request: HttpRequest, movement: int) -> HttpResponse:
    """Say that it is no payment of a customer."""
    filters, found = _filters(request), _live(movement)
    known = item.reasons()
    place = request.POST.get("reason", "0")
    reason = known[int(place)] if place.isdecimal() and int(place) < len(known) else known[0]
    try:
        decisions.set_aside(_seen(request), person=actor(request), reason=reason, note=_text(request, "note"))
    except (CobranzaError, Proposal.DoesNotExist) as exc:
        return _stay(request, filters, movement, exc)
    messages.success(request, _now("Fuera de la bandeja: %(reason)s.") % {"reason": reason})
    return _onward(request, filters, found)


@requires(*DECIDE)
@require_POST
def note(request: HttpRequest, movement: int) -> HttpResponse:
    """Write something down and stay."""
    money = get_object_or_404(Movement.objects.select_related("account"), pk=movement)
    try:
        decisions.write_note(money, _text(request, "text"), person=actor(request))
    except CobranzaError as exc:
        return _stay(request, _filters(request), movement, exc)
    messages.success(request, _now("Anotado."))
    return redirect(desk(_filters(request), movement))


@requires(*DECIDE)
@require_POST
def take_back(request: HttpRequest, movement: int) -> HttpResponse:
    """Undo the decision about a movement."""
    filters = _filters(request)
    try:
        way, made = undo.undo(_seen(request), person=actor(request), reason=_text(request, "reason"))
    except (CobranzaError, Proposal.DoesNotExist) as exc:
        return _stay(request, filters, movement, exc)
    if way == "reopen":
        messages.success(request, _now("Deshecho: vuelve a estar por decidir."))
    else:
        [asked] = [entry for entry in undo.asked(movement) if entry.reversal.pk == made.pk]
        messages.success(request, _now("Pedido al ERP: %(state)s.") % {"state": asked.label.lower()})
    return redirect(desk(filters, movement))


@requires(*DECIDE)
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop holding money for a customer whose documents were reversed; while a decision stands, undo that instead."""
    row = get_object_or_404(OnAccount, pk=pk)
    try:
        undo.release(row, person=actor(request), reason=_text(request, "reason"))
    except CobranzaError as exc:
        return _stay(request, _filters(request), row.movement_id, exc)
    messages.success(request, _now("Ya no está a cuenta: vuelve a estar libre."))
    return redirect(desk(_filters(request), row.movement_id))


@requires(*DECIDE)
@require_POST
def settle_unknown(request: HttpRequest, intent: int) -> HttpResponse:
    """Say what became of a posting whose end is not known."""
    filters = _filters(request)
    row = get_object_or_404(PostingIntent, pk=intent)
    try:
        undo.settle(
            row.pk, posted=request.POST.get("posted") == "1", person=actor(request), note=_text(request, "note")
        )
    except CobranzaError as exc:
        return _stay(request, filters, row.movement_id, exc)
    messages.success(request, _now("Aclarado."))
    return redirect(desk(filters, row.movement_id))


@requires(*DECIDE)
@require_POST
def settle_reversal(request: HttpRequest, intent: int) -> HttpResponse:
    """Say what became of a reversal whose end is not known."""
    filters = _filters(request)
    row = get_object_or_404(ReversalIntent.objects.select_related("reversal__proposal"), pk=intent)
    movement = row.reversal.proposal.movement_id
    try:
        undone = request.POST.get("reversed") == "1"
        undo.settle_reversal(row.pk, reversed=undone, person=actor(request), note=_text(request, "note"))
    except CobranzaError as exc:
        return _stay(request, filters, movement, exc)
    messages.success(request, _now("Aclarado."))
    return redirect(desk(filters, movement))


@requires(*DECIDE)
@require_POST
def lease(request: HttpRequest, movement: int) -> HttpResponse:
    """Renew the turn while the page is open; when it has changed hands the page is loaded again."""
    get_object_or_404(Movement, pk=movement)
    mine = request.POST.get("mine") == "1"
    try:
        turn = leases.renew(movement, actor(request)) if mine else leases.take(movement, actor(request))
    except leases.HeldByAnother as exc:
        if mine:
            return HttpResponse(status=200, headers={"HX-Refresh": "true"})
        return render(request, "reconciliation/workbench/turn.html", {"turn": exc.turn, "movement_id": movement})
    if not mine:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "reconciliation/workbench/turn.html", {"turn": turn, "mine": True, "movement_id": movement})


@requires(*TAKE_OVER)
@require_POST
def take_over(request: HttpRequest, movement: int) -> HttpResponse:
    """Supervision takes a movement from whoever has it: to keep it when they may decide, else to free it."""
    get_object_or_404(Movement, pk=movement)
    keep = item.decides(request)
    before = leases.take_over(movement, actor(request), keep=keep)
    who = before.person if before is not None else _now("nadie")
    words_ = _now("Ahora lo tiene usted; lo tenía %(who)s.") if keep else _now("Queda libre; lo tenía %(who)s.")
    messages.success(request, words_ % {"who": who})
    return redirect(desk(_filters(request), movement))


@requires(*LOOK)
@require_GET
def search(request: HttpRequest, movement: int) -> HttpResponse:
    """Invoices and customers by number, name, tax id or amount."""
    found = _live(movement)
    context = item.show(request, _filters(request), found)
    return render(request, "reconciliation/workbench/found.html", context)


@requires(*DECIDE)
@require_GET
def group(request: HttpRequest) -> HttpResponse:
    """What accepting the filtered group would do."""
    filters = queue.unpaged(Filters.parse(request.GET))
    shown = bulk.preview(filters, actor(request))
    context = {"shown": shown, "filters": filters, "documents": bulk.documents_of(shown), "most": bulk.MOST}
    return render(request, "reconciliation/workbench/group.html", context)


@requires(*DECIDE)
@require_POST
def accept_group(request: HttpRequest) -> HttpResponse:
    """Accept exactly the group that was shown."""
    filters = _filters(request)
    try:
        done = bulk.accept(filters, actor(request), request.POST.get("digest", ""))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
        return redirect(reverse("reconciliation:group") + filters.query(page=""))
    messages.success(request, _now("Aceptados %(n)s cobros. Se registrarán en el ERP.") % {"n": len(done.ready)})
    return redirect(desk(filters))


@requires(*LOOK)
@require_GET
def export_csv(request: HttpRequest) -> StreamingHttpResponse:
    """The filtered list as CSV."""
    answer = StreamingHttpResponse(export.as_csv(Filters.parse(request.GET)), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file_name("csv")}"'
    return answer


@requires(*LOOK)
@require_GET
def export_xlsx(request: HttpRequest) -> HttpResponse:
    """The filtered list as an Excel workbook."""
    with tempfile.TemporaryDirectory(prefix="cobranza-lista-") as folder:
        file = Path(folder) / "lista.xlsx"
        export.as_workbook(Filters.parse(request.GET), file)
        answer = HttpResponse(file.read_bytes(), content_type=_XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="{_file_name("xlsx")}"'
    return answer


def desk(filters: Filters, movement: int | None = None) -> str:
    """The desk's address, on a movement or on whatever comes first."""
    return reverse("reconciliation:workbench") + filters.query(item=movement)


# ---- a page


def _desk(request: HttpRequest, filters: Filters, found: Proposal | None, status: int = 200) -> HttpResponse:
    if found is None:
        if request.GET.get("item"):
            raise Http404
        return _page(request, filters, {}, status)
    context = item.show(request, filters, found)
    if _htmx(request) == "panel":
        return render(request, "reconciliation/workbench/panel.html", context)
    return _page(request, filters, context, status)


def _page(request: HttpRequest, filters: Filters, context: dict[str, Any], status: int = 200) -> HttpResponse:
    rows = filters.rows()
    page = filters.page_of(rows)
    pending = Proposal.objects.filter(state__in=PENDING)
    shown = context.get("proposal")
    whole = {
        "filters": filters,
        "options": queue.options(filters),
        "states": queue.STATES,
        "sorts": queue.SORTS,
        "page": page,
        "previous": filters.query(page=page.previous_page_number()) if page.has_previous() else "",
        "next_page": filters.query(page=page.next_page_number()) if page.has_next() else "",
        "pending": pending.count(),
        "money": money_by_currency(pending),
        "page_keys": keys.MAP,
        "decides": item.decides(request),
        "me": actor(request),
        "last": undo.last_of(actor(request)) if item.decides(request) else None,
        "item_id": shown.movement_id if shown is not None else None,
    }
    return render(request, "reconciliation/workbench/workbench.html", whole | context, status=status)


# ---- small things


def _next(request: HttpRequest, filters: Filters, after: Proposal) -> Proposal | None:
    if item.decides(request):
        return queue.next_free(filters, actor(request), after)
    return queue.peek(filters, after)


def _onward(request: HttpRequest, filters: Filters, done: Proposal) -> HttpResponse:
    following = queue.next_free(filters, actor(request), done)
    return redirect(desk(filters, following.movement_id if following is not None else None))


def _stay(request: HttpRequest, filters: Filters, movement: int, exc: Exception) -> HttpResponse:
    said = f"{exc.message} {exc.remedy}" if isinstance(exc, CobranzaError) else _now("Ese cobro ya no está.")
    messages.error(request, said)
    return redirect(desk(filters, movement))


def _live(movement: int) -> Proposal:
    found = _proposal_of(str(movement))
    if found is None:
        raise Http404
    return found


def _proposal_of(text: str) -> Proposal | None:
    if not text.isdecimal() or len(text) > 18:
        return None
    live = Proposal.objects.exclude(state=Proposal.States.SUPERSEDED)
    rows = live.select_related("movement__account", "movement__statement", "creditor")
    return rows.prefetch_related("matches__invoice__debtor", "decisions").filter(movement=int(text)).first()


def _filters(request: HttpRequest) -> Filters:
    return Filters.parse(QueryDict(request.POST.get("filters", "")))


def _seen(request: HttpRequest) -> int:
    text = request.POST.get("proposal", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:500]


def _htmx(request: HttpRequest) -> str:
    details = getattr(request, "htmx", None)
    return (details.target or "") if details else ""


def _file_name(extension: str) -> str:
    return f"cobros-{clock.now().astimezone(clock.MADRID):%Y%m%d-%H%M}.{extension}"
