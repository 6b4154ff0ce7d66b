"""Whether a candidate is better than what is in force, on confirmations that trained neither.

The check set is chosen by a hash of the movement's identity, so a confirmation belongs to it for ever, whatever is
trained and how often. A candidate has to hold on the whole of it *and* on the part that was known when the model in
force went live: a stream of wrong answers can look like a better world on its own data, and is worse on the rest.

What is in force stays unless the candidate is better by more than chance: its logarithmic loss has to fall by more than
the standard error of the paired difference (Diebold and Mariano, 1995), and neither its squared error nor its
calibration error may rise. An engine that is right already is left alone, however the last confirmations fell.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from cobranza.reconciliation.learning.calibration import Calibration, Floats
from cobranza.reconciliation.learning.intervals import interval, upper

_BINS = 10
_CLIP = 1e-4
_LEAST_EACH = 10
_RELATED = 0.55


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One proposal of the engine and what turned out.

    Attributes:
        key: Identity of the movement, the same for ever; decides whether it trains or checks.
        raw: Confidence as the engine said it, before any calibration.
        right: Whether its set of documents and amounts was exactly right.
        at: When that was known.
        source: "person", "corrected" (an automatic posting undone by a person) or "matured" (nobody corrected it).
    """

    key: str
    raw: float
    right: bool
    at: datetime
    source: str = "person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How a calibration did on some examples.

    Attributes:
        examples: How many.
        brier: Mean squared distance between confidence and outcome; less is better.
        ece: Expected calibration error over ten equal bins.
        log_loss: Mean logarithmic loss, in nats; less is better.
        automatic: How many reach the threshold.
        right: How many of those were right.
    """

    examples: int
    brier: float
    ece: float
    log_loss: float
    automatic: int
    right: int

    def told(self) -> dict[str, object]:
        """As it is stored and printed."""
        low, high = interval(self.right, self.automatic)
        return {
            "examples": self.examples,
            "brier": f"{self.brier:.5f}",
            "ece": f"{self.ece:.5f}",
            "log_loss": f"{self.log_loss:.5f}",
            "automatic": self.automatic,
            "right": self.right,
            "precision": f"{self.right / self.automatic:.5f}" if self.automatic else None,
            "interval": [f"{low:.5f}", f"{high:.5f}"],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A calibration and its threshold."""

    calibration: Calibration
    threshold: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The outcome of a trial.

    Attributes:
        better: Whether the candidate may go live.
        reason: Why or why not, Spanish.
        candidate: On the whole check set.
        live: What is in force, on the whole check set.
        candidate_before: On what was known when the model in force went live.
        live_before: The same.
    """

    better: bool
    reason: str
    candidate: Figures
    live: Figures
    candidate_before: Figures
    live_before: Figures

    def told(self) -> dict[str, object]:
        """As it is stored and printed."""
        return {
            "reason": self.reason,
            "candidate": self.candidate.told(),
            "live": self.live.told(),
            "candidate_before": self.candidate_before.told(),
            "live_before": self.live_before.told(),
        }


def checks(key: str, share: Decimal) -> bool:
    """Whether an example belongs to the check set.

    >>> sum(checks(str(n), Decimal("0.2")) for n in range(1000))
    180
    """
    head = int.from_bytes(hashlib.sha256(f"check|{key}".encode()).digest()[:6], "big")
    return head < int(share * (1 << 48))


def split(examples: Sequence[Example], share: Decimal) -> tuple[list[Example], list[Example]]:
    """Those that train and those that check."""
    train: list[Example] = []
    check: list[Example] = []
    for example in examples:
        (check if checks(example.key, share) else train).append(example)
    return train, check


def measure(examples: Sequence[Example], contender: Contender) -> Figures:
    """How a contender does on examples."""
    said = contender.calibration.many([example.raw for example in examples])
    right = np.array([example.right for example in examples], dtype=np.float64)
    over = said >= float(contender.threshold)
    return Figures(
        examples=len(examples),
        brier=float(np.mean((said - right) ** 2)) if len(examples) else 0.0,
        ece=ece(said, right),
        log_loss=float(np.mean(_losses(said, right))) if len(examples) else 0.0,
        automatic=int(over.sum()),
        right=int((right * over).sum()),
    )


def ece(said: Floats, right: Floats) -> float:
    """Expected calibration error: the mean distance between confidence and outcome over ten equal bins.

    >>> ece(np.array([0.75, 0.75, 0.75, 0.75]), np.array([1.0, 1.0, 1.0, 0.0]))
    0.0
    """
    if not len(said):
        return 0.0
    bins = np.minimum((said * _BINS).astype(int), _BINS - 1)
    gaps = np.abs(np.bincount(bins, said - right, _BINS))
    return float(gaps.sum() / len(said))


def related(examples: Sequence[Example]) -> float | None:
    """How well the engine's confidence tells right answers from wrong ones: the area under the ROC curve.

    Half means that the answers have nothing to do with the evidence, as when somebody clicks without looking. None
    when there are too few of either kind to say.
    """
    right = sorted(example.raw for example in examples if example.right)
    wrong = np.array([example.raw for example in examples if not example.right])
    if len(right) < _LEAST_EACH or len(wrong) < _LEAST_EACH:
        return None
    ordered = np.array(right)
    below = np.searchsorted(ordered, wrong, side="left")
    equal = np.searchsorted(ordered, wrong, side="right") - below
    return float(np.mean(1 - (below + equal / 2) / len(ordered)))


def judge(
    check: Sequence[Example],
    candidate: Contender,
    live: Contender,
    *,
    wanted: float,
    certainty: float,
    least: int,
    live_since: datetime | None,
) -> Verdict:
    """Compare a candidate with what is in force.

    Args:
        check: The check set.
        candidate: Trained on the rest.
        live: In force now; the identity and the company's setting when nothing was learned yet.
        wanted: Share of automatic postings that must be right.
        certainty: How sure a failure must be before it counts against the candidate.
        least: Fewest examples that the check set needs.
        live_since: Since when `live` is in force; None when nothing was learned yet.
    """
    before = [example for example in check if live_since is not None and example.at < live_since]
    new, old = measure(check, candidate), measure(check, live)
    new_before, old_before = measure(before, candidate), measure(before, live)
    reason = _objection(check, before, candidate, live, new, old, wanted=wanted, certainty=certainty, least=least)
    return Verdict(
        better=not reason,
        reason=reason or f"Brier {new.brier:.4f} frente a {old.brier:.4f} en {len(check)} confirmaciones apartadas.",
        candidate=new,
        live=old,
        candidate_before=new_before,
        live_before=old_before,
    )


def _objection(
    check: Sequence[Example],
    before: Sequence[Example],
    candidate: Contender,
    live: Contender,
    new: Figures,
    old: Figures,
    *,
    wanted: float,
    certainty: float,
    least: int,
) -> str:
    if len(check) < least:
        return f"Solo hay {len(check)} confirmaciones apartadas para comprobarlo y hacen falta {least}."
    area = related(check)
    if area is not None and area < _RELATED:
        return "Las respuestas no guardan relación con las pruebas de cada cobro: revise quién confirma y cómo."
    if new.brier > old.brier:
        return f"Acierta peor que lo que hay: Brier {new.brier:.4f} frente a {old.brier:.4f}."
    if new.ece > old.ece:
        return f"Su confianza se aleja más de lo que pasa: ECE {new.ece:.4f} frente a {old.ece:.4f}."
    if new.automatic and upper(new.right, new.automatic, 1 - certainty) < wanted:
        return f"Con su umbral fallaría más de lo admitido: {new.right} correctos de {new.automatic}."
    if before and _worse(before, candidate, live):
        return "Es peor con las confirmaciones que ya se conocían: las nuevas las contradicen."
    if not _clearly_better(check, candidate, live):
        return (
            "La diferencia con lo que hay puede ser casualidad: pérdida logarítmica "
            f"{new.log_loss:.4f} frente a {old.log_loss:.4f}."
        )
    return ""


def _clearly_better(examples: Sequence[Example], candidate: Contender, live: Contender) -> bool:
    """Better by more than chance: the logarithmic loss falls by more than the standard error of the fall."""
    raw = [example.raw for example in examples]
    right = np.array([example.right for example in examples], dtype=np.float64)
    fall = _losses(live.calibration.many(raw), right) - _losses(candidate.calibration.many(raw), right)
    return bool(np.mean(fall) > float(np.std(fall)) / len(fall) ** 0.5)


def _losses(said: Floats, right: Floats) -> Floats:
    sure = np.clip(said, _CLIP, 1 - _CLIP)
    return np.asarray(-np.where(right > 0, np.log(sure), np.log1p(-sure)))


def _worse(examples: Sequence[Example], candidate: Contender, live: Contender) -> bool:
    """Worse by more than chance: the mean paired difference of squared errors above its standard error."""
    raw = [example.raw for example in examples]
    right = np.array([example.right for example in examples], dtype=np.float64)
    gap = (candidate.calibration.many(raw) - right) ** 2 - (live.calibration.many(raw) - right) ** 2
    error = float(np.std(gap)) / max(1.0, len(gap) ** 0.5)
    return bool(np.mean(gap) > error)
