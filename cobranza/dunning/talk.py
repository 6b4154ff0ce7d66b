"""One debtor on one screen: what was said on every channel, who leads, and all that somebody who takes over needs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.views.decorators.http import require_GET, require_POST

from cobranza.dunning import facts, views, workflow
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.dunning.views import ACT, LOOK, why_held
from cobranza.dunning.wishes import PERSON
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger import conversation, holds
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Debtor, Invoice, Wanted
from cobranza.screens.access import Role, actor, may_open, requires

_WORDS = 200
PAGE = "portal"
"""Their own page: what is written there is no message, and stands there when they come in."""


@requires(*LOOK, Role.LEGAL)
@require_GET
def debtor(request: HttpRequest, pk: int) -> HttpResponse:
    """The conversation and the hand-over pack."""
    return _page(request, _debtor(pk))


@requires(*ACT)
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead the conversation: no robot writes until it is given back."""
    return _do(request, pk, lambda row, who: conversation.take_over(row, actor=who), _now("La lleva usted."))


@requires(*ACT)
@require_POST
def give(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the robots go on."""
    return _do(request, pk, lambda row, who: conversation.give_back(row, actor=who), _now("Devuelta a los robots."))


@requires(*ACT)
@require_POST
def hear(request: HttpRequest, pk: int) -> HttpResponse:
    """What the debtor said has been attended to."""

    def act(row: Debtor, who: Actor) -> None:
        for word in conversation.thread(row).filter(direction="in", handled_at=None):
            conversation.handled(word, by=who.name)

    return _do(request, pk, act, _now("Anotado como atendido."))


@requires(*ACT)
@require_POST
def say(request: HttpRequest, pk: int) -> HttpResponse:
    """Answer the debtor where they wrote; the gate decides, and its word is told."""
    row = _debtor(pk)
    text = request.POST.get("text", "").strip()[:4000]
    channel = request.POST.get("channel", "")
    once = request.POST.get("once", "")[:60]
    who = Actor.person(actor(request))
    if not text or not once:
        messages.error(request, _now("Escriba la respuesta."))
        return redirect("dunning:debtor", pk=pk)
    leader = conversation.leader(row)
    if leader not in ("", who.name):
        messages.error(request, _now("La conversación la lleva %(who)s.") % {"who": leader})
        return redirect("dunning:debtor", pk=pk)
    if channel == PAGE:
        conversation.note(
            f"{conversation.ON_PAGE}{row.pk}:{once}", channel=PAGE, direction="out", text=text, at=clock.now(),
            actor=who, debtor=row,
        )  # fmt: skip
        for word in conversation.thread(row).filter(direction="in", handled_at=None, channel=PAGE):
            conversation.handled(word, by=who.name)
        messages.success(request, _now("Escrita en su página: la verá cuando entre."))
        return redirect("dunning:debtor", pk=pk)
    # The page's own number: a second click, or a reload, says it once.
    wanted = conversation.want(
        row, f"persona:{row.pk}:{once}", purpose="answer", source=f"{PERSON}{who.name}", text=text, channel=channel
    )
    try:
        workflow.say_now(row, actor=who)
    except CobranzaError as exc:
        messages.warning(request, _now("Queda en la bandeja: %(why)s") % {"why": exc.message})
        return redirect("dunning:debtor", pk=pk)
    wanted.refresh_from_db()
    message = wanted.messages.first()
    if wanted.state == Wanted.States.DROPPED:
        messages.error(request, _now("No se envía: %(why)s") % {"why": wanted.reason})
    elif message is not None and message.sent_at is not None:
        for word in conversation.thread(row).filter(direction="in", handled_at=None):
            conversation.handled(word, by=who.name)
        messages.success(request, _now("Enviada."))
    else:
        why = message.reason if message is not None else ""
        messages.warning(request, _now("Queda en la bandeja: %(why)s") % {"why": why or _now("saldrá enseguida")})
    return redirect("dunning:debtor", pk=pk)


def _debtor(pk: int) -> Debtor:
    found: Debtor = get_object_or_404(Debtor.objects.select_related("creditor"), pk=pk)
    return found


def _do(request: HttpRequest, pk: int, act: Any, told: str) -> HttpResponse:
    try:
        act(_debtor(pk), Actor.person(actor(request)))
        messages.success(request, told)
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    return redirect("dunning:debtor", pk=pk)


def _page(request: HttpRequest, row: Debtor) -> HttpResponse:
    now = clock.now()
    words = list(conversation.thread(row).order_by("-at", "-pk")[:_WORDS])[::-1]
    invoices = list(
        Invoice.objects.filter(debtor=row, vanished_at=None).exclude(open=0).order_by("due_on", "number")[:200]
    )
    known = facts.read(row, "", now)
    heard = sorted({each.channel for each in known.state.inbound if each.channel in known.addresses})
    if any(each.channel == PAGE and each.direction == "in" for each in words):
        heard.append(PAGE)
    planned: list[dict[str, Any]] = []
    if row.creditor in views.creditors():
        planned = [
            {"planned": each, "why": "" if each.goes or each.task else why_held(each)}
            for each in workflow.plan(row.creditor, now, debtors=[row.pk])
        ]
    live = Agreement.objects.filter(debtor=row).filter(Q(ended_at=None) | Q(ended_at__gte=now - facts.HISTORY))
    context = {
        "row": row,
        "today": known.today,
        "words": words,
        "unheard": any(each.direction == "in" and each.handled_at is None for each in words),
        "leader": known.leader,
        "me": actor(request),
        "acts": may_open(request.user, "dunning:say", row.pk),
        "channels": heard,
        "once": f"{now.timestamp():.6f}",
        "debts": [(each, holds.held(each)) for each in invoices],
        "agreements": live.prefetch_related("instalments").order_by("-accepted_at"),
        "tasks": row.tasks.order_by("done_at", "due_on")[:20],
        "contacts": row.contacts.order_by("kind", "-created_at"),
        "consents": row.consents.order_by("channel", "-given_at"),
        "opt_outs": row.opt_outs.order_by("-at"),
        "preference": row.preferences.order_by("-at", "-pk").first(),
        "planned": planned,
        "waiting": Message.objects.filter(debtor=row, state=Delivery.QUEUED.value).order_by("not_before"),
        "dropped": row.wanted.filter(state=Wanted.States.DROPPED).order_by("-created_at")[:3],
    }
    return render(request, "dunning/debtor.html", context)
