"""Walking the objects of a PDF that somebody may have written badly or with intent."""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream

DEEP = 32
"""No honest form or action goes deeper."""


def dictionary(value: Object | None) -> Dictionary | None:
    """The value if it is a dictionary (or a stream's), else None: broken files put anything anywhere."""
    return value if isinstance(value, Dictionary | Stream) else None  # type: ignore[return-value]


def form_fields(pdf: Pdf) -> list[Dictionary]:
    """Every form field, inner ones too, each once."""
    form = dictionary(pdf.Root.get(Name.AcroForm))
    if form is None:
        return []
    found: list[Dictionary] = []
    seen: set[tuple[int, int]] = set()
    waiting = [(each, 0) for each in items(form.get(Name.Fields))]
    while waiting:
        field_, depth = waiting.pop(0)
        if field_.objgen in seen or depth > DEEP:
            continue
        if field_.objgen != (0, 0):
            seen.add(field_.objgen)
        found.append(field_)
        waiting += [(each, depth + 1) for each in items(field_.get(Name.Kids))]
    return found


def items(value: Object | None) -> list[Dictionary]:
    """The dictionaries of an array; none when it is no array."""
    return [each for each in value if isinstance(each, Dictionary)] if isinstance(value, Array) else []
