"""Versions of a trained judge: which one is in use, which were before it, and which one was not let in.

One folder a version (``model.json``, ``card.json``, ``card.md``) and one ``versions.json``, replaced whole. Nothing is
dropped while a stored score may name it: `KEPT` versions stay besides the one in use.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from classifiers.payers import learned
from classifiers.payers.errors import ModelError
from classifiers.payers.learned import Learned

KEPT: Final = 12
_FILE: Final = "versions.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One version.

    Attributes:
        version: Digest of what was learned.
        trained: When, ISO 8601 in UTC.
        figures: On the check set.
        refused: Why it did not go into use, Spanish; empty when it did.
    """

    version: str
    trained: str
    figures: Mapping[str, Any]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """What ``versions.json`` says.

    Attributes:
        in_use: Version in use; "" for none.
        before: Versions that were in use before, the latest last; "" stands for none.
        kept: Every version that is kept, oldest first.
    """

    in_use: str = ""
    before: tuple[str, ...] = ()
    kept: tuple[Entry, ...] = ()


def read(own: Path) -> Register:
    """The register; empty when nothing was trained.

    Raises:
        ModelError: it is damaged.
    """
    try:
        found = json.loads((own / _FILE).read_text(encoding="utf-8"))
        kept = tuple(Entry(**{**entry, "refused": tuple(entry["refused"])}) for entry in found["kept"])
        return Register(in_use=str(found["in_use"]), before=tuple(found["before"]), kept=kept)
    except FileNotFoundError:
        return Register()
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ModelError(f"«{own / _FILE}» está dañado ({exc}).", remedy="Bórrelo y entrene de nuevo.") from exc


def folder_of(own: Path, version: str) -> Path:
    """Where a version is kept."""
    return own / "versions" / version


def admit(own: Path, model: Learned, card: Mapping[str, Any], text: str, refused: Sequence[str]) -> Path:
    """Keep a new version with its card, and put it into use unless it was refused."""
    place = folder_of(own, model.version)
    learned.save(model, place)
    (place / "card.json").write_text(json.dumps(card, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    (place / "card.md").write_text(text, encoding="utf-8")
    entry = Entry(
        version=model.version,
        trained=datetime.now(UTC).isoformat(timespec="seconds"),
        figures=card.get("check", {}),
        refused=tuple(refused),
    )
    found = read(own)
    found = replace(found, kept=(*(each for each in found.kept if each.version != entry.version), entry))
    if not refused and found.in_use != entry.version:
        found = replace(found, in_use=entry.version, before=(*found.before, found.in_use))
    _write(own, found)
    return place


def use(own: Path, version: str) -> None:
    """Put a kept version into use.

    Raises:
        ModelError: it is not kept.
    """
    found = read(own)
    if version not in {entry.version for entry in found.kept}:
        raise ModelError(f"No se guarda ninguna versión «{version}».", remedy="Mírelas con «cobranza risk models».")
    learned.load(folder_of(own, version))
    if found.in_use != version:
        _write(own, replace(found, in_use=version, before=(*found.before, found.in_use)))


def roll_back(own: Path) -> str:
    """Put the version before the one in use back; "" when there was none.

    Raises:
        ModelError: none is in use, or the one before is no longer kept.
    """
    found = read(own)
    if not found.in_use:
        raise ModelError("No hay ninguna versión entrenada en uso.")
    former = found.before[-1] if found.before else ""
    if former and former not in {entry.version for entry in found.kept}:
        raise ModelError(f"La versión «{former}» ya no se guarda.", remedy="Elija otra con «cobranza risk use».")
    _write(own, replace(found, in_use=former, before=found.before[:-1]))
    return former


def card(own: Path, version: str) -> tuple[dict[str, Any], str]:
    """The card of a kept version: as data and as text.

    Raises:
        ModelError: there is none.
    """
    place = folder_of(own, version)
    try:
        return json.loads((place / "card.json").read_text(encoding="utf-8")), (place / "card.md").read_text("utf-8")
    except (OSError, ValueError) as exc:
        raise ModelError(f"No hay ficha de la versión «{version}».", remedy="Vea «cobranza risk models».") from exc


def _write(own: Path, register: Register) -> None:
    needed = {register.in_use, *register.before[-1:]}
    others = [entry.version for entry in register.kept if entry.version not in needed]
    gone = set(others[: max(0, len(others) - KEPT)])
    kept = tuple(entry for entry in register.kept if entry.version not in gone)
    own.mkdir(parents=True, exist_ok=True)
    waiting = own / f".{_FILE}.{os.getpid()}"
    text = {
        "in_use": register.in_use,
        "before": [version for version in register.before if version not in gone],
        "kept": [asdict(entry) for entry in kept],
    }
    waiting.write_text(json.dumps(text, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    waiting.replace(own / _FILE)
    for version in gone:
        shutil.rmtree(folder_of(own, version), ignore_errors=True)
