"""A trained model on disk: arrays in one ``.npz``, the rest in one ``.json``; nothing in them can run code."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifiers.disputes import flags
from classifiers.disputes.heads import Head, Scale
from classifiers.disputes.opinion import Model, Way
from classifiers.disputes.words import Words
from cobranza.kernel.errors import BusinessError

_ARRAYS, _REST = "model.npz", "model.json"
_FORMAT = 1


class ModelError(BusinessError):
    """The trained model is missing or does not fit this version of the program."""

    code = "COB-JUZ-001"
    remedy = "Entrénelo de nuevo con «cobranza disputes train»."


def save(model: Model, folder: Path) -> Model:
    """Write `model` and give it back with its version: a hash of everything that was learned."""
    arrays = _arrays(model)
    rest = {
        "format": _FORMAT,
        "labels": list(model.labels),
        "encoder": model.encoder,
        "rules": rules_digest(),
        "ways": {
            name: {
                "weights": dict(way.weights),
                "slope": way.slope,
                "offset": way.offset,
                "thresholds": dict(way.thresholds),
                "second": way.second,
                "favoured": way.favoured,
            }
            for name, way in model.ways.items()
        },
        "about": dict(model.about),
    }
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True, ensure_ascii=False).encode())
    for name in sorted(arrays):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    rest["version"] = version = digest.hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    waiting = folder / f".{_ARRAYS}.{os.getpid()}.npz"
    with waiting.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    text = folder / f".{_REST}.{os.getpid()}"
    text.write_text(json.dumps(rest, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    waiting.replace(folder / _ARRAYS)
    text.replace(folder / _REST)  # last: it names the version that the arrays must have
    return Model(**{**vars(model), "version": version})


def rules_digest() -> str:
    """Changes with the names or the order of the rules, which are the columns of a head."""
    return hashlib.sha256("|".join(flags.names()).encode()).hexdigest()[:12]


def fits(folder: Path) -> bool:
    """Whether there is a model in `folder` that knows the rules of this version of the program."""
    try:
        rest = json.loads((folder / _REST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(rest, dict) and rest.get("format") == _FORMAT and rest.get("rules") == rules_digest()


def load(folder: Path) -> Model:
    """Read the model of `folder`.

    Raises:
        ModelError: there is none, it is damaged, of another format, or learned with other rules.
    """
    try:
        rest: dict[str, Any] = json.loads((folder / _REST).read_text(encoding="utf-8"))
        with np.load(folder / _ARRAYS, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
    except FileNotFoundError as exc:
        raise ModelError(f"En «{folder}» no hay ningún modelo entrenado.") from exc
    except (OSError, ValueError, KeyError) as exc:
        raise ModelError(f"El modelo de «{folder}» está dañado ({exc}).") from exc
    if rest.get("format") != _FORMAT:
        raise ModelError(f"El modelo de «{folder}» tiene el formato {rest.get('format')} y se esperaba {_FORMAT}.")
    if rest.get("rules") != rules_digest():
        raise ModelError(f"El modelo de «{folder}» se entrenó con otras reglas (flags.toml).")
    return Model(
        labels=tuple(rest["labels"]),
        words=Words.of_arrays(arrays),
        heads=_heads(arrays, "head"),
        second=_heads(arrays, "second"),
        scale=Scale(arrays["scale.mean"], arrays["scale.spread"]) if "scale.mean" in arrays else None,
        encoder=rest["encoder"],
        ways={name: Way(**way) for name, way in rest["ways"].items()},
        version=rest["version"],
        about=rest["about"],
    )


def _arrays(model: Model) -> dict[str, NDArray[Any]]:
    arrays = model.words.arrays()
    for family, heads in (("head", model.heads), ("second", model.second)):
        for name, head in heads.items():
            # half precision: the last digits of a weight decide nothing, and the file is half as large
            arrays[f"{family}.{name}.weights"] = head.weights.astype(np.float16)
            arrays[f"{family}.{name}.bias"] = head.bias.astype(np.float32)
    if model.scale is not None:
        arrays |= {"scale.mean": model.scale.mean, "scale.spread": model.scale.spread}
    return arrays


def _heads(arrays: Mapping[str, NDArray[Any]], family: str) -> dict[str, Head]:
    names = [key.split(".")[1] for key in arrays if key.startswith(f"{family}.") and key.endswith(".weights")]
    return {
        name: Head(arrays[f"{family}.{name}.weights"].astype(np.float32), arrays[f"{family}.{name}.bias"])
        for name in names
    }
