"""The desk's screens: one movement in front of the person, the queue beside it, the next one after each decision."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Debtor, Invoice, Movement
from cobranza.reconciliation.models import PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.summary import PENDING, money_by_currency
from cobranza.reconciliation.workbench import (
    bulk,
    decisions,
    export,
    guesses,
    history,
    keys,
    leases,
    on_account,
    queue,
    sheet,
    undo,
    words,
)
from cobranza.reconciliation.workbench.models import Upload
from cobranza.reconciliation.workbench.queue import Filters
from cobranza.reconciliation.workbench.readings import Reading, readings
from cobranza.reconciliation.workbench.sheet import Sheet
from cobranza.screens.access import Role, actor, may_open, requires

LOOK = (Role.ADMINISTRATION, Role.OPERATION, Role.SUPERVISION, Role.AUDIT)
DECIDE = (Role.ADMINISTRATION, Role.OPERATION)
TAKE_OVER = (Role.SUPERVISION,)

_FOUND = 8
_PANELS = ("unrelated", "note", "undo", "history")
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


# Key, what it fills the sheet with, label; the letters are in `keys.MAP` too.
_WAYS = (
    ("p", "partial", _("Parcial")),
    ("v", "several", _("Varias facturas")),
    ("r", "withheld", _("Retención")),
    ("b", "fee", _("Gasto bancario")),
    ("d", "discount", _("Pronto pago")),
    ("c", "on_account", _("A cuenta")),
)


def reasons() -> list[str]:
    """Why a movement may be no payment of a customer; the first is what Enter takes."""
    return [
        _now("No es un cobro de clientes"),
        _now("Traspaso entre cuentas propias"),
        _now("Subvención, impuestos o Seguridad Social"),
        _now("Ingreso de otra empresa: hay que devolverlo"),
        _now("Comisión o intereses del banco"),
    ]


@requires(*LOOK)
@require_GET
def workbench(request: HttpRequest) -> HttpResponse:
    """The desk: ``item`` is the movement to show, ``after`` the one to go on from, the rest are filters.

    Showing a movement that waits takes it for who may decide, as sitting down at it would: that is the lease's point.
    """
    filters = Filters.parse(request.GET)
    decides = _decides(request)
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
    filled, acted = _worked(request, found)
    if _htmx(request) == "suma":
        return render(request, "reconciliation/workbench/sum.html", {"sheet": filled, "live": True})
    context = _item(request, _filters(request), found, filled) | {"acted": acted}
    if _htmx(request) == "panel":
        return render(request, "reconciliation/workbench/panel.html", context)
    return _page(request, _filters(request), context)


@requires(*DECIDE)
@require_POST
def decide(request: HttpRequest, movement: int) -> HttpResponse:
    """Do what the sheet says and open the next movement; what does not add up comes back with its fields named."""
    filters = _filters(request)
    found = _live(movement)
    typed = _read_sheet(request, found)
    try:
        decisions.settle(typed, _seen(request), person=actor(request))
    except decisions.Unbalanced as exc:
        context = _item(request, filters, found, typed) | {"problem": exc, "refused": True}
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
    known = reasons()
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
    keep = _decides(request)
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
    context = _item(request, _filters(request), found)
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
    context = _item(request, filters, found)
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
        "now": clock.now(),
        "pending": pending.count(),
        "money": money_by_currency(pending),
        "page_keys": keys.MAP,
        "decides": _decides(request),
        "me": actor(request),
        "last": undo.last_of(actor(request)) if _decides(request) else None,
        "uploads": Upload.objects.filter(state=Upload.States.SHOWN, person=actor(request)).count(),
        "item_id": shown.movement_id if shown is not None else None,
    }
    return render(request, "reconciliation/workbench/workbench.html", whole | context, status=status)


def _item(request: HttpRequest, filters: Filters, found: Proposal, filled: Sheet | None = None) -> dict[str, Any]:
    """Everything about one movement."""
    movement, person = found.movement, actor(request)
    free = on_account.free(movement)
    read = readings(found, free)
    pending, decides = found.state in PENDING or found.state in Proposal.REPLACEABLE, _decides(request)
    turn: leases.Turn | None = leases.holder(movement.pk)
    if pending and decides:
        try:
            turn = leases.take(movement.pk, person, fresh=True)
            leases.give_up_all_but(movement.pk, person)
        except leases.HeldByAnother as exc:
            turn = exc.turn
    mine = turn is not None and turn.person == person
    chosen = request.GET.get("read", "")
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 3 else 0
    reading = next((entry for entry in read if entry.number == number), None) or next(iter(read), None)
    country = found.creditor.country
    if filled is None:
        filled = sheet.of_reading(movement, free, reading, country)
        filled.known = _known(found, read)
    panel = request.GET.get("do", "")
    numbers = [line.invoice.number for entry in read for line in entry.lines]
    names = [name for entry in read for name in entry.names]
    marked = words.mark(movement.text, numbers, names)
    query = (request.POST.get("find") or request.GET.get("find", "")).replace("\x00", "").strip()[:120]
    intents = list(PostingIntent.objects.filter(movement=movement).select_related("invoice").order_by("pk"))
    going = any(row.state in PostingIntent.LIVE for row in intents)
    return {
        "filters": filters,
        "proposal": found,
        "movement": movement,
        "free": free,
        "held": list(on_account.active(movement)),
        "pieces": marked,
        "legend": words.legend(marked),
        "payer_pieces": words.mark(movement.counterparty_name, (), names),
        "readings": read,
        "reading": reading if number else None,
        "chosen": number,
        "sheet": filled,
        "panel": panel if panel in _PANELS else "",
        "open": pending and mine and not going,
        "waits": pending,
        "decides": decides,
        "mine": mine,
        "turn": turn,
        "supervises": may_open(request.user, "reconciliation:take_over", movement.pk),
        "undoable": undo.look(found),
        "intents": [row for row in intents if row.state in ("unknown", "refused")],
        "reversals": undo.asked(movement.pk),
        "notes": list(movement.notes.order_by("-pk")[:20]),
        "history": history.of(movement) if panel == "history" else (),
        "reasons": list(enumerate(reasons())),
        "find": query,
        **_found(found, query, filled),
        "movement_id": movement.pk,
        "renew_seconds": leases.RENEW_SECONDS,
        "me": person,
        "ways": _WAYS,
    }


def _found(found: Proposal, query: str, filled: Sheet) -> dict[str, Any]:
    """What the search offers: what the words find, else the open documents of who is on the sheet."""
    movement = found.movement
    there = [row.invoice.pk for row in filled.rows]
    documents = Invoice.objects.filter(creditor=found.creditor_id).exclude(pk__in=there).select_related("debtor")
    documents = documents.exclude(open=0) if movement.amount > 0 else documents.exclude(state="open")
    customers = Debtor.objects.filter(creditor=found.creditor_id)
    if query:
        wanted = Q(number__icontains=query) | Q(debtor__name__icontains=query) | Q(debtor__tax_id__icontains=query)
        amount = queue.amount(query)
        if amount is not None:
            wanted |= Q(open=amount) | Q(gross=amount)
        documents = documents.filter(wanted)
        customers = customers.filter(Q(name__icontains=query) | Q(tax_id__icontains=query))
    else:
        known = [row.pk for row in filled.debtors]
        documents = documents.filter(debtor__in=known)
        customers = customers.none()
    return {
        "found_documents": list(documents.order_by("due_on", "pk")[:_FOUND]),
        "found_customers": list(customers.order_by("name", "pk")[:4]),
    }


# ---- the sheet


def _read_sheet(request: HttpRequest, found: Proposal) -> Sheet:
    posted = {name: str(value) for name, value in request.POST.items()}
    free = on_account.free(found.movement)
    return sheet.read(found.movement, free, posted, creditor=found.creditor_id, country=found.creditor.country)


def _worked(request: HttpRequest, found: Proposal) -> tuple[Sheet, bool]:
    """The sheet after what was pressed; whether that was an action and not only typing."""
    typed, asked = _read_sheet(request, found), request.POST
    documents = Invoice.objects.filter(creditor=found.creditor_id).select_related("debtor")
    typed.known = _known(found, readings(found, typed.free))
    if asked.get("add", "").isdecimal():
        invoice = documents.filter(pk=int(asked["add"])).first()
        return (sheet.with_document(typed, invoice) if invoice is not None else typed), True
    if asked.get("drop", "").isdecimal():
        return sheet.without_document(typed, int(asked["drop"])), True
    if asked.get("customer", "").isdecimal():
        typed.debtor = Debtor.objects.filter(creditor=found.creditor_id, pk=int(asked["customer"])).first()
        return sheet.whole_on_account(typed), True
    filling: dict[str, Callable[[], Sheet]] = {
        "withheld": lambda: sheet.explain_difference(typed, "withheld"),
        "fee": lambda: sheet.explain_difference(typed, "fee"),
        "discount": lambda: sheet.explain_difference(typed, "discount"),
        "partial": lambda: sheet.as_partial(typed),
        "several": lambda: sheet.as_partial(typed, more=_theirs(documents, typed)),
        "on_account": lambda: sheet.whole_on_account(typed),
    }
    act = filling.get(asked.get("fill", ""))
    return (act(), True) if act is not None else (typed, False)


def _known(found: Proposal, read: list[Reading]) -> list[Debtor]:
    """Customers that the engine's readings name, else those that the received words may mean."""
    pks = {line.invoice.debtor_id for entry in read for line in entry.lines}
    return list(Debtor.objects.filter(pk__in=pks)) if pks else guesses.customers(found.movement, found.creditor_id)


def _theirs(documents: Any, typed: Sheet) -> list[Invoice]:
    """The open documents of the customer on the sheet, the oldest first."""
    customers = {row.invoice.debtor_id for row in typed.rows} or {row.pk for row in typed.debtors}
    rows = documents.filter(debtor__in=customers, currency=typed.movement.currency)
    rows = rows.filter(open__gt=0) if typed.movement.amount > 0 else rows.exclude(state="open")
    return list(rows.order_by("due_on", "pk")[:12])


# ---- small things


def _next(request: HttpRequest, filters: Filters, after: Proposal) -> Proposal | None:
    if _decides(request):
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


def _decides(request: HttpRequest) -> bool:
    return may_open(request.user, "reconciliation:decide", 0)


def _htmx(request: HttpRequest) -> str:
    details = getattr(request, "htmx", None)
    return (details.target or "") if details else ""


def _file_name(extension: str) -> str:
    return f"cobros-{clock.now().astimezone(clock.MADRID):%Y%m%d-%H%M}.{extension}"
