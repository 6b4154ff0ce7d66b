"""What a person gets to see when the robot does not know: screens, pages and times, with their hashes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cobranza.kernel import clock

LIST = "SHA256SUMS"


def moment(at: datetime, zone: str) -> str:
    """A moment as a lawyer reads it, on the court's clock.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 23, 9, 5, 7, tzinfo=UTC), "Europe/Madrid")
    '23/11/2026 10:05:07 (Europe/Madrid)'
    """
    return f"{at.astimezone(clock.zone(zone)):%d/%m/%Y %H:%M:%S} ({zone})"


@dataclass(frozen=True, slots=True)
class Proof:
    """A folder of evidence and the hash of its list of hashes; the hash goes into the journal."""

    folder: Path
    sha256: str


def save(base: Path, what: str, shown: Mapping[str, bytes], *, at: datetime, facts: Mapping[str, str]) -> Proof:
    """Write down what was seen, in a folder of its own.

    Args:
        base: The filing's folder.
        what: A word for the folder's name.
        shown: Name → bytes, as `CourtSession.evidence` gives them.
        at: When.
        facts: What else belongs to it; goes into ``hechos.json``.
    """
    stem = f"{at:%Y%m%dT%H%M%SZ}-{re.sub(r'[^a-z0-9]+', '-', what.lower()).strip('-') or 'prueba'}"
    folder, number = base / stem, 1
    while folder.exists():
        number += 1
        folder = base / f"{stem}-{number}"
    folder.mkdir(parents=True)
    told = {"at": at.isoformat(), **facts}
    files = {re.sub(r"[^A-Za-z0-9._-]", "_", name): content for name, content in shown.items()}
    files["hechos.json"] = (json.dumps(told, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    lines = []
    for name, content in sorted(files.items()):
        (folder / name).write_bytes(content)
        lines.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")
    text = "".join(lines).encode()
    (folder / LIST).write_bytes(text)
    return Proof(folder, hashlib.sha256(text).hexdigest())


def attach(error: BaseException, shown: Mapping[str, bytes]) -> None:
    """Give an error what was seen when it happened, for whoever catches it after the session has closed."""
    error.__dict__.setdefault("shown", dict(shown))


def attached(error: BaseException | None) -> dict[str, bytes]:
    """What `attach` gave; empty without."""
    return dict(error.__dict__.get("shown", {})) if error is not None else {}
