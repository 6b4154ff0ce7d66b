"""The pages of Caja Demo. Behaviour is described in PORTALS.md."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from cobranza.demo.banks import admin, extracts, writing
from cobranza.demo.banks.caja_demo import design
from cobranza.demo.banks.gate import Gate
from cobranza.demo.banks.portal import Outcome, Portal, Session, Step
from cobranza.demo.banks.world import Account, Extract
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.spanish import FormatError
from cobranza.kernel.spanish import day as read_day

PAGE_ROWS = 20
MAX_DAYS = 90
FORMATS = ("n43", "csv")
_HERE = Path(__file__).parent
_WHERE = {
    Step.PASSWORD: "/acceso",
    Step.CODE: "/acceso/codigo",
    Step.NEW_PASSWORD: "/acceso/cambiar-clave",
    Step.TERMS: "/acceso/condiciones",
    Step.IN: "/banca",
}
_ENDED = {
    "caducada": "Su sesión ha caducado. Vuelva a identificarse.",
    "otro_dispositivo": "Se ha iniciado sesión en otro dispositivo. Vuelva a identificarse.",
}
_NOTICES = {
    "mantenimiento": ("Servicio en mantenimiento", "Estamos mejorando para usted. Vuelva a intentarlo más tarde.", 200),
    "error": ("Se ha producido un error", "No hemos podido atender su petición. Código de incidencia 500-17.", 500),
    "limite": ("Demasiadas peticiones", "Ha hecho demasiadas consultas seguidas. Espere unos segundos.", 429),
    "caducada": ("Página caducada", "Ha usado el botón Atrás o una página antigua. Vuelva a empezar.", 200),
    "nada": ("Página no encontrada", "La página que busca no existe.", 404),
}

Handler = Callable[[Request, Session], Awaitable[Response]]


class QueryError(BusinessError):
    """Dates that the bank does not take; the message is shown as it is."""

    code = "COB-DEM-003"
    remedy = "Cambie las fechas de la consulta."


class CajaDemo:
    """Renders pages and handles forms for one `Portal`."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.templates = _templates()

    def app(self) -> ASGIApp:
        """The whole bank as an ASGI application."""
        routes = [
            Route("/", self.root),
            Route("/acceso", self.form(self.login), methods=["GET", "POST"]),
            Route("/acceso/codigo", self.form(self.code), methods=["GET", "POST"]),
            Route("/acceso/cambiar-clave", self.form(self.new_password), methods=["GET", "POST"]),
            Route("/acceso/condiciones", self.form(self.terms), methods=["GET", "POST"]),
            Route("/acceso/bloqueado", self.blocked),
            Route("/salir", self.form(self.leave), methods=["POST"]),
            Route("/banca", self.content(self.shell)),
            Route("/banca/oferta", self.content(self.offer_seen), methods=["POST"]),
            Route("/banca/cuentas", self.content(self.accounts)),
            Route("/banca/movimientos", self.content(self.query), methods=["GET", "POST"]),
            Route("/banca/movimientos/lista", self.content(self.movements)),
            Route("/banca/documentos", self.content(self.documents), methods=["GET", "POST"]),
            Route("/banca/documentos/{id}/ver", self.content(self.document)),
            Route("/banca/documentos/{id}/fichero", self.content(self.file)),
            Route("/estilo/{layout}.css", self.stylesheet),
            Route("/favicon.ico", self.icon),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            *admin.routes(self.portal),
        ]
        inner = Starlette(routes=routes, exception_handlers={404: self.not_found})
        return Gate(inner, self.portal, self.notice, lambda path: path.startswith("/banca/"))

    # Rendering

    @property
    def layout(self) -> str:
        """The design that is on."""
        return self.portal.faults.text("layout")

    def page(self, template: str, session: Session | None, status: int = 200, **values: Any) -> HTMLResponse:
        """Render a template with what all of them need."""
        layout, faults = self.layout, self.portal.faults
        html = self.templates.get_template(template).render(
            n=lambda word: design.name(word, layout),
            layout=layout,
            csrf=session.csrf if session else "",
            banner=faults.on("cookie_banner"),
            cdn=faults.text("cdn_never_answers"),
            amount=self.amount,
            day=self.day,
            iban=writing.iban,
            stamp=stamp,
            today=self.portal.today,
            **values,
        )
        return HTMLResponse(html, status)

    def amount(self, value: Decimal) -> str:
        """An amount as this bank writes it."""
        return writing.amount(value, self.portal.faults.text("number_format"))

    def day(self, value: date) -> str:
        """A day as this bank writes it."""
        return writing.day(value, self.portal.faults.text("date_format") or "dmy")

    def notice(self, which: str) -> HTMLResponse:
        """A page that only says what is wrong."""
        title, text, status = _NOTICES[which]
        return self.page("aviso.html", None, status, title=title, text=text)

    async def not_found(self, request: Request, _: Exception) -> Response:
        """The bank's own 404."""
        return self.notice("nada")

    async def stylesheet(self, request: Request) -> Response:
        """The stylesheet of one design."""
        layout = request.path_params["layout"]
        if layout not in design.COLUMNS:
            return PlainTextResponse("", 404)
        return Response(design.stylesheet(layout), media_type="text/css")

    async def icon(self, request: Request) -> Response:
        """No icon."""
        return Response(status_code=204)

    async def root(self, request: Request) -> Response:
        """To the login."""
        return RedirectResponse("/acceso", 302)

    # Guards

    def form(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page of the way in: a POST needs the form's token."""

        async def handle(request: Request) -> Response:
            session: Session = request.state.session
            if request.method == "POST" and (await request.form()).get("csrf") != session.csrf:
                return self.notice("caducada")
            return await handler(request, session)

        return handle

    def content(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        """A page for customers only; without a session it answers 200 and the login form, wherever it stands."""
        inner = self.form(handler)

        async def handle(request: Request) -> Response:
            session: Session = request.state.session
            if request.url.path == "/banca/movimientos/lista" and _number(request.query_params.get("pagina")) > 1:
                self.portal.expire_while_paging(session)
            if not self.portal.enter(session):
                return self.login_page(session, _ENDED.get(session.ended, ""))
            return await inner(request)

        return handle

    # The way in

    def login_page(self, session: Session, alert: str = "") -> Response:
        """The login form."""
        return self.page("acceso.html", session, alert=alert)

    async def login(self, request: Request, session: Session) -> Response:
        """User and password."""
        if request.method == "GET":
            if session.step is Step.IN:
                return RedirectResponse("/banca", 303)
            return self.login_page(session, _ENDED.get(session.ended, ""))
        fields = await request.form()
        outcome, left = self.portal.give_password(session, _field(fields, "usuario"), _field(fields, "clave"))
        if outcome is Outcome.BLOCKED:
            return RedirectResponse("/acceso/bloqueado", 303)
        if outcome is not Outcome.OK:
            return self.login_page(session, f"Usuario o contraseña incorrectos. {_left(left)}")
        return RedirectResponse(_WHERE[session.step], 303)

    async def code(self, request: Request, session: Session) -> Response:
        """The one-time code."""
        if session.step is not Step.CODE:
            return RedirectResponse(_WHERE[session.step], 303)
        alert = ""
        if request.method == "POST":
            outcome, left = self.portal.give_code(session, _field(await request.form(), "codigo"))
            if outcome is Outcome.OK:
                return RedirectResponse(_WHERE[session.step], 303)
            if outcome is Outcome.BLOCKED:
                return RedirectResponse("/acceso/bloqueado", 303)
            used = outcome is Outcome.USED
            alert = (
                "Este código ya se ha utilizado. Espere al siguiente." if used else f"Código incorrecto. {_left(left)}"
            )
        return self.page("codigo.html", session, alert=alert, sms=self.portal.second_factor() == "sms")

    async def new_password(self, request: Request, session: Session) -> Response:
        """The password has expired."""
        if session.step is not Step.NEW_PASSWORD:
            return RedirectResponse(_WHERE[session.step], 303)
        alert = ""
        if request.method == "POST":
            fields = await request.form()
            new = _field(fields, "nueva")
            if len(new) < 6 or new != _field(fields, "repetida"):
                alert = "Las dos contraseñas deben ser iguales y tener al menos 6 caracteres."
            else:
                self.portal.change_password(session, new)
                return RedirectResponse(_WHERE[session.step], 303)
        return self.page("clave.html", session, alert=alert)

    async def terms(self, request: Request, session: Session) -> Response:
        """New terms to accept."""
        if session.step is not Step.TERMS:
            return RedirectResponse(_WHERE[session.step], 303)
        if request.method == "POST" and (await request.form()).get("acepto"):
            self.portal.accept_terms(session)
            return RedirectResponse(_WHERE[session.step], 303)
        return self.page("condiciones.html", session)

    async def blocked(self, request: Request) -> Response:
        """The user is locked out."""
        return self.page(
            "aviso.html",
            None,
            title="Acceso bloqueado",
            text="Por su seguridad hemos bloqueado el acceso. Llame al 900 000 000 o acuda a su oficina.",
        )

    async def leave(self, request: Request, session: Session) -> Response:
        """Log out."""
        self.portal.end(session, "")
        return self.page("aviso.html", None, title="Sesión cerrada", text="Ha cerrado su sesión correctamente.")

    # Content

    async def shell(self, request: Request, session: Session) -> Response:
        """The frame around the content."""
        start = request.query_params.get("ver", "cuentas")
        inside = start if start in ("cuentas", "movimientos", "documentos") else "cuentas"
        return self.page("banca.html", session, last=session.previous_login, modal=session.modal_pending, inside=inside)

    async def offer_seen(self, request: Request, session: Session) -> Response:
        """The offer was clicked away."""
        session.modal_pending = False
        return Response(status_code=204)

    async def accounts(self, request: Request, session: Session) -> Response:
        """All accounts with their balance."""
        return self.page("cuentas.html", session, accounts=self.portal.world.accounts)

    async def query(self, request: Request, session: Session) -> Response:
        """The form that asks for movements."""
        alert = ""
        chosen = request.query_params.get("cuenta", "")
        if request.method == "POST":
            fields = await request.form()
            chosen = _field(fields, "cuenta")
            try:
                extract = self._extract(chosen, _field(fields, "desde"), _field(fields, "hasta"))
            except QueryError as exc:
                alert = exc.message
            else:
                return RedirectResponse(f"/banca/movimientos/lista?{_query(extract)}&pagina=1", 303)
        return self.page(
            "consulta.html",
            session,
            alert=alert,
            accounts=self.portal.world.accounts,
            chosen=chosen,
            start=max(self.portal.today - timedelta(days=30), date.min),
            end=self.portal.today,
            search=design.SEARCH[self.layout],
        )

    async def movements(self, request: Request, session: Session) -> Response:
        """One page of the movements of a query."""
        asked = request.query_params
        number = max(1, _number(asked.get("pagina")))
        try:
            extract = self._extract(asked.get("cuenta", ""), asked.get("desde", ""), asked.get("hasta", ""))
        except QueryError as exc:
            return self.page("aviso.html", None, title="Consulta no válida", text=exc.message)
        first = (number - 1) * PAGE_ROWS
        extract, rows = self.portal.page(extract, first, PAGE_ROWS)
        total = len(extract.movements)
        last = max(1, -(-total // PAGE_ROWS))
        pending = extract.account.pending() if number == 1 and extract.end >= self.portal.today else []
        return self.page(
            "movimientos.html",
            session,
            extract=extract,
            rows=rows,
            pending=pending,
            columns=design.COLUMNS[self.layout],
            total=total,
            first=first + 1,
            until=min(first + PAGE_ROWS, total),
            number=number,
            last=last,
            query=_query(extract),
        )

    async def documents(self, request: Request, session: Session) -> Response:
        """Order a statement file and see which are ready."""
        alert = ""
        if request.method == "POST":
            fields = await request.form()
            format_ = _field(fields, "formato")
            try:
                if format_ not in FORMATS:
                    raise QueryError("Elija un formato.")
                extract = self._extract(_field(fields, "cuenta"), _field(fields, "desde"), _field(fields, "hasta"))
            except QueryError as exc:
                alert = exc.message
            else:
                document = self.portal.order(session, extract, format_)
                return RedirectResponse(f"/banca/documentos?nuevo={document.id}", 303)
        mine = [d for d in self.portal.documents.values() if session.user and d.user == session.user.name]
        return self.page(
            "documentos.html",
            session,
            alert=alert,
            accounts=self.portal.world.accounts,
            start=self.portal.today - timedelta(days=30),
            end=self.portal.today,
            formats=[extracts.FORMATS[slug] for slug in FORMATS],
            labels={slug: extracts.FORMATS[slug].label for slug in FORMATS},
            documents=[(d, self.portal.world.account(d.account), self.portal.is_ready(d)) for d in reversed(mine)],
            order=design.ORDER[self.layout],
        )

    async def document(self, request: Request, session: Session) -> Response:
        """The tab that opens with a finished file."""
        document = self.portal.documents.get(request.path_params["id"])
        if document is None or session.user is None or document.user != session.user.name:
            return self.notice("nada")
        return self.page(
            "documento.html", session, document=document, account=self.portal.world.account(document.account)
        )

    async def file(self, request: Request, session: Session) -> Response:
        """The file itself."""
        document = self.portal.documents.get(request.path_params["id"])
        if document is None or session.user is None or document.user != session.user.name:
            return self.notice("nada")
        return self.portal.download(document, lambda: self.notice("error"))

    def _extract(self, account_id: str, start: str, end: str) -> Extract:
        account: Account | None = self.portal.world.account(account_id)
        if account is None:
            raise QueryError("Elija una cuenta.")
        try:
            first, last = read_day(start), read_day(end)
        except FormatError as exc:
            raise QueryError("Escriba una fecha válida (dd/mm/aaaa).") from exc
        if last < first:
            raise QueryError("La fecha final es anterior a la inicial.")
        if last > self.portal.today:
            raise QueryError("La fecha no puede ser posterior a hoy.")
        if (last - first).days + 1 > MAX_DAYS:
            raise QueryError("El periodo máximo de consulta es de 90 días.")
        return account.extract(first, last)


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )


def _query(extract: Extract) -> str:
    start, end = writing.day(extract.start, "dmy"), writing.day(extract.end, "dmy")
    return f"cuenta={extract.account.id}&desde={start}&hasta={end}"


def _field(fields: FormData, name: str) -> str:
    value = fields.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else 1


def _left(left: int) -> str:
    return "Le queda 1 intento." if left == 1 else f"Le quedan {left} intentos."


def stamp(value: datetime | None) -> str:
    """A day with its time of day."""
    return value.strftime("%d/%m/%Y %H:%M") if value else "—"
