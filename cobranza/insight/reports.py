"""Dashboards written into files: what the schedule sends out and what `make demo` leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cobranza.insight import asked, boards, cube, export, paper
from cobranza.insight.boards import BOARDS, Board
from cobranza.insight.figures import SqlFigures
from cobranza.insight.ports import Slice
from cobranza.kernel.errors import BusinessError


class UnknownBoard(BusinessError):
    """A dashboard that does not exist."""

    code = "COB-INS-006"
    remedy = "Hay direccion, supervision, gestion y juridico."


def board(slug: str) -> Board:
    """The dashboard called so; raises `UnknownBoard`."""
    found = next((each for each in BOARDS if each.slug == slug), None)
    if found is None:
        raise UnknownBoard(f"No hay ningún tablero «{slug}».")
    return found


def write(names: Sequence[str], part: Slice, folder: Path) -> tuple[Path, ...]:
    """Bring the figures up to date and write each dashboard as PDF and as a workbook; the same day writes over itself.

    Returns:
        The files, in order.
    """
    wanted = [board(name) for name in names]
    house = SqlFigures()
    cube.refresh(house.figures.values())
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for each in wanted:
        filled = boards.fill(each, asked.parse(as_mapping(part)), house)
        for body, kind in ((paper.pdf(filled), "pdf"), (export.board_workbook(filled), "xlsx")):
            file = folder / f"{each.slug}-{part.end.isoformat()}.{kind}"
            file.write_bytes(body)
            files.append(file)
    return tuple(files)


def as_mapping(part: Slice) -> Mapping[str, str]:
    """A slice as the address of a dashboard holds it."""
    return {
        "periodo": "propio",
        "desde": part.start.isoformat(),
        "hasta": part.end.isoformat(),
        "empresa": part.creditor,
        "moneda": part.currency,
        **{name: part.others.get(key, "") for name, key in asked.OTHERS.items()},
    }
