"""The outside programs and fonts: found by path, run under limits, killed with everything they started."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from cobranza.kernel.errors import ApplicationError, BusinessError

PIPELINE = "2"
"""Raise it when the same bytes would come out otherwise: it is part of every cache key."""

_FONTS = Path("/usr/share/fonts/truetype")
_ICC = (Path("/usr/share/color/icc/ghostscript/srgb.icc"), Path("/usr/share/ghostscript/10.00.0/iccprofiles/srgb.icc"))


class InputToolMissing(BusinessError):
    """A program or a font that the conversion needs is not installed."""

    code = "COB-LEG-020"
    remedy = "Instale ghostscript, tesseract-ocr, tesseract-ocr-spa, fonts-dejavu-core y fonts-liberation."


class ToolFailed(ApplicationError):
    """An outside program ended badly or took too long."""

    code = "COB-LEG-021"
    remedy = "Vuelva a intentarlo; si se repite con este fichero, guárdelo de nuevo como PDF."


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """Where the programs are; "" for one that is not there.

    Attributes:
        ghostscript: Program.
        tesseract: Program.
        languages: For the OCR, as tesseract names them.
        fonts: Folder with `dejavu/` and `liberation/`.
    """

    ghostscript: str = ""
    tesseract: str = ""
    languages: str = "spa"
    fonts: Path = _FONTS

    @classmethod
    def found(cls) -> Tools:
        """What this machine has."""
        return cls(ghostscript=shutil.which("gs") or "", tesseract=shutil.which("tesseract") or "")

    def font(self, name: str) -> Path:
        """The file of a font such as "liberation/LiberationSans-Regular".

        Raises:
            InputToolMissing: it is not installed.
        """
        file = self.fonts / f"{name}.ttf"
        if not file.is_file():
            raise InputToolMissing(f"No está el tipo de letra {file}.")
        return file

    def versions(self) -> str:
        """Everything whose change would change the bytes that come out, for the cache key."""
        packages = ("pikepdf", "ocrmypdf", "img2pdf", "pillow", "reportlab", "pypdfium2", "fonttools", "python-docx")
        parts = [f"cobranza={PIPELINE}", *(f"{name}={version(name)}" for name in packages)]
        parts += [f"gs={_version(self.ghostscript)}", f"tesseract={_version(self.tesseract)}", self.languages]
        return " ".join(parts)


@cache
def _version(program: str) -> str:
    if not program:
        return "-"
    try:
        done = subprocess.run([program, "--version"], capture_output=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    return (done.stdout or done.stderr).split(b"\n", 1)[0].decode("ascii", "replace").strip()


@cache
def icc_profile() -> Path:
    """An sRGB profile that Ghostscript may read.

    Raises:
        InputToolMissing: there is none.
    """
    for each in _ICC:
        if each.is_file():
            return each
    raise InputToolMissing("No está el perfil de color srgb.icc de Ghostscript.")


def run(
    command: Sequence[str | Path],
    *,
    folder: Path,
    seconds: float,
    memory: int,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """Run a program without a shell, in `folder`, with bounded time and memory; its standard output.

    Raises:
        ToolFailed: it could not start, ended with another status than 0, or ran past `seconds`.
    """

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    name = Path(command[0]).name
    clean = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TMPDIR": str(folder), "OMP_THREAD_LIMIT": "1"}
    try:
        process = subprocess.Popen(
            [str(each) for each in command],
            cwd=folder,
            env={**clean, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=bound,
        )
    except OSError as exc:
        raise ToolFailed(f"{name} no arranca: {exc}.") from exc
    try:
        output, errors = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired as exc:
        raise ToolFailed(f"{name} no ha terminado en {seconds:.0f} segundos.") from exc
    finally:
        if process.poll() is None:  # it stays in its worker's group, which ends as one
            process.kill()
            process.communicate()
    if process.returncode != 0:
        last = errors.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
        raise ToolFailed(f"{name} ha terminado con {process.returncode}: {last[0][:200]}")
    return output
