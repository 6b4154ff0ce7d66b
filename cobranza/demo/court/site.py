"""What every page of a portal has in common: the frame, the session, the form, and the way back to the door."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cobranza.demo.court import checks, drafts, filing
from cobranza.demo.court.access import Session, Step
from cobranza.demo.court.court import Portal
from cobranza.demo.court.design import Design
from cobranza.demo.court.store import Row
from cobranza.kernel import spanish

HERE = Path(__file__).parent
STEP_NAMES = {
    "identificador": "Identificador",
    "organo": "Órgano",
    "procedimiento": "Asunto",
    "intervinientes": "Intervinientes",
    "documentos": "Documentos",
    "resumen": "Resumen",
    "firmantes": "Firmantes",
    "firma": "Firma",
    "envio": "Envío",
}
ENDED = {
    "caducada": "Su sesión ha caducado. Vuelva a identificarse.",
    "otro_equipo": "Se ha iniciado sesión con su usuario en otro equipo. Vuelva a identificarse.",
    "salida": "Ha cerrado la sesión.",
}
NOTICES = {
    "mantenimiento": (
        "Servicio no disponible por mantenimiento",
        "La sede está en una intervención programada. Si le vence un plazo, guarde este aviso como justificante.",
    ),
    "error": ("Se ha producido un error", "No hemos podido atender su petición. Inténtelo más tarde (incidencia 500)."),
    "nada": ("Página no encontrada", "La página que busca no existe o ya no está disponible."),
    "caducada": ("Página caducada", "Ha usado el botón Atrás o una página antigua. Vuelva a empezar."),
    "demasiado": ("Fichero demasiado grande", "El servidor no admite una petición de ese tamaño (413)."),
    "espera": ("El servidor ha tardado demasiado", "No se ha recibido respuesta a tiempo (504)."),
    "vacio": ("No se puede mostrar la lista", "La consulta no está disponible en este momento."),
}

Handler = Callable[[Request, Session], Awaitable[Response]]
StepHandler = Callable[[Request, Session, Row], Awaitable[Response]]


@cache
def environment() -> jinja2.Environment:
    """The templates, escaping everything, refusing names that nobody gave."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters["moment"] = lambda text: f"{datetime.fromisoformat(text):%d/%m/%Y %H:%M:%S}" if text else ""
    found.filters["day"] = lambda text: spanish.write_day(date.fromisoformat(text[:10])) if text else ""
    found.filters["amount"] = lambda text: spanish.write_amount(Decimal(text)) if text else ""
    found.filters["mib"] = checks.mib
    return found


class Site:
    """Renders one portal's pages."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    def url(self, path: str) -> str:
        """An address of this portal."""
        return f"/{self.portal.slug}/{path.lstrip('/')}"

    def page(self, session: Session, template: str, *, status: int = 200, **context: Any) -> Response:
        """A page in the portal's frame."""
        faults = self.portal.faults
        account = self.portal.access.account(session.user) if session.step is Step.IN else None
        text = (
            environment()
            .get_template(template)
            .render(
                {
                    "site": self,
                    "profile": self.portal.profile,
                    "session": session,
                    "account": account,
                    "mailbox": self.portal.access.mailboxes(session.user).get(session.mailbox, "") if account else "",
                    "now": self.portal.now(),
                    "banner": faults.setting("banner"),
                    "cookies": faults.setting("cookies") and not session.cookies_ok,
                    "survey": session.survey and account is not None,
                    "reasons": (),
                    "notice": "",
                    "step_names": STEP_NAMES,
                }
                | context
            )
        )
        return HTMLResponse(text, status)

    def notice(self, session: Session, what: str, status: int) -> Response:
        """A page that says why there is none."""
        title, text = NOTICES[what]
        return self.page(session, "aviso.html", status=status, title=title, text=text)

    def go(self, path: str) -> Response:
        """Send the browser on."""
        return RedirectResponse(self.url(path), 303)

    def route(self, path: str, handler: Handler, methods: tuple[str, ...] = ("GET",), *, public: bool = False) -> Route:
        """A page; without `public` only for those who are in."""

        async def endpoint(request: Request) -> Response:
            session: Session = request.state.session
            if not public and session.step is not Step.IN:
                return self.go(session.step)
            if request.method == "POST":
                form = await request.form(max_part_size=1 << 20)
                if form.get("csrf") != session.csrf:
                    return self.notice(session, "caducada", 403)
            return await handler(request, session)

        return Route(f"/{self.portal.slug}/{path.lstrip('/')}", endpoint, methods=list(methods))

    def step(self, path: str, handler: StepHandler, methods: tuple[str, ...] = ("GET",)) -> Route:
        """A page of a draft that is not sent yet; its handler gets the draft, and there is none without it."""

        async def with_draft(request: Request, session: Session) -> Response:
            draft = self.editable(request, session)
            return await handler(request, session, draft) if draft else self.notice(session, "nada", 404)

        return self.route(path, with_draft, methods)

    def draft(self, request: Request, session: Session) -> Row | None:
        """The draft that an address names, if it is the visitor's to see."""
        portal = self.portal
        found = drafts.find(portal, request.path_params["draft"], session.mailbox)
        if found is not None:
            return found
        account = portal.access.account(session.user) or {}
        other = portal.store.get("draft", f"{portal.slug}/{request.path_params['draft']}")
        if other and any(signer["tax_id"] == account.get("tax_id") for signer in other["signers"]):
            return other
        return None

    def editable(self, request: Request, session: Session) -> Row | None:
        """The draft that an address names, if it is not sent yet.

        What is only looked at comes from the same late copy as the lists: for a while a filed draft looks open.
        """
        found = self.draft(request, session)
        if found is None or found["status"] in (drafts.OPEN, drafts.SIGNED):
            return found
        return found if request.method == "GET" and filing.seems_open(self.portal, found) else None

    def design(self, session: Session, step: str, *, fresh: bool) -> Design:
        """The fields of a step: as drawn by lot for a new visit, as shown before for what comes back from it."""
        if fresh:
            order = self.portal.fault("F9", step)
            session.designs[step] = order["mode"] if order else ""
        return Design(self.portal.profile, session.designs.get(step, ""))


async def text(request: Request, design: Design, key: str) -> str:
    """A field of a form under the name that the page gave it; "" without one."""
    value = (await request.form()).get(design.name(key), "")
    return value if isinstance(value, str) else ""


async def file(request: Request, name: str) -> tuple[str, bytes]:
    """An uploaded file: its name without folders, and its bytes; ("", b"") without one."""
    form: FormData = await request.form()
    given = form.get(name)
    if not isinstance(given, UploadFile) or not given.filename:
        return "", b""
    return given.filename.replace("\\", "/").rpartition("/")[2], await given.read()
