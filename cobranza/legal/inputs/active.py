"""What a PDF would do by itself: found, named in Spanish, taken out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf

from cobranza.legal.inputs.objects import DEEP, dictionary, form_fields, items

_ACTIONS = {
    "/JavaScript": "JavaScript",
    "/Launch": "órdenes de abrir programas",
    "/ImportData": "importación de datos",
    "/SubmitForm": "envío de formularios",
    "/ResetForm": "borrado de formularios",
    "/Rendition": "multimedia",
    "/Movie": "multimedia",
    "/Sound": "multimedia",
    "/RichMediaExecute": "multimedia",
    "/GoToE": "saltos a ficheros incrustados",
    "/Hide": "campos que se ocultan",
    "/SetOCGState": "capas que cambian",
    "/Trans": "transiciones",
    "/GoTo3DView": "vistas 3D",
}
_ANNOTATIONS = {
    "/RichMedia": "multimedia",
    "/Movie": "multimedia",
    "/Sound": "multimedia",
    "/Screen": "multimedia",
    "/3D": "vistas 3D",
    "/FileAttachment": "ficheros incrustados",
}


def attachments(pdf: Pdf) -> Iterator[str]:
    """Names of the embedded files."""
    try:
        yield from pdf.attachments.keys()
    except (pikepdf.PdfError, ValueError, TypeError, RuntimeError):
        yield "sin nombre"
    for page in pdf.pages:
        for each in items(page.obj.get(Name.Annots)):
            if each.get(Name.Subtype) == Name.FileAttachment:
                spec = dictionary(each.get(Name.FS))
                yield str(spec.get(Name.UF, spec.get(Name.F, "sin nombre"))) if spec is not None else "sin nombre"


def active(pdf: Pdf, attached: tuple[str, ...]) -> Iterator[str]:
    """Kinds of active content, in Spanish, some of them more than once."""
    root = pdf.Root
    yield from _action(root.get(Name.OpenAction))
    yield from _additional(root)
    names = dictionary(root.get(Name.Names))
    if names is not None and Name.JavaScript in names:
        yield "JavaScript"
    if attached or (names is not None and Name.EmbeddedFiles in names):
        yield "ficheros incrustados"
    form = dictionary(root.get(Name.AcroForm))
    if form is not None and Name.XFA in form:
        yield "formulario XFA"
    for each in form_fields(pdf):
        yield from _action(each.get(Name.A))
        yield from _additional(each)
    for page in pdf.pages:
        yield from _additional(page.obj)
        for each in items(page.obj.get(Name.Annots)):
            kind = _ANNOTATIONS.get(str(each.get(Name.Subtype)))
            if kind is not None:
                yield kind
            yield from _action(each.get(Name.A))
            yield from _additional(each)


def _additional(holder: Any) -> Iterator[str]:
    actions = dictionary(holder.get(Name.AA))
    if actions is not None:
        for key in list(actions.keys()):
            yield from _action(actions.get(key))


def _action(action: Object | None, depth: int = 0) -> Iterator[str]:
    action = dictionary(action)
    if action is None or depth > DEEP:
        return
    kind = _ACTIONS.get(str(action.get(Name.S)))
    if kind is not None:
        yield kind
    following = action.get(Name.Next)
    for each in items(following) if isinstance(following, Array) else [following]:
        yield from _action(each, depth + 1)


def strip(pdf: Pdf) -> None:
    """Take out everything that `Facts.active` names, and all other actions but links and jumps."""
    root = pdf.Root
    for key in (Name.AA, Name.OpenAction, Name.Collection, Name.Perms, Name.Legal, Name.NeedsRendering, Name.DSS):
        if key in root:
            del root[key]
    names = dictionary(root.get(Name.Names))
    if names is not None:
        for key in (Name.JavaScript, Name.EmbeddedFiles, Name.AlternatePresentations, Name.Renditions):
            if key in names:
                del names[key]
        if not len(names.keys()):
            del root[Name.Names]
    if Name.AF in root:
        del root[Name.AF]
    form = dictionary(root.get(Name.AcroForm))
    if form is not None and Name.XFA in form:
        del form[Name.XFA]
    for holder in form_fields(pdf):
        _strip_actions(holder)
    for page in pdf.pages:
        for key in (Name.AA, Name.AF):
            if key in page.obj:
                del page.obj[key]
        kept = []
        annotations = items(page.obj.get(Name.Annots))
        for each in annotations:
            if str(each.get(Name.Subtype)) in _ANNOTATIONS:
                continue
            _strip_actions(each)
            kept.append(each)
        if len(kept) != len(annotations):
            page.obj[Name.Annots] = Array(kept)


def _strip_actions(holder: Dictionary) -> None:
    if Name.AA in holder:
        del holder[Name.AA]
    if any(True for _ in _action(holder.get(Name.A))):
        del holder[Name.A]
