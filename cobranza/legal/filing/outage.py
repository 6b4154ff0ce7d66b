"""Proof that a court's portal was down: what was seen, when, and a hash, for a deadline that could not be met.

Each failure adds a folder with its evidence and a line to ``caidas.jsonl``; each line holds the hash of the one before
it, so that none can be taken out or dated back unseen. `certificate` writes it down for the court.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cobranza.kernel.errors import BusinessError
from cobranza.legal.filing import proofs

LOG = "caidas.jsonl"


class OutageLogBroken(BusinessError):
    """The list of outages was changed after it was written."""

    code = "COB-PRE-007"
    remedy = "No la presente como prueba; compare con la copia de seguridad."


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """One failure of a portal.

    Attributes:
        court: Slug.
        at: When we saw it.
        what: What happened, in Spanish.
        folder: Its evidence, relative to the folder of the list.
        proof: Hash of the list of hashes of the evidence.
    """

    court: str
    at: datetime
    what: str
    folder: str
    proof: str


def record(
    home: Path, *, court: str, at: datetime, what: str, seen: Mapping[str, bytes], notes: Iterable[str] = ()
) -> Outage:
    """Write down a failure with what was seen of it.

    Args:
        home: Folder of the filing.
        court: Slug.
        at: When.
        what: Spanish.
        seen: Screens and pages, name → bytes.
        notes: Where a connector left more.
    """
    facts = {"court": court, "what": what, "more": " · ".join(notes)}
    proof = proofs.save(home / "caidas", "caida", seen, at=at, facts=facts)
    made = Outage(court=court, at=at, what=what, folder=proof.folder.relative_to(home).as_posix(), proof=proof.sha256)
    file = home / LOG
    before = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    row = {
        "court": court,
        "at": at.isoformat(),
        "what": what,
        "folder": made.folder,
        "proof": made.proof,
        "before": hashlib.sha256(before[-1].encode()).hexdigest() if before else "",
    }
    with file.open("a", encoding="utf-8") as out:
        out.write(json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n")
    return made


def read(home: Path) -> tuple[Outage, ...]:
    """The failures of a filing, oldest first.

    Raises:
        OutageLogBroken: the list or its evidence was changed afterwards.
    """
    file = home / LOG
    if not file.exists():
        return ()
    found, before = [], ""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            listed = (home / row["folder"] / proofs.LIST).read_bytes()
            whole = row["before"] == before and hashlib.sha256(listed).hexdigest() == row["proof"]
            made = Outage(
                court=row["court"],
                at=datetime.fromisoformat(row["at"]),
                what=row["what"],
                folder=row["folder"],
                proof=row["proof"],
            )
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise OutageLogBroken(f"{LOG}, línea {number}: no se puede leer ({exc}).") from exc
        if not whole or not _unchanged(home / made.folder, listed):
            raise OutageLogBroken(f"{LOG}, línea {number}: no cuadra con lo que se guardó.")
        found.append(made)
        before = hashlib.sha256(line.encode()).hexdigest()
    return tuple(found)


def _unchanged(folder: Path, listed: bytes) -> bool:
    for line in listed.decode().splitlines():
        digest, _, name = line.partition("  ")
        file = folder / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            return False
    return True


def certificate(home: Path, *, case: str, deadline: datetime | None, zone: str) -> str:
    """What happened, in words that a writ can quote: times on the court's clock, what was seen, hashes."""
    outages = read(home)
    lines = [f"Expediente {case}: intentos de presentación que el portal no atendió."]
    if deadline is not None:
        lines.append(f"El plazo acaba el {proofs.moment(deadline, zone)}.")
    for each in outages:
        lines.append(f"- {proofs.moment(each.at, zone)} · {each.court} · {each.what} · prueba SHA-256 {each.proof}")
    if not outages:
        lines.append("No consta ninguna caída.")
    return "\n".join(lines) + "\n"
