"""A judge that was taught: an additive, calibrated model of the outcomes that had examples; the rules for the rest.

On disk it is one file of JSON: numbers and names, nothing that can run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from classifiers.payers import calibration
from classifiers.payers.errors import ModelError
from classifiers.payers.heads import DAYS, Line
from classifiers.payers.judging import EXPLAINED, Floats, judged, sigmoid
from classifiers.payers.rules import ADAPTER as RULES
from classifiers.payers.shapes import Shapes
from cobranza.risk.features import NAMES
from cobranza.risk.learning import Examples
from cobranza.risk.ports import OUTCOMES

Core = Shapes | Line
Fit = Callable[[pd.DataFrame, dict[str, Floats], int], Core]

_FORMAT: Final = 1
_FILE: Final = "model.json"
_FOLDS: Final = 3
_RARER: Final = 20


@dataclass(kw_only=True)
class Learned:
    """See `cobranza.risk.ports.Judge`.

    Attributes:
        slug: Of the adapter that taught it.
        core: Its outcomes are those that were learned; `EXPLAINED` is always one of them.
        maps: Calibration by outcome: points (said, measured).
        about: How it was made: examples by outcome, span, folds.
    """

    slug: str
    core: Core
    maps: Mapping[str, tuple[Floats, Floats]]
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """A digest of everything that was learned."""
        content = {key: value for key, value in plain(self).items() if key != "about"}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def name(self) -> str:
        """See `cobranza.risk.ports.Judge`."""
        return f"{self.slug}/{self.version}"

    def judge(self, table: pd.DataFrame) -> pd.DataFrame:
        """See `cobranza.risk.ports.Judge`; the reasons add up to the model's own log odds, before calibration."""
        sums, parts = self.core.add(table, EXPLAINED)
        found = {}
        for k, outcome in enumerate(self.core.outcomes):
            said = sums[:, k] if outcome == DAYS else sigmoid(sums[:, k])
            found[outcome] = calibration.apply(self.maps[outcome], said) if outcome in self.maps else said
        lacking = [outcome for outcome in OUTCOMES if outcome not in found]
        if lacking:
            ruled = RULES.judge(table)
            found |= {outcome: np.nan_to_num(ruled[outcome].to_numpy(np.float64), nan=0.5) for outcome in lacking}
        names = self.core.names
        return judged(table, found, names, parts)


def learn(slug: str, fit: Fit, examples: Examples, *, seed: int, least: int) -> Learned:
    """Teach: folds in time give the calibration, then everything teaches the model that is kept.

    Raises:
        ModelError: there are too few examples of `EXPLAINED`.
    """
    found = teachable(examples, least)
    if EXPLAINED not in found:
        raise ModelError(
            f"Hay muy pocos ejemplos de pago a 60 días: {int(examples.outcomes[EXPLAINED].notna().sum())}, "
            f"y hacen falta {least} con {_RARER} de cada resultado."
        )
    said = out_of_time(slug, fit, examples, seed=seed, least=least)
    maps = {}
    for outcome in found:
        if outcome != DAYS and outcome in said:
            there = ~np.isnan(said[outcome]) & ~np.isnan(found[outcome])
            maps[outcome] = calibration.fit(said[outcome][there], found[outcome][there])
    core = fit(examples.table[list(NAMES)], found, seed)
    about = {
        "examples": {outcome: int((~np.isnan(values)).sum()) for outcome, values in found.items()},
        "debtors": len(np.unique(examples.debtor)),
        "first_day": int(examples.as_of.min()),
        "last_day": int(examples.as_of.max()),
        "seed": seed,
    }
    return Learned(slug=slug, core=core, maps=maps, about=about)


def teachable(examples: Examples, least: int) -> dict[str, Floats]:
    """Outcomes with enough examples, of both kinds where there are kinds."""
    found = {}
    for outcome in OUTCOMES:
        values = examples.outcomes[outcome].to_numpy(np.float64)
        known = values[~np.isnan(values)]
        rarer = min(float(known.sum()), float((1 - known).sum())) if outcome != DAYS else len(known)
        if len(known) >= least and rarer >= _RARER:
            found[outcome] = values
    return found


def out_of_time(slug: str, fit: Fit, examples: Examples, *, seed: int, least: int) -> dict[str, Floats]:
    """What models said, before calibration, of days that lay after all that they had learned; NaN elsewhere.

    The days are parted into `_FOLDS` + 1 spans: each but the first is judged by a model taught with what was known when
    that span began.
    """
    days = np.unique(examples.as_of)
    starts = [int(part[0]) for part in np.array_split(days, _FOLDS + 1) if len(part)][1:]
    said = {outcome: np.full(len(examples), np.nan) for outcome in OUTCOMES}
    for start, end in zip(starts, [*starts[1:], int(days[-1]) + 1], strict=True):
        taught = examples.where(examples.as_of < start).known_by(start)
        now = (examples.as_of >= start) & (examples.as_of < end)
        found = teachable(taught, least)
        if EXPLAINED not in found or not now.any():
            continue
        core = fit(taught.table[list(NAMES)], found, seed)
        sums, _ = core.add(examples.table[now], EXPLAINED)
        for k, outcome in enumerate(core.outcomes):
            said[outcome][now] = sums[:, k] if outcome == DAYS else sigmoid(sums[:, k])
    return {outcome: values for outcome, values in said.items() if not np.isnan(values).all()}


def plain(model: Learned) -> dict[str, Any]:
    """A model as JSON can hold it."""
    core = model.core
    if isinstance(core, Shapes):
        inside: dict[str, Any] = {
            "edges": {name: values.tolist() for name, values in core.edges.items()},
            "points": {name: values.tolist() for name, values in core.points.items()},
        }
    else:
        inside = {
            each.name: getattr(core, each.name).tolist()
            for each in fields(core)
            if each.name not in ("outcomes", "names", "base")
        } | {"names": list(core.names)}
    return {
        "format": _FORMAT,
        "slug": model.slug,
        "outcomes": list(core.outcomes),
        "base": core.base.tolist(),
        "core": inside,
        "maps": {name: [said.tolist(), found.tolist()] for name, (said, found) in sorted(model.maps.items())},
        "about": dict(model.about),
    }


def save(model: Learned, folder: Path) -> None:
    """Write a model."""
    folder.mkdir(parents=True, exist_ok=True)
    waiting = folder / f".{_FILE}"
    waiting.write_text(json.dumps(plain(model), ensure_ascii=False) + "\n", encoding="utf-8")
    waiting.replace(folder / _FILE)


def load(folder: Path) -> Learned:
    """Read a model.

    Raises:
        ModelError: there is none, it is damaged, or it knows features that this program does not.
    """
    try:
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        inside, outcomes = found["core"], tuple(found["outcomes"])
        base = np.array(found["base"], dtype=np.float64)
        if found["format"] != _FORMAT or not set(outcomes) <= set(OUTCOMES):
            raise ModelError(f"El modelo de «{folder}» es de otra versión del programa.")
        core: Core
        if "edges" in inside:
            core = Shapes(outcomes, base, _arrays(inside["edges"]), _arrays(inside["points"]))
        else:
            rest = {name: np.array(value, dtype=np.float64) for name, value in inside.items() if name != "names"}
            core = Line(outcomes=outcomes, base=base, names=tuple(inside["names"]), **rest)
        maps = {name: (np.array(said), np.array(measured)) for name, (said, measured) in found["maps"].items()}
    except FileNotFoundError as exc:
        raise ModelError(f"En «{folder}» no hay ningún modelo.") from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ModelError(f"El modelo de «{folder}» está dañado ({exc}).") from exc
    strange = set(core.names) - set(NAMES)
    if strange:
        raise ModelError(f"El modelo usa datos que ya no existen: {', '.join(sorted(strange))}.")
    return Learned(slug=found["slug"], core=core, maps=maps, about=found["about"])


def _arrays(found: Mapping[str, Any]) -> dict[str, Floats]:
    return {name: np.array(values, dtype=np.float64) for name, values in found.items()}
