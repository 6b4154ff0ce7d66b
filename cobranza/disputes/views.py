"""The tray's screens: one case in front of the person, the queue beside it, the next one after each decision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _now
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from cobranza.disputes import deciding, keys, summary, tray, turns, workflow
from cobranza.disputes.models import Dispute
from cobranza.disputes.ports import DeskRefused
from cobranza.disputes.shift import NotConnected, known_categories
from cobranza.kernel.errors import CobranzaError
from cobranza.screens.access import Role, actor, public, requires

LOOK = (Role.ADMINISTRATION, Role.OPERATION, Role.LEGAL, Role.SUPERVISION, Role.AUDIT)
DECIDE = (Role.ADMINISTRATION, Role.OPERATION)
TAKE_OVER = (Role.SUPERVISION,)


@requires(*LOOK)
@require_GET
def review(request: HttpRequest) -> HttpResponse:
    """The tray: ``item`` is the case to show, ``after`` the one to go on from.

    Showing a case that waits takes its turn for who may decide, as sitting down at it would.
    """
    person = actor(request)
    after = _case(request.GET.get("after", ""))
    if after is not None:
        if tray.decides(request):
            turns.give_up(after.pk, person)
        following = tray.next_free(person, after)
        return redirect(address(following))
    found = _case(request.GET.get("item", ""))
    if found is None and request.GET.get("item"):
        raise Http404
    if found is None:
        found = tray.next_free(person) if tray.decides(request) else tray.queue().first()
    return _page(request, found)


@requires(*DECIDE)
@require_POST
def decide(request: HttpRequest, case: int) -> HttpResponse:
    """Do what the person says of a case and open the next one."""
    found = get_object_or_404(Dispute, pk=case)
    categories = known_categories()
    try:
        choice = tray.read_choice(request, found, categories)
        with turns.turn(found.pk, actor(request)):
            made = deciding.decide(found, choice, categories, person=actor(request))
    except CobranzaError as exc:
        return _stay(request, found, exc)
    entry = categories.get(made.after)
    messages.success(
        request,
        _now("%(kind)s: %(category)s. La mesa lo sabrá.")
        % {"kind": made.get_kind_display(), "category": entry.name if entry else made.after},
    )
    return _onward(request, found)


@requires(*DECIDE)
@require_POST
def merge(request: HttpRequest, case: int) -> HttpResponse:
    """Say that a case is the same as another."""
    found, into = get_object_or_404(Dispute, pk=case), _case(request.POST.get("into", ""))
    if into is None:
        return redirect(address(found))
    try:
        with turns.turn(found.pk, actor(request)):
            deciding.merge(found, into, person=actor(request))
    except CobranzaError as exc:
        return _stay(request, found, exc)
    messages.success(request, _now("Unido al caso %(case)s.") % {"case": into.ticket or into.pk})
    return _onward(request, found)


@requires(*DECIDE)
@require_POST
def close(request: HttpRequest, case: int) -> HttpResponse:
    """End a case."""
    found = get_object_or_404(Dispute, pk=case)
    try:
        with turns.turn(found.pk, actor(request)):
            deciding.close(found, person=actor(request), reason=_text(request, "reason"))
    except CobranzaError as exc:
        return _stay(request, found, exc)
    messages.success(request, _now("Cerrado: sus facturas se vuelven a reclamar."))
    return _onward(request, found)


@requires(*DECIDE)
@require_POST
def reopen(request: HttpRequest, case: int) -> HttpResponse:
    """Take a closed case up again."""
    found = get_object_or_404(Dispute, pk=case)
    try:
        deciding.reopen(found, person=actor(request), reason=_text(request, "reason"))
    except CobranzaError as exc:
        return _stay(request, found, exc)
    messages.success(request, _now("Abierto de nuevo: vuelve a retener sus facturas."))
    return redirect(address(found))


@requires(*DECIDE)
@require_POST
def note(request: HttpRequest, case: int) -> HttpResponse:
    """Write something down and stay."""
    found = get_object_or_404(Dispute, pk=case)
    try:
        deciding.write_note(found, _text(request, "text"), person=actor(request))
    except CobranzaError as exc:
        return _stay(request, found, exc)
    messages.success(request, _now("Anotado."))
    return redirect(address(found))


@requires(*DECIDE)
@require_POST
def turn(request: HttpRequest, case: int) -> HttpResponse:
    """Renew the turn while the page is open; when it has changed hands the page is loaded again."""
    get_object_or_404(Dispute, pk=case)
    mine = request.POST.get("mine") == "1"
    try:
        held = turns.renew(case, actor(request)) if mine else turns.take(case, actor(request))
    except turns.HeldByAnother as exc:
        if mine:
            return HttpResponse(status=200, headers={"HX-Refresh": "true"})
        return render(request, "disputes/turn.html", {"turn": exc.held, "case_id": case})
    if not mine:
        return HttpResponse(status=200, headers={"HX-Refresh": "true"})
    return render(request, "disputes/turn.html", {"turn": held, "mine": True, "case_id": case})


@requires(*TAKE_OVER)
@require_POST
def take_over(request: HttpRequest, case: int) -> HttpResponse:
    """Supervision takes a case from whoever has it: to keep it when they may decide, else to free it."""
    found = get_object_or_404(Dispute, pk=case)
    keep = tray.decides(request)
    before = turns.take_over(case, actor(request), keep=keep)
    who = before.person if before is not None else _now("nadie")
    words = _now("Ahora lo tiene usted; lo tenía %(who)s.") if keep else _now("Queda libre; lo tenía %(who)s.")
    messages.success(request, words % {"who": who})
    return redirect(address(found))


@public
@csrf_exempt
@require_POST
def webhook(request: HttpRequest, desk: str) -> HttpResponse:
    """A ticket desk says that something changed; its signature is proved before a word of it is read."""
    try:
        workflow.webhook(desk, dict(request.headers), request.body)  # Django bounds the body
    except DeskRefused:
        return HttpResponse(status=403)
    except NotConnected:
        return HttpResponse(status=404)
    except CobranzaError:
        return HttpResponse(status=503)  # the desk calls again; polling tells too
    return HttpResponse(status=204)


def address(case: Dispute | None = None) -> str:
    """The tray's address, on a case or on whatever comes first."""
    return reverse("disputes:tray") + (f"?item={case.pk}" if case is not None else "")


def _page(request: HttpRequest, found: Dispute | None, status: int = 200, **more: Any) -> HttpResponse:
    waiting = list(tray.queue()[:50])
    held = turns.live([one.pk for one in waiting])
    categories = known_categories()
    context = {
        "waiting": [
            (one, categories[one.category].name if one.category in categories else one.category, held.get(one.pk))
            for one in waiting
        ],
        "pending": tray.queue().count(),
        "stuck": summary.stuck_mails().count(),
        "page_keys": keys.MAP,
        "me": actor(request),
        "decides": tray.decides(request),
    }
    shown = tray.show(request, found, categories) if found is not None else {}
    return render(request, "disputes/tray.html", context | shown | more, status=status)


def _case(text: str) -> Dispute | None:
    if not text.isdecimal() or len(text) > 18:
        return None
    rows = Dispute.objects.select_related("debtor", "creditor", "merged_into", "follows")
    return rows.filter(pk=int(text)).first()


def _onward(request: HttpRequest, done: Dispute) -> HttpResponse:
    return redirect(address(tray.next_free(actor(request), done)))


def _stay(request: HttpRequest, case: Dispute, exc: CobranzaError) -> HttpResponse:
    messages.error(request, f"{exc.message} {exc.remedy}")
    return redirect(address(case))


def _text(request: HttpRequest, name: str) -> str:
    return request.POST.get(name, "").replace("\x00", "").strip()[:1000]
