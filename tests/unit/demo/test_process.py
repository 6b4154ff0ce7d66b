"""A demo server as a child: it says what it wrote when it does not start, and goes when its starter goes."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from cobranza.demo.doubles import process
from cobranza.kernel.errors import ApplicationError


class NoServerError(ApplicationError):
    """What the tests ask to be told."""

    code = "COB-DEM-099"
    remedy = "Nada."


def test_what_a_child_wrote_before_it_ended_is_in_the_error() -> None:
    with (
        pytest.raises(NoServerError, match=r"(?s)El servidor no arranca \(salida 2\).*--kind"),
        process.child("cobranza.demo.tickets", ["--kind", "ninguna"], what="El servidor", error=NoServerError),
    ):
        pytest.fail("it must not start")


def test_a_child_answers_at_its_address_and_is_gone_after_the_block() -> None:
    with process.child("cobranza.demo.tickets", [], what="El servidor", error=NoServerError) as child:
        assert psutil.pid_exists(child.pid)
        assert child.url.startswith("http://127.0.0.1:")

    assert not psutil.pid_exists(child.pid)


def test_the_file_that_says_ready_is_for_its_owner_only(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "cobranza.demo.tickets", "--ready-file", str(ready), "--parent", str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=os.environ | {"COBRANZA_DEMO_TOKEN": "t"}) as server:
        for _ in range(1500):
            if ready.exists():
                break
            time.sleep(0.02)
        told = json.loads(ready.read_text(encoding="utf-8"))
        mode = stat.S_IMODE(ready.stat().st_mode)
        server.terminate()

    assert (told["pid"], told["token"]) == (server.pid, "t")
    assert mode == 0o600


def test_a_server_whose_starter_is_gone_already_ends_at_once() -> None:
    nobody = "4194304"  # beyond the highest number that Linux gives a process
    command = [sys.executable, "-m", "cobranza.demo.tickets", "--parent", nobody]

    assert subprocess.run(command, timeout=60, check=False).returncode == 0
