"""How much it takes to learn something; read from ``config/learning.toml``."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from cobranza.kernel.config import Strict, load

Share = Annotated[Decimal, Field(gt=0, lt=1)]


class LearningPolicy(Strict):
    """Every key of ``config/learning.toml``; the Spanish names are the ones of the file.

    Attributes:
        activado: Whether what is learned is used; it is kept either way.
        precision: Share of automatic postings that must be right. The threshold follows from it.
        certeza: How sure that share must be shown to be, with the worst error that the data allow.
        reserva: Share of the confirmations that is kept apart to check models and never trains one.
        ejemplos_minimos: Confirmations below which no model is trained.
        reserva_minima: Confirmations of the check set below which no model goes live.
        confirmaciones_minimas: Payments that must confirm a name or an account before it is used.
        consistencia: Least share of them that must point to the same customer.
        habitos_minimos: Payments of a customer from which habits are told.
        meses: How far back confirmations count.
        maduracion_dias: Days after which an automatic posting that nobody corrected counts as right.
    """

    FILE: ClassVar[str] = "learning.toml"

    activado: bool = True
    precision: Share = Decimal("0.995")
    certeza: Share = Decimal("0.95")
    reserva: Annotated[Decimal, Field(ge=Decimal("0.1"), le=Decimal("0.5"))] = Decimal("0.2")
    ejemplos_minimos: Annotated[int, Field(ge=50)] = 200
    reserva_minima: Annotated[int, Field(ge=20)] = 50
    confirmaciones_minimas: Annotated[int, Field(ge=1, le=20)] = 2
    consistencia: Share = Decimal("0.95")
    habitos_minimos: Annotated[int, Field(ge=3)] = 5
    meses: Annotated[int, Field(ge=1, le=120)] = 24
    maduracion_dias: Annotated[int, Field(ge=7, le=400)] = 60


def read(file: Path) -> LearningPolicy:
    """Read the policy; a missing file gives the defaults. Raises `cobranza.kernel.config.ConfigError`."""
    return load(file, LearningPolicy)
