"""Installs Tryton's server (PyPI) and its web client (npm) into the tools folder, once per set of versions."""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cobranza import suite
from cobranza.kernel.errors import ApplicationError

PINS = Path(__file__).with_name("requirements.txt")
WEB_CLIENT = "tryton-sao@8.0.11"  # its series must be the server's

_STAMP = "installed.json"
_PIP_SECONDS = 600
_NPM_SECONDS = 600
_log = logging.getLogger(__name__)


class ErpToolsError(ApplicationError):
    """Tryton could not be installed, seeded or started."""

    code = "COB-DEM-101"
    remedy = "Compruebe que pip y npm llegan a sus registros y vuelva a intentarlo."


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Where Tryton is.

    Attributes:
        folder: The installation, shared by every instance of these versions.
        python: Its own interpreter.
        web: Root of the web client's static files, None when npm was missing.
        web_missing: Why there is no web client, in Spanish; "" when there is one.
    """

    folder: Path
    python: Path
    web: Path | None
    web_missing: str = ""


def tools_folder(cache: Path | None = None) -> Path:
    """Where installations and seeded databases are kept: `COBRANZA_TOOLS`, else `cache`, else the data folder's."""
    named = os.environ.get("COBRANZA_TOOLS")
    if named:
        return Path(named).expanduser().resolve() / "tryton"
    return (cache or suite.data_folder() / "tools" / "tryton").resolve()


def versions() -> str:
    """Short hash of every pinned version and of the interpreter: names the installation's folder."""
    what = f"{PINS.read_text(encoding='utf-8')}|{WEB_CLIENT}|{sys.version_info[:2]}"
    return hashlib.sha256(what.encode()).hexdigest()[:12]


@contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold `file` as a lock between processes; freed when the process ends, however it ends.

    Raises:
        ErpToolsError: another process holds it and `wait` is False.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as exc:
            raise ErpToolsError(
                f"Otro proceso está usando «{file.parent}».", remedy="Párelo antes o use otra carpeta."
            ) from exc
        yield


def install(cache: Path | None = None) -> Installed:
    """Install Tryton under `tools_folder`, or find it there; a half-made installation is thrown away.

    Raises:
        ErpToolsError: pip or npm failed; the message ends with their last lines. A missing npm is no error: the
            result then has no `web`.
    """
    tools = tools_folder(cache)
    folder = tools / versions()
    stamp = folder / _STAMP
    with locked(tools / "install.lock"):
        if not _complete(stamp):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            missing = _fetch(folder)
            stamp.write_text(json.dumps({"web_missing": missing}), encoding="utf-8")
    missing = str(json.loads(stamp.read_text(encoding="utf-8"))["web_missing"])
    web = None if missing else folder / "sao" / "node_modules" / "tryton-sao"
    return Installed(folder=folder, python=folder / "venv" / "bin" / "python", web=web, web_missing=missing)


def _complete(stamp: Path) -> bool:
    """Whether the installation is whole; one made while npm was missing is redone once npm is there."""
    if not stamp.exists():
        return False
    missing = json.loads(stamp.read_text(encoding="utf-8"))["web_missing"]
    return not (missing and shutil.which("npm"))


def _fetch(folder: Path) -> str:
    """Fetch both parts, side by side. Returns why there is no web client, "" when there is one."""
    npm = shutil.which("npm")
    sao = folder / "sao"
    client = None
    if npm:
        order = [npm, "install", "--prefix", str(sao), "--ignore-scripts", "--no-audit", "--no-fund", WEB_CLIENT]
        client = _start(order, folder / "npm.log")
    try:
        python = folder / "venv" / "bin" / "python"
        _finish(_start([sys.executable, "-m", "venv", str(folder / "venv")], folder / "venv.log"), _PIP_SECONDS)
        # never the scripts of bin/: their first line breaks when the path has a space
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(PINS)]
        _finish(_start(pip, folder / "pip.log"), _PIP_SECONDS)
        if client is None:
            _log.warning("Tryton sin cliente web: npm no está instalado")
            return "npm no está instalado: el ERP de demostración solo se puede usar por su API"
        _finish(client, _NPM_SECONDS)
    finally:
        if client is not None and client[0].poll() is None:
            client[0].kill()
            client[0].wait()
    # the client's pages look for its libraries in a folder of its own
    (sao / "node_modules" / "tryton-sao" / "node_modules").symlink_to("..")
    return ""


def _start(order: list[str], log: Path) -> tuple[subprocess.Popen[bytes], Path]:
    with log.open("wb") as out:
        process = subprocess.Popen(order, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    return process, log


def _finish(started: tuple[subprocess.Popen[bytes], Path], seconds: float) -> None:
    process, log = started
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        code = None
    if code != 0:
        why = "no terminó a tiempo" if code is None else f"acabó con el código {code}"
        raise ErpToolsError(f"«{log.stem}» {why} al instalar Tryton: {tail(log)}")


def tail(log: Path, lines: int = 8) -> str:
    """The last lines of a log, on one line."""
    if not log.exists():
        return "(sin registro)"
    text = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return " | ".join(text[-lines:])
