"""Pytest plugin: the whole session runs on one embedded PostgreSQL of its own, unless `DATABASE_URL` names another.

Loaded with ``-p tests.database`` because Django reads its settings before any conftest.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from cobranza.database.embedded import EmbeddedServer

_folder = Path(tempfile.mkdtemp(prefix="cobranza-tests-"))
_folder.chmod(0o711)  # root's server runs as another user and has to walk in
os.environ["COBRANZA_DATA"] = str(_folder)
os.environ.setdefault("COBRANZA_OUTPUT", str(_folder / "output"))

_server = EmbeddedServer(_folder) if not os.environ.get("DATABASE_URL") else None
if _server is not None:
    _server.own()


def _end() -> None:
    if _server is not None:
        _server.stop()
    shutil.rmtree(_folder, ignore_errors=True)


atexit.register(_end)
