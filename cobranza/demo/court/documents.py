"""The step of the documents: upload, order, removal, what did not fit, and what the antivirus says."""

from __future__ import annotations

import asyncio
import hashlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.court import drafts
from cobranza.demo.court.access import Session
from cobranza.demo.court.checks import Reason
from cobranza.demo.court.design import Design
from cobranza.demo.court.drafts import StepError
from cobranza.demo.court.site import Site, file, text
from cobranza.demo.court.store import Row
from cobranza.demo.court.wizard import show

_SLOW_BYTES_PER_SECOND = 1024


class Documents:
    """The files of a draft."""

    def __init__(self, site: Site) -> None:
        self.site, self.portal = site, site.portal

    def routes(self) -> list[Route]:
        """The pages."""
        route, step, base = self.site.route, self.site.step, "borradores/{draft}/documentos"
        return [
            step(base, self._page, ("GET", "POST")),
            step(f"{base}/subir", self._upload, ("POST",)),
            route(f"{base}/estado", self._state),
            step(f"{base}/exceso", self._overflow, ("POST",)),
            step(f"{base}/{{n:int}}/quitar", self._drop, ("POST",)),
            step(f"{base}/{{n:int}}/mover", self._move, ("POST",)),
        ]

    async def _page(self, request: Request, session: Session, draft: Row) -> Response:
        design = self.site.design(session, "documentos", fresh=request.method == "GET")
        if request.method == "GET":
            return show(self.site, session, draft, "documentos", design=design, values={})
        reasons = [one for one in drafts.missing(self.portal, draft) if one.code in _HERE]
        if reasons:
            return show(self.site, session, draft, "documentos", design=design, values={}, reasons=reasons)
        drafts.touch(self.portal, draft, "documentos")
        return self.site.go(f"borradores/{draft['id']}/resumen")

    async def _upload(self, request: Request, session: Session, draft: Row) -> Response:
        design = self.site.design(session, "documentos", fresh=False)
        values = {key: await text(request, design, key) for key in ("tipo_documental", "descripcion", "orden")}
        name, content = await file(request, design.name("fichero"))
        order = self.portal.fault("F6", "subida")
        mode = order["mode"] if order else ""
        if mode in ("500", "413"):
            return self.site.notice(session, "error" if mode == "500" else "demasiado", int(mode))
        if order and mode == "slow":
            await asyncio.sleep(float(order["seconds"]) or len(content) / _SLOW_BYTES_PER_SECOND)
        if mode == "other_hash" and content:
            content = content[:-1] + bytes([content[-1] ^ 1])
        # The draft is read again: the upload may have taken its time, and another request may have changed it.
        draft = self.site.editable(request, session) or draft
        try:
            self._store(session, draft, design, values, name, content)
        except StepError as exc:
            self.portal.log(session.user, "subida_rechazada", draft=draft["id"], name=name, reasons=_codes(exc))
            return show(
                self.site,
                session,
                draft,
                "documentos",
                design=design,
                values=values,
                reasons=exc.reasons,
                status=422,
            )
        return self.site.go(f"borradores/{draft['id']}/documentos")

    def _store(
        self, session: Session, draft: Row, design: Design, values: dict[str, str], name: str, content: bytes
    ) -> None:
        if not name:
            raise StepError(Reason("DOC-36", "Seleccione un fichero."))
        sha256 = hashlib.sha256(content).hexdigest()
        given = {"type": design.type_code(values["tipo_documental"])}
        given |= {"order": values["orden"].strip(), "description": values["descripcion"]}
        document = drafts.add_document(self.portal, draft, given, name, content, sha256)
        self.portal.store.keep(sha256, content)
        drafts.unsign(draft)
        drafts.save(self.portal, draft)
        upload = {"draft": draft["id"], "name": name, "sha256": sha256, "size": len(content), "n": document["n"]}
        number = self.portal.store.number("upload")
        self.portal.store.put("upload", number, upload | {"id": number, "profile": self.portal.slug})
        self.portal.log(session.user, "subida", **upload)

    async def _state(self, request: Request, session: Session) -> Response:
        """JSON for the page's script: what the antivirus says of each document, and whether all are clean."""
        draft = self.site.editable(request, session)
        if draft is None:
            return JSONResponse({"error": "nada"}, 404)
        states = [
            {"n": one["n"], "name": one["name"], "sha256": one["sha256"], "state": drafts.scan(self.portal, one)}
            for one in draft["documents"]
        ]
        return JSONResponse({"documents": states, "clean": all(one["state"] == drafts.CLEAN for one in states)})

    async def _overflow(self, request: Request, session: Session, draft: Row) -> Response:
        if not self.portal.profile.flow.overflow:
            return self.site.notice(session, "nada", 404)
        design = self.site.design(session, "documentos", fresh=False)
        form = await request.form()
        given = {
            "type": design.type_code(str(form.get("tipo_exceso", ""))),
            "description": str(form.get("descripcion_exceso", "")),
        }
        try:
            drafts.add_overflow(self.portal, draft, given)
        except StepError as exc:
            return show(
                self.site, session, draft, "documentos", design=design, values={}, reasons=exc.reasons, status=422
            )
        drafts.unsign(draft)
        drafts.save(self.portal, draft)
        return self.site.go(f"borradores/{draft['id']}/documentos")

    async def _drop(self, request: Request, session: Session, draft: Row) -> Response:
        gone = request.path_params["n"]
        draft["documents"] = [one for one in draft["documents"] if one["n"] != gone]
        return self._changed(session, draft, "documento_retirado", gone)

    async def _move(self, request: Request, session: Session, draft: Row) -> Response:
        number = request.path_params["n"]
        to = str((await request.form()).get("a", ""))
        if to.isdigit():
            drafts.move(draft, number, int(to))
        return self._changed(session, draft, "documento_movido", number)

    def _changed(self, session: Session, draft: Row, action: str, number: int) -> Response:
        drafts.sort(draft)
        drafts.unsign(draft)
        drafts.save(self.portal, draft)
        self.portal.log(session.user, action, draft=draft["id"], n=number)
        return self.site.go(f"borradores/{draft['id']}/documentos")


# What the step of the documents itself asks for before it lets one go on.
_HERE = ("ENV-02", "ENV-03", "ENV-04", "ENV-05", "ENV-06")


def _codes(exc: StepError) -> list[str]:
    return [reason.code for reason in exc.reasons]
