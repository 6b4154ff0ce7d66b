"""The list of cases by stage and deadline, and the page of one case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.db.models import F, Min, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.legal import building, dossier, forms, history, keys, workflow
from cobranza.legal.checklist import State
from cobranza.legal.deadlines import Term, UnknownCalendar
from cobranza.legal.house import Legal
from cobranza.legal.house import read as read_settings
from cobranza.legal.models import CaseDocument, LegalCase
from cobranza.legal.requirements import UnknownCourtError, requirements
from cobranza.legal.signing import Review
from cobranza.legal.stages import Stages
from cobranza.screens.access import Role, actor, may_open, requires
from cobranza.screens.navigation import Tone
from cobranza.screens.tables import Column, Filter, Spec, Table

LOOK = (Role.LEGAL, Role.ADMINISTRATION, Role.SUPERVISION, Role.AUDIT)
BRING = (Role.LEGAL, Role.ADMINISTRATION)
DECIDE = (Role.LEGAL,)
SOON = timedelta(days=5)

LOOKS: dict[str, tuple[Tone, str]] = {
    Stages.ALERT: ("person", "bell"), Stages.LATER: ("neutral", "clock"), Stages.DISCARDED: ("neutral", "x"),
    Stages.PREPARING: ("info", "robot"), Stages.REVIEW: ("person", "eye"), Stages.SIGNED: ("ok", "check"),
    Stages.HUMAN: ("danger", "alert"), Stages.FILED: ("info", "up"), Stages.DISTRIBUTED: ("info", "up"),
    Stages.ADMITTED: ("ok", "check"), Stages.CORRECTION: ("warn", "alert"), Stages.NOT_ADMITTED: ("danger", "x"),
    Stages.DEMANDED: ("info", "person"), Stages.NOT_FOUND: ("warn", "alert"), Stages.PAID: ("ok", "coins"),
    Stages.OPPOSED: ("warn", "scale"), Stages.DECREE: ("ok", "scale"), Stages.CLOSED: ("neutral", "archive"),
}  # fmt: skip
GROUPS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("decidir", _("Por decidir"), (Stages.ALERT, Stages.LATER)),
    ("preparar", _("En preparación"), (Stages.PREPARING,)),
    ("revisar", _("En revisión"), (Stages.REVIEW,)),
    ("firmados", _("Firmados"), (Stages.SIGNED, Stages.HUMAN)),
    ("juzgado", _("En el juzgado"), tuple(one for one in LegalCase.COURTS if one not in LegalCase.ENDED)),
    ("terminados", _("Terminados"), LegalCase.ENDED),
)


def _of_group(rows: QuerySet[Any], value: str) -> QuerySet[Any]:
    return rows.filter(stage__in=next(stages for name, _label, stages in GROUPS if name == value))


def _lawyers() -> list[tuple[str, str]]:
    names = LegalCase.objects.exclude(assigned_to="").values_list("assigned_to", flat=True).distinct()
    return [(name, name) for name in names.order_by("assigned_to")]


def _creditors() -> list[tuple[str, str]]:
    return list(LegalCase.objects.order_by("creditor__name").values_list("creditor__key", "creditor__name").distinct())


CASES = Spec(
    columns=(
        Column(name="number", label=_("Expediente y deudor"), order=("number",)),
        Column(name="claimed", label=_("Reclamado"), order=("claimable",), kind="number", narrow=False),
        Column(name="assigned", label=_("Lo lleva"), order=("assigned_to",), narrow=False),
        Column(name="deadline", label=_("Próximo plazo"), order=("next_until",)),
        Column(name="stage", label=_("Fase"), order=("stage_at",)),
    ),
    filters=(
        Filter(name="group", label=_("Fase"), choices=[(name, label) for name, label, _s in GROUPS], apply=_of_group),
        Filter(name="assigned", label=_("Lo lleva"), choices=_lawyers, field="assigned_to"),
        Filter(name="creditor", label=_("Acreedor"), choices=_creditors, field="creditor__key"),
    ),
    search=("number", "debtor__name", "debtor__tax_id", "items__reference", "court_number", "registry"),
    sort="deadline",
    placeholder=_("Buscar por número, deudor, NIF o factura"),
)


@requires(*LOOK)
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """Every case by stage and deadline; those that have ended are left out until somebody asks for them."""
    rows = LegalCase.objects.select_related("debtor", "creditor").annotate(
        next_until=Min("deadlines__until", filter=Q(deadlines__done_at=None, deadlines__ours=True))
    )
    if not request.GET.get("group") and not request.GET.get("q"):
        rows = rows.exclude(stage__in=LegalCase.ENDED)
    table: Table[Any] = Table(CASES, request, rows.distinct())
    counts = {name: LegalCase.objects.filter(stage__in=stages).count() for name, _label, stages in GROUPS}
    soon = clock.now() + SOON
    shown = [(row, LOOKS[row.stage], row.next_until is not None and row.next_until <= soon) for row in table.page]
    groups = [(name, label, counts[name], request.GET.get("group") == name) for name, label, _s in GROUPS]
    return render(request, "legal/cases.html", {"table": table, "shown": shown, "stage_groups": groups})


@requires(*LOOK)
@require_GET
def case(request: HttpRequest, number: str) -> HttpResponse:
    """One case: what to read, what is missing, what is claimed, who decided what."""
    row = _row(number)
    return page(request, row)


def page(request: HttpRequest, row: LegalCase, *, status: int = 200, **filled: Any) -> HttpResponse:
    """The page of a case; `filled` brings forms that were refused."""
    settings = read_settings()
    try:
        review, problem = workflow.look_and_void(row), None
        row.refresh_from_db()
    except CobranzaError as exc:
        review, problem = None, exc.as_dict()
    papers = list(row.documents.filter(replaced_by=None).order_by("position", "pk"))
    shown = _shown(request, row, papers)
    editable = row.stage in dossier.EDITABLE
    decides, brings = (
        may_open(request.user, "legal:sign", row.number),
        may_open(request.user, "legal:upload", row.number),
    )
    context: dict[str, Any] = {
        "row": row,
        "look": LOOKS[row.stage],
        "review": review,
        "unbuilt": problem,
        "papers": papers,
        "pending": any(each.state == CaseDocument.States.PENDING for each in papers),
        "old_papers": row.documents.exclude(replaced_by=None).order_by("position", "pk"),
        "shown": shown,
        "checks": _checks(review),
        "account": _account(row, review),
        "priors": row.priors.filter(removed_at=None).select_related("document").order_by("sent_on"),
        "defendants": row.defendants.order_by("pk"),
        "deadlines": row.deadlines.order_by(F("done_at").asc(nulls_first=True), "until"),
        "news": row.news.order_by("-at", "-pk"),
        "timeline": history.of(row),
        "signing": _signing(request, row, review, settings),
        "decides": decides,
        "brings": brings and editable,
        "edits": decides and editable,
        "editable": editable,
        "stages": Stages,
        "page_keys": keys.MAP,
        "me": actor(request),
        "now": clock.now(),
        "terms": _terms(settings, row),
        "venue": _venue(row),
        "at_court": bool(row.registry),
    }
    if brings and editable:
        usual = {"kind": "masc", "channel": "burofax"}
        context |= {"paper_form": forms.PaperForm(row), "prior_form": forms.PriorForm(row, initial=usual)}
    if decides and editable:
        first = context["defendants"].first()
        context |= {
            "defendant_form": forms.DefendantForm(instance=first),
            "defendant": first,
            "words_form": forms.WordsForm(initial=forms.words_of(row)),
        }
    return render(request, "legal/case.html", context | filled, status=status)


def _row(number: str) -> LegalCase:
    if "\x00" in number:
        raise BadRequest
    found: LegalCase = get_object_or_404(LegalCase.objects.select_related("creditor", "debtor"), number=number)
    return found


def _shown(request: HttpRequest, row: LegalCase, papers: list[CaseDocument]) -> dict[str, Any]:
    """What the viewer shows: the paper that was asked for, else the bundle, else the first paper."""
    asked = request.GET.get("ver", "")
    chosen = next((each for each in papers if each.key == asked), None)
    made = building.last_preparation(row)
    if chosen is None and made is None and papers:
        chosen = papers[0]
    place = papers.index(chosen) if chosen is not None else -1
    return {
        "paper": chosen,
        "bundle": made if chosen is None else None,
        "previous": papers[place - 1].key if chosen is not None and place > 0 else "",
        "next": papers[place + 1].key if place + 1 < len(papers) else "",
        "made": made,
    }


def _venue(row: LegalCase) -> dict[str, str]:
    """Portal and proceeding by their names; by their slugs when nobody has described that court."""
    try:
        asked = requirements(row.court)
    except UnknownCourtError:
        return {"court": row.court, "proceeding": row.proceeding}
    return {"court": asked.nombre, "proceeding": asked.procedimientos.get(row.proceeding, row.proceeding)}


def _terms(settings: Legal, row: LegalCase) -> list[Term]:
    try:
        return list(settings.calendar(row.country).rules.plazos)
    except UnknownCalendar:
        return []


def _checks(review: Review | None) -> dict[str, Any]:
    if review is None:
        return {"rows": [], "missing": 0}
    looks = {
        State.MET: ("ok", "check", _("Cumple")),
        State.MISSING: ("danger", "x", _("Falta")),
        State.WARNING: ("warn", "alert", _("Aviso")),
    }
    order = {State.MISSING: 0, State.WARNING: 1, State.MET: 2}
    live = [each for each in review.checks if each.state is not State.OFF]
    rows = [(each, looks[each.state]) for each in sorted(live, key=lambda each: order[each.state])]
    return {
        "rows": [row for row in rows if row[0].state is not State.MET],
        "met": [row for row in rows if row[0].state is State.MET],
        "missing": sum(1 for each in live if each.state is State.MISSING),
        "any": bool(live),
    }


def _account(row: LegalCase, review: Review | None) -> list[dict[str, Any]]:
    """The claim invoice by invoice with its rows, its sources and what was waived.

    Without a review (a rate is missing) there are no rows: what is open, and the decisions that may put it right.
    """
    sheets = {each.invoice.reference: each for each in review.case.sheet.invoices} if review is not None else {}
    found = []
    for item in building.items(row):
        sheet = sheets.get(item.reference)
        statement = sheet.statement if sheet is not None else None
        found.append(
            {
                "item": item,
                "sheet": sheet,
                "decisions": list(building.waivers(item).values()),
                "lines": list(statement.lines) if statement is not None else [],
                "regime": sheet.regime if sheet is not None else None,
            }
        )
    return found


def _signing(request: HttpRequest, row: LegalCase, review: Review | None, settings: Legal) -> dict[str, Any]:
    made = building.last_preparation(row)
    if review is None or made is None:
        return {"possible": False}
    mine = any(each.person == actor(request) for each in review.signatures)
    stands = row.stage in (Stages.REVIEW, Stages.SIGNED)
    blocked = bool(review.stale or review.missing_to_sign or review.blocking or not review.checks)
    ended = row.preparations.none() if made is None else made.signatures.exclude(ended="").order_by("-ended_at")
    return {
        "possible": row.stage == Stages.REVIEW and not blocked and not mine,
        "made": made,
        "mine": mine,
        "left": max(review.needed - len(review.signatures), 0),
        "stands": stands,
        "blocked": blocked,
        "stale": review.stale if stands else (),
        "ended": ended,
        "limit": settings.revision.cuatro_ojos.get(made.currency),
        "files": review.package.files if review.package is not None else (),
    }
