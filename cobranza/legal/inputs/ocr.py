"""A text layer for pages that have none: ocrmypdf with tesseract, the look of the pages untouched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

from cobranza.legal.inputs.verdict import MIB

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job


def read(job: Job, source: Path, pages: Sequence[int], *, deskew: bool = False, over: bool = False) -> Path | None:
    """A copy of `source` with the text of `pages` (from 0) behind them; None when the OCR did not get through.

    Pages that lie on their side are turned upright. With `deskew` slanted pictures are redrawn straight; with `over`
    pages that hold some words already are read too, those words left alone.
    """
    if not job.tools.tesseract:
        job.note(
            "sin_ocr",
            "No está instalado tesseract: las páginas escaneadas van sin texto.",
            "Instale tesseract-ocr y tesseract-ocr-spa.",
        )
        return None
    import ocrmypdf
    from ocrmypdf.exceptions import ExitCodeException

    target = job.scratch()
    job.more(job.limits.seconds + job.limits.seconds_page * len(pages))
    options: dict[str, Any] = {
        "language": job.tools.languages.split("+"),
        "output_type": "pdf",
        "mode": "redo" if over else "skip",
        "pages": ",".join(str(number + 1) for number in pages),
        "rasterizer": "pypdfium",
        "optimize": 0,
        "rotate_pages": True,
        "deskew": deskew,
        "jobs": 1,
        "use_threads": True,
        "progress_bar": False,
        "tesseract_timeout": float(job.limits.seconds_page),
        "tesseract_non_ocr_timeout": float(job.limits.seconds_page),
        "max_image_mpixels": job.limits.pixels / MIB * 1.05,
        "fast_web_view": 0,
    }
    try:
        ended = ocrmypdf.ocr(source, target, **options)
    except (ExitCodeException, OSError, ValueError, RuntimeError) as exc:
        job.note(
            "ocr_fallido",
            f"El OCR no ha podido leer las páginas ({type(exc).__name__}): {str(exc)[:150]}",
            "Escanéelo de nuevo a 200 ppp.",
        )
        return None
    if int(ended) not in (0, 4, 10) or not target.is_file():
        return None
    steady = job.scratch()
    _steady(target, steady)
    return steady


def _steady(source: Path, target: Path) -> None:
    """ocrmypdf gives the text layer a name by chance and writes the time of day: neither may get into the bytes."""
    with pikepdf.open(source) as document:
        for key in (Name.Info, Name.ID):
            if key in document.trailer:
                del document.trailer[key]
        if Name.Metadata in document.Root:
            del document.Root[Name.Metadata]
        for page in document.pages:
            objects = page.resources.get(Name.XObject)
            if not isinstance(objects, Dictionary):
                continue
            names = sorted(each for each in list(objects.keys()) if each.startswith("/OCR-"))
            for number, name in enumerate(names):
                objects[f"/OCR{number}"] = objects[name]
                del objects[name]
                contents = page.obj.get(Name.Contents)
                for stream in contents if isinstance(contents, Array) else [contents]:
                    if isinstance(stream, Stream):
                        content = stream.read_bytes()
                        if name.encode() in content:
                            stream.write(content.replace(name.encode(), f"/OCR{number}".encode()))
        document.save(target, deterministic_id=True)
