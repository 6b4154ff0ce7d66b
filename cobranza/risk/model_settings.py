"""`[modelos]` of ``config/risk.toml``: what the judges learn from, and when they are believed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from cobranza.kernel.config import Strict, parse
from cobranza.risk.settings import risk_settings


class ModelEntry(Strict):
    """`[modelos]`.

    Attributes:
        series: CSV of sector arrears and economic series; see `cobranza.risk.series`.
        limites: CSV of credit limits.
        sectores: CSV of the debtors' sectors.
        meses: How far back the ledger teaches.
        pasos: Months between two looks at the same debtor while learning.
        minimo: Least examples of an outcome (and 20 of its rarer side) from which it is learned; below, the rules.
        reserva: Share of the debtors that never teach: they are the frozen check set.
        deriva_aviso: Population stability index of a feature or score from which drift is told.
        deriva_alarma: From which a new training is asked for.
        semilla: So that the same ledger gives the same model.
    """

    FILE: ClassVar[str] = "risk.toml"
    TABLE: ClassVar[str] = "modelos"

    series: str = ""
    limites: str = ""
    sectores: str = ""
    meses: int = Field(default=36, ge=6, le=120)
    pasos: int = Field(default=1, ge=1, le=6)
    minimo: int = Field(default=200, ge=50)
    reserva: float = Field(default=0.2, ge=0.05, le=0.5)
    deriva_aviso: float = Field(default=0.10, gt=0)
    deriva_alarma: float = Field(default=0.25, gt=0)
    semilla: int = 20260101


def model_settings() -> ModelEntry:
    """The section as it stands; defaults where there is none.

    Raises:
        ConfigError: the file is wrong.
    """
    return parse(risk_settings().modelos, ModelEntry, "risk.toml, [modelos]")
