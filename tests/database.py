"""Pytest plugin: the whole session runs on one embedded PostgreSQL of its own, unless `DATABASE_URL` names another.

Loaded with ``-p tests.database`` because Django reads its settings before any conftest. Under ``-n 2`` each of
pytest-xdist's workers is a session with a server of its own; the process that only hands out tests has none.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from cobranza.database.embedded import EmbeddedServer


def _only_hands_out() -> bool:
    """Whether this is pytest-xdist's controller: it imports this plugin too and runs no test."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return False
    return any(word == "--numprocesses" or word.startswith(("-n", "--numprocesses=")) for word in sys.argv[1:])


_folder = Path(tempfile.mkdtemp(prefix="cobranza-tests-"))
_folder.chmod(0o711)  # root's server runs as another user and has to walk in
os.environ["COBRANZA_DATA"] = str(_folder)
os.environ.setdefault("COBRANZA_OUTPUT", str(_folder / "output"))

_server = EmbeddedServer(_folder) if not (os.environ.get("DATABASE_URL") or _only_hands_out()) else None
if _server is not None:
    _server.own()
    # A test's data need not outlive this machine's power: killed processes, the server's included, lose nothing by it.
    with _server.administer() as _connection:
        for _setting in ("fsync", "synchronous_commit", "full_page_writes"):
            _connection.execute(f"ALTER SYSTEM SET {_setting} = off")
        _connection.execute("SELECT pg_reload_conf()")


def _end() -> None:
    if _server is not None:
        _server.stop()
    shutil.rmtree(_folder, ignore_errors=True)


atexit.register(_end)
