"""`config/interest.toml`: the rates that a lawyer of this installation has added, confirmed or corrected."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import ClassVar

from pydantic import Field, field_validator

from cobranza import suite
from cobranza.kernel.config import ConfigError, Strict, load
from cobranza.legal.interest import ClaimDataError, read_percent
from cobranza.regimes import interest
from cobranza.regimes.interest import Rate, RateBook
from cobranza.regimes.interest_errors import UnknownRegimeError


class OwnRate(Strict):
    """`[[tipos]]`: one rate, on top of those that come with the program.

    Attributes:
        serie: Series that it belongs to, as `cobranza legal rates` names it.
        desde: First day in force.
        hasta: Last day in force.
        tipo: Per cent a year, in quotes: "10.15".
        fuente: Where it can be read, with date or number.
        verificado: Day on which a person read it there.
        corrige: It replaces a verified rate of the same days with another figure, on purpose.
    """

    TABLE: ClassVar[str] = "tipos"

    serie: str
    desde: date
    hasta: date
    tipo: str
    fuente: str = Field(min_length=8)
    verificado: date
    corrige: bool = False

    @field_validator("tipo")
    @classmethod
    def _exact(cls, value: str) -> str:
        try:
            return str(read_percent(value))
        except ClaimDataError as exc:
            raise ValueError("se espera un tanto por ciento entre comillas, por ejemplo «10.15»") from exc


class OwnRates(Strict):
    """The whole file.

    Attributes:
        tipos: Rates, in any order.
    """

    FILE: ClassVar[str] = "interest.toml"

    tipos: tuple[OwnRate, ...] = ()


def rate_book(own: OwnRates | None = None) -> RateBook:
    """The rates that come with the program and those of `own` (None reads ``config/interest.toml``).

    Raises:
        ConfigError: the file is wrong, names no series, or contradicts a verified rate without saying so.
    """
    if own is None:
        own = load(suite.root() / "config" / OwnRates.FILE, OwnRates)
    book = interest.book()
    for entry in own.tipos:
        rate = Rate(
            since=entry.desde,
            until=entry.hasta,
            percent=Decimal(entry.tipo),
            source=entry.fuente,
            verified_on=entry.verificado,
        )
        try:
            book = book.with_rates(entry.serie, [rate], corrects=entry.corrige)
        except (ValueError, UnknownRegimeError) as exc:
            told = exc.message if isinstance(exc, UnknownRegimeError) else f"{exc}."
            raise ConfigError(f"config/{OwnRates.FILE}: {told}") from exc
    return book
