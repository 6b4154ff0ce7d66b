"""After sending: the receipt, the tray of sent filings, cases, notifications and the check of a code."""

from __future__ import annotations

from datetime import datetime

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from cobranza.demo.court import aftermath, drafts, filing, receipt, receipt_pdf
from cobranza.demo.court.access import Session
from cobranza.demo.court.site import Site
from cobranza.demo.court.store import Row
from cobranza.kernel import spanish

ROWS = 20


class Trays:
    """What a portal gives back."""

    def __init__(self, site: Site) -> None:
        self.site, self.portal = site, site.portal

    def routes(self) -> list[Route]:
        """The pages."""
        route = self.site.route
        return [
            route("enviados", self._sent),
            route("presentaciones/{filing}", self._receipt),
            route("presentaciones/{filing}/acuse.pdf", self._pdf),
            route("presentaciones/{filing}/acuse.xml", self._xml),
            route("asuntos", self._cases),
            route("asuntos/{filing}", self._case),
            route("notificaciones", self._notices),
            route("notificaciones/{notice}", self._notice),
            route("notificaciones/{notice}/abrir", self._open, ("POST",)),
            route("notificaciones/{notice}/resolucion.pdf", self._resolution),
            route("notificaciones/{notice}/justificante.pdf", self._proof),
            route("csv", self._csv, public=True),
            route("ac.pem", self._authority, public=True),
        ]

    # --- sent

    async def _sent(self, request: Request, session: Session) -> Response:
        asked = {name: request.query_params.get(name, "").strip() for name in ("q", "desde", "hasta", "pagina")}
        try:
            rows = filing.visible(self.portal, session.mailbox)
        except filing.ListDown:
            return self.site.notice(session, "vacio", 500)
        notice = ""
        try:
            rows = [row for row in rows if _between(row, asked["desde"], asked["hasta"])]
        except spanish.FormatError as exc:
            rows, notice = [], exc.message
        if asked["q"]:
            rows = [row for row in rows if asked["q"].casefold() in _haystack(row)]
        page = int(asked["pagina"]) if asked["pagina"].isdigit() and int(asked["pagina"]) else 1
        shown = rows[(page - 1) * ROWS : page * ROWS]
        return self.site.page(
            session,
            "enviados.html",
            rows=shown,
            total=len(rows),
            first=(page - 1) * ROWS + 1,
            page=page,
            more=len(rows) > page * ROWS,
            asked=asked,
            notice=notice,
            states=aftermath.STATES,
            said={row["id"]: drafts.spoken(self.portal.profile, row) for row in shown},
        )

    def _filing(self, request: Request, session: Session) -> Row | None:
        found = self.portal.store.get("filing", request.path_params["filing"])
        return found if found and found["mailbox"] == session.mailbox and found["profile"] == self.portal.slug else None

    async def _receipt(self, request: Request, session: Session) -> Response:
        found = self._filing(request, session)
        if found is None:
            return self.site.notice(session, "nada", 404)
        said = drafts.spoken(self.portal.profile, found)
        types = {entry.code: entry.label for entry in self.portal.profile.catalogue}
        return self.site.page(session, "presentacion.html", filing=found, said=said, types=types)

    async def _pdf(self, request: Request, session: Session) -> Response:
        return await self._download(request, session, "pdf")

    async def _xml(self, request: Request, session: Session) -> Response:
        return await self._download(request, session, "xml")

    async def _download(self, request: Request, session: Session, suffix: str) -> Response:
        found = self._filing(request, session)
        if found is None:
            return self.site.notice(session, "nada", 404)
        order = self.portal.fault("F5", "acuse")
        mode = order["mode"] if order else ""
        if mode == "fail":
            return self.site.notice(session, "error", 500)
        served = self._other(found) if mode == "other" else found
        if suffix == "pdf":
            content = await receipt_pdf.receipt(self.portal, served)
        else:
            content = receipt.xml(self.portal, served)
        if mode == "truncated":
            content = content[: len(content) // 2]
        if mode == "altered":
            registry = found["receipt_registry"].encode()
            content = content.replace(registry, registry[:-1] + (b"8" if registry[-1:] != b"8" else b"9"))
            # Compressed text hides the number in a PDF: another byte of the signed range does as well.
            content = content.replace(b"%PDF-1.4", b"%PDF-1.5", 1).replace(b"%PDF-1.7", b"%PDF-1.5", 1)
        name = f"acuse-{found['receipt_registry'].replace('/', '-')}.{suffix}"
        self.portal.log(session.user, "acuse", filing=found["id"], format=suffix, mode=mode)
        return attachment(content, name, "application/pdf" if suffix == "pdf" else "application/xml")

    def _other(self, found: Row) -> Row:
        """Another filing; one invented on the spot when there is none."""
        others = [one for one in self.portal.mine("filing") if one["id"] != found["id"]]
        if others:
            return others[-1]
        wrong = {"id": f"{found['id']}X", "registry": "2019000000001", "receipt_registry": "2019000000001"}
        return found | wrong | {"reference": "EXP-AJENO", "documents": found["documents"][:1]}

    # --- cases

    async def _cases(self, request: Request, session: Session) -> Response:
        try:
            rows = filing.visible(self.portal, session.mailbox)
        except filing.ListDown:
            return self.site.notice(session, "vacio", 500)
        said = {row["id"]: drafts.spoken(self.portal.profile, row) for row in rows}
        return self.site.page(session, "asuntos.html", rows=rows, states=aftermath.STATES, said=said)

    async def _case(self, request: Request, session: Session) -> Response:
        found = self._filing(request, session)
        if found is None:
            return self.site.notice(session, "nada", 404)
        notices = [one for one in self.portal.mine("notice", session.mailbox) if one["filing"] == found["id"]]
        said = drafts.spoken(self.portal.profile, found)
        return self.site.page(session, "asunto.html", filing=found, states=aftermath.STATES, notices=notices, said=said)

    # --- notifications

    async def _notices(self, request: Request, session: Session) -> Response:
        order = self.portal.fault("F11", "notificaciones")
        if order and order["mode"] == "error":
            return self.site.notice(session, "vacio", 500)
        rows = [] if order and order["mode"] == "empty" else self.portal.mine("notice", session.mailbox)[::-1]
        filings = {row["filing"]: self.portal.store.get("filing", row["filing"]) or {} for row in rows}
        return self.site.page(session, "notificaciones.html", rows=rows, filings=filings)

    def _found(self, request: Request, session: Session) -> Row | None:
        found = self.portal.store.get("notice", request.path_params["notice"])
        return found if found and found["mailbox"] == session.mailbox and found["profile"] == self.portal.slug else None

    async def _notice(self, request: Request, session: Session) -> Response:
        found = self._found(request, session)
        if found is None:
            return self.site.notice(session, "nada", 404)
        about = self.portal.store.get("filing", found["filing"])
        return self.site.page(session, "notificacion.html", row=found, filing=about)

    async def _open(self, request: Request, session: Session) -> Response:
        found = self._found(request, session)
        if found is None:
            return self.site.notice(session, "nada", 404)
        aftermath.open_notice(self.portal, found, session.user)
        return self.site.go(f"notificaciones/{found['id']}")

    async def _resolution(self, request: Request, session: Session) -> Response:
        found = self._found(request, session)
        if found is None or found["state"] == aftermath.UNOPENED:
            return self.site.notice(session, "nada", 404)
        return await self._letter(found, "resolucion", found["title"], [], [found["text"]])

    async def _proof(self, request: Request, session: Session) -> Response:
        found = self._found(request, session)
        if found is None or not found["opened_at"]:
            return self.site.notice(session, "nada", 404)
        opened = datetime.fromisoformat(found["opened_at"])
        facts = [("Abierta el", f"{opened:%d/%m/%Y %H:%M:%S}"), ("Abierta por", found["opened_by"])]
        text = "Se acredita la apertura de la notificación en la fecha indicada, desde la que se tiene por practicada."
        return await self._letter(found, "justificante", "Justificante de apertura de notificación", facts, [text])

    async def _letter(
        self, found: Row, what: str, title: str, facts: list[tuple[str, str]], paragraphs: list[str]
    ) -> Response:
        about = self.portal.store.get("filing", found["filing"]) or {}
        put = datetime.fromisoformat(found["at"])
        known = [
            ("Notificación", found["id"]),
            ("Puesta a disposición", f"{put:%d/%m/%Y %H:%M:%S}"),
            ("Registro de entrada", about.get("registry", "")),
            ("Órgano", about.get("court", "")),
            ("Número", about.get("case_number", "")),
            ("NIG", about.get("nig", "")),
        ]
        content = await receipt_pdf.letter(
            self.portal, f"{what}/{found['id']}", title, [fact for fact in known + facts if fact[1]], paragraphs
        )
        return attachment(content, f"{what}-{found['id']}.pdf", "application/pdf")

    # --- for everybody

    async def _csv(self, request: Request, session: Session) -> Response:
        code = request.query_params.get("codigo", "").strip().upper()
        found = next((one for one in self.portal.mine("filing") if one["csv"] == code), None)
        if request.query_params.get("formato") == "xml" and found is not None:
            return attachment(receipt.xml(self.portal, found), f"acuse-{found['id']}.xml", "application/xml")
        return self.site.page(session, "csv.html", code=code, filing=found)

    async def _authority(self, request: Request, session: Session) -> Response:
        return PlainTextResponse(self.portal.court.authority.root.pem.decode(), media_type="application/x-pem-file")


def attachment(content: bytes, name: str, media_type: str) -> Response:
    """A file to download."""
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _between(row: Row, since: str, until: str) -> bool:
    day = datetime.fromisoformat(row["filed_at"]).date()
    return (not since or day >= spanish.day(since)) and (not until or day <= spanish.day(until))


def _haystack(row: Row) -> str:
    names = [value for party in row["parties"] for value in (party["name"], party["id_number"])]
    known = (row["registry"], row["former_registry"], row["reference"], row["subject"], row["amount"], row["csv"])
    return " ".join((*known, row["case_number"], *names)).casefold()
