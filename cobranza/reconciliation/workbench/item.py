"""Everything that the desk shows of one movement, and the sheet as the person works on it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from cobranza.ledger.models import Debtor, Invoice
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.reconciliation.summary import PENDING
from cobranza.reconciliation.workbench import guesses, history, leases, on_account, queue, sheet, undo, words
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.reconciliation.workbench.queue import Filters
from cobranza.reconciliation.workbench.readings import Reading, readings, shared
from cobranza.reconciliation.workbench.sheet import Sheet
from cobranza.screens.access import actor, may_open

_FOUND = 8
_PANELS = ("unrelated", "note", "undo", "history")

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


def show(request: HttpRequest, filters: Filters, found: Proposal, filled: Sheet | None = None) -> dict[str, Any]:
    """Everything about one movement."""
    movement, person = found.movement, actor(request)
    free = on_account.free(movement)
    read = readings(found, free)
    pending, acts = found.state in PENDING or found.state in Proposal.REPLACEABLE, decides(request)
    intents = list(PostingIntent.objects.filter(movement=movement).select_related("invoice").order_by("pk"))
    going = any(row.state in PostingIntent.LIVE for row in intents)
    held = list(on_account.active(movement))
    appliable = acts and not going and _appliable(found, free, held)
    applies = appliable and applying(request)
    row = kept(request, found) if applies else None
    turn: leases.Turn | None = leases.holder(movement.pk)
    if (pending or applies) and acts:
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
    if filled is None and applies:
        filled = _filled_to_apply(found, free + (row.amount if row is not None else sheet.ZERO), row)
    elif filled is None:
        filled = sheet.of_reading(movement, free, reading, country)
        filled.known = _known(found, read)
    panel = request.GET.get("do", "")
    numbers = [line.invoice.number for entry in read for line in entry.lines]
    names = [name for entry in read for name in entry.names]
    marked = words.mark(movement.text, numbers, names)
    query = (request.POST.get("find") or request.GET.get("find", "")).replace("\x00", "").strip()[:120]
    return {
        "filters": filters,
        "proposal": found,
        "movement": movement,
        "free": free,
        "held": held,
        "appliable": appliable,
        "apply": (row.pk if row is not None else 0) if applies else None,
        "releasable": acts and found.state in PENDING,
        "pieces": marked,
        "legend": words.legend(marked),
        "payer_pieces": words.mark(movement.counterparty_name, (), names),
        "readings": read,
        "chosen": number,
        "sheet": filled,
        "panel": panel if panel in _PANELS else "",
        "open": (pending or applies) and mine and not going,
        "waits": pending,
        "decides": acts,
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


def applying(request: HttpRequest) -> bool:
    """Whether the person is putting money that a decided movement has left on documents."""
    return "apply" in request.POST or request.GET.get("do") == "apply"


def kept(request: HttpRequest, found: Proposal) -> OnAccount | None:
    """The money on account that is being applied: the one asked for, else the first; None for what is merely free."""
    asked = request.POST.get("apply") or request.GET.get("held", "")
    rows = on_account.active(found.movement).order_by("pk")
    if asked.isdecimal() and len(asked) < 19:
        return rows.filter(pk=int(asked)).first()
    return rows.first()


def _appliable(found: Proposal, free: Decimal, held: list[OnAccount]) -> bool:
    """A decided payment that still has money: on account, or merely left over of what was posted."""
    states = Proposal.States
    if found.movement.amount <= 0 or found.state not in (states.POSTED, states.DISMISSED):
        return False
    return bool(held) or (found.state == states.POSTED and free > 0)


def _filled_to_apply(found: Proposal, free: Decimal, row: OnAccount | None) -> Sheet:
    """The customer's open documents, the oldest first, as far as the money goes; the rest of it stays on account."""
    movement, country = found.movement, found.creditor.country
    empty = Sheet(movement=movement, free=free, country=country, debtor=row.debtor if row is not None else None)
    theirs = [row.debtor_id] if row is not None else [match.invoice.debtor_id for match in found.matches.all()]
    rows = Invoice.objects.filter(creditor=found.creditor_id, debtor__in=theirs, currency=movement.currency)
    documents = rows.filter(open__gt=0).exclude(pk__in=empty.settled).select_related("debtor").order_by("due_on", "pk")
    lines = shared(movement, free, list(documents[: sheet.MOST_ROWS]))
    filled = sheet.propose(movement, free, lines, country=country, debtor=empty.debtor)
    filled.known = empty.debtors
    if not lines:
        filled.hints.append(_now("Ese cliente no tiene facturas pendientes en esta moneda: busque otra."))
    return filled


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


def read_sheet(request: HttpRequest, found: Proposal) -> Sheet:
    """The sheet as it was typed."""
    posted = {name: str(value) for name, value in request.POST.items()}
    free = on_account.free(found.movement)
    row = kept(request, found) if applying(request) else None
    if row is not None:
        free += row.amount
    return sheet.read(found.movement, free, posted, creditor=found.creditor_id, country=found.creditor.country)


def worked(request: HttpRequest, found: Proposal) -> tuple[Sheet, bool]:
    """The sheet after what was pressed; whether that was an action and not only typing."""
    typed, asked = read_sheet(request, found), request.POST
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


def decides(request: HttpRequest) -> bool:
    """Whether this person may decide."""
    return may_open(request.user, "reconciliation:decide", 0)
