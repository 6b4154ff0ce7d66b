"""The embedded server for real: kill -9, restarts, two instances, another user, attach."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cobranza.database.embedded import EmbeddedServer, WrongMajor

_SECONDS = 60


def _connect(folder: Path) -> psycopg.Connection[Any]:
    found = json.loads((folder / "postgres.json").read_text(encoding="utf-8"))
    return psycopg.connect(
        host="127.0.0.1",
        port=found["port"],
        dbname=found["name"],
        user=found["user"],
        password=found["password"],
        connect_timeout=5,
        autocommit=True,
    )


def _until_answers(folder: Path) -> psycopg.Connection[Any]:
    limit = time.monotonic() + _SECONDS
    while True:
        try:
            return _connect(folder)
        except (psycopg.OperationalError, FileNotFoundError):
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)


def _gone(pid: int) -> bool:
    limit = time.monotonic() + _SECONDS
    while time.monotonic() < limit:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False


def _open_folder() -> Path:
    """A folder that the server's own user can walk into, unlike pytest's."""
    top = Path(tempfile.mkdtemp(prefix="cobranza-base-"))
    top.chmod(0o711)
    return top


@pytest.fixture
def folder() -> Iterator[Path]:
    top = _open_folder()
    home = top / "una carpeta"
    home.mkdir()
    yield home
    shutil.rmtree(top)


def test_keeps_data_over_a_clean_stop_and_a_new_start(folder: Path) -> None:
    with EmbeddedServer(folder), _connect(folder) as connection:
        connection.execute("create table kept (n int)")
        connection.execute("insert into kept values (7)")
    with EmbeddedServer(folder), _connect(folder) as connection:
        assert connection.execute("select n from kept").fetchall() == [(7,)]


def test_comes_back_after_kill_9_with_all_that_was_committed(folder: Path) -> None:
    with EmbeddedServer(folder) as server:
        with _connect(folder) as connection:
            connection.execute("create table kept (n int)")
            connection.execute("insert into kept values (1), (2)")
        first = server.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert _gone(first)
        with _until_answers(folder) as connection:
            assert connection.execute("select sum(n) from kept").fetchone() == (3,)
        assert server.pid != first


def test_one_owner_and_everybody_else_attaches(folder: Path) -> None:
    with EmbeddedServer(folder):
        second = EmbeddedServer(folder)
        assert not second.own()
        second.stop()
        with _connect(folder) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_two_instances_do_not_collide(folder: Path) -> None:
    other = folder.with_name("otra")
    with EmbeddedServer(folder), EmbeddedServer(other):
        with _connect(folder) as connection:
            connection.execute("create table here (n int)")
        with _connect(other) as connection:
            assert connection.execute("select to_regclass('here')").fetchone() == (None,)


def test_dies_with_an_owner_that_was_killed_and_starts_again_for_the_next(folder: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from cobranza.database.embedded import EmbeddedServer; "
        "server = EmbeddedServer(Path(sys.argv[1])); server.own(); print(server.pid, flush=True); time.sleep(600)"
    )
    owner = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    server_pid = int(owner.stdout.readline())
    with _connect(folder) as connection:
        connection.execute("create table kept (n int)")
    owner.kill()
    owner.wait()
    assert _gone(server_pid)
    with EmbeddedServer(folder), _connect(folder) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (0,)


def test_nobody_else_can_read_its_passwords_and_it_listens_here_only(folder: Path) -> None:
    with EmbeddedServer(folder), _connect(folder) as connection:
        assert stat.S_IMODE((folder / "postgres.json").stat().st_mode) == 0o600
        assert connection.execute("show listen_addresses").fetchone() == ("127.0.0.1",)
        assert connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (False,)


def test_refuses_a_wrong_password(folder: Path) -> None:
    with EmbeddedServer(folder):
        port = json.loads((folder / "postgres.json").read_text(encoding="utf-8"))["port"]
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user="cobranza", dbname="cobranza", password="no")


def test_names_the_version_that_made_a_folder_it_cannot_open(folder: Path) -> None:
    with EmbeddedServer(folder):
        pass
    (folder / "postgres" / "PG_VERSION").write_text("9\n", encoding="ascii")
    with pytest.raises(WrongMajor, match="PostgreSQL 9"):
        EmbeddedServer(folder).own()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to leave a folder that the server's user cannot enter")
def test_root_in_a_closed_folder_still_gets_a_server(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedServer(closed) as server, _connect(closed) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        assert server.pid is not None
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert not (closed / "postgres").exists()
    shutil.rmtree(server.home)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_works_as_an_ordinary_user(folder: Path) -> None:
    os.chown(folder, 65534, 65534)
    program = (
        "import os, sys, psycopg; from pathlib import Path; from cobranza.database.embedded import EmbeddedServer; "
        "os.setgroups([]); os.setgid(65534); os.setuid(65534); "
        "server = EmbeddedServer(Path(sys.argv[1])); server.own(); "
        "print(Path(f'/proc/{server.pid}').stat().st_uid); server.stop()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=120, check=False
    )
    if "NoBinaries" in done.stderr or "ModuleNotFoundError" in done.stderr:
        pytest.skip("the interpreter or the programs lie in a folder that an ordinary user cannot enter here")
    assert done.stdout.strip() == "65534", done.stderr
