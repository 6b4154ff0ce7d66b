"""The pages before the work: login, code, mailbox, certificate, and the small things that stand in the way."""

from __future__ import annotations

import base64
import io
import random
import secrets

from cryptography import x509
from PIL import Image, ImageDraw, ImageFont
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from cobranza.demo.court import pki
from cobranza.demo.court.access import Outcome, Session, Step
from cobranza.demo.court.checks import Reason
from cobranza.demo.court.site import ENDED, Site

_CERTIFICATE = {
    "ninguno": "No se ha presentado ningún certificado electrónico.",
    "desconocido": "El certificado no ha sido emitido por una autoridad admitida.",
    "caducado": "El certificado electrónico está caducado. Renuévelo antes de acceder.",
    "revocado": "El certificado electrónico está revocado y no puede usarse.",
    "ajeno": "El titular del certificado no está dado de alta en este servicio.",
}

_FONT = ImageFont.load_default(36)


def certificate_problem(site: Site, certificate: x509.Certificate, step: str) -> str:
    """Why a person's certificate is not taken at a step, "" when it is; F15 makes good ones bad."""
    order = site.portal.fault("F15", step)
    if order:
        return "caducado" if order["mode"] == "expired" else "revocado"
    return site.portal.court.authority.problem(certificate, site.portal.clock.now())


def certificate_text(problem: str) -> str:
    """What the portal says of a certificate that it does not take."""
    return _CERTIFICATE[problem]


class Door:
    """Login and log out."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def routes(self) -> list[Route]:
        """The pages."""
        route = self.site.route
        return [
            route("", self._root, public=True),
            route("acceso", self.login, ("GET", "POST"), public=True),
            route("acceso/certificado", self._certificate, public=True),
            route("codigo", self._code, ("GET", "POST"), public=True),
            route("buzon", self._mailbox, ("GET", "POST"), public=True),
            route("inicio", self._home),
            route("salir", self._leave, ("POST",), public=True),
            route("cookies", self._cookies, ("POST",), public=True),
            route("encuesta", self._survey, ("POST",)),
            route("comprobacion", self._captcha, ("POST",), public=True),
        ]

    async def _root(self, request: Request, session: Session) -> Response:
        return self.site.go("inicio" if session.step is Step.IN else session.step)

    async def login(self, request: Request, session: Session) -> Response:
        """The login page, and what was typed there."""
        site, access = self.site, self.site.portal.access
        if request.method == "GET":
            return self.show(session)
        form = await request.form()
        user = str(form.get("usuario", "")).strip()
        outcome, left = access.password(session, user, str(form.get("clave", "")))
        site.portal.log(user, "acceso", outcome=outcome.value)
        if outcome is Outcome.OK:
            return site.go("codigo")
        if outcome is Outcome.LOCKED:
            return self.show(session, "Acceso bloqueado tras 5 intentos fallidos. Llame al centro de atención.", 403)
        return self.show(session, f"Usuario o contraseña incorrectos. Le quedan {left} intentos.")

    def show(self, session: Session, notice: str = "", status: int = 200) -> Response:
        """The login page with why one is there."""
        if not notice and session.ended:
            notice, session.ended = ENDED[session.ended], ""
        tls = self.site.portal.court.tls_url
        link = f"{tls}/{self.site.portal.slug}/certificado" if tls and self.site.portal.profile.certificate else ""
        return self.site.page(session, "acceso.html", status=status, notice=notice, certificate_url=link)

    async def _certificate(self, request: Request, session: Session) -> Response:
        site = self.site
        shown = site.portal.court.tickets.pop(request.query_params.get("vale", ""), b"")
        problem, account = "ninguno", None
        if shown:
            certificate = x509.load_der_x509_certificate(shown)
            problem = certificate_problem(site, certificate, "acceso")
            account = site.portal.access.holder_of(pki.tax_id_of(certificate))
            if not problem and account is None:
                problem = "ajeno"
        site.portal.log((account or {}).get("user", ""), "acceso_certificado", outcome=problem or "ok")
        if problem or account is None:
            return self.show(session, _CERTIFICATE[problem], 403)
        site.portal.access.enter(session, account["user"], "certificado")
        return site.go("buzon")

    async def _code(self, request: Request, session: Session) -> Response:
        site = self.site
        if session.step is not Step.CODE:
            return site.go(session.step if session.step is not Step.IN else "inicio")
        notice = ""
        if request.method == "POST":
            code = str((await request.form()).get("codigo", "")).replace(" ", "")
            outcome, left = site.portal.access.code(session, code)
            site.portal.log(session.user, "codigo", outcome=outcome.value)
            if outcome is Outcome.OK:
                return site.go("buzon")
            if outcome is Outcome.LOCKED:
                site.portal.access.end(session, "")
                text = "Acceso bloqueado tras 5 intentos fallidos. Llame al centro de atención."
                return self.show(session, text, 403)
            used = "Este código ya se ha utilizado. Espere al siguiente."
            notice = used if outcome is Outcome.USED else f"Código incorrecto. Le quedan {left} intentos."
        return site.page(session, "codigo.html", notice=notice)

    async def _mailbox(self, request: Request, session: Session) -> Response:
        site = self.site
        if session.step not in (Step.MAILBOX, Step.IN):
            return site.go(session.step)
        boxes = site.portal.access.mailboxes(session.user)
        if request.method == "POST":
            wanted = str((await request.form()).get("buzon", ""))
            if wanted in boxes:
                session.mailbox, session.step = wanted, Step.IN
                site.portal.log(session.user, "dentro", mailbox=wanted, method=session.method)
                return site.go("inicio")
        return site.page(session, "buzon.html", boxes=boxes)

    async def _home(self, request: Request, session: Session) -> Response:
        portal = self.site.portal
        waiting = [one for one in portal.mine("notice", session.mailbox) if one["state"] == "pendiente"]
        return self.site.page(session, "inicio.html", waiting=len(waiting))

    async def _leave(self, request: Request, session: Session) -> Response:
        self.site.portal.access.end(session, "salida")
        return self.site.go("acceso")

    async def _cookies(self, request: Request, session: Session) -> Response:
        session.cookies_ok = True
        return self._back(request)

    async def _survey(self, request: Request, session: Session) -> Response:
        session.survey = False
        return self._back(request)

    def _back(self, request: Request) -> Response:
        came = request.headers.get("referer", "")
        path = "/" + came.split("/", 3)[3] if came.count("/") >= 3 else ""
        return RedirectResponse(path if path.startswith(f"/{self.site.portal.slug}/") else self.site.url(""), 303)

    async def _captcha(self, request: Request, session: Session) -> Response:
        given = str((await request.form()).get("captcha", "")).upper()
        right = bool(session.captcha) and secrets.compare_digest(given.encode(), session.captcha.encode())
        self.site.portal.log(session.user, "captcha", outcome="ok" if right else "incorrecto")
        if right:
            session.captcha = ""
            return self._back(request)
        return self.captcha(session, Reason("CAP-01", "El texto no coincide con la imagen."))

    def captcha(self, session: Session, *reasons: Reason) -> Response:
        """The page that only a person gets past."""
        return self.site.page(session, "captcha.html", reasons=reasons, picture=picture_of(session.captcha))


def picture_of(letters: str) -> str:
    """A captcha as a data address; for people, and for a robot to stop at."""
    dice = random.Random(letters)  # noqa: S311 - noise, not a secret
    picture = Image.new("L", (240, 80), 244)
    draw = ImageDraw.Draw(picture)
    for place, letter in enumerate(letters):
        draw.text((16 + 36 * place + dice.randint(-4, 4), 18 + dice.randint(-9, 9)), letter, 40, _FONT)
    for _ in range(7):
        ends = [dice.randint(0, 239), dice.randint(0, 79), dice.randint(0, 239), dice.randint(0, 79)]
        draw.line(ends, fill=dice.randint(90, 180), width=2)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode()
