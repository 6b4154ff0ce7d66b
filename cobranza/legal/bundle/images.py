"""Images inside PDF pages made to fit a portal: resolution, grey, bytes for each; the text of a page is left alone."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Name, PdfImage
from PIL import Image

KIB = 1024
_QUALITIES = (75, 62, 50, 40)
_LADDER = (1.0, 0.8, 0.66, 0.5, 0.4)
_SMALL = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the images of a file have to be; 0 and False for anything.

    Attributes:
        dpi: Highest resolution as placed on the page.
        grey: No colour.
        kb: Largest image, in KiB.
        quality: Of JPEG, for images that are made anew without a limit in bytes.
    """

    dpi: int = 0
    grey: bool = False
    kb: int = 0
    quality: int = 75


@dataclass(frozen=True, slots=True)
class Placed:
    """An image as one page places it."""

    page: int
    image: pikepdf.Stream
    dpi: float
    size: int
    grey: bool


def placed(pdf: pikepdf.Pdf) -> Iterator[Placed]:
    """Images of every page with the resolution at which they are placed; tiny ones are left out."""
    for number, page in enumerate(pdf.pages, start=1):
        resources = page.obj.get("/Resources")
        if resources is None or "/XObject" not in resources:
            continue
        for image, width, height in _drawn(page, resources, (1, 0, 0, 1, 0, 0), 0):
            across, down = int(image.Width), int(image.Height)
            if min(across, down) < _SMALL or width <= 0 or height <= 0:
                continue
            dpi = max(across / width, down / height) * 72
            yield Placed(number, image, dpi, len(image.read_raw_bytes()), _is_grey(image))


def offends(found: Placed, wanted: Wanted) -> bool:
    """The image is not as wanted; a hair above the resolution is the rounding of pages, not an offence."""
    if wanted.dpi and found.dpi > wanted.dpi * 1.02:
        return True
    if wanted.grey and not found.grey:
        return True
    return bool(wanted.kb) and found.size > wanted.kb * KIB


def adapt(pdf: pikepdf.Pdf, wanted: Wanted) -> tuple[int, tuple[int, ...]]:
    """Make the images of an open PDF as wanted.

    Returns:
        How many were made anew, and the pages where one could not be brought below `wanted.kb`.
    """
    done = 0
    failed: list[int] = []
    seen: set[tuple[int, int]] = set()
    for found in list(placed(pdf)):
        if found.image.objgen in seen or not offends(found, wanted):
            continue
        seen.add(found.image.objgen)
        if _remake(found, wanted):
            done += 1
        else:
            failed.append(found.page)
    return done, tuple(failed)


def adapted(file: Path, out: Path, wanted: Wanted) -> bool:
    """Write a copy of `file` whose images are as wanted, without any claim of PDF/A; False when nothing changed."""
    with pikepdf.open(file) as pdf:
        done, _ = adapt(pdf, wanted)
        if done:
            pdf.save(out, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    return bool(done)


def _remake(found: Placed, wanted: Wanted) -> bool:
    stream = found.image
    if "/SMask" in stream or "/Mask" in stream or stream.get("/ImageMask", False):
        return not wanted.kb or found.size <= wanted.kb * KIB
    try:
        picture: Image.Image = PdfImage(stream).as_pil_image()
    except (pikepdf.PdfError, NotImplementedError, ValueError, OSError, TypeError):
        return False
    grey = wanted.grey or picture.mode in ("1", "L")
    picture = picture.convert("L" if grey else "RGB")
    scale = min(1.0, wanted.dpi / found.dpi) if wanted.dpi else 1.0
    for step in _LADDER:
        smaller = _scaled(picture, scale * step)
        for quality in _QUALITIES if wanted.kb else (wanted.quality,):
            content = _jpeg(smaller, quality)
            if not wanted.kb or len(content) <= wanted.kb * KIB:
                _replace(stream, content, smaller, grey=grey)
                return True
    return False


def _scaled(picture: Image.Image, scale: float) -> Image.Image:
    if scale >= 1.0:
        return picture
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


def _replace(stream: pikepdf.Stream, content: bytes, picture: Image.Image, *, grey: bool) -> None:
    for key in ("/DecodeParms", "/Decode", "/Intent", "/Interpolate", "/Metadata"):
        if key in stream:
            del stream[key]
    stream.write(content, filter=Name.DCTDecode)
    stream.Width, stream.Height = picture.width, picture.height
    stream.BitsPerComponent = 8
    stream.ColorSpace = Name.DeviceGray if grey else Name.DeviceRGB


def _is_grey(image: pikepdf.Stream) -> bool:
    if image.get("/ImageMask", False):
        return True
    try:
        return PdfImage(image).mode in ("1", "L")
    except (pikepdf.PdfError, NotImplementedError, ValueError):
        return False


_Matrix = tuple[float, float, float, float, float, float]


def _drawn(
    owner: pikepdf.Page | pikepdf.Stream, resources: pikepdf.Object, start: _Matrix, depth: int
) -> Iterator[tuple[pikepdf.Stream, float, float]]:
    """Images that a content stream draws, with the width and height of their place, in points."""
    objects: Mapping[str, pikepdf.Object] = dict(resources.get("/XObject", pikepdf.Dictionary()).items())
    matrix, stack = start, list[_Matrix]()
    try:
        operations = pikepdf.parse_content_stream(owner, "q Q cm Do")
    except pikepdf.PdfError:
        return
    for each in operations:
        operands = each.operands
        match str(each.operator):
            case "q":
                stack.append(matrix)
            case "Q" if stack:
                matrix = stack.pop()
            case "cm":
                matrix = _times(tuple(float(value) for value in operands), matrix)  # type: ignore[arg-type]
            case "Do":
                drawn = objects.get(str(operands[0]))
                if not isinstance(drawn, pikepdf.Stream):
                    continue
                if drawn.get("/Subtype") == "/Image":
                    yield drawn, (matrix[0] ** 2 + matrix[1] ** 2) ** 0.5, (matrix[2] ** 2 + matrix[3] ** 2) ** 0.5
                elif drawn.get("/Subtype") == "/Form" and depth < 4:
                    inner = drawn.get("/Matrix")
                    own = tuple(float(value) for value in inner) if inner is not None else (1, 0, 0, 1, 0, 0)
                    yield from _drawn(drawn, drawn.get("/Resources", resources), _times(own, matrix), depth + 1)  # type: ignore[arg-type]


def _times(one: _Matrix, other: _Matrix) -> _Matrix:
    a, b, c, d, e, f = one
    p, q, r, s, t, u = other
    return (a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u)
