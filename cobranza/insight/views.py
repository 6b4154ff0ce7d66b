"""The dashboards, the catalogue of figures and the rows behind each; on the screen, on paper and as files."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from cobranza.insight import asked as address
from cobranza.insight import boards, cube, export, facts, paper
from cobranza.insight.boards import BOARDS, Board, Filled
from cobranza.insight.charts import Chart
from cobranza.insight.figures import MixedCurrencies, NoSuchFilter, SqlFigures
from cobranza.insight.models import CubeState
from cobranza.insight.settings import read as settings
from cobranza.insight.sums import windows
from cobranza.kernel import clock
from cobranza.screens.access import Role, requires, roles_of

LOOK = (Role.ADMINISTRATION, Role.LEGAL, Role.SUPERVISION, Role.OPERATION, Role.AUDIT)
_SHOWN = 50
_FILE_ROWS = 50_000
_TAKEN_APART = frozenset({"suma", "antiguedad", "paso"})
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@requires(*LOOK)
@require_GET
def first(request: HttpRequest) -> HttpResponse:
    """The dashboard of whoever looks; who has none gets the catalogue."""
    own = _own(request)
    return redirect("insight:board", slug=own[0].slug) if own else redirect("insight:catalogue")


@requires(*LOOK)
@require_GET
def board(request: HttpRequest, slug: str) -> HttpResponse:
    """One dashboard."""
    filled = _filled(request, slug)
    drawn = [(each, SafeString(each.chart.svg(each.key))) for each in filled.charts]
    tiles = [(each, SafeString(each.spark)) for each in filled.tiles]
    context = {
        "board": filled.board, "filled": filled, "asked": filled.asked, "tiles": tiles, "charts": drawn,
        "boards": _own(request), "periods": _periods(), "here": filled.asked.address(),
        "costs": settings().costes.origen,
    }  # fmt: skip
    return render(request, "insight/board.html", context)


@requires(*LOOK)
@require_GET
def board_pdf(request: HttpRequest, slug: str) -> HttpResponse:
    """The same on paper."""
    filled = _filled(request, slug)
    return _file(paper.pdf(filled), "application/pdf", f"{slug}-{filled.asked.part.end}.pdf")


@requires(*LOOK)
@require_GET
def board_xlsx(request: HttpRequest, slug: str) -> HttpResponse:
    """The same as a workbook."""
    filled = _filled(request, slug)
    return _file(export.board_workbook(filled), _XLSX, f"{slug}-{filled.asked.part.end}.xlsx")


@requires(*LOOK)
@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Bring the day's sums up to date now."""
    cube.refresh()
    messages.success(request, _("Cifras al día."))
    back = request.POST.get("volver", "")
    safe = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(back if safe else reverse("insight:dashboards"))


@requires(*LOOK)
@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """Every figure with its formula, source, owner and target."""
    house = SqlFigures()
    rows = [
        (
            each,
            boards.written(each.definition.target, each.definition.unit) if each.definition.target is not None else "",
        )
        for each in house.figures.values()
    ]
    return render(request, "insight/catalogue.html", {"rows": rows})


@requires(*LOOK)
@require_GET
def figure(request: HttpRequest, slug: str) -> HttpResponse:
    """One figure: its definition, its course, its classes and the rows behind it."""
    house = SqlFigures()
    if slug not in house.figures:
        raise Http404
    _fresh()
    found, asked = house.figures[slug], _asked(request, house, slug)
    definition = found.definition
    problem, value = "", "—"
    chart: Chart | None = None
    classes: list[tuple[str, str, str]] = []
    rows: export.Rows = ()
    try:
        read = house.read((slug,), asked.part)
        value = boards.written(
            read.value(slug, asked.part.start, asked.part.end).amount, definition.unit, asked.part.currency
        )
        plan = boards.Plan(kind="course", title=definition.name, slugs=(slug,))
        chart = boards.draw(plan, read, asked, windows(asked.part.start, asked.part.end, asked.step))
        if found.entry.calculo in _TAKEN_APART and not asked.part.others.get("kind"):
            classes = [
                (
                    kind or "—",
                    boards.written(each.amount, definition.unit, asked.part.currency),
                    asked.address(clase=kind),
                )
                for kind, each in read.classes(slug, asked.part.start, asked.part.end).items()
                if each.rows
            ]
        rows = house.rows(slug, asked.part, _SHOWN)
    except (MixedCurrencies, NoSuchFilter) as exc:
        problem = str(exc)
    context = {
        "figure": found, "definition": definition, "asked": asked, "value": value, "problem": problem, "chart": chart,
        "svg": SafeString(chart.svg("c0")) if chart else "", "classes": classes if len(classes) > 1 else [],
        "names": [name.replace("_", " ") for name in rows[0]] if rows else [],
        "rows": [[export.cell(name, each) for name, each in row.items()] for row in rows],
        "more": len(rows) == _SHOWN, "periods": _periods(), "here": asked.address(),
        "target": boards.written(definition.target, definition.unit) if definition.target is not None else "",
    }  # fmt: skip
    return render(request, "insight/figure.html", context)


@requires(*LOOK)
@require_GET
def figure_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows behind a figure as CSV."""
    rows, name = _rows(request, slug)
    return _file(export.as_csv(rows).encode(), "text/csv; charset=utf-8", f"{name}.csv")


@requires(*LOOK)
@require_GET
def figure_xlsx(request: HttpRequest, slug: str) -> HttpResponse:
    """The rows behind a figure as a workbook."""
    rows, name = _rows(request, slug)
    return _file(export.workbook([(slug, rows)]), _XLSX, f"{name}.xlsx")


def _rows(request: HttpRequest, slug: str) -> tuple[export.Rows, str]:
    house = SqlFigures()
    if slug not in house.figures:
        raise Http404
    asked = _asked(request, house, slug)
    return house.rows(slug, asked.part, _FILE_ROWS), f"{slug}-{asked.part.start}-{asked.part.end}"


def _asked(request: HttpRequest, house: SqlFigures, slug: str) -> address.Asked:
    """The address without the filters that this figure does not know: a link of a dashboard carries them all."""
    known = {"creditor", "currency", *facts.supports(house.figures[slug])}
    names = {"pais": "country", "segmento": "segment", "estrategia": "strategy", "canal": "channel", "clase": "kind"}
    given = {key: str(value) for key, value in request.GET.items() if names.get(key, "creditor") in known}
    return address.parse(given)


def _filled(request: HttpRequest, slug: str) -> Filled:
    wanted = next((each for each in _own(request) if each.slug == slug), None)
    if wanted is None:
        raise Http404
    _fresh()
    given = {key: str(value) for key, value in request.GET.items() if key not in {"canal", "clase"}}
    return boards.fill(wanted, address.parse(given), SqlFigures())


def _own(request: HttpRequest) -> list[Board]:
    """The dashboards of whoever looks, that of their first role first."""
    roles = roles_of(request.user)
    order = [Role.AUDIT, Role.SUPERVISION, Role.ADMINISTRATION, Role.LEGAL]
    mine = [each for each in BOARDS if roles & set(each.roles)]
    main = {
        Role.AUDIT: "direccion",
        Role.SUPERVISION: "supervision",
        Role.ADMINISTRATION: "gestion",
        Role.LEGAL: "juridico",
    }
    best = next((main[role] for role in order if role in roles), "")
    return sorted(mine, key=lambda each: each.slug != best)


def _fresh() -> None:
    """Count what is older than the house accepts before it is shown; normally the robot has done it."""
    limit = timedelta(minutes=settings().tableros.minutos)
    oldest = CubeState.objects.order_by("refreshed_at").values_list("refreshed_at", flat=True).first()
    if oldest is None or clock.now() - oldest > limit:
        cube.refresh()


def _periods() -> list[tuple[str, str]]:
    return [
        ("30", _("30 días")), ("90", _("90 días")), ("365", _("12 meses")), ("anterior", _("Mes anterior")),
        ("propio", _("Otras fechas")),
    ]  # fmt: skip


def _file(body: bytes, media: str, name: str) -> HttpResponse:
    answer = HttpResponse(body, content_type=media)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
