"""The JSON API and the shell of Banco Ejemplo. Behaviour is described in PORTALS.md."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, timedelta
from html import escape
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cobranza.demo.banks import admin, extracts
from cobranza.demo.banks.gate import Gate
from cobranza.demo.banks.portal import Document, Outcome, Portal, Session, Step
from cobranza.demo.banks.world import Account, Extract, Movement

PAGE_ROWS = 25
MAX_DAYS = 731
FORMATS = ("camt", "xlsx")
LAYOUTS = ("v1", "v2", "v3")
_HERE = Path(__file__).parent
_NOTICES = {
    "mantenimiento": ("Volvemos enseguida", "Estamos haciendo mejoras. Inténtalo dentro de un rato.", 200),
    "error": ("Algo ha ido mal", "No hemos podido atender tu petición.", 500),
    "limite": ("Demasiadas peticiones", "Espera unos segundos.", 429),
    "nada": ("No encontrado", "Esa página no existe.", 404),
}

Handler = Callable[[Request, Session], Awaitable[Response]]


def class_name(word: str, layout: str) -> str:
    """The id or class that a design uses for what v1 calls `word`; app.js has the same rule.

    >>> class_name("tabla", "v1"), class_name("ab", "v2")
    ('tabla', 'k2p2q')
    """
    if layout == "v1":
        return word
    return ("k" if layout == "v2" else "q") + "".join(_base36(ord(letter)) for letter in word)


class BancoEjemplo:
    """Answers API calls for one `Portal`."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.dice = random.Random(portal.seed)  # noqa: S311 - the order of the keys on screen

    def app(self) -> ASGIApp:
        """The whole bank as an ASGI application."""
        routes = [
            Route("/", self.shell),
            Route("/api/config", self.config),
            Route("/api/acceso", self.post(self.login), methods=["POST"]),
            Route("/api/acceso/codigo", self.post(self.code), methods=["POST"]),
            Route("/api/acceso/clave", self.post(self.new_password), methods=["POST"]),
            Route("/api/acceso/condiciones", self.post(self.terms), methods=["POST"]),
            Route("/api/salir", self.post(self.leave), methods=["POST"]),
            Route("/api/oferta", self.post(self.offer_seen), methods=["POST"]),
            Route("/api/cuentas", self.content(self.accounts)),
            Route("/api/cuentas/{id}/movimientos", self.content(self.movements)),
            Route("/api/descargas", self.content(self.post_inside(self.order)), methods=["POST"]),
            Route("/api/descargas/{id}", self.content(self.order_state)),
            Route("/descargas/{id}/{name}", self.content(self.file)),
            Route("/estilo/{layout}.css", self.stylesheet),
            Route("/favicon.ico", self.icon),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            *admin.routes(self.portal),
        ]
        inner = Starlette(routes=routes, exception_handlers={404: self.not_found})
        return Gate(inner, self.portal, self.notice, _is_content)

    # Pages

    async def shell(self, request: Request) -> Response:
        """The one page."""
        layout = self.portal.faults.text("layout")
        cdn = self.portal.faults.text("cdn_never_answers")
        if cdn:
            self.portal.faults.on("cdn_never_answers")
        script = {"": "", "async": '<script src="/cdn/metricas.js" async></script>'}.get(
            cdn, '<script src="/cdn/metricas.js"></script>'
        )
        return HTMLResponse(
            '<!doctype html>\n<html lang="es"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>Banco Ejemplo</title><link rel="stylesheet" href="/estilo/{layout}.css">{script}'
            '<script src="/static/app.js" defer></script></head>'
            f'<body data-diseno="{layout}"><div id="{class_name("app", layout)}" data-app></div></body></html>\n'
        )

    def notice(self, which: str) -> Response:
        """A page that only says what is wrong; API calls get it too, as HTML."""
        title, text, status = _NOTICES[which]
        layout = self.portal.faults.text("layout")
        return HTMLResponse(
            '<!doctype html>\n<html lang="es"><head><meta charset="utf-8">'
            f'<title>{escape(title)} · Banco Ejemplo</title><link rel="stylesheet" href="/estilo/{layout}.css"></head>'
            f'<body data-diseno="{layout}"><main class="{class_name("aviso", layout)}"><h1>{escape(title)}</h1>'
            f"<p>{escape(text)}</p></main></body></html>\n",
            status,
        )

    def login_page(self) -> Response:
        """What the API answers to whom it does not know: the shell, with status 200."""
        return HTMLResponse(
            '<!doctype html>\n<html lang="es"><head><title>Acceso · Banco Ejemplo</title></head>'
            '<body><h1>Te damos la bienvenida</h1><p role="alert">Tu sesión ha terminado. Entra de nuevo.</p>'
            "</body></html>"
        )

    async def not_found(self, request: Request, _: Exception) -> Response:
        """The bank's own 404."""
        return self.notice("nada")

    async def stylesheet(self, request: Request) -> Response:
        """The stylesheet with the class names of one design."""
        layout = request.path_params["layout"]
        if layout not in LAYOUTS:
            return PlainTextResponse("", 404)
        css = (_HERE / "static" / "app.css").read_text(encoding="utf-8")
        css = re.sub(r"\.([a-z][a-z-]+)", lambda found: "." + class_name(found[1], layout), css)
        return Response(css, media_type="text/css")

    async def icon(self, request: Request) -> Response:
        """No icon."""
        return Response(status_code=204)

    # Guards

    def post(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A call of the way in: needs the CSRF header."""

        async def handle(request: Request) -> Response:
            return await self.post_inside(handler)(request, request.state.session)

        return handle

    def post_inside(self, handler: Handler) -> Handler:
        """Refuse a POST without the session's CSRF token."""

        async def handle(request: Request, session: Session) -> Response:
            if request.headers.get("X-CSRF-Token") != session.csrf:
                return JSONResponse({"error": "csrf"}, 403)
            return await handler(request, session)

        return handle

    def content(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A call for customers only; without a session it answers 200 and a login page in HTML."""

        async def handle(request: Request) -> Response:
            session: Session = request.state.session
            if _offset(request.query_params.get("cursor")) > 0:
                self.portal.expire_while_paging(session)
            if not self.portal.enter(session):
                return self.login_page()
            return await handler(request, session)

        return handle

    # The way in

    async def config(self, request: Request) -> Response:
        """What the page needs to draw itself."""
        session: Session = request.state.session
        faults = self.portal.faults
        digits = list("0123456789")
        self.dice.shuffle(digits)
        session.keypad = "".join(digits)
        return JSONResponse(
            {
                "csrf": session.csrf,
                "diseno": faults.text("layout"),
                "acceso": faults.text("login"),
                "teclado": session.keypad,
                "tabla": faults.text("table"),
                "sombra": faults.on("shadow_dom"),
                "numeros": faults.text("number_format"),
                "fechas": faults.text("date_format") or "mmm",
                "cookies": faults.on("cookie_banner"),
                "hoy": self.portal.today.isoformat(),
                **self._standing(session),
            }
        )

    async def login(self, request: Request, session: Session) -> Response:
        """User and password; on the keypad the password comes as positions of keys."""
        body = await _body(request)
        password = str(body.get("clave", ""))
        if self.portal.faults.text("login") == "keypad":
            positions = [p for p in body.get("posiciones", []) if isinstance(p, int) and 0 <= p < len(session.keypad)]
            password = "".join(session.keypad[position] for position in positions)
        outcome, left = self.portal.give_password(session, str(body.get("usuario", "")).strip(), password)
        return self._answer(session, outcome, left)

    async def code(self, request: Request, session: Session) -> Response:
        """The one-time code."""
        outcome, left = self.portal.give_code(session, str((await _body(request)).get("codigo", "")))
        return self._answer(session, outcome, left)

    async def new_password(self, request: Request, session: Session) -> Response:
        """The password has expired."""
        new = str((await _body(request)).get("nueva", ""))
        if not re.fullmatch(r"\d{6}", new):
            return JSONResponse({"estado": "incorrecto", "quedan": 3})
        self.portal.change_password(session, new)
        return self._answer(session, Outcome.OK, 0)

    async def terms(self, request: Request, session: Session) -> Response:
        """New terms to accept."""
        self.portal.accept_terms(session)
        return self._answer(session, Outcome.OK, 0)

    async def leave(self, request: Request, session: Session) -> Response:
        """Log out."""
        self.portal.end(session, "")
        return JSONResponse({"estado": "fuera"})

    async def offer_seen(self, request: Request, session: Session) -> Response:
        """The offer was clicked away."""
        session.modal_pending = False
        return JSONResponse({})

    def _answer(self, session: Session, outcome: Outcome, left: int) -> Response:
        return JSONResponse({"estado": outcome.value, "quedan": left, **self._standing(session)})

    def _standing(self, session: Session) -> dict[str, Any]:
        last = session.previous_login
        return {
            "paso": session.step.value,
            "canal": self.portal.second_factor(),
            "oferta": session.step is Step.IN and session.modal_pending,
            "ultimo_acceso": last.isoformat() if session.step is Step.IN and last else None,
        }

    # Content

    async def accounts(self, request: Request, session: Session) -> Response:
        """All accounts with their balance."""
        return JSONResponse(
            [
                {
                    "id": account.id,
                    "iban": account.iban,
                    "nombre": account.name,
                    "divisa": account.currency,
                    "saldo": str(account.closing),
                }
                for account in self.portal.world.accounts
            ]
        )

    async def movements(self, request: Request, session: Session) -> Response:
        """Some movements of a period, from the position `cursor` on."""
        asked = request.query_params
        extract = self._extract(request.path_params["id"], asked.get("desde"), asked.get("hasta"))
        if isinstance(extract, str):
            return JSONResponse({"error": extract}, 422)
        first = _offset(asked.get("cursor"))
        extract, rows = self.portal.page(extract, first, PAGE_ROWS)
        following = first + PAGE_ROWS
        pending = extract.account.pending() if first == 0 and extract.end >= self.portal.today else []
        return JSONResponse(
            {
                "iban": extract.account.iban,
                "nombre": extract.account.name,
                "divisa": extract.account.currency,
                "desde": extract.start.isoformat(),
                "hasta": extract.end.isoformat(),
                "total": len(extract.movements),
                "saldo_inicial": str(extract.opening),
                "abonos": str(extract.credits),
                "cargos": str(extract.debits),
                "saldo_final": str(extract.closing),
                "pendientes": [_movement(movement, None) for movement in pending],
                "elementos": [_movement(movement, str(balance)) for movement, balance in rows],
                "siguiente": str(following) if following < len(extract.movements) else None,
            }
        )

    async def order(self, request: Request, session: Session) -> Response:
        """Ask for a file."""
        body = await _body(request)
        format_ = str(body.get("formato"))
        extract = self._extract(str(body.get("cuenta")), body.get("desde"), body.get("hasta"))
        if isinstance(extract, str) or format_ not in FORMATS:
            return JSONResponse({"error": extract if isinstance(extract, str) else "Elige un formato."}, 422)
        return JSONResponse(self._state(self.portal.order(session, extract, format_)))

    async def order_state(self, request: Request, session: Session) -> Response:
        """Whether a file is ready."""
        document = self._document(request, session)
        return JSONResponse(self._state(document)) if document else self.notice("nada")

    async def file(self, request: Request, session: Session) -> Response:
        """The file itself."""
        document = self._document(request, session)
        return self.portal.download(document, lambda: self.notice("error")) if document else self.notice("nada")

    def _document(self, request: Request, session: Session) -> Document | None:
        document = self.portal.documents.get(request.path_params["id"])
        return document if document and session.user and document.user == session.user.name else None

    def _state(self, document: Document) -> dict[str, Any]:
        ready = self.portal.is_ready(document)
        name = f"movimientos.{extracts.FORMATS[document.format].extension}"
        return {
            "id": document.id,
            "estado": "lista" if ready else "preparando",
            "enlace": f"/descargas/{document.id}/{name}" if ready else None,
        }

    def _extract(self, account_id: str, start: Any, end: Any) -> Extract | str:
        account: Account | None = self.portal.world.account(account_id)
        if account is None:
            return "Esa cuenta no existe."
        try:
            last = date.fromisoformat(str(end)) if end else self.portal.today
            first = date.fromisoformat(str(start)) if start else last - timedelta(days=30)
        except ValueError:
            return "Escribe las fechas como dd/mm/aaaa."
        if last < first:
            return "La fecha final es anterior a la inicial."
        if last > self.portal.today:
            return "La fecha final no puede ser futura."
        if (last - first).days + 1 > MAX_DAYS:
            return "Puedes consultar como mucho 24 meses."
        return account.extract(first, last)


def _movement(movement: Movement, balance: str | None) -> dict[str, Any]:
    return {
        "fecha": movement.booked_on.isoformat(),
        "valor": movement.value_on.isoformat() if movement.value_on else None,
        # In UTC, as many real APIs give it: a robot that takes its day gets the wrong one near midnight.
        "instante": movement.instant.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "concepto": movement.concept,
        "ordenante": movement.counterparty_name,
        "importe": str(movement.amount),
        "saldo": balance,
    }


def _is_content(path: str) -> bool:
    return path.startswith(("/api/cuentas", "/api/descargas", "/descargas/"))


def _offset(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 0


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits
