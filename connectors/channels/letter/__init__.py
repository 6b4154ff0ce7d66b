"""Letters to print: a PDF for each in a folder of the day, and a list of them for whoever posts them.

The folder is the provider: a letter is taken when its PDF stands there whole, and is found again by its key.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from cobranza import suite
from cobranza.dunning.ports import (
    Caps,
    ChannelDown,
    ChannelRefused,
    Delivery,
    Event,
    ForgedEvent,
    Outcome,
    Outgoing,
    SendResult,
    Status,
)
from cobranza.kernel import clock
from cobranza.kernel.config import Strict
from connectors.channels import postal
from connectors.channels.ready import reference
from connectors.channels.settings import FILE, settings

_LIST = "lista.csv"
_COLUMNS = ("referencia", "fichero", "destinatario", "asunto", "clave")
_NAME = 12


class LetterSettings(Strict):
    """`[canales.letter]`.

    Attributes:
        carpeta: Folder under the output folder.
    """

    FILE: ClassVar[str] = FILE
    TABLE: ClassVar[str] = "canales.letter"

    carpeta: str = "cartas"


class Letter:
    """See `cobranza.dunning.ports.Channel`."""

    slug = "letter"
    channel = "letter"

    def capabilities(self) -> Caps:
        """What is in the folder is there at once."""
        return Caps(receipts=False, lookup=True, settle_seconds=0)

    def send(self, message: Outgoing) -> SendResult:
        """See `Channel.send`. First in the list, then in the folder: a line too much is seen, one less is not."""
        if len(postal.lines_of(message.to)) < 2:
            return SendResult(outcome=Outcome.REFUSED, reason="La dirección no está completa.", permanent=True)
        found = self._find(message.key)
        if found is None:
            found = _folder() / f"{clock.now():%Y-%m-%d}" / f"{reference(message.key, _NAME)}.pdf"
            content = postal.pdf(message, reference=reference(message.key))
            try:
                found.parent.mkdir(parents=True, exist_ok=True)
                _note(found, message)
                _write(found, content)
            except OSError as exc:
                raise ChannelDown(f"No se puede escribir en {found.parent}: {exc.strerror}.") from exc
        return SendResult(outcome=Outcome.ACCEPTED, provider_id=f"{found.parent.name}/{found.name}")

    def lookup(self, key: str, provider_id: str, *, to: str = "", since: datetime | None = None) -> Status | None:
        """See `Channel.lookup`."""
        found = self._find(key)
        if found is None:
            return None
        at = datetime.fromtimestamp(found.stat().st_mtime, UTC)
        return Status(provider_id=f"{found.parent.name}/{found.name}", state=Delivery.ACCEPTED, at=at)

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Event]:
        """Nobody calls."""
        raise ForgedEvent("Las cartas impresas no tienen webhook.")

    def _find(self, key: str) -> Path | None:
        return next(iter(sorted(_folder().glob(f"*/{reference(key, _NAME)}.pdf"))), None)


def _folder() -> Path:
    named = Path(settings(Letter.slug, LetterSettings).carpeta)
    if named.is_absolute() or ".." in named.parts:
        raise ChannelRefused("«carpeta» de [canales.letter] es una carpeta dentro de output/.")
    return suite.output_folder() / named


def _note(file: Path, message: Outgoing) -> None:
    """Add the letter to the day's list, once."""
    name, path = reference(message.key), file.parent / _LIST
    there = path.exists()
    if there:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            if any(row.get("referencia") == name for row in csv.DictReader(lines, delimiter=";")):
                return
    with path.open("a", encoding="utf-8" if there else "utf-8-sig", newline="") as out:
        writer = csv.writer(out, delimiter=";")
        if not there:
            writer.writerow(_COLUMNS)
        values = (name, file.name, " / ".join(postal.lines_of(message.to)), message.subject, message.key)
        # A spreadsheet must not take what a debtor is called for a formula.
        writer.writerow("'" + value if value[:1] in ("=", "+", "-", "@", "\t") else value for value in values)
        out.flush()
        os.fsync(out.fileno())


def _write(file: Path, content: bytes) -> None:
    """Whole or not at all, and on the disk before anybody is told."""
    part = file.with_suffix(".part")
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(file)


ADAPTER = Letter()
