"""The desk's own screen: its tickets, and one ticket with all that was said. Text from mails is escaped by Jinja."""

from __future__ import annotations

from jinja2 import Environment, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from cobranza.demo.doubles.store import Row, Store, moment

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .75rem; text-align: left; vertical-align: top; }
td:last-child { white-space: nowrap; }
.estado { background: var(--soft); border-radius: 1rem; padding: .1rem .6rem; white-space: nowrap; }
article { border: 1px solid var(--line); border-radius: .5rem; margin: 1rem 0; padding: 1rem; }
article.interno { background: #fc03; }
pre { font: inherit; margin: .5rem 0 0; overflow-wrap: anywhere; white-space: pre-wrap; }
small { opacity: .75; }
"""
_BASE = """<!doctype html><html lang="es"><head><meta charset="utf-8"><title>{{ title }}</title>
<meta name="viewport" content="width=device-width"><style>{{ style|safe }}</style></head><body>"""
_LIST = (
    _BASE
    + """<h1>{{ title }}</h1><p>{{ tickets|length }} tickets.
Mesa de pruebas: nada sale de este equipo. Horas en UTC.</p>
<table><thead><tr><th>Nº</th><th>Estado</th><th>Prioridad</th><th>Grupo</th><th>Asunto</th><th>Solicitante</th>
<th>Comentarios</th><th>Actualizado</th></tr></thead><tbody>
{% for t in tickets %}<tr><td><a href="/agent/tickets/{{ t.id }}">{{ t.id }}</a></td>
<td><span class="estado">{{ t.status }}</span></td><td>{{ t.priority or "" }}</td><td>{{ t.group }}</td>
<td>{{ t.subject }}</td><td>{{ t.requester }}</td><td>{{ t.said|length }}</td><td>{{ t.updated_at }}</td></tr>
{% else %}<tr><td colspan="8">Todavía no hay ningún ticket.</td></tr>{% endfor %}</tbody></table></body></html>"""
)
_ONE = (
    _BASE
    + """<p><a href="/">Todos los tickets</a></p><h1>{{ t.id }} · {{ t.subject }}</h1>
<p><span class="estado">{{ t.status }}</span> {{ t.priority or "" }} · {{ t.group }} · {{ t.requester }}
{% if t.due %}· vence {{ t.due }}{% endif %}</p><p>{% for tag in t.tags %}<code>{{ tag }}</code> {% endfor %}</p>
{% for name, value in t.fields %}<p><small>{{ name }}</small> {{ value }}</p>{% endfor %}
{% for c in t.said %}<article class="{{ "" if c.public else "interno" }}">
<small>{{ "Público" if c.public else "Nota interna" }} · {{ c.created_at }}</small><pre>{{ c.text }}</pre>
{% for f in c.files %}<small>Fichero: {{ f.name }} ({{ f.size }} bytes)</small><br>{% endfor %}</article>{% endfor %}
</body></html>"""
)
_PAGES = Environment(autoescape=select_autoescape(default=True, default_for_string=True))
_PRIORITIES: dict[object, str] = {1: "Baja", 2: "Normal", 3: "Alta", 4: "Urgente"}
_PRIORITIES |= {"low": "Baja", "normal": "Normal", "high": "Alta", "urgent": "Urgente"}
_STATUSES: dict[object, str] = {2: "Abierto", 3: "Pendiente", 4: "Resuelto", 5: "Cerrado"}
_STATUSES |= {"new": "Nuevo", "open": "Abierto", "pending": "Pendiente"}
_STATUSES |= {"hold": "En espera", "solved": "Resuelto", "closed": "Cerrado"}


class Page:
    """The screen of one desk."""

    def __init__(self, store: Store, title: str, groups: dict[int, str], fields: dict[int, str]) -> None:
        self.store, self.title, self.groups, self.fields = store, title, groups, fields

    def routes(self) -> list[Route]:
        """The list and one ticket, at the addresses that both vendors use."""
        return [
            Route("/", self.list),
            Route("/agent/tickets", self.list),
            Route("/agent/tickets/{id:int}", self.one),
            Route("/a/tickets/{id:int}", self.one),
        ]

    async def list(self, request: Request) -> Response:
        """Every ticket, newest first."""
        tickets = [self._view(row) for row in reversed(self.store.all("ticket"))]
        return self._render(_LIST, title=self.title, tickets=tickets)

    async def one(self, request: Request) -> Response:
        """One ticket."""
        row = self.store.get("ticket", request.path_params["id"])
        if row is None:
            return HTMLResponse("No existe.", 404)
        return self._render(_ONE, title=f"{self.title} · {row['id']}", t=self._view(row))

    def _render(self, template: str, **values: object) -> Response:
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
        return HTMLResponse(_PAGES.from_string(template).render(style=_STYLE, **values), headers=headers)

    def _view(self, row: Row) -> Row:
        """A ticket of either vendor, in the words of the page."""
        people = {one["id"]: one for kind in ("user", "contact") for one in self.store.all(kind)}
        who = people.get(row["requester_id"], {})
        fields = row["custom_fields"]
        pairs = list(fields.items()) if isinstance(fields, dict) else [(f["id"], f["value"]) for f in fields]
        said = [one for kind in ("comment", "conversation") for one in self.store.all(kind)]
        if "description_text" in row:  # Freshdesk keeps the first text in the ticket itself
            first = {"ticket_id": row["id"], "created_at": row["created_at"], "body_text": row["description_text"]}
            said.insert(0, first | {"private": False, "attachments": row["attachments"]})
        return {
            "id": row["id"],
            "status": _STATUSES.get(row["status"], "Abierto"),
            "priority": _PRIORITIES.get(row.get("priority"), ""),
            "group": self.groups.get(row.get("group_id") or 0, ""),
            "subject": row["subject"],
            "requester": f"{who.get('name', '')} <{who.get('email', '')}>",
            "updated_at": _when(row["updated_at"]),
            "due": _when(row.get("due_at") or row.get("due_by")),
            "tags": row["tags"],
            "fields": [(self.fields.get(name, name), value) for name, value in pairs if value],
            "said": [_said(one) for one in said if one["ticket_id"] == row["id"]],
        }


def _when(text: str | None) -> str:
    return f"{moment(text):%d/%m/%Y %H:%M}" if text else ""


def _said(row: Row) -> Row:
    return {
        "public": row.get("public", not row.get("private", False)),
        "created_at": _when(row["created_at"]),
        "text": row.get("body_text", row.get("body", "")),
        "files": [{"name": f.get("file_name", f.get("name")), "size": f["size"]} for f in row["attachments"]],
    }
