"""Names of filed files: what the portal's character set and length allow, in order, never the same twice."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection

from cobranza.legal.requirements import Limits


def allowed(name: str, limits: Limits) -> bool:
    """The portal takes this name."""
    return len(name) <= limits.nombre_maximo and re.fullmatch(f"[{limits.nombre_caracteres}]+", name) is not None


def file_name(
    order: int, title: str, suffix: str, limits: Limits, *, part: str = "", taken: Collection[str] = ()
) -> str:
    """A name for the file at `order`: "03_Factura_2025-014.pdf", with "_1de3" for a part.

    Args:
        order: From 1, two figures or more.
        title: What it is; what the portal does not take is written as its nearest letter or left out.
        suffix: Lower case, without dot.
        limits: Of the portal.
        part: "1/3", "" for a whole document.
        taken: Names that are used already, compared without capitals.
    """
    letter = re.compile(f"[{limits.nombre_caracteres}]")
    gap = next((each for each in "_- " if letter.match(each)), "")
    flat = unicodedata.normalize("NFKD", title.replace("º", "").replace("ª", "").replace("ñ", "n"))
    words = "".join(each if letter.match(each) else " " for each in flat if not unicodedata.combining(each))
    words = words.replace(".", " ")
    middle = gap.join(words.replace(gap or "\0", " ").split())
    head = f"{order:02d}"
    tail = f"{part.replace('/', 'de')}" if part else ""
    used = {each.lower() for each in taken}
    for attempt in range(1, 1000):
        again = "" if attempt == 1 else str(attempt)
        fixed = gap.join(each for each in (tail, again) if each)
        room = limits.nombre_maximo - len(head) - len(suffix) - 1 - len(gap) - (len(fixed) + len(gap) if fixed else 0)
        parts = [head, _cut(middle, max(0, room), gap), fixed]
        name = f"{gap.join(each for each in parts if each)}.{suffix}"
        if name.lower() not in used:
            return name
    return name


def _cut(middle: str, room: int, gap: str) -> str:
    """At most `room` letters, whole words as far as they go: half a year or half a number would mislead."""
    if len(middle) <= room:
        return middle
    cut = middle[:room]
    whole = cut if middle[room] == gap else cut.rpartition(gap)[0] if gap else ""
    return (whole or cut).rstrip("_- ")
