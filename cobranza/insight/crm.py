"""What a CRM reads: activities and promises since an instant, as JSON or CSV, with a key of its own.

The key is in ``config/insight.toml`` (`tableros.crm_llave`, a reference to a secret); without one there is no feed.
"""

from __future__ import annotations

import csv
import io
import secrets as random
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from cobranza.insight.figures import reading
from cobranza.insight.settings import read as settings
from cobranza.kernel import clock
from cobranza.kernel.secrets import check_reference, resolve
from cobranza.kernel.sheets import harmless
from cobranza.screens.access import public

_PAGE = 1000
_SOURCES = {"actividades": "actividad_id", "promesas": "acuerdo_id"}


@public
@require_GET
def activities(request: HttpRequest) -> HttpResponse:
    """Contacts, words, tasks and promises."""
    return _feed(request, "actividades")


@public
@require_GET
def promises(request: HttpRequest) -> HttpResponse:
    """Promises with what became of them."""
    return _feed(request, "promesas")


def _feed(request: HttpRequest, view: str) -> HttpResponse:
    if not _may(request):
        refused = JsonResponse({"error": "Falta la llave, o no es esta."}, status=401)
        refused.headers["WWW-Authenticate"] = 'Bearer realm="crm"'
        return refused
    since, after = _instant(request.GET.get("desde", "")), request.GET.get("despues", "").replace("\x00", "")[:120]
    if since is None:
        return JsonResponse({"error": "«desde» es un instante ISO 8601 con zona."}, status=400)
    rows = feed(view, since, after)
    if request.GET.get("formato") == "csv":
        answer = HttpResponse(as_csv(rows), content_type="text/csv; charset=utf-8")
        answer.headers["Content-Disposition"] = f'attachment; filename="{view}.csv"'
        return answer
    last = rows[-1] if len(rows) == _PAGE else None
    following = {"desde": _plain(last["modificado_en"]), "despues": str(last[_SOURCES[view]])} if last else None
    told = [plain(row) for row in rows]
    return JsonResponse({"view": view, "rows": told, "next": following}, json_dumps_params={"ensure_ascii": False})


def feed(view: str, since: datetime, after: str = "", limit: int = _PAGE) -> list[dict[str, object]]:
    """Rows of a view changed since an instant, in the order of their changes; `after` goes on within an instant."""
    key = _SOURCES[view]
    with reading() as cursor:
        cursor.execute(
            f"SELECT * FROM informes.{view} WHERE (modificado_en, {key}::text) > (%s, %s) "  # noqa: S608 - constants
            f"ORDER BY modificado_en, {key}::text LIMIT %s",
            [since, after, limit],
        )
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def as_csv(rows: list[dict[str, object]] | tuple[Mapping[str, object], ...]) -> str:
    """Rows as CSV for programs: commas, points, ISO days; nothing becomes a formula."""
    text = io.StringIO()
    writer = csv.writer(text)
    if rows:
        writer.writerow(rows[0])
    for row in rows:
        writer.writerow([harmless(value) if isinstance(value, str) else _plain(value) for value in row.values()])
    return text.getvalue()


def plain(row: Mapping[str, object]) -> dict[str, object]:
    """A row as JSON holds it: amounts as text, days and instants in ISO 8601."""
    return {key: _plain(value) for key, value in row.items()}


def _may(request: HttpRequest) -> bool:
    reference = settings().tableros.crm_llave
    if not reference:
        return False
    scheme, _space, given = request.headers.get("Authorization", "").partition(" ")
    wanted = resolve(check_reference(reference)).reveal()
    return scheme.lower() == "bearer" and random.compare_digest(given.strip().encode(), wanted.encode())


def _instant(text: str) -> datetime | None:
    if not text:
        return datetime(1990, 1, 1, tzinfo=clock.MADRID)
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date | datetime) else value
