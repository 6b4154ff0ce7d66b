"""What the figures assume; read from ``config/figures.toml`` and shown beside them."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from cobranza.kernel.config import Strict, load

Minutes = Annotated[Decimal, Field(ge=0, le=120)]


class FiguresPolicy(Strict):
    """Every key of ``config/figures.toml``; the Spanish names are the ones of the file.

    Attributes:
        minutos_por_cobro: What a person takes to look up one payment and its payer.
        minutos_por_documento: What a person takes for each document that the payment settles.
        origen_de_los_minutos: Where these two come from; shown beside the minutes saved.
        tramos_dias: Upper ends of the ageing buckets, in days since the value date.
        meses: How many months the figures show when nobody says.
    """

    FILE: ClassVar[str] = "figures.toml"

    minutos_por_cobro: Minutes = Decimal("2")
    minutos_por_documento: Minutes = Decimal("1")
    origen_de_los_minutos: str = "supuesto de partida, sin medir: cronometre veinte cobros y corríjalo"
    tramos_dias: Annotated[tuple[int, ...], Field(min_length=1, max_length=8)] = (7, 30, 60, 90)
    meses: Annotated[int, Field(ge=1, le=36)] = 6

    @field_validator("tramos_dias")
    @classmethod
    def _rising(cls, days: tuple[int, ...]) -> tuple[int, ...]:
        if days[0] < 0 or any(one >= other for one, other in pairwise(days)):
            raise ValueError("los tramos van de menos a más días")
        return days


def read(file: Path) -> FiguresPolicy:
    """Read the policy; a missing file gives the defaults. Raises `cobranza.kernel.config.ConfigError`."""
    return load(file, FiguresPolicy)
