"""The review of contacts: what waits for the reviewer, the form beside the conversation, and what came out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cobranza.insight import reviewing
from cobranza.insight.models import Review
from cobranza.insight.quality import ANSWERS
from cobranza.insight.settings import read as read_settings
from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.spanish import write_amount
from cobranza.ledger.events import Actor
from cobranza.screens.access import Role, actor, requires

LOOK = (Role.SUPERVISION, Role.AUDIT)
ACT = (Role.SUPERVISION,)
_SAY = {"cumple": _("Cumple"), "no": _("No cumple"), "no_aplica": _("No se aplica")}
_BY: tuple[tuple[str, Any], ...] = (
    ("author", _("Persona o robot")), ("kind", _("Personas y robots")), ("template", _("Plantilla")),
    ("channel", _("Canal")),
)  # fmt: skip
_WEEKS = (4, 13, 26, 52)


@requires(*LOOK)
@require_GET
def results(request: HttpRequest) -> HttpResponse:
    """Results by author, robot, template and channel with their intervals, and how many wait."""
    settings = read_settings().calidad
    by = next((name for name, _label in _BY if name == request.GET.get("por")), "author")
    asked = request.GET.get("semanas", "")
    weeks = int(asked) if asked in {str(each) for each in _WEEKS} else 13
    until = reviewing.last_week() + timedelta(days=6)
    found = reviewing.results(by, since=until - timedelta(weeks=weeks), until=until, settings=settings)  # type: ignore[arg-type]
    context = {
        "found": [_written(each) for each in found],
        "kinds": [(name, label, name == by) for name, label in _BY],
        "weeks": [(each, each == weeks) for each in _WEEKS],
        "passing": settings.aprobado,
        "left": reviewing.waiting(actor(request)).count(),
        "own": Review.objects.filter(state=Review.States.DRAWN, author=actor(request)).count(),
    }
    return render(request, "insight/quality.html", context)


@requires(*ACT)
@require_GET
def queue(request: HttpRequest) -> HttpResponse:
    """What this person may review; nobody gets their own contacts."""
    rows = list(reviewing.waiting(actor(request))[:200])
    done = Review.objects.exclude(state=Review.States.DRAWN).order_by("-reviewed_at")[:20]
    return render(request, "insight/reviews.html", {"rows": rows, "done": done})


@requires(*ACT)
@require_POST
def draw(request: HttpRequest) -> HttpResponse:
    """Draw the last week's sample now; normally the robot has done it."""
    made = reviewing.sample(read_settings().calidad)
    messages.success(request, _now("%(new)d contactos nuevos por revisar.") % {"new": made.new})
    return redirect("insight:reviews")


@requires(*ACT)
@require_http_methods(["GET", "POST"])
def review(request: HttpRequest, number: int) -> HttpResponse:
    """One contact: the conversation around it and the form; done, it goes on with the next."""
    found = Review.objects.select_related("word", "word__debtor").filter(pk=number).first()
    if found is None:
        raise Http404
    settings, who = read_settings().calidad, actor(request)
    own, questions = found.author == who, reviewing.form(found, settings)
    problem: dict[str, str] | None = None
    if request.method == "POST":
        try:
            if request.POST.get("skip"):
                reviewing.skip(found, why=request.POST.get("why", ""), actor=Actor.person(who))
            else:
                answers = {each.clave: request.POST.get(f"c-{each.clave}", "") for each in questions}
                comment = request.POST.get("comment", "")
                reviewing.review(found, answers, comment=comment, settings=settings, actor=Actor.person(who))
        except CobranzaError as exc:
            problem = exc.as_dict()
        else:
            messages.success(request, _now("Revisión guardada."))
            following = reviewing.waiting(who).first()
            return redirect("insight:review", number=following.pk) if following else redirect("insight:reviews")
    answered = {**found.answers, **{each.clave: request.POST.get(f"c-{each.clave}", "") for each in questions}}
    if found.state != Review.States.DRAWN:
        answered = found.answers
    context = {
        "row": found,
        "own": own,
        "open": found.state == Review.States.DRAWN and not own,
        "words": [(word, word.pk == found.word_id) for word in reviewing.around(found)],
        "questions": [
            (each, [(value, _SAY[value], answered.get(each.clave) == value) for value in ANSWERS]) for each in questions
        ],
        "problem": problem,
        "comment": request.POST.get("comment", ""),
    }
    return render(request, "insight/review.html", context, status=422 if problem else 200)


def _written(each: Any) -> dict[str, Any]:
    def points(value: float) -> str:
        return write_amount(_exact(value), 1)

    return {
        "group": each.group,
        "reviews": each.reviews,
        "stands_for": each.stands_for,
        "score": points(each.score),
        "score_range": (points(each.score_low), points(each.score_high)),
        "passed": points(each.passed * 100),
        "passed_range": (points(each.passed_low * 100), points(each.passed_high * 100)),
    }


def _exact(value: float) -> Any:
    from decimal import Decimal

    return Decimal(repr(float(value)))
