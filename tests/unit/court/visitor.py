"""Somebody who uses a portal over HTTP, as a browser would: follows its pages and fills in its forms."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pikepdf
import pyotp
from reportlab.pdfgen.canvas import Canvas
from starlette.testclient import TestClient

from cobranza.demo.court import access, drafts
from cobranza.demo.court.court import Court
from cobranza.demo.court.weather import cookie_name
from cobranza.demo.doubles.admin import HEADER

PARTIES = {
    "es_lexnet": ("NIF", "B99999013", "B99999021"),
    "pe_mpe": ("RUC", "20999999019", "20999999027"),
    "cl_ojv": ("RUT", "76999902", "76999910"),
    "co": ("NIT", "900999901", "900999917"),
    "mx": ("RFC", "IDE200101AB1", "IDO200101AB2"),
    "ar_meed": ("CUIT", "30999999014", "30999999022"),
}

_READY: dict[str, dict[str, Any]] = {}  # slug → the row of a draft that is ready to be sent


@cache
def writ(text: str = "Petición inicial", *, pages: int = 1, signed: bool = True, pdfa: bool = True) -> bytes:
    """A PDF with text that says to be PDF/A and carries a filled-in signature field."""
    drawn = io.BytesIO()
    canvas = Canvas(drawn, invariant=1)
    for number in range(pages):
        canvas.drawString(72, 700, f"{text} {number + 1}")
        canvas.showPage()
    canvas.save()
    pdf = pikepdf.open(io.BytesIO(drawn.getvalue()))
    if pdfa:
        with pdf.open_metadata() as metadata:
            metadata["pdfaid:part"], metadata["pdfaid:conformance"] = "2", "B"
    if signed:
        signature = pikepdf.Dictionary(Type=pikepdf.Name.Sig, ByteRange=pikepdf.Array([0, 1, 2, 3]))
        widget = pikepdf.Dictionary(FT=pikepdf.Name.Sig, T="Firma", V=pdf.make_indirect(signature))
        pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array([pdf.make_indirect(widget)]), SigFlags=3)
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def sha256(content: bytes) -> str:
    """Hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class Visitor:
    """A person at one portal, with the admin's key in the other pocket."""

    client: TestClient
    court: Court
    slug: str = "es_lexnet"
    page: str = ""
    status: int = 0
    path: str = ""
    annex: bytes = field(default_factory=lambda: writ("Factura 2026-117"))

    # --- the browser

    def get(self, path: str, **query: str) -> str:
        """Open a page of the portal."""
        return self._took(self.client.get(f"/{self.slug}/{path}", params=query))

    def post(self, path: str, files: Any = None, **form: str) -> str:
        """Send a form of the portal; the token comes from the page that is open."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.page)
        data = {"csrf": token[1] if token else ""} | form
        return self._took(self.client.post(f"/{self.slug}/{path}", data=data, files=files))

    def _took(self, answer: Any) -> str:
        self.page, self.status, self.path = answer.text, answer.status_code, answer.url.path
        return self.page

    @property
    def title(self) -> str:
        """The heading of the page."""
        found = re.search(r"<h1>([^<]*)</h1>", self.page)
        return found[1] if found else ""

    @property
    def reasons(self) -> list[str]:
        """Codes of the reasons that the page gives."""
        return re.findall(r'data-codigo="([^"]+)"', self.page)

    # --- the way through

    def log_in(self, user: str = access.USER, mailbox: str = access.COLLECTIVE) -> None:
        """Password, code and mailbox."""
        self.get("acceso")
        self.post("acceso", usuario=user, clave=access.PASSWORD)
        self.post("codigo", codigo=pyotp.TOTP(access.TOTP).now())
        self.post("buzon", buzon=mailbox)
        assert self.title == "Inicio", self.page[-1500:]

    def walk_in(self, user: str = access.USER, mailbox: str = access.COLLECTIVE) -> None:
        """The same without the pages."""
        self.get("acceso")
        door = self.court.portals[self.slug].access
        session = door.session(self.client.cookies[cookie_name(self.slug)])
        door.enter(session, user, "clave")
        session.mailbox, session.step = mailbox, access.Step.IN
        self.get("inicio")

    def draft(self, kind: str = "iniciador", **form: str) -> str:
        """A new draft; its id."""
        self.get("borradores/nuevo")
        self.post("borradores/nuevo", tipo=kind, **form)
        return self.path.split("/")[3]

    def fill(self, draft: str, *, amount: str = "1.938,24", reference: str = "EXP-2026-0007") -> None:
        """Every step up to the documents."""
        profile = self.court.portals[self.slug].profile
        base = f"borradores/{draft}"
        if profile.flow.identifier:
            self.get(f"{base}/identificador")
            self.post(f"{base}/identificador", accion="solicitar")
            code = self.court.store.all("identifier")[-1]["id"]
            self.post(f"{base}/identificador", accion="continuar", identificador=code)
        organ = profile.organs[0]
        self.get(f"{base}/organo")
        self.post(f"{base}/organo", provincia=organ.province, localidad=organ.locality, organo=organ.code)
        given = {"procedimiento": profile.procedures[0].code, "cuantia": amount, "asunto": "Reclamación de cantidad"}
        self.post(f"{base}/procedimiento", referencia=reference, casilla="12345", numero="", **given)
        kind, claimant, defendant = PARTIES[self.slug]
        for role, number in (("demandante", claimant), ("demandado", defendant)):
            name = f"Invenciones {role.capitalize()} SL"
            given = {"calidad": role, "tipo_documento": kind, "numero_documento": number, "nombre": name}
            more = {"domicilio": "Calle Mayor 1", "correo": "deudor@example.org", "persona": "juridica"}
            self.post(f"{base}/intervinientes", accion="anadir", **given, **more)
            assert not self.reasons, self.reasons
        self.post(f"{base}/intervinientes", accion="continuar")
        assert self.title == "Documentos", (self.title, self.reasons)

    def upload(self, draft: str, content: bytes, name: str, kind: str, description: str = "Un documento") -> str:
        """One file; the page that comes back."""
        files = {"fichero": (name, content, "application/pdf")}
        form = {"tipo_documental": kind, "descripcion": description, "orden": ""}
        return self.post(f"borradores/{draft}/documentos/subir", files=files, **form)

    def attach(self, draft: str) -> None:
        """The main writ and one annex, clean."""
        profile = self.court.portals[self.slug].profile
        main = next(one.code for one in profile.catalogue if one.main)
        other = next(one.code for one in profile.catalogue if not one.main)
        row = self.court.store.get("draft", f"{self.slug}/{draft}") or {}
        self.upload(draft, writ(f"Petición inicial {row['identifier']}"), "escrito.pdf", main, "Petición inicial")
        assert not self.reasons, self.reasons
        self.upload(draft, self.annex, "factura.pdf", other, "Factura 2026-117")
        assert not self.reasons, self.reasons
        self.court.clock.advance(120)

    def sign(self, draft: str) -> None:
        """From the documents to the signature."""
        base = f"borradores/{draft}"
        self.post(f"{base}/documentos")
        self.post(f"{base}/resumen", copia_enviada="1")
        if self.title == "Firmantes":
            self.post(f"{base}/firmantes", accion="continuar")
        if self.court.portals[self.slug].profile.flow.signing == "pfx":
            account = self.court.portals[self.slug].access.account(access.USER) or {}
            pfx = self.court.authority.pfx(account["tax_id"], account["name"], access.PFX_PASSWORD)
            self.post(f"{base}/firma", files={"pfx": ("firel.pfx", pfx)}, clave_firma=access.PFX_PASSWORD)
        else:
            self.post(f"{base}/firma", pin=access.PIN)
        assert self.title == "Envío", (self.title, self.reasons)

    def step_by_step(self, **form: str) -> str:
        """A draft that is signed and waits to be sent, made page by page; its id."""
        draft = self.draft()
        self.fill(draft, **form)
        self.attach(draft)
        self.sign(draft)
        return draft

    def ready(self, **changes: Any) -> str:
        """The same without the pages, once they have been gone through; `changes` to the draft's row."""
        if self.slug not in _READY:
            made = self.step_by_step()
            _READY[self.slug] = self.court.store.get("draft", f"{self.slug}/{made}") or {}
            for one in _READY[self.slug]["documents"]:
                one["due"] = ""  # scanned long ago, whatever the time is at the next court
            self.court.store.drop("draft", f"{self.slug}/{made}")
            self.court.clock.advance(-120)
        portal = self.court.portals[self.slug]
        self.court.clock.advance(120)
        draft = drafts.create(portal, access.USER, access.COLLECTIVE, "iniciador")
        kept = {key: value for key, value in _READY[self.slug].items() if key not in ("id", "created", "expires")}
        drafts.save(portal, draft | kept | changes)
        self.get(f"borradores/{draft['id']}/envio")
        return str(draft["id"])

    def send(self, draft: str, **form: str) -> str:
        """The one click."""
        return self.post(f"borradores/{draft}/envio", **form)

    def file(self, **changes: Any) -> dict[str, Any]:
        """A whole filing, as the court holds it."""
        self.send(self.ready(**changes))
        assert self.status == 200, self.page
        found: dict[str, Any] = self.truth()["filings"][-1]
        return found

    # --- the admin

    def admin(self, path: str, **orders: Any) -> Any:
        """POST to an admin endpoint."""
        answer = self.client.post(f"/__{path}", json=orders, headers={HEADER: self.court.token})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self) -> Any:
        """GET /__verdad."""
        return self.client.get("/__verdad", headers={HEADER: self.court.token}).json()
