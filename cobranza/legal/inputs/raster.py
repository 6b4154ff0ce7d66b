"""Pages as pictures: for what cannot be kept as it is, and for what must surely be gone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import img2pdf
import pypdfium2
from PIL import Image

if TYPE_CHECKING:
    from cobranza.legal.inputs.conversion import Job

DPI = 200
_QUALITY = 85
_GREY = 12


def picture(page: pypdfium2.PdfPage, dpi: int = DPI) -> Image.Image:
    """A page as it is seen; grey when it holds no colour."""
    bitmap = page.render(scale=dpi / 72, may_draw_forms=True)
    image: Image.Image = bitmap.to_pil().convert("RGB")
    bitmap.close()
    return image.convert("L") if _colourless(image) else image


def _colourless(image: Image.Image) -> bool:
    small = image.resize((64, 64), Image.Resampling.BILINEAR).tobytes()
    return all(max(small[at : at + 3]) - min(small[at : at + 3]) <= _GREY for at in range(0, len(small), 3))


def jpeg(image: Image.Image) -> bytes:
    """Bytes of a picture, the same every time."""
    output = io.BytesIO()
    image.save(output, "JPEG", quality=_QUALITY, optimize=True, dpi=(DPI, DPI))
    return output.getvalue()


def redraw(source: Path, target: Path, job: Job) -> bool:
    """Write `target` with each page of `source` as a picture of the same size; False when pdfium cannot draw it."""
    try:
        document = pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError:
        return False
    try:
        images, sizes = [], []
        for number in range(len(document)):
            page = document[number]
            width, height = page.get_size()
            dpi = min(DPI, int(72 * (job.limits.pixels / max(width * height, 1)) ** 0.5))
            images.append(jpeg(picture(page, max(dpi, 36))))
            sizes.append((width, height))
            page.close()
    except pypdfium2.PdfiumError:
        return False
    finally:
        document.close()
    pages(images, sizes, target)
    return True


def pages(images: list[bytes], sizes: list[tuple[float, float]], target: Path) -> None:
    """Write a PDF with one image on each page, page sizes in points."""
    import pikepdf

    whole = pikepdf.Pdf.new()
    for image, size in zip(images, sizes, strict=True):
        content = img2pdf.convert(
            image, layout_fun=img2pdf.get_fixed_dpi_layout_fun((DPI, DPI)), nodate=True, rotation=img2pdf.Rotation.none
        )
        with pikepdf.open(io.BytesIO(content)) as one:
            page = one.pages[0]
            width, height = (float(each) for each in list(page.mediabox)[2:])
            page.obj[pikepdf.Name.MediaBox] = pikepdf.Array([0, 0, *size])
            for key in (pikepdf.Name.CropBox, pikepdf.Name.BleedBox, pikepdf.Name.TrimBox, pikepdf.Name.ArtBox):
                if key in page.obj:
                    del page.obj[key]
            page.contents_add(f"q {size[0] / width:.6f} 0 0 {size[1] / height:.6f} 0 0 cm".encode(), prepend=True)
            page.contents_add(b"Q")
            whole.pages.append(page)
    whole.save(target, deterministic_id=True)
