"""The wizard: list of drafts, and one page for each step from the organ to the summary."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cobranza.demo.court import aftermath, drafts, filing
from cobranza.demo.court.access import Session
from cobranza.demo.court.checks import Reason
from cobranza.demo.court.design import Design
from cobranza.demo.court.drafts import StepError
from cobranza.demo.court.site import Site, text
from cobranza.demo.court.store import Row

_DESCRIBE = ("procedimiento", "cuantia", "indeterminada", "asunto", "referencia", "casilla", "numero")
_PARTY = (
    *("calidad", "persona", "tipo_documento", "numero_documento", "nombre", "domicilio", "correo"),
    *("representante", "letrado"),
)
_KEYS = {
    "calidad": "role",
    "persona": "person",
    "tipo_documento": "id_kind",
    "numero_documento": "id_number",
    "nombre": "name",
    "domicilio": "address",
    "correo": "email",
    "representante": "representative",
    "letrado": "lawyer",
    "procedimiento": "procedure",
    "cuantia": "amount",
    "indeterminada": "undetermined",
    "asunto": "subject",
    "referencia": "reference",
    "casilla": "electronic_box",
    "numero": "case",
}


class Wizard:
    """Drafts and their steps."""

    def __init__(self, site: Site) -> None:
        self.site, self.portal = site, site.portal

    def routes(self) -> list[Route]:
        """The pages; those of the documents and of sending are elsewhere."""
        route, step = self.site.route, self.site.step
        found = [
            route("borradores", self._list),
            route("borradores/nuevo", self._new, ("GET", "POST")),
            route("borradores/{draft}", self._open),
            route("borradores/{draft}/eliminar", self._delete, ("POST",)),
            step("borradores/{draft}/organo", self._organ, ("GET", "POST")),
            step("borradores/{draft}/procedimiento", self._procedure, ("GET", "POST")),
            step("borradores/{draft}/intervinientes", self._parties, ("GET", "POST")),
            step("borradores/{draft}/intervinientes/{n:int}/quitar", self._drop_party, ("POST",)),
            step("borradores/{draft}/resumen", self._summary, ("GET", "POST")),
        ]
        if self.portal.profile.flow.identifier:
            found += [
                route("identificadores", self._identifiers, ("GET", "POST")),
                step("borradores/{draft}/identificador", self._identifier, ("GET", "POST")),
            ]
        return found

    # --- the list

    async def _list(self, request: Request, session: Session) -> Response:
        order = self.portal.fault("F11", "borradores")
        if order and order["mode"] == "error":
            return self.site.notice(session, "vacio", 500)
        rows = [] if order and order["mode"] == "empty" else self.portal.mine("draft", session.mailbox)
        for row in rows:
            drafts.expire(self.portal, row)
        rows = [row for row in rows if filing.seems_open(self.portal, row)][::-1]
        said = {row["id"]: drafts.spoken(self.portal.profile, row) for row in rows}
        return self.site.page(session, "borradores.html", drafts=rows, said=said)

    async def _new(self, request: Request, session: Session) -> Response:
        portal = self.portal
        rejected = aftermath.amendable(portal, session.mailbox)
        reasons: list[Reason] = []
        if request.method == "POST":
            form = await request.form()
            kind = str(form.get("tipo", ""))
            other = aftermath.by_registry(portal, str(form.get("rechazado", "")))
            if kind not in {one.code for one in portal.profile.kinds}:
                reasons = [Reason("TIP-01", "Elija el tipo de escrito.")]
            elif kind == "subsanacion" and other not in rejected:
                reasons = [Reason("TIP-02", "Elija el escrito que se subsana.")]
            else:
                draft = self._create(session, kind, other if kind == "subsanacion" else None)
                if portal.fault("F10", "borrador"):
                    self._create(session, kind, other if kind == "subsanacion" else None)
                return self._step(draft, portal.profile.flow.steps[0])
        return self.site.page(session, "nuevo.html", rejected=rejected, reasons=reasons, states=aftermath.STATES)

    def _create(self, session: Session, kind: str, other: Row | None) -> Row:
        draft = drafts.create(self.portal, session.user, session.mailbox, kind)
        if other is not None:
            kept = ("organ", "urgent", "procedure", "amount", "undetermined", "subject", "reference", "parties")
            draft |= {key: other[key] for key in kept} | {"corrects": other["registry"], "case": other["case_number"]}
            drafts.save(self.portal, draft)
        return draft

    async def _open(self, request: Request, session: Session) -> Response:
        draft = self.site.draft(request, session)
        if draft is None or not filing.seems_open(self.portal, draft):
            return self.site.notice(session, "nada", 404)
        steps = self.portal.profile.flow.steps
        return self._step(draft, next((step for step in steps if step not in draft["done"]), steps[-1]))

    async def _delete(self, request: Request, session: Session) -> Response:
        draft = self.site.editable(request, session)
        if draft is not None:
            draft["status"] = drafts.DELETED
            drafts.save(self.portal, draft)
            self.portal.log(session.user, "borrador_eliminado", draft=draft["id"])
        return self.site.go("borradores")

    def _step(self, draft: Row, step: str) -> Response:
        return self.site.go(f"borradores/{draft['id']}/{step}")

    def _next(self, draft: Row, step: str) -> Response:
        drafts.touch(self.portal, draft, step)
        steps = self.portal.profile.flow.steps
        return self._step(draft, steps[steps.index(step) + 1])

    # --- steps

    async def _identifiers(self, request: Request, session: Session) -> Response:
        if request.method == "POST":
            self._issue(session)
            return self.site.go("identificadores")
        rows = self.portal.mine("identifier", session.mailbox)[::-1]
        return self.site.page(session, "identificadores.html", rows=rows)

    def _issue(self, session: Session) -> Row:
        portal, now = self.portal, self.portal.now()
        number = portal.store.number(f"identifier/{portal.slug}")
        code = f"{portal.slug.partition('_')[2].upper()}-ID-{now.year}-{number:06d}"
        row = {"id": code, "profile": portal.slug, "mailbox": session.mailbox, "used_by": ""}
        row |= {"at": now.isoformat(), "expires": (now + timedelta(days=portal.profile.draft_days)).isoformat()}
        portal.log(session.user, "identificador", identifier=code)
        return portal.store.put("identifier", code, row)

    async def _identifier(self, request: Request, session: Session, draft: Row) -> Response:
        reasons: tuple[Reason, ...] = ()
        if request.method == "POST":
            form = await request.form()
            if form.get("accion") == "solicitar":
                code = str(self._issue(session)["id"])
            else:
                code = str(form.get("identificador", "")).strip()
            row = self.portal.store.get("identifier", code)
            if row is None or row["mailbox"] != session.mailbox:
                reasons = (Reason("IDE-01", "Escriba un identificador suyo o solicite uno nuevo."),)
            elif self._taken(row, draft):
                reasons = (Reason("IDE-02", f"El identificador {code} ya se usó en otro envío."),)
            elif self.portal.now() > datetime.fromisoformat(row["expires"]):
                reasons = (Reason("IDE-03", f"El identificador {code} ha caducado."),)
            else:
                self.portal.store.put("identifier", code, row | {"used_by": draft["id"]})
                draft["identifier"] = code
                drafts.touch(self.portal, draft, "identificador")
                if form.get("accion") != "solicitar":
                    return self._next(draft, "identificador")
                return self._step(draft, "identificador")
        return show(self.site, session, draft, "identificador", reasons=reasons)

    def _taken(self, row: Row, draft: Row) -> bool:
        """Whether another draft holds an identifier; one that was deleted or ran out gives it back."""
        other = self.portal.store.get("draft", f"{self.portal.slug}/{row['used_by']}")
        held = (drafts.OPEN, drafts.SIGNED, drafts.SENT)
        return other is not None and other["id"] != draft["id"] and other["status"] in held

    async def _organ(self, request: Request, session: Session, draft: Row) -> Response:
        design = self.site.design(session, "organo", fresh=request.method == "GET")
        reasons: tuple[Reason, ...] = ()
        given: Row = {}
        if request.method == "POST":
            given = {key: await text(request, design, key) for key in ("organo", "provincia", "localidad", "urgente")}
            try:
                await _extra(request, design)
                drafts.choose_organ(
                    self.portal, draft, given["organo"], given["provincia"], given["localidad"], bool(given["urgente"])
                )
                return self._next(draft, "organo")
            except StepError as exc:
                reasons = exc.reasons
        organs = json.dumps([organ.model_dump() for organ in self.portal.profile.organs], ensure_ascii=False)
        chosen = self.portal.profile.organ(given.get("organo") or draft["organ"])
        # "<" never stands inside the script element, whatever a profile is called.
        safe = organs.replace("<", "\\u003c")
        return show(self.site, session, draft, "organo", design=design, reasons=reasons, organs=safe, chosen=chosen)

    async def _procedure(self, request: Request, session: Session, draft: Row) -> Response:
        design = self.site.design(session, "procedimiento", fresh=request.method == "GET")
        reasons: tuple[Reason, ...] = ()
        values = {key: draft[_KEYS[key]] for key in _DESCRIBE}
        if request.method == "POST":
            values = {key: await text(request, design, key) for key in _DESCRIBE}
            try:
                await _extra(request, design)
                drafts.describe(self.portal, draft, {_KEYS[key]: value for key, value in values.items()})
                return self._next(draft, "procedimiento")
            except StepError as exc:
                reasons = exc.reasons
        return show(self.site, session, draft, "procedimiento", design=design, reasons=reasons, values=values)

    async def _parties(self, request: Request, session: Session, draft: Row) -> Response:
        design = self.site.design(session, "intervinientes", fresh=request.method == "GET")
        reasons: tuple[Reason, ...] = ()
        values = dict.fromkeys(_PARTY, "")
        if request.method == "POST":
            values = {key: await text(request, design, key) for key in _PARTY}
            try:
                if (await request.form()).get("accion") == "continuar":
                    drafts.enough_parties(draft)
                    return self._next(draft, "intervinientes")
                await _extra(request, design)
                drafts.add_party(self.portal, draft, {_KEYS[key]: value for key, value in values.items()})
                drafts.unsign(draft)
                drafts.save(self.portal, draft)
                return self._step(draft, "intervinientes")
            except StepError as exc:
                reasons = exc.reasons
        return show(self.site, session, draft, "intervinientes", design=design, reasons=reasons, values=values)

    async def _drop_party(self, request: Request, session: Session, draft: Row) -> Response:
        draft["parties"] = [party for party in draft["parties"] if party["n"] != request.path_params["n"]]
        drafts.unsign(draft)
        drafts.save(self.portal, draft)
        return self._step(draft, "intervinientes")

    async def _summary(self, request: Request, session: Session, draft: Row) -> Response:
        declares = drafts.declares_copy(self.portal.profile, draft)
        reasons = self._before_signing(draft)
        if request.method == "POST":
            draft["copy_sent"] = bool((await request.form()).get("copia_enviada"))
            reasons = self._before_signing(draft)
            if declares and not draft["copy_sent"]:
                reasons.append(Reason("ENV-07", "Declare que ha enviado copia de la demanda al demandado."))
            if not reasons:
                return self._next(draft, "resumen")
        return show(self.site, session, draft, "resumen", reasons=reasons, declares=declares)

    def _before_signing(self, draft: Row) -> list[Reason]:
        """What is missing, but for what comes on the summary itself or after it."""
        later = ("ENV-07", "ENV-11")
        return [reason for reason in drafts.missing(self.portal, draft) if reason.code not in later]


def show(
    site: Site,
    session: Session,
    draft: Row,
    step: str,
    *,
    design: Design | None = None,
    status: int = 200,
    **context: object,
) -> Response:
    """The page of a step; `context` is what its template wants besides."""
    return site.page(
        session,
        f"paso_{step}.html",
        status=status,
        draft=draft,
        step=step,
        said=drafts.spoken(site.portal.profile, draft),
        scans={one["n"]: drafts.scan(site.portal, one) for one in draft["documents"]},
        design=design or Design(site.portal.profile),
        **context,
    )


async def _extra(request: Request, design: Design) -> None:
    """The field that F9 adds must be filled in."""
    if design.mode == "extra_field" and not await text(request, design, "extra"):
        raise StepError(Reason("EXT-01", "Elija la clase de reparto."))
