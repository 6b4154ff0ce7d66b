"""After sending: the tray of sent filings, receipts, cases and notices."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import quote

from cobranza.kernel import clock, spanish
from cobranza.kernel.spanish import FormatError
from cobranza.legal.ports import (
    CaseStatus,
    Notification,
    OpenedNotification,
    PortalChanged,
    PortalDown,
    Receipt,
    SentEntry,
    Stage,
)
from cobranza.legal.requirements import requirements
from connectors.courts import receipts
from connectors.courts.desk import Desk
from connectors.courts.pages import Page, Row, moment, near

_XML, _PDF = "Descargar acuse (XML)", "Descargar acuse (PDF)"
_SHOWN = re.compile(r"Mostrando (\d+)-(\d+) de (\d+) presentaciones")
_NONE = "0 presentaciones"
_STAGES = {
    "presentado": Stage.FILED,
    "rechazado": Stage.NOT_ADMITTED,
    "repartido": Stage.DISTRIBUTED,
    "subsanacion": Stage.CORRECTION,
    "subsanado": Stage.DISTRIBUTED,
    "admitido": Stage.ADMITTED,
    "inadmitido": Stage.NOT_ADMITTED,
    "requerido": Stage.DEMANDED,
    "requerimiento_negativo": Stage.NOT_FOUND,
    "pagado": Stage.PAID,
    "oposicion": Stage.OPPOSED,
    "decreto": Stage.DECREE,
    "archivado": Stage.CLOSED,
}


def sent(desk: Desk, since: datetime) -> tuple[SentEntry, ...]:
    """See `CourtSession.sent`."""
    return tuple(_entry(row) for row in _rows(desk, since=since))


def _rows(desk: Desk, *, since: datetime | None = None, query: str = "") -> list[Row]:
    """Every row of the tray, proved against the count that the portal gives."""
    day = since.astimezone(clock.zone(_zone(desk))).strftime("%d/%m/%Y") if since else ""
    rows: list[Row] = []
    for number in range(1, desk.entry.limites.paginas + 1):
        address = f"enviados?q={quote(query)}&desde={quote(day)}&hasta=&pagina={number}"
        page = desk.open(address, "Enviados", doing="leer la bandeja de enviados")
        if page.alerts:
            raise PortalChanged(f"La bandeja de enviados dice: {' '.join(page.alerts)}")
        total, last = _count(page)
        table = page.table("Enviados")
        rows += table.rows if table else ()
        if table:
            table.need("Registro", "Presentado", "Referencia", "Demandado", "Cuantía")
        if last != len(rows):
            raise PortalDown(f"La bandeja de enviados dice {last} y enseña {len(rows)}; ha cambiado al leerla.")
        if len(rows) >= total:
            return rows
    raise PortalChanged("La bandeja de enviados no se acaba.")


def _count(page: Page) -> tuple[int, int]:
    """How many there are, and the number of the last one shown."""
    for text in page.statuses:
        found = _SHOWN.search(text)
        if found:
            return int(found[3]), int(found[2])
        if text.startswith(_NONE):
            return 0, 0
    raise PortalChanged(f"La bandeja ya no dice cuántas presentaciones hay; {near(['Mostrando'], page.statuses)}.")


def _entry(row: Row) -> SentEntry:
    return SentEntry(
        registry=row.first["Registro"],
        filed_at=moment(row.times.get("Presentado", ""), "Presentado"),
        reference=row.cells["Referencia"],
        defendant=row.cells["Demandado"],
        amount=row.cells["Cuantía"],
        sha256=tuple(row.data.get("huellas", "").lower().split()),
    )


def receipt(desk: Desk, registry: str) -> Receipt:
    """See `CourtSession.receipt`."""
    row = _of(desk, registry)
    address = row.links.get(f"Ver acuse de {row.first['Registro']}", "")
    page = desk.open(address, desk.words.receipt, doing="abrir el acuse")
    return receipt_of(desk, page)


def receipt_of(desk: Desk, page: Page) -> Receipt:
    """The receipt of the page that follows a filing; its code is checked where anybody may check it."""
    for name in (_XML, _PDF):
        if name not in page.links:
            raise PortalChanged(f"En el acuse no está «{name}»; {near([name], list(page.links))}.")
    xml = desk.surface.fetch(page.links[_XML])
    pdf = desk.surface.fetch(page.links[_PDF])
    read = receipts.read(xml, pdf, desk.entry.authority_file())
    return receipts.confirm(read, _told_by_code(desk, read.csv))


def _told_by_code(desk: Desk, code: str) -> tuple[str, tuple[str, ...]]:
    """What the page says that checks verification codes: registry number and hashes."""
    page = desk.open(f"csv?codigo={quote(code)}", "Verificación de documentos", doing="comprobar el CSV")
    table = page.table("Huellas")
    if table is None:
        return "", ()
    return page.fact("Número de registro"), tuple(row.cells["SHA-256"].lower() for row in table.rows)


def status(desk: Desk, registry: str) -> CaseStatus:
    """See `CourtSession.status`; a number that the court changed leads to the case all the same."""
    row = _of(desk, registry)
    address = row.links.get(f"Ver asunto de {row.first['Registro']}", "")
    page = desk.open(address, "Estado del asunto", doing="leer el estado del asunto")
    stage = _STAGES.get(page.states.get("Estado", ""))
    if stage is None:
        raise PortalChanged(f"El asunto está en «{page.fact('Estado')}», que no se conoce.")
    history = page.table("Historial")
    last = history.rows[-1] if history and history.rows else None
    if last is None:
        raise PortalChanged("El asunto ya no trae su historial.")
    number = page.fact("Número de procedimiento")
    return CaseStatus(
        registry=page.fact("Número de registro"),
        stage=stage,
        since=moment(last.times.get("Fecha", ""), "Historial"),
        court=page.fact("Órgano"),
        number="" if number.startswith("Pendiente") else number,
        general_id=page.facts.get("NIG", ""),
        reasons=page.lists.get("Motivos", ()),
        answer_by=spanish.day(page.facts["Fecha límite"]) if "Fecha límite" in page.facts else None,
    )


def notifications(desk: Desk, since: datetime) -> tuple[Notification, ...]:
    """See `CourtSession.notifications`."""
    page = desk.open("notificaciones", "Notificaciones", doing="leer las notificaciones")
    table = page.table("Notificaciones")
    if table is None:
        if any("No hay notificaciones" in text for text in page.tree.xpath("//p/text()")):
            return ()
        raise PortalChanged("La página no trae ni notificaciones ni el aviso de que no las hay.")
    table.need("Notificación", "Puesta a disposición", "Registro", "Contenido", "Abrir antes de", "Estado")
    found = (_notice(row) for row in table.rows)
    return tuple(each for each in found if each.available_at >= since)


def _notice(row: Row) -> Notification:
    until, opened = row.times.get("Abrir antes de", ""), row.times.get("Abierta", "")
    try:
        served_by = spanish.day(until[:10]) if until else None
    except FormatError as exc:
        raise PortalChanged(f"El plazo de la notificación no se entiende: {exc.message}") from exc
    return Notification(
        id=row.cells["Notificación"],
        registry=row.cells["Registro"],
        title=row.cells["Contenido"],
        available_at=moment(row.times.get("Puesta a disposición", ""), "Puesta a disposición"),
        served_by=served_by,
        opened_at=moment(opened, "Abierta") if opened else None,
    )


def open_notice(desk: Desk, notification: str) -> OpenedNotification:
    """See `CourtSession.open`."""
    heading = f"Notificación {notification}"
    page = desk.open(f"notificaciones/{quote(notification)}", heading, doing="ver la notificación")
    if "Abrir notificación" in page.buttons:
        page = desk.press("Abrir notificación", heading, doing="abrir la notificación")
    letter = page.links.get("Descargar resolución (PDF)")
    if letter is None:
        raise PortalChanged("La notificación abierta no trae la resolución.")
    proof = page.links.get("Descargar justificante de apertura (PDF)")
    opened = page.times.get("Abierta el", "")
    until = page.times.get("Abrir antes de", "")
    return OpenedNotification(
        notification=Notification(
            id=notification,
            registry=page.fact("Registro"),
            title=page.fact("Contenido"),
            available_at=moment(page.times.get("Puesta a disposición", ""), "Puesta a disposición"),
            served_by=spanish.day(until[:10]) if until else None,
            opened_at=moment(opened, "Abierta el") if opened else None,
        ),
        files={"resolucion.pdf": desk.surface.fetch(letter)},
        receipt=desk.surface.fetch(proof) if proof else b"",
    )


def _of(desk: Desk, registry: str) -> Row:
    """The row of a filing, by its number or a former one.

    Raises:
        PortalChanged: it was there and is not any more.
    """
    rows = _rows(desk, query=registry)
    for row in rows:
        if registry == row.first["Registro"] or f"antes {registry}" in row.cells["Registro"]:
            return row
    raise PortalChanged(f"En la bandeja de enviados ya no está {registry}.")


def _zone(desk: Desk) -> str:
    return requirements(desk.entry.slug).presentacion.zona
