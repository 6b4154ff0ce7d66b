"""Conversions kept by content: the key says everything that decides the bytes, the entry proves that it is whole.

An entry is a folder `ab/<key>/` that appears in one rename, with `entry.json` (verdict, name and SHA-256 of each file).
Two processes that make the same entry at once both end with one of the two, which are equal. An entry that does not
match its hashes (a truncated file, a full disk) is set aside and made again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cobranza.legal.inputs.verdict import Verdict

_ENTRY = "entry.json"
FILED = "filed.pdf"
VIEW = "view.pdf"
_DAY = 86400


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An entry: the verdict (of whatever name came first) and the files that were made."""

    verdict: Verdict
    folder: Path
    names: tuple[str, ...]

    def file(self, name: str) -> Path | None:
        """One of `FILED`, `VIEW`; None when it was not made."""
        return self.folder / name if name in self.names else None


def digest(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def key_of(sha256: str, options: Mapping[str, Any], versions: str) -> str:
    """The key of one conversion."""
    text = json.dumps([sha256, dict(options), versions], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


class Cache:
    """A folder of entries."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._drafts = folder / "tmp"
        self._drafts.mkdir(parents=True, exist_ok=True)
        self._sweep()

    @property
    def drafts(self) -> Path:
        """Where unfinished work lies."""
        return self._drafts

    def _sweep(self) -> None:
        """What a killed process left half done goes after a day."""
        for each in self._drafts.iterdir():
            try:
                if time.time() - each.stat().st_mtime > _DAY:
                    shutil.rmtree(each, ignore_errors=True)
            except FileNotFoundError:
                continue  # its owner was first

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / key

    def get(self, key: str) -> Kept | None:
        """The entry, every byte of it compared with its hashes; None when there is none that is whole."""
        place = self._place(key)
        try:
            plain = json.loads((place / _ENTRY).read_text(encoding="utf-8"))
            verdict = Verdict.from_dict(plain["verdict"])
            files = dict(plain["files"])
            whole = all(digest(place / name) == expected for name, expected in files.items())
        except FileNotFoundError:
            whole = False
            if not place.exists():
                return None
        except (OSError, ValueError, TypeError, KeyError):
            whole = False
        if not whole:
            self._set_aside(place)
            return None
        return Kept(verdict=verdict, folder=place, names=tuple(files))

    def put(self, key: str, draft: Path, verdict: Verdict) -> Kept:
        """Make the entry of the files in `draft`, a folder of `draft()`.

        Another process may have made it meanwhile: then that one is given.
        """
        names = [name for name in (FILED, VIEW) if (draft / name).is_file()]
        entry = {"verdict": verdict.as_dict(), "files": {name: digest(draft / name) for name in names}}
        ready = Path(tempfile.mkdtemp(dir=self._drafts, prefix="entry-"))
        try:
            for name in names:
                (draft / name).replace(ready / name)
            (ready / _ENTRY).write_text(json.dumps(entry, ensure_ascii=False, sort_keys=True), encoding="utf-8")
            for each in ready.iterdir():
                with each.open("rb") as written:
                    os.fsync(written.fileno())
            place = self._place(key)
            place.parent.mkdir(parents=True, exist_ok=True)
            for _ in range(3):
                try:
                    ready.rename(place)
                except OSError:
                    there = self.get(key)
                    if there is not None:
                        return there
                else:
                    return Kept(verdict=verdict, folder=place, names=tuple(names))
            raise OSError(f"No se puede guardar la conversión en {place}.")
        finally:
            shutil.rmtree(ready, ignore_errors=True)

    @contextmanager
    def draft(self) -> Iterator[Path]:
        """A folder for one conversion, gone afterwards."""
        folder = Path(tempfile.mkdtemp(dir=self._drafts, prefix="job-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _set_aside(self, place: Path) -> None:
        gone = Path(tempfile.mkdtemp(dir=self._drafts, prefix="broken-"))
        try:
            place.rename(gone / "entry")
        except OSError:
            pass  # another process was first
        finally:
            shutil.rmtree(gone, ignore_errors=True)
