"""The front of this room: files in, verdicts and PDF/A out, several at a time, none able to stop the others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Any, Self

from cobranza.legal.inputs import sniff
from cobranza.legal.inputs.cache import FILED, VIEW, Cache, Kept, digest, key_of
from cobranza.legal.inputs.tools import Tools
from cobranza.legal.inputs.verdict import MIB, Finding, InputLimits, State, Taken, Verdict
from cobranza.legal.inputs.workers import Worker, WorkerLost


class Converter:
    """Turns files into verdicts and PDF/A.

    The work is done by worker processes with bounded time and memory, started when the first conversion is not in the
    cache and kept until `close` (or the end of the `with`). Threads may share one converter.

    Args:
        cache: Folder of the conversions made before; it is made when it is not there.
        limits: Above these a file is refused.
        tools: Programs and fonts; by default what the machine has.
    """

    def __init__(self, cache: Path, *, limits: InputLimits | None = None, tools: Tools | None = None) -> None:
        self.cache = Cache(cache)
        self.limits = limits or InputLimits()
        self.tools = tools or Tools.found()
        self._versions = self.tools.versions()
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker processes; the converter may be used again afterwards."""
        while not self._idle.empty():
            self._idle.get().close()

    def take(self, path: Path, *, redact: tuple[str, ...] = ()) -> Taken:
        """Take one file.

        Args:
            path: File; it is read, never written to.
            redact: Literal strings that must be gone from what is filed.

        Returns:
            The verdict and the files. Whatever is wrong with the file is in the verdict, never an exception.

        Raises:
            InputToolMissing: a font that every conversion needs is not installed.
        """
        try:
            size = path.stat().st_size if path.is_file() else -1
            sha256 = digest(path) if size > 0 else hashlib.sha256(b"").hexdigest()
        except OSError:
            size, sha256 = -1, ""
        early = self._refused_early(path, size)
        if early is not None:
            return _rejected(path, sha256, max(size, 0), early)
        options = {"redact": sorted(set(redact)), "limits": asdict(self.limits), "type": sniff.media_type(path)}
        key = key_of(sha256, options, self._versions)
        kept = self.cache.get(key)
        if kept is None:
            with self.cache.draft() as folder:
                source = folder / "source"
                with path.open("rb") as given, source.open("wb") as copy:
                    seen = hashlib.sha256()
                    while block := given.read(MIB):
                        seen.update(block)
                        copy.write(block)
                if seen.hexdigest() != sha256:
                    changed = Finding(
                        code="cambiado",
                        text="El fichero ha cambiado mientras se leía.",
                        remedy="Espere a que termine de copiarse y repítalo.",
                        rejects=True,
                    )
                    return _rejected(path, sha256, size, changed)
                made = self._convert(path, sha256, folder, options)
                if made.has("sin_respuesta"):  # may be the machine's fault: said, not remembered
                    return Taken(verdict=made, original=path)
                kept = self.cache.put(key, folder / "out", made)
        return _taken(path, kept)

    def take_all(
        self, paths: Sequence[Path], processes: int = 2, *, redact: Sequence[tuple[str, ...]] | None = None
    ) -> list[Taken]:
        """Take several files at a time; one bad file never stops the rest.

        Args:
            paths: Files.
            processes: Worker processes.
            redact: For each file, in the same order; None for nothing in any of them.

        Returns:
            In the order of `paths`.

        Raises:
            ValueError: `redact` is not as long as `paths`.
            InputToolMissing: a font that every conversion needs is not installed.
        """
        words = list(redact) if redact is not None else [()] * len(paths)
        if len(words) != len(paths):
            raise ValueError("redact must hold one tuple for each path")
        with ThreadPoolExecutor(max_workers=max(1, processes), thread_name_prefix="inputs") as pool:
            waiting = [pool.submit(self.take, path, redact=each) for path, each in zip(paths, words, strict=True)]
            return [each.result() for each in waiting]

    def _refused_early(self, path: Path, size: int) -> Finding | None:
        if size < 0:
            return Finding(
                code="no_existe",
                text=f"No se puede leer el fichero {path.name}.",
                remedy="Compruebe el nombre y los permisos.",
                rejects=True,
            )
        if size == 0:
            return Finding(code="vacio", text="El fichero está vacío.", remedy="Tráigalo de nuevo.", rejects=True)
        if size > self.limits.size:
            return Finding(
                code="demasiado_grande",
                text=f"El fichero ocupa {size / MIB:.0f} MiB y el máximo es {self.limits.size / MIB:.0f}.",
                remedy="Divídalo en partes o redúzcalo.",
                rejects=True,
            )
        return None

    def _convert(self, path: Path, sha256: str, folder: Path, options: dict[str, Any]) -> Verdict:
        worker = self._worker()
        job = {
            "name": path.name,
            "sha256": sha256,
            "folder": str(folder),
            "media_type": options["type"],
            "redact": options["redact"],
        }
        try:
            verdict = worker.do(job)
        except WorkerLost as exc:
            finding = Finding(
                code="sin_respuesta",
                text=f"La conversión no ha terminado: {exc.reason}.",
                remedy="Guárdelo de nuevo como PDF desde el programa que lo creó y tráigalo otra vez.",
                rejects=True,
            )
            return _verdict(path, sha256, path.stat().st_size, finding, options["type"])
        self._idle.put(worker)
        return verdict

    def _worker(self) -> Worker:
        with self._lock:
            if not self._idle.empty():
                return self._idle.get()
        return Worker(self.limits, self.tools, self.cache.drafts)


def _verdict(path: Path, sha256: str, size: int, finding: Finding, media_type: str = "") -> Verdict:
    return Verdict(
        file=path.name,
        sha256=sha256,
        media_type=media_type or "application/octet-stream",
        size=size,
        kind=sniff.kind_of(media_type),
        state=State.REJECTED,
        reasons=(finding,),
    )


def _rejected(path: Path, sha256: str, size: int, finding: Finding) -> Taken:
    return Taken(verdict=_verdict(path, sha256, size, finding), original=path)


def _taken(path: Path, kept: Kept) -> Taken:
    verdict = kept.verdict.renamed(path.name)
    if verdict.rejected:
        return Taken(verdict=verdict, original=path)
    if verdict.state is State.OK:
        return Taken(verdict=verdict, original=path, pdf=path, view=path)
    filed = kept.file(FILED)
    return Taken(verdict=verdict, original=path, pdf=filed, view=kept.file(VIEW) or filed)
