"""The line between a portal and its visitors: finds the session, and cuts, delays or spoils answers as ordered."""

from __future__ import annotations

import hashlib
import re
from time import monotonic

from starlette.types import ASGIApp, Receive, Scope, Send

from cobranza.demo.court import filing
from cobranza.demo.court.access import Session, Step
from cobranza.demo.court.court import Court
from cobranza.demo.court.door import Door
from cobranza.demo.court.site import Site
from cobranza.demo.doubles.weather import closing, cookie, cut, replay, swallow, whole, with_cookie

_MAX_BODY = 96 * 1024 * 1024
_AGAIN_SECONDS = 0.5
_READ = ("inicio", "borradores", "enviados", "acuse", "notificaciones", "asuntos", "bandeja", "csv", "acceso")
_DRAFT = re.compile(r"borradores/[^/]+/([a-z]+)")


def step_of(path: str, method: str) -> str:
    """The step that a request belongs to; `path` without the portal's own part.

    >>> step_of("borradores/B2026-00001/envio", "POST"), step_of("borradores/nuevo", "POST"), step_of("enviados", "GET")
    ('envio', 'borrador', 'enviados')
    """
    if path == "borradores/nuevo":
        return "borrador"
    found = _DRAFT.match(path)
    if found:
        return "subida" if path.endswith("/documentos/subir") else found[1]
    if "/acuse." in path:
        return "acuse"
    head = path.split("/")[0]
    return {"presentaciones": "acuse", "identificadores": "identificador", "": "acceso"}.get(head, head)


class Weather:
    """ASGI middleware; the outermost, since it cuts connections."""

    def __init__(self, app: ASGIApp, court: Court, sites: dict[str, Site]) -> None:
        self.app, self.court, self.sites = app, court, sites
        self._dropped: tuple[bytes, float] = (b"", 0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        filing.tick(self.court)
        slug, _, rest = scope["path"].lstrip("/").partition("/")
        site = self.sites.get(slug)
        if site is None:
            await self.app(scope, receive, closing(send))
            return
        body = await whole(receive, _MAX_BODY)
        session = site.portal.access.session(cookie(scope, cookie_name(slug)))
        scope.setdefault("state", {})["session"] = session
        reply = with_cookie(closing(send), f"{cookie_name(slug)}={session.id}; Path=/{slug}")
        if body is None:
            await site.notice(session, "demasiado", 413)(scope, receive, reply)
            return
        await self._serve(site, session, scope, body, rest, reply, send)

    async def _serve(
        self, site: Site, session: Session, scope: Scope, body: bytes, rest: str, reply: Send, line: Send
    ) -> None:
        portal, method = site.portal, scope["method"]
        step = step_of(rest, method)
        if self._repeated(session, rest, body):
            portal.log(session.user, "repetido_por_el_navegador", step=step)
            await cut(line)
            return
        instead = await self._instead(site, session, scope, body, step, rest)
        if instead is not None:
            await instead(scope, replay(body), reply)
            return
        acts = method == "POST" or step in _READ
        broken = portal.fault("F13", step) if acts else None
        if acts and portal.fault("F3", step):
            await site.notice(session, "error", 500)(scope, replay(body), reply)
        elif broken:
            if broken["commit"]:
                await self.app(scope, replay(body), swallow)
            await site.notice(session, "error", 200)(scope, replay(body), reply)
        elif acts and portal.fault("F1", step):
            await self.app(scope, replay(body), swallow)
            self._dropped = (_print(session, rest, body), monotonic() + _AGAIN_SECONDS)
            await cut(line)
        elif acts and portal.fault("F2", step):
            await self.app(scope, replay(body), swallow)
            await site.notice(session, "error", 500)(scope, replay(body), reply)
        else:
            await self.app(scope, replay(body), reply)

    def _repeated(self, session: Session, rest: str, body: bytes) -> bool:
        """Whether this is what was cut a moment ago, sent again by the browser itself.

        Chromium repeats even a POST when the connection that broke had been opened in advance and not used yet. Nobody
        asked for that and nobody sees it; the visitor was to find the line cut, so it is cut again.
        """
        known, until = self._dropped
        return monotonic() < until and _print(session, rest, body) == known

    async def _instead(
        self, site: Site, session: Session, scope: Scope, body: bytes, step: str, rest: str
    ) -> ASGIApp | None:
        """The page that stands before the one that was asked for, None without one."""
        portal = site.portal
        closed = portal.faults.setting("maintenance")
        if closed:
            return site.notice(session, "mantenimiento", int(closed))
        if rest in ("ac.pem", "comprobacion", "cookies"):
            return None
        if session.step is Step.IN:
            lost = portal.fault("F8", step, scope["method"])
            if lost:
                portal.access.end(session, "caducada")
                return Door(site).show(session) if lost["mode"] == "page" else site.go("acceso")
        if not session.captcha and portal.fault("F18", step):
            portal.access.ask_captcha(session, step, self.court.seed)
        if session.captcha:
            return Door(site).captcha(session)
        return None


def _print(session: Session, rest: str, body: bytes) -> bytes:
    return hashlib.sha256(b"|".join((session.id.encode(), rest.encode(), body))).digest()


def cookie_name(slug: str) -> str:
    """The session cookie; browsers send cookies to every port of a host, so the name is the court's own."""
    return f"sesion_juzgado_{slug}"
