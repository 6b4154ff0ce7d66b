"""The wizard up to the documents: kind of writ, organ, subject, parties."""

from __future__ import annotations

import contextlib
import re
from decimal import Decimal

from cobranza.kernel.errors import CobranzaError
from cobranza.kernel.spanish import plain, write_amount
from cobranza.legal.case import Party, Role
from cobranza.legal.ports import Draft, Filing, FilingRefused, Objection, PortalChanged
from connectors.courts.desk import Desk
from connectors.courts.errors import refuse
from connectors.courts.pages import Option, Page, near

_DRAFT = re.compile(r"/borradores/([^/]+)/")
_LONGEST_SUBJECT = 180
_ACTING = {
    "Representante": ("apoderado", "representante_legal"),
    "Abogado o procurador": ("abogado", "procurador"),
}
_ORGAN, _SUBJECT, _PARTIES, _DOCUMENTS, _IDENTIFIER = (
    "Órgano destinatario", "Datos del asunto", "Intervinientes", "Documentos", "Identificador de presentación",
)  # fmt: skip


def create(desk: Desk, filing: Filing) -> Draft:
    """See `CourtSession.create`. A draft that could not be filled in is deleted again, as far as the portal lets us."""
    desk.open("borradores/nuevo", "Nuevo escrito", doing="empezar un escrito")
    spoken = desk.words
    desk.surface.tick(spoken.amendment if filing.corrects else spoken.first)
    if filing.corrects:
        _choose(desk, "Escrito que se subsana", filing.corrects, filing.corrects)
    page = desk.press("Crear borrador", doing="crear el borrador")
    refuse(page, "Tipo de escrito")
    draft = _draft_of(page)
    try:
        _fill_in(desk, filing, draft)
    except FilingRefused:
        with contextlib.suppress(CobranzaError):
            discard(desk, draft)
        raise
    reference = filing.package.reference if spoken.reference else ""
    return Draft(id=draft, reference=reference, step="documentos")


def identifier(desk: Desk) -> str:
    """Reserve an identifier that a writ can quote, where the portal gives them beforehand.

    Raises:
        PortalChanged: this portal gives none, or shows none afterwards.
    """
    if not desk.words.identifier:
        raise PortalChanged("Este portal no da identificadores.")
    listed = "Identificadores de presentación"
    desk.open("identificadores", listed, doing="pedir un identificador")
    page = desk.press("Solicitar identificador", listed, doing="pedir un identificador")
    table = page.table("Identificadores")
    free = [row.cells["Identificador"] for row in table.rows if not row.cells["Usado en"]] if table else []
    if not free:
        raise PortalChanged("Se ha pedido un identificador y no está en la lista.")
    return free[0]


def discard(desk: Desk, draft: str) -> None:
    """See `CourtSession.discard`."""
    desk.open("borradores", "Borradores", doing="borrar un borrador")
    desk.press(f"Eliminar {draft}", "Borradores", doing="borrar un borrador")


def _draft_of(page: Page) -> str:
    """The number of the draft that a page of the wizard is about."""
    for element in page.tree.find_class("draft-id"):
        return "".join(element.itertext()).strip()
    raise PortalChanged(f"«{page.heading}» ya no dice de qué envío es.")


def _fill_in(desk: Desk, filing: Filing, draft: str) -> None:
    if desk.words.identifier:
        _identify(desk, filing)
    _choose_organ(desk, filing, draft)
    _describe(desk, filing)
    if filing.corrects:
        _drop_parties(desk)  # the portal took over those of the corrected writ
    for party in (*filing.case.claimants, *filing.case.defendants):
        _add_party(desk, party)
    refuse(desk.press("Continuar", _DOCUMENTS, _PARTIES, doing="dejar los intervinientes"), "Intervinientes")


def _identify(desk: Desk, filing: Filing) -> None:
    wanted = desk.asked("identificador", filing.extra.get("identificador", ""))
    if not wanted:
        text = "El escrito tiene que citar un identificador que se pide antes de prepararlo."
        raise FilingRefused("Falta el identificador.", [Objection(code="identificador", text=text)])
    desk.look(_IDENTIFIER, doing="escribir el identificador")
    desk.surface.fill(_IDENTIFIER, wanted)
    refuse(desk.press("Continuar", _ORGAN, _IDENTIFIER, doing="escribir el identificador"), "Identificador")


def _choose_organ(desk: Desk, filing: Filing, draft: str) -> None:
    spoken, court = desk.words, filing.case.court
    desk.look(_ORGAN, doing="elegir el órgano")
    province = desk.asked("provincia", filing.extra.get("provincia", "")) or court.province
    locality = desk.asked("localidad", filing.extra.get("localidad", "")) or court.locality
    for label, name in ((spoken.province, province), (spoken.locality, locality)):
        if name:
            _choose(desk, label, name, name)
    code = desk.asked("organo", filing.extra.get("organo", "")) or court.code
    offered = [each for each in desk.surface.page().options(spoken.organ) if each.value]
    organ = _organ(offered, code, court.name)
    if organ is None:
        names = near([court.name], [each.label for each in offered])
        text = f"El portal no ofrece «{court.name}»; {names}."
        raise FilingRefused("No hay ese órgano.", [Objection(code="organo", text=text)])
    if not organ.enabled:
        raise FilingRefused("El órgano no admite envíos.", [Objection(code="organo_sin_sede", text=organ.label)])
    desk.surface.choose(spoken.organ, organ.value)
    refuse(desk.press("Continuar", _SUBJECT, _ORGAN, doing="elegir el órgano"), "Órgano")


def _organ(offered: list[Option], code: str, name: str) -> Option | None:
    """By its code, by its name, or the only one that the place leaves. Never by likeness: that is a lawyer's choice."""
    for each in offered:
        if code and each.value == code:
            return each
    if code:
        return None
    for each in offered:
        if plain(each.label) == plain(name):
            return each
    return offered[0] if len(offered) == 1 else None


def _describe(desk: Desk, filing: Filing) -> None:
    spoken, surface, package = desk.words, desk.surface, filing.package
    code = spoken.proceedings.get(package.proceeding)
    if code is None:
        text = f"El portal no tiene el procedimiento «{package.proceeding}»."
        raise FilingRefused("Ese procedimiento no se presenta aquí.", [Objection(code="procedimiento", text=text)])
    _choose(desk, "Tipo de procedimiento", code, package.proceeding)
    surface.fill("Cuantía", write_amount(Decimal(package.total)))
    surface.fill(spoken.subject, filing.case.title[:_LONGEST_SUBJECT])
    if spoken.reference:
        surface.fill("Referencia interna", package.reference)
    if spoken.box:
        surface.fill(spoken.box, desk.asked("casilla", filing.extra.get("casilla", "")))
    refuse(desk.press("Continuar", _PARTIES, _SUBJECT, doing="describir el asunto"), "Datos del asunto")


def _drop_parties(desk: Desk) -> None:
    table = desk.now.table("Intervinientes")
    for row in table.rows if table else ():
        desk.press(f"Quitar {row.cells['Nombre o razón social']}", _PARTIES, doing="quitar un interviniente")


def _add_party(desk: Desk, party: Party) -> None:
    surface = desk.surface
    _choose(desk, "Calidad", party.role.value, party.role.value)
    _choose(desk, "Tipo de persona", party.person.value, party.person.value)
    _choose(desk, "Tipo de identificación", desk.words.id_kind(party), party.tax_id_kind or "su identificación")
    surface.fill("Número de identificación", party.tax_id)
    surface.fill("Nombre o razón social", party.name)
    place = " ".join(filter(None, (party.postal_code, party.locality)))
    surface.fill("Domicilio", ", ".join(filter(None, (party.address, place, party.province))))
    surface.fill("Correo electrónico", party.email)
    if party.role is Role.CLAIMANT:
        for label, qualities in _ACTING.items():
            names = [each.name for each in party.representatives if each.quality in qualities]
            surface.fill(label, ", ".join(names))
    refuse(desk.press("Añadir interviniente", _PARTIES, doing="añadir un interviniente"), f"«{party.name}»")


def _choose(desk: Desk, label: str, value: str, said: str) -> None:
    """Choose by what the form sends, or by what the page shows."""
    offered = desk.surface.page().options(label)
    for each in offered:
        if value in (each.value, each.label) or plain(each.label) == plain(value):
            desk.surface.choose(label, each.value)
            return
    raise PortalChanged(f"En «{label}» no está «{said}»; {near([said, value], [each.label for each in offered])}.")
