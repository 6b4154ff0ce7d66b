"""Every cause for which a portal is known to refuse a filing, looked for before anything is sent.

`check` reads the files themselves, never what was said of them when they were made: it is the last look of the
package's builder and the first of the filing robot.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pypdfium2
from stdnum import exceptions as stdnum_errors
from stdnum.ar import cuit
from stdnum.cl import rut
from stdnum.co import nit
from stdnum.es import nif
from stdnum.mx import rfc
from stdnum.pe import ruc

from cobranza.legal.bundle import images, names
from cobranza.legal.bundle.images import Wanted
from cobranza.legal.bundle.signing import LEVELS, is_signed, level_of
from cobranza.legal.case import Case, DocumentKind
from cobranza.legal.package import Package, PackageFile
from cobranza.legal.ports import Objection
from cobranza.legal.requirements import Limits, Requirements

_MAGIC = {
    "pdf": (b"%PDF-",),
    "png": (b"\x89PNG",),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "tif": (b"II*\x00", b"MM\x00*"),
    "tiff": (b"II*\x00", b"MM\x00*"),
    "zip": (b"PK\x03\x04",),
    "odt": (b"PK\x03\x04",),
    "docx": (b"PK\x03\x04",),
    "rtf": (b"{\\rtf",),
}
_TAX_IDS = {"ES": nif, "CO": nit, "MX": rfc, "PE": ruc, "CL": rut, "AR": cuit}
_ACTIVE = ("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToE", "/Sound", "/Movie", "/RichMedia")
_MIB = 1024 * 1024


def check(
    case: Case, package: Package, folder: Path, asked: Requirements, *, unsigned_blocks: bool = True
) -> tuple[Objection, ...]:
    """What the portal would refuse, the grave first.

    Args:
        case: What is claimed.
        package: Files in order.
        folder: Where they lie.
        asked: Of the court.
        unsigned_blocks: A signature that is asked and missing blocks; False while it is still to be made.
    """
    found = [*_claim(case, package, asked), *_whole(package, asked.limites), *_catalogue(package, asked)]
    for each in package.files:
        found += file_objections(folder / each.name, each, asked.limites, unsigned_blocks=unsigned_blocks)
    if asked.limites.verificado is None:
        text = f"Nadie ha comprobado en su fuente los límites de {asked.nombre} ({asked.limites.fuente})."
        found.append(Objection(code="limites_sin_verificar", text=text, blocking=False))
    return tuple(sorted(found, key=lambda each: not each.blocking))


def file_objections(
    file: Path, each: PackageFile, limits: Limits, *, unsigned_blocks: bool = True
) -> Iterator[Objection]:
    """What the portal would refuse of one file."""

    def object_to(code: str, text: str, *, blocking: bool = True) -> Objection:
        return Objection(code=code, text=f"{each.name}: {text}", file=each.name, blocking=blocking)

    if not names.allowed(each.name, limits):
        yield object_to("nombre", f"el nombre pasa de {limits.nombre_maximo} caracteres o lleva alguno no admitido.")
    suffix = each.name.rpartition(".")[2].lower()
    formats = limits.escrito if each.role == "escrito" else limits.formatos
    if suffix not in formats:
        yield object_to("formato", f"el portal admite {', '.join(formats)}, no «{suffix}».")
    try:
        size = file.stat().st_size
        with file.open("rb") as content:
            head = content.read(1024)
    except OSError:
        yield object_to("falta", "no está en la carpeta.")
        return
    if size == 0:
        yield object_to("vacio", "está vacío.")
        return
    if limits.por_fichero and size > limits.por_fichero:
        yield object_to(
            "tamano_fichero", f"ocupa {size / _MIB:.1f} MiB y el máximo es {limits.por_fichero / _MIB:.1f}."
        )
    if suffix in _MAGIC and not any(
        magic in head if suffix == "pdf" else head.startswith(magic) for magic in _MAGIC[suffix]
    ):
        yield object_to("contenido", f"no es un fichero {suffix}, aunque se llame así.")
        return
    if suffix == "pdf":
        yield from _pdf(file, each, limits, object_to_blocks=unsigned_blocks)


def _pdf(file: Path, each: PackageFile, limits: Limits, *, object_to_blocks: bool) -> Iterator[Objection]:
    def object_to(code: str, text: str, *, blocking: bool = True) -> Objection:
        return Objection(code=code, text=f"{each.name}: {text}", file=each.name, blocking=blocking)

    signed = is_signed(file)
    somebodys = signed and bool(each.source_sha256) and each.sha256 == each.source_sha256
    needed = limits.firma_escrito if each.role == "escrito" else limits.firma_anexos
    if needed and not signed:
        yield object_to("firma", "el portal pide que vaya firmado.", blocking=object_to_blocks)
    if limits.firma_nivel and signed and not somebodys:
        level = level_of(file)
        if level is None or LEVELS.index(level) < LEVELS.index(limits.firma_nivel):
            text = f"el portal pide una firma {limits.firma_nivel} y la que lleva es {level or 'ilegible'}."
            yield object_to("firma_nivel", text)
    try:
        with pikepdf.open(file) as pdf:
            if not len(pdf.pages):
                yield object_to("sin_paginas", "no tiene páginas.")
                return
            if pdf.is_encrypted:
                yield object_to("cifrado", "está cifrado.")
            active = _active(pdf)
            if active:
                yield object_to("activo", f"lleva contenido activo ({', '.join(active)}).", blocking=not somebodys)
            if limits.version_pdf and pdf.pdf_version != limits.version_pdf:
                text = f"es PDF {pdf.pdf_version} y se pide {limits.version_pdf}."
                yield object_to("version_pdf", text, blocking=not somebodys)
            if not somebodys:
                yield from _pictures(pdf, each, limits)
    except pikepdf.PasswordError:
        yield object_to("cifrado", "está cifrado.")
        return
    except pikepdf.PdfError:
        yield object_to("danado", "no se puede abrir.")
        return
    if limits.pdfa and each.pdfa != limits.pdfa:
        why = "es un original firmado y se presenta tal cual" if somebodys else "ningún conversor lo ha logrado"
        yield object_to("pdfa", f"no es PDF/A-{limits.pdfa}: {why}.", blocking=not somebodys)
    if limits.texto:
        blank = pages_without_text(file)
        if blank:
            told = ", ".join(str(page) for page in blank[:8])
            yield object_to("texto", f"sin texto que se pueda buscar en la página {told}.", blocking=not somebodys)


def pages_without_text(file: Path) -> tuple[int, ...]:
    """Pages, from 1, with pictures and no letter of text. An empty page asks for none."""
    document = pypdfium2.PdfDocument(file)
    found: list[int] = []
    try:
        for place in range(len(document)):
            page = document[place]
            text = page.get_textpage()
            if not text.count_chars() and next(page.get_objects(max_depth=2), None) is not None:
                found.append(place + 1)
            text.close()
            page.close()
    finally:
        document.close()
    return tuple(found)


def _pictures(pdf: pikepdf.Pdf, each: PackageFile, limits: Limits) -> Iterator[Objection]:
    if not (limits.ppp_maximo or limits.gris or limits.kb_por_imagen):
        return
    rules = (
        ("ppp", Wanted(dpi=limits.ppp_maximo), f"más de {limits.ppp_maximo} puntos por pulgada"),
        ("gris", Wanted(grey=limits.gris), "color, y se pide gris"),
        ("kb_por_imagen", Wanted(kb=limits.kb_por_imagen), f"más de {limits.kb_por_imagen} KB"),
    )
    found = list(images.placed(pdf))
    for code, wanted, what in rules:
        pages = sorted({place.page for place in found if images.offends(place, wanted)})
        if pages:
            told = ", ".join(str(page) for page in pages[:8])
            yield Objection(code=code, text=f"{each.name}: imágenes con {what} en la página {told}.", file=each.name)


def _active(pdf: pikepdf.Pdf) -> list[str]:
    """Actions that do something, wherever they are: every object, and what stands directly inside it."""
    found: set[str] = set()
    waiting: list[object] = [*pdf.objects, pdf.trailer]
    while waiting:
        item = waiting.pop()
        if isinstance(item, pikepdf.Array):
            waiting += [each for each in item if isinstance(each, pikepdf.Object) and not each.is_indirect]
        elif isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
            kind = item.get("/S")
            if isinstance(kind, pikepdf.Name) and str(kind) in _ACTIVE:
                found.add(str(kind).removeprefix("/"))
            if "/JS" in item:
                found.add("JavaScript")
            values = (value for _, value in item.items())
            waiting += [each for each in values if isinstance(each, pikepdf.Object) and not each.is_indirect]
    return sorted(found)


def _claim(case: Case, package: Package, asked: Requirements) -> Iterator[Objection]:
    if package.proceeding not in asked.procedimientos:
        yield Objection(code="procedimiento", text=f"{asked.nombre} no tiene el procedimiento «{package.proceeding}».")
    if case.country != asked.pais:
        yield Objection(code="pais", text=f"El expediente es de {case.country} y el portal, de {asked.pais}.")
    if case.total.amount <= 0:
        yield Objection(code="importe", text="No se reclama nada: el total es cero o menos.")
    for party in case.parties:
        kind = _TAX_IDS.get(party.country)
        if not party.tax_id:
            yield Objection(code="nif", text=f"Falta la identificación fiscal de {party.name}.", blocking=False)
        elif kind is not None:
            try:
                kind.validate(party.tax_id)
            except stdnum_errors.ValidationError:
                yield Objection(
                    code="nif", text=f"La identificación fiscal de {party.name} no es válida: {party.tax_id}."
                )
        if not party.address:
            yield Objection(code="domicilio", text=f"Falta el domicilio de {party.name}.", blocking=False)


def _whole(package: Package, limits: Limits) -> Iterator[Objection]:
    total = sum(each.size for each in package.files)
    if limits.por_envio and total > limits.por_envio:
        yield Objection(
            code="tamano_envio",
            text=f"El envío ocupa {total / _MIB:.1f} MiB y el máximo es {limits.por_envio / _MIB:.1f}.",
        )
    if limits.ficheros and len(package.files) > limits.ficheros:
        yield Objection(code="ficheros", text=f"Son {len(package.files)} ficheros y el máximo es {limits.ficheros}.")
    if [each.order for each in package.files] != list(range(1, len(package.files) + 1)):
        yield Objection(code="orden", text="Los ficheros no están numerados del primero al último.")
    writs = [each.order for each in package.files if each.role == "escrito"]
    if not writs or writs != list(range(1, len(writs) + 1)):
        yield Objection(code="escrito", text="El escrito principal no es el primero.")
    for name, times in Counter(each.name.lower() for each in package.files).items():
        if times > 1:
            yield Objection(code="nombre_repetido", text=f"Hay {times} ficheros llamados {name}.", file=name)
    for sha256, times in Counter(each.sha256 for each in package.files).items():
        if times > 1:
            same = [each.name for each in package.files if each.sha256 == sha256]
            yield Objection(code="fichero_repetido", text=f"Son el mismo fichero: {', '.join(same)}.", file=same[0])


def _catalogue(package: Package, asked: Requirements) -> Iterator[Objection]:
    codes = {each.codigo for each in asked.catalogo.values()}
    for each in package.files:
        if each.catalogue not in codes or not re.fullmatch("|".join(DocumentKind), each.kind):
            yield Objection(
                code="catalogo",
                text=f"{each.name}: «{each.catalogue}» no está en el catálogo del portal.",
                file=each.name,
            )
