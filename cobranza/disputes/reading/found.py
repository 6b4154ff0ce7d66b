"""What the readers of entities hand to `entities`: a value and where it stands."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Found:
    """One thing named in a text.

    Attributes:
        type: As in `ports.Entity`.
        start: First character.
        end: One past the last.
        value: Canonical.
        valid: Its check digits are right, or it has none.
        country: Where such an identifier is given out, "" when several or none.
    """

    type: str
    start: int
    end: int
    value: str
    valid: bool = True
    country: str = ""


def without_overlaps(found: list[Found]) -> list[Found]:
    """The given order is the order of trust; what overlaps something earlier is left out. In order of place."""
    taken: list[Found] = []
    used: set[int] = set()
    for each in found:
        places = range(each.start, each.end)
        if not used.isdisjoint(places):
            continue
        used.update(places)
        taken.append(each)
    return sorted(taken, key=lambda each: each.start)
