"""The lists: every case with where it stands, every mail with what became of it, and the figures by category."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.disputes import figures, forgetting, marking, storing, workflow
from cobranza.disputes.models import Dispute, Mail, Suppression
from cobranza.disputes.shift import known_categories
from cobranza.disputes.views import DECIDE, LOOK
from cobranza.kernel.errors import CobranzaError
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.tables import Column, Filter, Spec, Table

CASE_LOOKS = {
    "abierta": ("info", "inbox"),
    "por_cerrar": ("warn", "clock"),
    "cerrada": ("ok", "check"),
    "fusionada": ("neutral", "copy"),
}
MAIL_LOOKS = {
    "hecho": ("ok", "check"),
    "acusado": ("ok", "check"),
    "cuarentena": ("danger", "alert"),
    "necesita_persona": ("person", "person"),
    "ignorado": ("neutral", "x"),
}


def _categories() -> list[tuple[str, str]]:
    return sorted(((slug, entry.name) for slug, entry in known_categories().items()), key=lambda pair: pair[1])


CASES = Spec(
    columns=(
        Column(name="subject", label=_("Asunto y remitente"), order=("subject",)),
        Column(name="debtor", label=_("Deudor"), order=("debtor__name",), narrow=False),
        Column(name="category", label=_("Categoría"), order=("category",), narrow=False),
        Column(name="ticket", label=_("Ticket"), order=("ticket",), narrow=False),
        Column(name="opened", label=_("Abierto"), order=("opened_at",), narrow=False),
        Column(name="state", label=_("Estado"), order=("state",)),
    ),
    filters=(
        Filter(name="state", label=_("Estado"), choices=Dispute.States.choices),
        Filter(name="category", label=_("Categoría"), choices=_categories),
        Filter(name="review", label=_("Revisión"), choices=Dispute.Reviews.choices),
    ),
    search=("subject", "debtor__name", "ticket"),
    sort="-opened",
    placeholder=_("Buscar por asunto, deudor o ticket"),
)
MAILS = Spec(
    columns=(
        Column(name="subject", label=_("Asunto y remitente"), order=("subject",)),
        Column(name="account", label=_("Buzón"), order=("account",), narrow=False),
        Column(name="received", label=_("Recibido"), order=("received_at",), narrow=False),
        Column(name="state", label=_("Estado"), order=("state",)),
        Column(name="why", label=_("Motivo"), narrow=False),
    ),
    filters=(Filter(name="state", label=_("Estado"), choices=Mail.States.choices),),
    search=("subject", "sender", "message_id"),
    sort="-received",
    placeholder=_("Buscar por asunto o remitente"),
)


@requires(*LOOK)
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """Every case and where it stands."""
    table: Table[Dispute] = Table(CASES, request, Dispute.objects.select_related("debtor", "creditor"))
    names = dict(_categories())
    openers = {mail.dispute_id: mail.sender for mail in Mail.objects.filter(dispute__in=list(table.page), opens=True)}
    shown = [
        (row, names.get(row.category, row.category), openers.get(row.pk, ""), CASE_LOOKS[row.state])
        for row in table.page
    ]
    return render(request, "disputes/history.html", {"table": table, "shown": shown})


@requires(*LOOK)
@require_GET
def mails(request: HttpRequest) -> HttpResponse:
    """Every mail and what became of it."""
    table: Table[Mail] = Table(MAILS, request, Mail.objects.select_related("dispute"))
    shown = [(row, MAIL_LOOKS.get(row.state, ("info", "clock"))) for row in table.page]
    return render(request, "disputes/mails.html", {"table": table, "shown": shown})


@requires(*LOOK)
@require_GET
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail as text, what became of it, and why."""
    found = get_object_or_404(Mail.objects.select_related("dispute", "duplicate_of", "raw"), pk=pk)
    stuck = found.state in (Mail.States.QUARANTINE, Mail.States.NEEDS_PERSON)
    answer = getattr(found, "acknowledgement", None)
    context = {
        "mail": found,
        "blocks": marking.blocks(found.reading),
        "look": MAIL_LOOKS.get(found.state, ("info", "clock")),
        "answer": answer,
        "bounces": found.bounces.all(),
        "head": _head(found) if not found.reading and found.erased_at is None else "",
        "forgets": found.erased_at is None and may_open(request.user, "disputes:forget", found.pk),
        "retries": stuck
        and found.raw_id is not None
        and found.erased_at is None
        and may_open(request.user, "disputes:retry", found.pk),
    }
    return render(request, "disputes/mail.html", context)


@requires(*DECIDE)
@require_POST
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a mail that stopped back to where it was."""
    found = get_object_or_404(Mail, pk=pk)
    try:
        workflow.retry(found, person=actor(request))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, _now("Devuelto: el próximo triaje lo intenta otra vez."))
    return redirect("disputes:mail", pk)


@requires(Role.SUPERVISION)
@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget what a mail said and who wrote it, by a person's word."""
    found = get_object_or_404(Mail, pk=pk)
    try:
        forgetting.forget(found, person=actor(request), reason=request.POST.get("reason", ""))
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, _now("Borrado. El ticket de la mesa y el buzón se borran allí."))
    return redirect("disputes:mail", pk)


@requires(*LOOK)
@require_GET
def silenced(request: HttpRequest) -> HttpResponse:
    """Addresses that are not written to any more."""
    rows = Suppression.objects.filter(lifted_at=None).order_by("-at")[:200]
    return render(request, "disputes/silenced.html", {"rows": rows})


@requires(*DECIDE)
@require_POST
def lift(request: HttpRequest, pk: int) -> HttpResponse:
    """Write to an address again."""
    row = storing.lift_suppression(get_object_or_404(Suppression, pk=pk), person=actor(request))
    messages.success(request, _now("Se vuelve a escribir a %(address)s.") % {"address": row.address})
    return redirect("disputes:silenced")


@requires(Role.ADMINISTRATION, Role.OPERATION, Role.SUPERVISION, Role.AUDIT)
@require_GET
def statistics(request: HttpRequest) -> HttpResponse:
    """How well the classifier does by category, and what it has to learn from."""
    days = next((one for one in figures.PERIODS if str(one) == request.GET.get("days", "")), figures.PERIODS[1])
    context = {
        "figures": figures.by_category(days, dict(_categories())),
        "learning": figures.learning(),
        "days": days,
        "periods": figures.PERIODS,
    }
    return render(request, "disputes/figures.html", context)


def _head(found: Mail) -> str:
    """The first part of a message that could not be read, as text."""
    raw = bytes(found.raw.content[:4000]) if found.raw is not None else b""
    return raw.decode("utf-8", "replace").replace("\x00", "�")
