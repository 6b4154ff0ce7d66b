"""Pictures and scans as image files: PNG, JPEG, TIFF with any number of pages."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import img2pdf
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from cobranza.legal.inputs import ocr, raster
from cobranza.legal.inputs.verdict import reject

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

_A4 = (595.276, 841.89)
_SMALLEST, _LARGEST = 100, 1300
_FORMATS = ("PNG", "JPEG", "TIFF")


def to_pdf(job: Job, source: Path) -> Path:
    """The pictures as pages with a text layer; JPEG and PNG data go in as they are where they can.

    Raises:
        Rejected: it is broken, too large when unpacked, or has too many pages.
    """
    drawn = job.scratch()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            Image.MAX_IMAGE_PIXELS = None  # our own limit follows, before anything is unpacked
            with Image.open(source, formats=_FORMATS) as image:
                _pages(job, source, image, drawn)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, img2pdf.ImageOpenError) as exc:
        raise reject(
            "danado", f"La imagen está dañada ({type(exc).__name__}).", "Escanéela o expórtela de nuevo."
        ) from exc
    count = _count(drawn)
    read = ocr.read(job, drawn, range(count), deskew=True)
    job.note("ocr", f"Texto leído por OCR en {count} de {count} páginas: puede contener errores.")
    return read or drawn


def _count(file: Path) -> int:
    import pikepdf

    with pikepdf.open(file) as document:
        return len(document.pages)


def _pages(job: Job, source: Path, image: Image.Image, target: Path) -> None:
    frames = getattr(image, "n_frames", 1)
    if frames > job.limits.pages:
        raise reject(
            "demasiadas_paginas", f"Tiene {frames} páginas y el máximo es {job.limits.pages}.", "Divídalo en partes."
        )
    contents, sizes = [], []
    for frame in ImageSequence.Iterator(image):
        width, height = frame.size
        if width * height > job.limits.pixels:
            raise reject(
                "demasiado_grande",
                f"La imagen mide {width} × {height} píxeles; el máximo son {job.limits.pixels // 1_000_000} millones.",
                "Redúzcala o escanéela a 200 ppp.",
            )
        content, seen = _content(job, source, image, frame, frames)
        contents.append(content)
        sizes.append(_page_size(seen, frame.info.get("dpi")))
    raster.pages(contents, sizes, target)


def _content(
    job: Job, source: Path, image: Image.Image, frame: Image.Image, frames: int
) -> tuple[bytes, tuple[int, int]]:
    """Bytes that a PDF can carry, and the picture's size as it is seen."""
    turned = int(frame.getexif().get(274, 1)) != 1
    if image.format == "JPEG" and frames == 1 and not turned and image.mode in ("L", "RGB"):
        return source.read_bytes(), image.size
    if turned:
        frame = ImageOps.exif_transpose(frame)
    if frame.mode in ("RGBA", "LA", "PA") or "transparency" in frame.info:
        clear = frame.convert("RGBA")
        sheet = Image.new("RGB", clear.size, "white")
        sheet.paste(clear, mask=clear.getchannel("A"))
        flat: Image.Image = sheet
    elif frame.mode in ("1", "L", "RGB"):
        flat = frame.copy()
    elif frame.mode.startswith("I") or frame.mode == "F":
        job.note("imagen_convertida", "La imagen tenía más de 8 bits por punto y se ha reducido a grises de 8.")
        flat = frame.convert("I").point(lambda value: value / 256).convert("L")
    else:
        flat = frame.convert("RGB")
    if image.format == "JPEG":
        return raster.jpeg(flat), flat.size
    flat.info.clear()
    output = io.BytesIO()
    flat.save(output, "PNG")
    return output.getvalue(), flat.size


def _page_size(pixels: tuple[int, int], dpi: object) -> tuple[float, float]:
    """Its own size where it says a likely one; else as large as fits on A4, on the side that suits it."""
    if isinstance(dpi, tuple) and len(dpi) == 2 and min(float(dpi[0]), float(dpi[1])) > 1:
        size = pixels[0] / float(dpi[0]) * 72, pixels[1] / float(dpi[1]) * 72
        if min(size) >= _SMALLEST and max(size) <= _LARGEST:
            return size
    sheet = _A4 if pixels[1] >= pixels[0] else (_A4[1], _A4[0])
    scale = min(sheet[0] / pixels[0], sheet[1] / pixels[1])
    return pixels[0] * scale, pixels[1] * scale
