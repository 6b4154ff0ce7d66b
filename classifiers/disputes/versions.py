"""Models that this instance trained: which one is in use, which were before it, and which one was not let in.

One folder a model (``versions/<version>``) and one ``versions.json``, replaced whole. A new model goes into use only
when it is not worse than the one in use on the frozen check set: the shipped mails that no encoder was tuned on, each
judged by heads that had not learned from it.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from classifiers.disputes.opinion import Model
from cobranza.kernel.errors import BusinessError

SHIPPED = ""
"""Stands for the model that ships with the program."""

_FILE, _FOLDER = "versions.json", "versions"
_KEPT = 5  # models besides the one in use
_LEEWAY = {"macro_f1": 0.01, "log_loss": 0.02, "ece": 0.015}  # what other folds alone change
_WORDS = {
    "macro_f1": "acierta menos (F1 {new:.3f}; el que está en uso, {old:.3f})",
    "log_loss": "sus probabilidades son peores (pérdida {new:.3f}; las del que está en uso, {old:.3f})",
    "ece": "su confianza engaña más (error de calibración {new:.3f}; el del que está en uso, {old:.3f})",
}


class VersionError(BusinessError):
    """A model cannot be brought back."""

    code = "COB-JUZ-004"
    remedy = "Mire qué modelos se guardan con «cobranza disputes train --kept»."


@dataclass(frozen=True, slots=True)
class Entry:
    """One model that was trained here.

    Attributes:
        version: Of the model.
        trained: When, ISO 8601 in UTC.
        mails: How many it learned from.
        figures: Of the check set, by way.
        refused: Why it did not go into use, Spanish; empty when it did.
    """

    version: str
    trained: str
    mails: int
    figures: Mapping[str, Mapping[str, float]]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Register:
    """What ``versions.json`` says.

    Attributes:
        in_use: Version in use, or `SHIPPED`.
        before: Versions that were in use before, the latest last.
        kept: Every model that is kept.
    """

    in_use: str = SHIPPED
    before: tuple[str, ...] = ()
    kept: tuple[Entry, ...] = ()


def read(own: Path) -> Register:
    """The register of an instance; empty when it has trained nothing.

    Raises:
        VersionError: the file is damaged.
    """
    try:
        found = json.loads((own / _FILE).read_text(encoding="utf-8"))
        kept = tuple(Entry(**{**entry, "refused": tuple(entry["refused"])}) for entry in found["kept"])
        return Register(str(found["in_use"]), tuple(found["before"]), kept)
    except FileNotFoundError:
        return Register()
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise VersionError(
            f"«{own / _FILE}» está dañado ({exc}).", remedy="Bórrelo: se usará el modelo que trae el programa."
        ) from exc


def folder_of(own: Path, version: str) -> Path:
    """Where a version is kept."""
    return own / _FOLDER / version


def current(own: Path) -> Path | None:
    """Folder of the version in use; None for the shipped model."""
    in_use = read(own).in_use
    return folder_of(own, in_use) if in_use != SHIPPED else None


def staging(own: Path) -> Path:
    """A new folder in which a model is made before it becomes a version."""
    place = own / _FOLDER / f".new.{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def admit(own: Path, made: Path, model: Model, in_use: Model) -> Entry:
    """Keep a new model, and put it into use unless it is worse than the one in use."""
    refused = worse(in_use, model)
    found = Entry(
        version=model.version,
        trained=datetime.now(UTC).isoformat(timespec="seconds"),
        mails=int(str(model.about.get("mails", 0))),
        figures=check_figures(model),
        refused=refused,
    )
    place = folder_of(own, model.version)
    if place != current(own):  # the very same model again is left where it is
        shutil.rmtree(place, ignore_errors=True)
        made.replace(place)
    register = read(own)
    kept = (*(entry for entry in register.kept if entry.version != found.version), found)
    if refused or register.in_use == found.version:
        _write(own, Register(register.in_use, register.before, kept))
    else:
        _write(own, Register(found.version, (*register.before, register.in_use), kept))
    return found


def worse(in_use: Model, new: Model) -> tuple[str, ...]:
    """In what `new` is worse than the model in use on the check set, Spanish; empty when in nothing."""
    old, fresh = check_figures(in_use), check_figures(new)
    lost = [way for way in old if way not in fresh]
    said = ["se aprendió sin el codificador de frases, y el que está en uso lo tiene"] if lost else []
    for way in [way for way in ("vectors", "plain") if way in old and way in fresh][:1]:
        for name, leeway in _LEEWAY.items():
            before, now = old[way].get(name), fresh[way].get(name)
            if before is None or now is None:
                continue
            if (before - now if name == "macro_f1" else now - before) > leeway:
                said.append(_WORDS[name].format(new=now, old=before))
    return tuple(said)


def roll_back(own: Path) -> str:
    """Put the model before the one in use back; gives its version, `SHIPPED` for the shipped one.

    Raises:
        VersionError: there was none before, or it is no longer kept.
    """
    register = read(own)
    if not register.before:
        raise VersionError("No hay un modelo anterior: está en uso el que trae el programa.")
    former = register.before[-1]
    if former != SHIPPED and not (folder_of(own, former) / "model.json").is_file():
        raise VersionError(f"El modelo «{former}» ya no se guarda.")
    _write(own, Register(former, register.before[:-1], register.kept))
    return former


def check_figures(model: Model) -> Mapping[str, Mapping[str, float]]:
    """Figures of the check set, by way; a model of before there was one has those of its cross-validation."""
    found: Any = model.about.get("check") or model.about.get("cross_validation") or {}
    return {
        way: {name: float(figures[name]) for name in ("count", "accuracy", *_LEEWAY) if name in figures}
        for way, figures in found.items()
    }


def _write(own: Path, register: Register) -> None:
    """Replace the register whole, and drop models that nobody will ask for."""
    needed = {register.in_use, *register.before[-1:]}
    others = [entry.version for entry in register.kept if entry.version not in needed]
    gone = others[: max(0, len(others) - _KEPT + 1)]
    kept = tuple(entry for entry in register.kept if entry.version not in gone)
    before = _without(register.before, gone)
    own.mkdir(parents=True, exist_ok=True)
    waiting = own / f".{_FILE}.{os.getpid()}"
    text = {"in_use": register.in_use, "before": list(before), "kept": [asdict(entry) for entry in kept]}
    waiting.write_text(json.dumps(text, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    waiting.replace(own / _FILE)
    for version in gone:
        shutil.rmtree(folder_of(own, version), ignore_errors=True)


def _without(before: Sequence[str], gone: Sequence[str]) -> tuple[str, ...]:
    return tuple(version for version in before if version not in gone)
