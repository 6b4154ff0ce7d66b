"""The screens of what was learned: every fact with what confirms it, the version in use, and the way to forget.

They do what ``cobranza reconcile learned`` does, with the same functions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.models import Creditor, Debtor
from cobranza.reconciliation.learning import facts, workflow
from cobranza.reconciliation.learning.models import Fact, Tombstone, Version
from cobranza.reconciliation.learning.workflow import LearningError
from cobranza.reconciliation.models import Decision
from cobranza.screens import formats
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.navigation import Text
from cobranza.screens.tables import Column, Filter, Spec, Table

LOOK = (Role.ADMINISTRATION, Role.OPERATION, Role.SUPERVISION, Role.AUDIT)
DECIDE = (Role.ADMINISTRATION, Role.OPERATION)
_REASON_MAX = 500
_VERSIONS = 10
_FORGOTTEN = 100
_DECIMALS = 4

KINDS: Mapping[str, Text] = {
    facts.ALIAS: _("Nombre con el que paga"),
    facts.ACCOUNT: _("Cuenta desde la que paga"),
    facts.HABIT: _("Costumbre"),
}
STATES: Mapping[str, tuple[Text, str, str]] = {
    Version.States.LIVE: (_("En uso"), "ok", "check"),
    Version.States.RETIRED: (_("Retirada"), "neutral", "clock"),
    Version.States.REJECTED: (_("Rechazada en la prueba"), "warn", "x"),
}


FACTS = Spec(
    columns=(
        Column(name="debtor", label=_("Cliente y lo aprendido"), order=("debtor__name", "kind", "pk")),
        Column(name="kind", label=_("Qué es"), order=("kind",), narrow=False),
        Column(name="yes", label=_("Confirman"), order=("confirmations",), kind="number"),
        Column(name="no", label=_("En contra"), order=("contradictions",), kind="number", narrow=False),
        Column(name="last", label=_("Último cobro"), order=("last_on",), narrow=False),
        Column(name="used", label=_("Se usa"), order=("usable",), narrow=False),
    ),
    filters=(
        Filter(name="kind", label=_("Qué es"), choices=tuple(KINDS.items())),
        Filter(
            name="used",
            label=_("Se usa"),
            choices=(("yes", _("Sí")), ("no", _("No"))),
            apply=lambda rows, value: rows.filter(usable=value == "yes"),
        ),
    ),
    search=("debtor__name", "debtor__erp_key", "debtor__tax_id", "shown", "value"),
    sort="debtor",
    placeholder=_("Buscar por cliente, nombre o cuenta"),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """One figure of the trial: what the version in use says of itself beside what there was before it."""

    label: Text
    before: str
    now: str


@dataclass(frozen=True, slots=True)
class InUse:
    """How far a company's engine is believed.

    Attributes:
        version: None when the engine is taken at its word.
        measured: The version's figures on the confirmations kept apart, from the day of its trial.
        checked: How many those were.
        others: Earlier and rejected versions, newest first.
    """

    creditor: Creditor
    version: Version | None
    measured: tuple[Measured, ...]
    checked: int
    others: tuple[tuple[Version, Text, str, str], ...]


@requires(*LOOK)
@require_GET
def learned(request: HttpRequest) -> HttpResponse:
    """Everything that is known, used or not; the version in use; and what was ordered to be forgotten."""
    companies = Creditor.objects.order_by("name")
    table = Table(_spec(companies), request, Fact.objects.select_related("debtor", "creditor"))
    asked = next((field.value for field in table.fields if field.name == "company"), "")
    graves = Tombstone.objects.filter(lifted_at=None).select_related("debtor").order_by("-pk")
    if asked:
        companies, graves = companies.filter(key=asked), graves.filter(creditor__key=asked)
    context = {
        "table": table,
        "shown": [(row, KINDS[row.kind]) for row in table.page],
        "in_use": [_in_use(company) for company in companies],
        "graves": [(grave, KINDS.get(grave.kind, _("Todo lo del cliente"))) for grave in graves[:_FORGOTTEN]],
        "decides": may_open(request.user, "reconciliation:learned_forget", 0),
        "activated": workflow.settings().activado,
    }
    return render(request, "learning/listing.html", context)


def _spec(companies: QuerySet[Creditor]) -> Spec:
    """The table, with a choice of company where there are several."""
    names = list(companies.values_list("key", "name"))
    if len(names) < 2:
        return FACTS
    which = Filter(name="company", label=_("Empresa"), choices=names, field="creditor__key")
    return replace(FACTS, filters=(*FACTS.filters, which))


def _in_use(creditor: Creditor) -> InUse:
    rows = list(Version.objects.filter(creditor=creditor).order_by("-number")[: _VERSIONS + 1])
    version = next((row for row in rows if row.state == Version.States.LIVE), None)
    if version is None:
        version = Version.objects.filter(creditor=creditor, state=Version.States.LIVE).first()
    others = tuple((row, *STATES[row.state]) for row in rows if row != version)[:_VERSIONS]
    candidate = version.trial.get("candidate", {}) if version is not None else {}
    before = version.trial.get("live", {}) if version is not None else {}
    return InUse(creditor, version, _measured(candidate, before), int(candidate.get("examples", 0)), others)


def _measured(now: Mapping[str, Any], before: Mapping[str, Any]) -> tuple[Measured, ...]:
    """Side by side; what an older version did not measure is left out."""
    named: tuple[tuple[str, Text], ...] = (
        ("ece", _("Distancia entre confianza y acierto (ECE)")),
        ("brier", _("Error cuadrático (Brier)")),
        ("log_loss", _("Pérdida logarítmica")),
    )
    found = [Measured(label, _figure(before.get(name)), _figure(now[name])) for name, label in named if now.get(name)]
    if now:
        found.append(Measured(_("Correctos sobre el umbral"), _right(before), _right(now)))
    return tuple(found)


def _figure(text: str | None) -> str:
    return formats.amount(Decimal(text), _DECIMALS) if text else "—"


def _right(figures: Mapping[str, Any]) -> str:
    if not figures:
        return "—"
    return _now("%(right)s de %(all)s") % {"right": figures["right"], "all": figures["automatic"]}


@requires(*LOOK)
@require_GET
def fact(request: HttpRequest, pk: int) -> HttpResponse:
    """One fact: the decisions behind it, and the form that forgets it."""
    found = Fact.objects.select_related("debtor", "creditor").filter(pk=pk).first()
    if found is None:
        # Learning makes facts anew: an address kept from yesterday may name one that is gone.
        messages.info(request, _now("Lo aprendido ha cambiado desde entonces: búsquelo en la lista."))
        return redirect("reconciliation:learned")
    return render(request, "learning/fact.html", _context(request, found))


def _context(request: HttpRequest, found: Fact) -> dict[str, Any]:
    decisions = Decision.objects.filter(pk__in=found.decisions).select_related("proposal__movement").order_by("-pk")
    return {
        "fact": found,
        "kind": KINDS[found.kind],
        "decisions": decisions,
        "more": max(0, found.confirmations - len(found.decisions)),
        "others": [
            (row, KINDS[row.kind])
            for row in Fact.objects.filter(debtor=found.debtor_id).exclude(pk=found.pk).order_by("kind", "pk")
        ],
        "decides": may_open(request.user, "reconciliation:learned_forget", found.pk),
    }


@requires(*DECIDE)
@require_POST
def forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one fact for good."""
    reason = _reason(request)
    if not reason and (found := Fact.objects.select_related("debtor", "creditor").filter(pk=pk).first()):
        context = _context(request, found) | {"problem": _now("Falta el motivo: quedará en el registro.")}
        return render(request, "learning/fact.html", context, status=422)
    return _act(
        request,
        lambda: workflow.forget(pk, person=actor(request), note=reason),
        _now("Olvidado. No se volverá a aprender."),
    )


@requires(*DECIDE)
@require_POST
def forget_debtor(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget all that was learned of a customer; their payments teach nothing any more."""
    debtor, reason = get_object_or_404(Debtor.objects.select_related("creditor"), pk=pk), _reason(request)
    return _act(
        request,
        lambda: _forget_whole(debtor, actor(request), reason),
        _now("Olvidado todo lo de este cliente: sus cobros ya no enseñan nada."),
    )


def _forget_whole(debtor: Debtor, person: str, reason: str) -> Tombstone:
    if not reason:
        raise LearningError(_now("Falta el motivo: quedará en el registro."))
    return workflow.forget_debtor(debtor, person=person, note=reason)


@requires(*DECIDE)
@require_POST
def allow(request: HttpRequest, pk: int) -> HttpResponse:
    """Let something that was forgotten be learned again."""
    return _act(
        request,
        lambda: workflow.allow(pk, person=actor(request)),
        _now("Permitido: se aprenderá de nuevo en la próxima conciliación."),
    )


def _act(request: HttpRequest, act: Callable[[], object], done: str) -> HttpResponse:
    try:
        act()
    except CobranzaError as exc:
        messages.error(request, f"{exc.message} {exc.remedy}")
    else:
        messages.success(request, done)
    return redirect("reconciliation:learned")


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "").replace("\x00", "").strip()[:_REASON_MAX]
