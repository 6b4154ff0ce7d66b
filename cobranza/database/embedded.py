"""The instance's own PostgreSQL: made on first use, owned by one process, gone with it.

Rules:

- One owner per data folder, decided by a file lock that the kernel frees when the owner dies. Everybody else attaches
  through ``postgres.json``.
- The server listens on 127.0.0.1 only, on a port of its own, with SCRAM passwords that nobody has to know.
- It refuses to run as root, so root's server runs under an unprivileged uid that depends on the data folder; where
  that uid cannot reach the folder (a checkout under ``/root``), the data and a copy of the programs live under
  ``/var/lib/cobranza``.
- It dies with its owner (PDEATHSIG, fast shutdown) and is started again when it dies alone.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import psycopg
from psycopg import sql

from cobranza.database.binaries import Binaries, find
from cobranza.kernel.errors import ApplicationError, BusinessError

_FIRST_UID, _UIDS = 59000, 900
_SYSTEM_HOME = Path("/var/lib/cobranza")
_INITDB_SECONDS = 300
_START_SECONDS = 300  # crash recovery of a large database takes minutes; giving up early would lose nothing but time
_STOP_SECONDS = 60
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
_ROLE = _DATABASE = "cobranza"


class EmbeddedError(ApplicationError):
    """The embedded server does not start or does not answer."""

    code = "COB-BD-004"
    remedy = "Mire el registro postgres.log de la carpeta de datos y lance «cobranza doctor»."


class WrongMajor(BusinessError):
    """The data folder was made by another major version of PostgreSQL."""

    code = "COB-BD-005"
    remedy = "Instale la versión con la que se creó, haga una copia con pg_dump y restáurela en una carpeta nueva."


class EmbeddedServer:
    """A PostgreSQL server for one data folder.

    Args:
        folder: The instance's data folder; made when missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection_file = folder / "postgres.json"
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._state: dict[str, Any] = {}
        self.home = folder  # where the cluster lies; see `_home`

    # ---- ownership

    def own(self) -> bool:
        """Try to become the owner and start the server. False when another living process owns it already."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = (self.folder / "postgres.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as exc:
            lock.close()
            if exc.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        os.set_inheritable(lock.fileno(), False)
        self._lock = lock
        try:
            self._start()
        except BaseException:
            lock.close()
            self._lock = None
            raise
        self._watcher = threading.Thread(target=self._watch, name="postgres-watch", daemon=True)
        self._watcher.start()
        return True

    def stop(self) -> None:
        """Stop the server cleanly and give the ownership up. Safe to call twice and on a server never started."""
        self._stopping.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join(timeout=_STOP_SECONDS)
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGQUIT)  # crash-safe: the next start recovers from the log
                process.wait(_STOP_SECONDS)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> EmbeddedServer:
        self.own()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Process id of the running postmaster, when we own it."""
        return self._process.pid if self._process is not None else None

    # ---- start

    def _start(self) -> None:
        programs = find()
        identity = _identity(self.folder)
        self.home = self._home(identity)
        if identity is not None:
            programs = _reachable_programs(programs, identity)
        cluster = self.home / "postgres"
        self._state = self._load_state()
        if not (cluster / "PG_VERSION").is_file():
            self._initialise(programs, cluster, identity)
        elif "admin_password" not in self._state:
            raise EmbeddedError(
                f"Hay datos en «{cluster}» y falta {self.connection_file.name}, que guarda sus claves.",
                remedy="Recupere ese fichero de la copia de seguridad; sin él la base no se puede abrir.",
            )
        self._check_major(programs, cluster)
        self._end_orphan(cluster)
        self._launch(programs, cluster, identity)
        self._ensure_database()

    def _load_state(self) -> dict[str, Any]:
        if self.connection_file.exists():
            loaded: dict[str, Any] = json.loads(self.connection_file.read_text(encoding="utf-8"))
            return loaded
        return {}

    def _save_state(self) -> None:
        temporary = self.connection_file.with_suffix(".new")
        temporary.unlink(missing_ok=True)
        temporary.touch(mode=0o600)
        temporary.write_text(json.dumps(self._state), encoding="utf-8")
        temporary.replace(self.connection_file)

    def _home(self, identity: int | None) -> Path:
        """Where the cluster lives; outside the data folder only when root's server could not reach it."""
        if identity is None or _reachable(self.folder, identity):
            return self.folder
        key = f"{zlib.crc32(str(self.folder).encode()):08x}"
        home = _SYSTEM_HOME / key
        home.mkdir(parents=True, exist_ok=True)
        return home

    def _initialise(self, programs: Binaries, cluster: Path, identity: int | None) -> None:
        if cluster.exists():
            shutil.rmtree(cluster)  # a first start that died half way; PG_VERSION is written last
        fresh = cluster.with_name(f"postgres.{os.getpid()}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        admin = secrets.token_urlsafe(24)
        password_file = fresh.with_suffix(".pw")
        password_file.touch(mode=0o600)
        password_file.write_text(admin + "\n", encoding="utf-8")
        # initdb looks its user up by name, so it runs as nobody; the server itself gets a uid that nobody shares
        helper = None if identity is None else pwd.getpwnam("nobody").pw_uid
        if helper is not None:
            os.chown(fresh, helper, helper)
            os.chown(password_file, helper, helper)
        command = [programs.program("initdb"), "-D", str(fresh), "-U", "postgres", "--auth=scram-sha-256"]
        command += ["--pwfile", str(password_file), "--data-checksums", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=_INITDB_SECONDS,
                preexec_fn=_become(helper),
                env=_clean_environment(),
                cwd="/",
                check=False,
            )
        finally:
            password_file.unlink()
        if done.returncode:
            raise EmbeddedError(f"initdb ha fallado: {done.stderr.strip()[-400:]}")
        if identity is not None:
            _chown_tree(fresh, identity)
        self._state = {"admin_password": admin, "password": secrets.token_urlsafe(24), "user": _ROLE}
        self._state |= {"name": _DATABASE}
        self._save_state()
        fresh.rename(cluster)

    def _check_major(self, programs: Binaries, cluster: Path) -> None:
        made_by = int((cluster / "PG_VERSION").read_text(encoding="utf-8").strip())
        if made_by != programs.major:
            raise WrongMajor(f"La carpeta de datos es de PostgreSQL {made_by} y aquí hay {programs.version}.")

    def _end_orphan(self, cluster: Path) -> None:
        """Wait for (or stop) a server that outlived its owner."""
        pid_file = cluster / "postmaster.pid"
        limit = time.monotonic() + _STOP_SECONDS
        asked = False
        while pid_file.exists():
            try:
                pid = int(pid_file.read_text(encoding="utf-8").split("\n", 1)[0])
                same = Path(f"/proc/{pid}/cwd").resolve() == cluster.resolve()
            except (ValueError, OSError):
                return
            if not same or not Path(f"/proc/{pid}").exists():
                return  # stale file; the server checks it again itself
            if not asked:
                os.kill(pid, signal.SIGINT)
                asked = True
            if time.monotonic() > limit:
                raise EmbeddedError(f"El servidor anterior (proceso {pid}) no termina.")
            time.sleep(0.1)

    def _launch(self, programs: Binaries, cluster: Path, identity: int | None) -> None:
        limit = time.monotonic() + _START_SECONDS
        log = self.folder / "postgres.log"
        last = ""
        while time.monotonic() < limit and not self._stopping.is_set():
            port = _port(self._state.get("port"))
            self._state |= {"port": port, "owner": os.getpid()}
            options = {
                "listen_addresses": "127.0.0.1",
                "port": str(port),
                "unix_socket_directories": "",
                "max_connections": "120",
                "shared_buffers": "64MB",
                "log_min_messages": "warning",
                "log_destination": "stderr",
                "timezone": "UTC",
                "password_encryption": "scram-sha-256",
            }
            command = [programs.program("postgres"), "-D", str(cluster)]
            for name, value in options.items():
                command += ["-c", f"{name}={value}"]
            with log.open("ab") as out:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    preexec_fn=_become(identity, die_with_parent=True),
                    env=_clean_environment(),
                    start_new_session=True,
                    cwd="/",
                )
            if self._answers(limit):
                self._save_state()
                return
            last = log.read_text(encoding="utf-8", errors="replace")[-400:]
            if "could not bind" in last:
                self._state.pop("port", None)  # somebody took it meanwhile
            time.sleep(0.3)
        raise EmbeddedError(f"PostgreSQL no arranca: {last.strip()}")

    def _answers(self, limit: float) -> bool:
        """Wait until the server takes connections; False when it ended instead."""
        process = self._process
        while process is not None and process.poll() is None and time.monotonic() < limit:
            try:
                self.administer().close()
            except psycopg.OperationalError:
                if self._stopping.wait(0.05):
                    return False
            else:
                return True
        return False

    def administer(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """Open a connection of the server's own administrator, for its owner only."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self._state["port"],
            dbname=database,
            user="postgres",
            password=self._state["admin_password"],
            connect_timeout=5,
            autocommit=True,
        )

    def _ensure_database(self) -> None:
        with self.administer() as connection:
            role, name = sql.Identifier(_ROLE), sql.Identifier(_DATABASE)
            if not connection.execute("select 1 from pg_roles where rolname = %s", (_ROLE,)).fetchone():
                connection.execute(
                    sql.SQL("create role {} login createdb password {}").format(
                        role, sql.Literal(self._state["password"])
                    )
                )
            if not connection.execute("select 1 from pg_database where datname = %s", (_DATABASE,)).fetchone():
                connection.execute(sql.SQL("create database {} owner {}").format(name, role))

    # ---- supervision

    def _watch(self) -> None:
        """Start the server again when it dies without being asked to."""
        programs = find()
        identity = _identity(self.folder)
        cluster = self.home / "postgres"
        if identity is not None:
            programs = _reachable_programs(programs, identity)
        while not self._stopping.wait(0.2):
            process = self._process
            if process is None or process.poll() is None:
                continue
            try:
                self._launch(programs, cluster, identity)
            except EmbeddedError:
                if self._stopping.wait(2):
                    return


def _identity(folder: Path) -> int | None:
    """The uid to run the server as; None means our own (we are not root)."""
    if os.geteuid() != 0:
        return None
    return _FIRST_UID + zlib.crc32(str(folder).encode()) % _UIDS


def _become(uid: int | None, *, die_with_parent: bool = False) -> Callable[[], None]:
    def change() -> None:
        if uid is not None:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
        if die_with_parent:  # after setuid, which clears it
            _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)

    return change


def _clean_environment() -> dict[str, str]:
    """What the server needs and no secret of ours."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LD_LIBRARY_PATH", "TZ")}
    return kept | {"LC_ALL": "C.UTF-8"}


def _reachable(path: Path, uid: int) -> bool:
    """Whether `uid` may go through every parent of `path`."""
    for folder in (path, *path.parents):
        found = folder.stat()
        mode = stat.S_IXUSR if found.st_uid == uid else stat.S_IXOTH
        if not found.st_mode & mode:
            return False
    return True


def _reachable_programs(programs: Binaries, uid: int) -> Binaries:
    """The same programs where `uid` can run them: in place, or as a copy under ``/var/lib/cobranza``."""
    if _reachable(programs.folder, uid):
        return programs
    copy = _SYSTEM_HOME / f"postgresql-{programs.version}"
    if not copy.is_dir():
        _SYSTEM_HOME.mkdir(parents=True, exist_ok=True)
        fresh = _SYSTEM_HOME / f".{copy.name}.{os.getpid()}"
        shutil.copytree(programs.top, fresh, symlinks=True)
        try:
            fresh.rename(copy)
        except OSError:
            shutil.rmtree(fresh)  # another process was first
    return Binaries(copy / "bin", copy, programs.version, programs.source)


def _chown_tree(top: Path, uid: int) -> None:
    os.chown(top, uid, uid)
    for folder, names, files in os.walk(top):
        for name in (*names, *files):
            os.chown(Path(folder) / name, uid, uid, follow_symlinks=False)


def _port(wanted: int | None) -> int:
    """`wanted` when it is free, else a free one."""
    for candidate in (wanted, 0):
        if candidate is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", candidate))
            except OSError:
                continue
            port: int = probe.getsockname()[1]
            return port
    raise EmbeddedError("No queda ningún puerto libre en 127.0.0.1.")
