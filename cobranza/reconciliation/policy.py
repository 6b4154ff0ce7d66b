"""What a company decides about matching: thresholds, windows, tolerances; read from ``config/reconciliation.toml``."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

from pydantic import Field

from cobranza.kernel.config import Strict, load

Share = Annotated[Decimal, Field(ge=0, le=1)]


class Tolerances(NamedTuple):
    """Parts of a policy as whole numbers.

    Attributes:
        fee: `comision_parte` as a numerator and its denominator.
        discounts: Each of `descuentos` likewise.
        largest_discount: A fraction.
    """

    fee: tuple[int, int]
    discounts: tuple[tuple[int, int], ...]
    largest_discount: float


class Policy(Strict):
    """Every key of ``config/reconciliation.toml``; the Spanish names are the ones of the file.

    Attributes:
        umbral_automatico: Confidence from which a match is posted without a person.
        umbral_propuesta: Confidence from which a match is proposed at all; below, only candidates are listed.
        ventana_dias: Age in days after which an unnamed document is no longer sought.
        adelanto_dias: Days before its issue that a document may be paid (value dates, drafts).
        devolucion_dias: Days after a direct debit in which its return is expected (SEPA: 8 weeks; 13 months when
            unauthorised).
        banda_cambio: Most that the implied exchange rate may differ from the reference rate.
        comision_parte: Most of a document that a bank fee may take, whatever the country's cap.
        descuentos: Early-payment discounts that customers take, as fractions of the total.
        descuento_gracia_dias: Days after the due date in which a discount is still believed.
        abono_partes: Parts of an invoice that a credit note usually corrects: the whole or a round share.
        conjunto_maximo: Most documents in a set that the payer does not name.
        candidatos_maximo: Most open documents of a customer that set search looks at.
    """

    FILE: ClassVar[str] = "reconciliation.toml"

    umbral_automatico: Share = Decimal("0.95")
    umbral_propuesta: Share = Decimal("0.50")
    ventana_dias: Annotated[int, Field(ge=1, le=3650)] = 365
    adelanto_dias: Annotated[int, Field(ge=0, le=60)] = 3
    devolucion_dias: Annotated[int, Field(ge=1, le=800)] = 400
    banda_cambio: Share = Decimal("0.03")
    comision_parte: Share = Decimal("0.20")
    descuentos: tuple[Share, ...] = (Decimal("0.01"), Decimal("0.02"), Decimal("0.03"), Decimal("0.05"))
    descuento_gracia_dias: Annotated[int, Field(ge=0, le=60)] = 5
    abono_partes: tuple[Share, ...] = (
        Decimal(1), Decimal("0.75"), Decimal("0.50"), Decimal("0.25"), Decimal("0.20"), Decimal("0.10"), Decimal("0.05")
    )  # fmt: skip
    conjunto_maximo: Annotated[int, Field(ge=2, le=60)] = 15
    candidatos_maximo: Annotated[int, Field(ge=4, le=36)] = 24

    @cached_property
    def tolerances(self) -> Tolerances:
        """What is asked of the policy for every document."""
        return Tolerances(
            fee=self.comision_parte.as_integer_ratio(),
            discounts=tuple(share.as_integer_ratio() for share in self.descuentos),
            largest_discount=float(max(self.descuentos, default=0)),
        )


def read(file: Path) -> Policy:
    """Read the policy; a missing file gives the defaults. Raises `cobranza.kernel.config.ConfigError`."""
    return load(file, Policy)
