"""Signing and sending: signers and their tray, the PIN or the .pfx, and the one POST that files."""

from __future__ import annotations

import asyncio
import secrets
from datetime import timedelta

from cryptography.hazmat.primitives.serialization import pkcs12
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cobranza.demo.court import drafts, filing, pki
from cobranza.demo.court.access import PIN, Session
from cobranza.demo.court.checks import Reason
from cobranza.demo.court.court import Portal
from cobranza.demo.court.door import certificate_problem, certificate_text
from cobranza.demo.court.site import Site, file
from cobranza.demo.court.store import Row
from cobranza.demo.court.wizard import show

WAITING, DONE, REFUSED = "pendiente", "firmado", "rechazado"


class Sending:
    """The last steps."""

    def __init__(self, site: Site) -> None:
        self.site, self.portal = site, site.portal

    def routes(self) -> list[Route]:
        """The pages."""
        route, step, base = self.site.route, self.site.step, "borradores/{draft}"
        found = [
            step(f"{base}/firma", self._sign, ("GET", "POST")),
            route(f"{base}/envio", self._send, ("GET", "POST")),
        ]
        if self.portal.profile.flow.signers:
            found += [
                route("bandeja", self._tray),
                step(f"{base}/firmantes", self._signers, ("GET", "POST")),
                route(f"{base}/firmantes/abandonar", self._abandon, ("POST",)),
                route(f"{base}/firmantes/rechazar", self._refuse, ("POST",)),
            ]
        return found

    # --- several signers

    async def _signers(self, request: Request, session: Session, draft: Row) -> Response:
        account = self.portal.access.account(session.user) or {}
        if not draft["signers"]:
            draft["signers"] = [{"tax_id": account["tax_id"], "name": account["name"], "state": WAITING}]
            drafts.save(self.portal, draft)
        reasons: tuple[Reason, ...] = ()
        if request.method == "POST":
            form = await request.form()
            if form.get("accion") == "continuar":
                drafts.touch(self.portal, draft, "firmantes")
                self.portal.log(session.user, "a_la_bandeja", draft=draft["id"])
                return self.site.go(f"borradores/{draft['id']}/firma")
            tax_id = str(form.get("rut", "")).replace(".", "").replace("-", "").upper()
            other = self.portal.access.holder_of(tax_id)
            if other is None:
                reasons = (Reason("FIR-01", "El RUT no corresponde a ningún usuario del servicio."),)
            elif any(signer["tax_id"] == tax_id for signer in draft["signers"]):
                reasons = (Reason("FIR-02", "Esa persona ya figura como firmante."),)
            else:
                draft["signers"].append({"tax_id": tax_id, "name": other["name"], "state": WAITING})
                drafts.unsign(draft)
                drafts.save(self.portal, draft)
                return self.site.go(f"borradores/{draft['id']}/firmantes")
        return show(self.site, session, draft, "firmantes", reasons=reasons)

    async def _tray(self, request: Request, session: Session) -> Response:
        account = self.portal.access.account(session.user) or {}
        rows = [
            draft
            for draft in self.portal.mine("draft")
            if "firmantes" in draft["done"]
            and draft["status"] in (drafts.OPEN, drafts.SIGNED)
            and any(signer["tax_id"] == account["tax_id"] for signer in draft["signers"])
        ]
        said = {row["id"]: drafts.spoken(self.portal.profile, row) for row in rows}
        return self.site.page(session, "bandeja.html", rows=rows[::-1], said=said, me=account["tax_id"])

    async def _abandon(self, request: Request, session: Session) -> Response:
        draft = self.site.editable(request, session)
        if draft is not None:
            drafts.unsign(draft)
            draft["done"] = [step for step in draft["done"] if step != "firmantes"]
            drafts.save(self.portal, draft)
            self.portal.log(session.user, "firma_abandonada", draft=draft["id"])
        return self.site.go("bandeja")

    async def _refuse(self, request: Request, session: Session) -> Response:
        draft = self.site.editable(request, session)
        if draft is not None:
            mark(self.portal, draft, (self.portal.access.account(session.user) or {})["tax_id"], REFUSED)
            self.portal.log(session.user, "firma_rechazada", draft=draft["id"])
        return self.site.go("bandeja")

    # --- signature

    async def _sign(self, request: Request, session: Session, draft: Row) -> Response:
        portal = self.portal
        account = portal.access.account(session.user) or {}
        reasons: list[Reason] = []
        if request.method == "POST":
            reasons = list(drafts.missing(portal, draft)) or await self._signature(request, account)
            if not reasons:
                sign(portal, draft, account)
                if draft["status"] == drafts.SIGNED:
                    return self.site.go(f"borradores/{draft['id']}/envio")
                return self.site.go("bandeja")
            portal.log(session.user, "firma_rechazada", draft=draft["id"], reasons=[one.code for one in reasons])
        return show(self.site, session, draft, "firma", reasons=reasons)

    async def _signature(self, request: Request, account: Row) -> list[Reason]:
        form = await request.form()
        if self.portal.profile.flow.signing == "pin":
            given = str(form.get("pin", ""))
            order = self.portal.fault("F15", "firma")
            if order:
                problem = "caducado" if order["mode"] == "expired" else "revocado"
                return [Reason("FIR-03", certificate_text(problem))]
            if not secrets.compare_digest(given.encode(), PIN.encode()):
                return [Reason("FIR-04", "La clave de firma no es correcta.")]
            return []
        name, content = await file(request, "pfx")
        if not name:
            return [Reason("FIR-05", "Seleccione el archivo .pfx de su firma.")]
        try:
            _, certificate, _ = pkcs12.load_key_and_certificates(content, str(form.get("clave_firma", "")).encode())
        except ValueError:
            return [Reason("FIR-06", "El archivo .pfx o su contraseña no son correctos.")]
        if certificate is None:
            return [Reason("FIR-06", "El archivo .pfx no contiene un certificado.")]
        problem = certificate_problem(self.site, certificate, "firma")
        if not problem and pki.tax_id_of(certificate) != account["tax_id"]:
            problem = "ajeno"
        return [Reason("FIR-03", certificate_text(problem))] if problem else []

    # --- sending

    async def _send(self, request: Request, session: Session) -> Response:
        draft = self.site.draft(request, session)
        if draft is None:
            return self.site.notice(session, "nada", 404)
        if request.method == "GET":
            if not filing.seems_open(self.portal, draft):
                return self.site.notice(session, "nada", 404)
            return show(self.site, session, draft, "envio", duplicate=None)
        if draft["status"] == drafts.SENT:
            self.portal.log(session.user, "envio_repetido", draft=draft["id"])
            text = "Este borrador ya se ha enviado. Consulte la bandeja de enviados."
            return show(self.site, session, draft, "envio", duplicate=None, reasons=[Reason("ENV-12", text)])
        reasons = filing.refusals(self.portal, draft)
        if reasons:
            self.portal.log(session.user, "envio_rechazado", draft=draft["id"], reasons=[one.code for one in reasons])
            return show(self.site, session, draft, "envio", duplicate=None, reasons=reasons)
        if not (await request.form()).get("confirmado"):
            found = filing.duplicates(self.portal, draft) if filing.policy(self.portal) == "warn" else []
            if found or self.portal.fault("F14", "envio"):
                self.portal.log(session.user, "aviso_duplicado", draft=draft["id"])
                return show(self.site, session, draft, "envio", duplicate=found)
        return await self._commit(session, draft)

    async def _commit(self, session: Session, draft: Row) -> Response:
        orders = _orders(self.portal)
        late = self.portal.fault("F4", "envio")
        if late:
            filing.later(self.portal, draft, float(late["delay"]), orders)
            await asyncio.sleep(float(late["hold"]))
            return self.site.notice(session, "espera", 504)
        filed = filing.commit(self.portal, draft, self.portal.now(), orders)
        return self.site.go(f"presentaciones/{filed['id']}")


def sign(portal: Portal, draft: Row, account: Row) -> None:
    """Put a person's signature on a draft; it is signed once all have."""
    if draft["signers"]:
        mark(portal, draft, account["tax_id"], DONE)
    if all(signer["state"] == DONE for signer in draft["signers"]):
        draft |= {"status": drafts.SIGNED, "signed_by": account["tax_id"], "signed_at": portal.now().isoformat()}
        if "firma" not in draft["done"]:
            draft["done"].append("firma")
    drafts.save(portal, draft)
    portal.log(account["user"], "firma", draft=draft["id"], status=draft["status"])


def mark(portal: Portal, draft: Row, tax_id: str, state: str) -> None:
    """Note what a signer did."""
    for signer in draft["signers"]:
        if signer["tax_id"] == tax_id:
            signer["state"] = state
    drafts.save(portal, draft)


def _orders(portal: Portal) -> Row:
    """What F12 and F17 make of a filing."""
    orders: Row = {}
    clock = portal.fault("F12", "envio")
    if clock:
        now = portal.now()
        stamp = now + timedelta(minutes=float(clock["minutes"]))
        if clock["mode"] == "after_15":
            stamp = max(now, now.replace(hour=15, minute=4, second=31, microsecond=0))
        orders["stamp"] = stamp.isoformat()
    number = portal.fault("F17", "envio")
    if number:
        orders["renumber_after"] = float(number["seconds"])
    return orders
