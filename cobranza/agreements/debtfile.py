"""A debt as a JSON file, for `cobranza agreements` and for those who test.

Amounts are strings, days ISO 8601; everything but the principal has a default::

    {
      "country": "ES", "currency": "EUR", "debtor_type": "consumer", "as_of": "2026-11-23",
      "principal": "1200.00", "interest": "35.10", "costs": "0.00", "disputed": "0.00",
      "capacity": "150.00", "pay_day": 28, "risk": "bajo", "broken_agreements": 0
    }
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from cobranza.agreements.terms import AgreementError, Debt, DebtorType, Risk
from cobranza.kernel.config import Strict
from cobranza.kernel.money import Money

_MOST = 1_000_000


class DebtFile(Strict):
    """The keys of the file; see the module."""

    country: str = Field(default="ES", pattern="^[A-Z]{2}$")
    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    debtor_type: DebtorType = "consumer"
    as_of: date | None = None
    principal: str
    interest: str = "0"
    costs: str = "0"
    disputed: str = "0"
    capacity: str | None = None
    pay_day: int | None = None
    risk: Literal["bajo", "medio", "alto"] = "medio"
    broken_agreements: int = Field(default=0, ge=0)


def read(file: Path, today: date) -> Debt:
    """The debt that `file` describes; `today` where it names no day.

    Raises:
        AgreementError: too large, no JSON, a key that is not known or wrong, or figures that contradict each other.
    """
    try:
        if file.stat().st_size > _MOST:
            raise AgreementError(f"{file.name}: demasiado grande para ser una deuda.")
        raw: Any = json.loads(file.read_text(encoding="utf-8"), parse_float=str, parse_int=int)
        entry = DebtFile.model_validate(raw)
    except ValidationError as exc:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in exc.errors()[:5])
        raise AgreementError(f"{file.name}: {told}.", remedy="Las claves están en la ayuda de la orden.") from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise AgreementError(f"{file.name}: no se puede leer como JSON ({exc}).") from exc

    def money(name: str, text: str) -> Money:
        try:
            return Money(entry.currency, Decimal(text))
        except (InvalidOperation, ValueError) as exc:
            raise AgreementError(f"{file.name}: {name} «{text}» no es un importe.") from exc

    risk: Risk = entry.risk
    return Debt(
        country=entry.country,
        debtor=entry.debtor_type,
        as_of=entry.as_of or today,
        principal=money("principal", entry.principal),
        interest=money("interest", entry.interest),
        costs=money("costs", entry.costs),
        disputed=money("disputed", entry.disputed),
        capacity=None if entry.capacity is None else money("capacity", entry.capacity),
        pay_day=entry.pay_day,
        risk=risk,
        broken=entry.broken_agreements,
    )
