"""Files brought to a portal's sizes: cut by pages, packed without loss, with smaller images; never signed ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pikepdf

from cobranza.legal.bundle import images, pdfa
from cobranza.legal.bundle.images import Wanted
from cobranza.legal.bundle.pdfa import Flavour, Proof

_RUNGS = (
    Wanted(dpi=200, quality=70),
    Wanted(dpi=150, quality=65),
    Wanted(dpi=150, grey=True, quality=55),
    Wanted(dpi=120, grey=True, quality=45),
    Wanted(dpi=100, grey=True, quality=35),
)
_OVERHEAD = 24 * 1024


class Press:
    """Makes smaller files of one document in a folder of its own.

    Args:
        folder: For what it makes.
        on: Day that the metadata bear.
        flavour: PDF/A level that the portal asks, "" for none.
        version: PDF version that it asks, "" for any.
    """

    def __init__(self, folder: Path, on: date, flavour: str = "", version: str = "") -> None:
        self._folder = folder
        self._on = on
        self._flavour: Flavour = flavour if flavour in ("1b", "2b", "3b") else "2b"  # type: ignore[assignment]
        self._version = version
        self._made = 0

    def split(self, file: Path, title: str, limit: int) -> list[tuple[Path, Proof]]:
        """The pages of `file` in as few files as `limit` bytes allow, in order; one page alone may still be larger."""
        with pikepdf.open(file) as pdf:
            runs: list[list[int]] = []
            held: set[tuple[int, int]] = set()
            room = 0
            for place, page in enumerate(pdf.pages):
                brought = _bytes_of(page)
                weight = sum(size for key, size in brought.items() if key not in held)
                if not runs or weight > room:
                    runs.append([])
                    held, room, weight = set(), limit - _OVERHEAD, sum(brought.values())
                runs[-1].append(place)
                held |= brought.keys()
                room -= weight
            pieces: list[tuple[Path, Proof]] = []
            for run in runs:
                pieces += self._fitting(pdf, run, title, limit)
        return pieces

    def lossless(self, file: Path, title: str) -> tuple[Path, Proof]:
        """The same content, packed as tightly as the format allows; never larger than before."""
        with pikepdf.open(file) as pdf:
            pdf.remove_unreferenced_resources()
            return self._save(pdf, title, recompress=True)

    def squeezed(self, file: Path, title: str, limit: int) -> tuple[Path, Proof] | None:
        """With the largest images that fit into `limit` bytes; None when not even the smallest do."""
        for rung in _RUNGS:
            with pikepdf.open(file) as pdf:
                done, _ = images.adapt(pdf, rung)
                if not done:
                    continue
                made = self._save(pdf, title, recompress=True)
            if made[0].stat().st_size <= limit:
                return made
        return None

    def as_wanted(self, file: Path, title: str, wanted: Wanted) -> tuple[Path, Proof, tuple[int, ...]] | None:
        """With every image as the portal wants it, and the pages where that failed; None when all were so already."""
        with pikepdf.open(file) as pdf:
            done, failed = images.adapt(pdf, wanted)
            if not done:
                return (file, Proof(flavour="", asked=""), failed) if failed else None
            return (*self._save(pdf, title), failed)

    def rewritten(self, file: Path, title: str) -> tuple[Path, Proof]:
        """The same pages in the level and the version that the portal asks."""
        with pikepdf.open(file) as pdf:
            return self._save(pdf, title)

    def _fitting(self, pdf: pikepdf.Pdf, run: list[int], title: str, limit: int) -> list[tuple[Path, Proof]]:
        with pikepdf.new() as part:
            part.pages.extend(pdf.pages[place] for place in run)
            made = self._save(part, title)
        if made[0].stat().st_size <= limit or len(run) == 1:
            return [made]
        half = len(run) // 2
        return self._fitting(pdf, run[:half], title, limit) + self._fitting(pdf, run[half:], title, limit)

    def _save(self, pdf: pikepdf.Pdf, title: str, *, recompress: bool = False) -> tuple[Path, Proof]:
        self._made += 1
        out = self._folder / f"{self._made:04d}.pdf"
        if recompress:
            pikepdf.settings.set_flate_compression_level(9)
        try:
            proof = pdfa.save(
                pdf, out, title=title, on=self._on, flavour=self._flavour, version=self._version, tight=recompress
            )
        finally:
            if recompress:
                pikepdf.settings.set_flate_compression_level(-1)
        return out, proof


def _bytes_of(page: pikepdf.Page) -> dict[tuple[int, int], int]:
    """The streams that a page needs (content, images, fonts) with their sizes as stored."""
    found: dict[tuple[int, int], int] = {}
    seen: set[tuple[int, int]] = set()
    waiting: list[pikepdf.Object] = [page.obj]
    while waiting:
        each = waiting.pop()
        if each.is_indirect:
            if each.objgen in seen:
                continue
            seen.add(each.objgen)
        if isinstance(each, pikepdf.Stream):
            found[each.objgen] = len(each.read_raw_bytes())
        if isinstance(each, pikepdf.Array):
            waiting += [item for item in each if isinstance(item, pikepdf.Object)]
        elif isinstance(each, (pikepdf.Dictionary, pikepdf.Stream)):
            skipped = ("/Parent", "/P", "/Dest", "/A")
            waiting += [
                value for key, value in each.items() if key not in skipped and isinstance(value, pikepdf.Object)
            ]
    return found
