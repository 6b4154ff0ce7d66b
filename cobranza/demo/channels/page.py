"""The providers' own screen: what was taken, newest first. Texts are escaped by Jinja."""

from __future__ import annotations

from jinja2 import Environment, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from cobranza.demo.channels.admin import KINDS
from cobranza.demo.doubles.store import Row, Store

_NAMES = {"sms": "SMS", "call": "Llamada", "whatsapp": "WhatsApp", "burofax": "Burofax"}
_PAGE = """<!doctype html><html lang="es"><head><meta charset="utf-8"><title>Mensajes de pruebas</title>
<meta name="viewport" content="width=device-width"><style>
:root { color-scheme: light dark; --line: #8884; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1.5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .5rem .75rem; text-align: left; vertical-align: top; }
td.texto { white-space: pre-wrap; overflow-wrap: anywhere; }
</style></head><body><h1>Mensajes de pruebas</h1>
<p>{{ rows|length }} mensajes. Proveedores de pruebas: nada sale de este equipo. Horas en UTC.</p>
<table><thead><tr><th>Hora</th><th>Canal</th><th>A</th><th>Estado</th><th>Texto</th></tr></thead><tbody>
{% for row in rows %}<tr><td>{{ row.at[:16]|replace("T", " ") }}</td><td>{{ row.channel }}</td><td>{{ row.to }}</td>
<td>{{ row.state }}</td><td class="texto">{{ row.text }}</td></tr>
{% else %}<tr><td colspan="5">Todavía no hay ningún mensaje.</td></tr>{% endfor %}</tbody></table></body></html>"""
_TEMPLATE = Environment(autoescape=select_autoescape(default=True, default_for_string=True)).from_string(_PAGE)


class Page:
    """The list of all messages."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def routes(self) -> list[Route]:
        """The front page."""
        return [Route("/", self._show, methods=["GET"])]

    async def _show(self, request: Request) -> Response:
        rows = [_row(kind, row) for kind in KINDS for row in self.store.all(kind)]
        return HTMLResponse(_TEMPLATE.render(rows=sorted(rows, key=lambda row: str(row["at"]), reverse=True)))


def _row(kind: str, row: Row) -> Row:
    text = row.get("body") or row.get("text") or row.get("twiml") or f"PDF {row.get('sha256', '')[:12]}…"
    to = row.get("to") or ", ".join(row.get("destinatario", []))
    return {
        "at": row["at"],
        "channel": _NAMES[kind],
        "to": to,
        "state": row.get("status") or row["estado"],
        "text": text,
    }
