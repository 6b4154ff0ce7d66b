"""The threshold of automatic posting, from the precision that a company wants rather than from a score.

A threshold is believed when the payments at or above it were right often enough for the *lower bound* of that share to
reach the wanted precision. Several thresholds are tried on the same data, so each is held to a share of the risk
(Bonferroni): the promise holds for all at once, whichever is taken. At 99.5 % and eleven tries it takes 1,076 payments
without one mistake; little data cannot open the gate, however good it looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cobranza.reconciliation.learning.calibration import Calibration, Floats
from cobranza.reconciliation.learning.intervals import lower, upper

# As the engine says it; fixed beforehand, so that the data do not choose what they are tested on.
GRID = (0.80, 0.85, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998, 0.999)
CLOSED = Decimal("1.0001")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A threshold and why.

    Attributes:
        threshold: Least calibrated confidence to post without a person; `CLOSED` lets nothing through. None leaves
            the company's own setting.
        payments: How many payments of the data reach it.
        right: How many of them were right.
        bound: The share of right ones that they show at least.
        why: Spanish.
    """

    threshold: Decimal | None
    payments: int = 0
    right: int = 0
    bound: float = 0.0
    why: str


def choose(
    raw: Sequence[float] | Floats,
    right: Sequence[bool] | NDArray[Any],
    calibration: Calibration,
    *,
    wanted: float,
    certainty: float,
    standing: Decimal,
) -> Gate:
    """The lowest threshold that the data prove; the standing one when they prove nothing either way.

    Args:
        raw: What the engine said, shape (n,).
        right: Whether it was, shape (n,).
        calibration: In force together with the threshold.
        wanted: Share of automatic postings that must be right.
        certainty: How sure that must be.
        standing: The company's own setting: stays unless the data prove a lower one, or prove it too low.
    """
    found = np.asarray(right, dtype=bool)
    said = calibration.many(raw) if len(found) else np.zeros(0)
    risk = (1 - certainty) / len(GRID)
    steps = sorted({float(value) for value in calibration.many(GRID)})
    tried = [_at(step, said, found, risk) for step in steps]
    proven = next((gate for gate in tried if gate.bound >= wanted), None)
    if proven is not None and proven.threshold is not None and proven.threshold <= standing:
        return proven
    now = _at(float(standing), said, found, risk)
    if not now.payments or upper(now.right, now.payments, risk) >= wanted:
        return replace(now, threshold=None, why="Los datos no prueban otro umbral: sigue el de la empresa.")
    # The company's own setting is proven too low. What is proven comes first, then what at least was right so far.
    higher = (gate for gate in tried if gate.threshold is not None and gate.threshold > standing)
    so_far = next((gate for gate in higher if gate.payments and gate.right >= wanted * gate.payments), None)
    return (
        proven
        or so_far
        or replace(now, threshold=CLOSED, why=f"{now.why} Ningún umbral llega a la precisión: decide una persona.")
    )


def _at(step: float, said: Floats, found: NDArray[Any], risk: float) -> Gate:
    over = said >= step
    count, good = int(over.sum()), int((over & found).sum())
    return Gate(
        threshold=Decimal(f"{step:.4f}"),
        payments=count,
        right=good,
        bound=lower(good, count, risk) if count else 0.0,
        why=f"{good} de {count} cobros con esta confianza o más fueron correctos.",
    )
