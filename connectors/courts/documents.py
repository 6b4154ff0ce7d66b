"""The step of the documents: what the draft holds, what the virus scanner says, uploading, taking out."""

from __future__ import annotations

from cobranza.legal.package import PackageFile
from cobranza.legal.ports import Draft, FilingRefused, Objection, PortalChanged, Scan, Uploaded
from connectors.courts import words
from connectors.courts.desk import Desk
from connectors.courts.errors import objections, refuse, stray
from connectors.courts.pages import Page, near

_DOCUMENTS, _SUMMARY, _TABLE = "Documentos", "Resumen del envío", "Documentos"
_SCANS = {"pendiente": Scan.PENDING, "limpio": Scan.CLEAN, "infectado": Scan.INFECTED}
_FIELDS = ("Fichero", "Tipo de documento", "Descripción")


def drafts(desk: Desk) -> tuple[Draft, ...]:
    """See `CourtSession.drafts`; without their files."""
    page = desk.open("borradores", "Borradores", doing="leer los borradores")
    table = page.table("Borradores")
    found = table.rows if table else ()
    if table:
        table.need("Envío", "Referencia")
    count = next((text.split()[0] for text in page.statuses if text.endswith("borradores.")), "")
    if count != str(len(found)):
        raise PortalChanged(f"El portal dice «{count or 'nada'}» borradores y la lista enseña {len(found)}.")
    return tuple(Draft(id=row.cells["Envío"], reference=row.cells["Referencia"], step="") for row in found)


def read(desk: Desk, draft: str) -> Draft | None:
    """See `CourtSession.read`."""
    desk.surface.note(f"leer el borrador {draft}")
    desk.surface.open(f"borradores/{draft}")
    page = desk.look(doing="abrir el borrador")
    if page.heading == words.NOT_THERE:
        return None
    page = desk.open(f"borradores/{draft}/documentos", _DOCUMENTS, words.NOT_THERE, doing="leer los documentos")
    # The list of drafts still shows it and its documents cannot be opened any more: it was sent.
    sent = page.heading == words.NOT_THERE
    return Draft(id=draft, reference="", step="enviado" if sent else "documentos", files=() if sent else _files(page))


def upload(desk: Desk, draft: str, file: PackageFile, content: bytes) -> Uploaded:
    """See `CourtSession.upload`."""
    page = _page(desk, draft)
    for label in _FIELDS:
        page.control(label)
    offered = page.options("Tipo de documento")
    if file.catalogue not in {each.value for each in offered}:
        told = near([file.catalogue], [f"{each.value} {each.label}" for each in offered if each.value])
        raise PortalChanged(f"El catálogo del portal ya no tiene «{file.catalogue}»; {told}.")
    surface = desk.surface
    surface.attach("Fichero", file.name, content, file.media_type)
    surface.choose("Tipo de documento", file.catalogue)
    surface.fill("Descripción", file.title)
    surface.fill("Orden", "")
    page = _pressed(desk, file)
    for each in reversed(_files(page)):
        if each.name == file.name:
            return each
    raise PortalChanged(f"Se ha subido «{file.name}» y no está en la lista de documentos.")


def _pressed(desk: Desk, file: PackageFile) -> Page:
    limit = desk.entry.limites.subida_segundos
    try:
        page = desk.press("Subir documento", _DOCUMENTS, doing=f"subir {file.name}", seconds=limit)
    except FilingRefused as exc:  # a page of its own, for what the server does not even read
        raise FilingRefused(
            exc.message, [Objection(code=each.code, text=each.text, file=file.name) for each in exc.objections]
        ) from exc
    refuse(page, file.name, file.name)
    return page


def remove(desk: Desk, draft: str, name: str) -> None:
    """See `CourtSession.remove`."""
    _page(desk, draft)
    desk.press(f"Quitar {name}", _DOCUMENTS, doing=f"quitar {name}")


def ready(desk: Desk, draft: str) -> tuple[Objection, ...]:
    """See `CourtSession.objections`: walks on to the signature and says what stops it."""
    page = _page(desk, draft)
    waiting = [each for each in _files(page) if each.scan is not Scan.CLEAN]
    if waiting:
        return tuple(Objection(code="antivirus", text="Pendiente de análisis.", file=each.name) for each in waiting)
    page = desk.press("Continuar", _SUMMARY, _DOCUMENTS, doing="dejar los documentos")
    if page.heading == _DOCUMENTS or page.reasons:
        return objections(page.reasons) or (Objection(code="documentos", text="El portal no deja seguir."),)
    if desk.words.copy and page.has(desk.words.copy):  # asked of a first filing only
        if desk.entry.extra.get("copia_enviada") != "si":
            text = "Hay que declarar que se ha enviado copia al demandado, y no consta."
            return (Objection(code="copia_demandado", text=text),)
        desk.surface.tick(desk.words.copy)
    page = desk.press("Continuar a la firma", doing="dejar el resumen")
    error = stray(page)
    if error is not None:
        raise error
    return objections(page.reasons)


def _page(desk: Desk, draft: str) -> Page:
    return desk.open(f"borradores/{draft}/documentos", _DOCUMENTS, doing="abrir los documentos")


def _files(page: Page) -> tuple[Uploaded, ...]:
    table = page.table(_TABLE)
    if table is None:
        if any("Todavía no hay documentos" in text for text in page.tree.xpath("//p/text()")):
            return ()
        raise PortalChanged("La página de documentos no trae ni documentos ni el aviso de que no los hay.")
    table.need("Orden", "Fichero", "SHA-256", "Antivirus")
    found = []
    for row in table.rows:
        state = row.cells["Antivirus"].lower()
        if state not in _SCANS:
            raise PortalChanged(f"El antivirus del portal dice «{row.cells['Antivirus']}».")
        name = row.cells["Fichero"]
        found.append(Uploaded(id=name, name=name, size=0, sha256=row.cells["SHA-256"].lower(), scan=_SCANS[state]))
    return tuple(found)
