"""A real IMAP server for tests: Dovecot, started without root rights on free ports of 127.0.0.1.

    from tests.dovecot import dovecot  # noqa: F401  (in conftest.py: a server for the whole session)

    def test_something(dovecot: Dovecot) -> None:
        user = dovecot.new_user()                       # a mailbox of its own for every test
        dovecot.deliver(user, mail(subject="Factura F-12"))
        settings = dovecot.account(user)                # the `[buzones.<nombre>]` table that reaches it
        write_settings(root, {"disputas": settings})    # config/mail.toml of a suite folder (COBRANZA_HOME)
        ...
        assert dovecot.raw(user, "Procesados") == [...]  # read from the disk, not through the code under test

Faults: `kill_sessions` (kill -9 of the imap processes), `freeze`/`thaw` (they answer nothing, the line stays up),
`stop`/`start`, `rebuild` (a new UIDVALIDITY), `quota` (disk full), `restart(moves=False)` (a server without MOVE),
`oauth` (tokens: `issue`, `expire`, an endpoint that is switched to fail).

Where Dovecot is not installed (Debian: dovecot-imapd) or cannot run, the fixture skips with the reason.
"""

from __future__ import annotations

import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as CRLF_POLICY
from pathlib import Path

import psutil
import pytest

from tests.listening import HOST, free_port, write_certificate
from tests.oauth import OAuthDouble

PASSWORD = 'una clave con «eñe» y "comillas"'
_READY_SECONDS = 20.0
_MAILBOXES = 300
_names = itertools.count(1)


def mail(
    *,
    subject: str = "Factura duplicada",
    text: str = "Buenos días:\r\n\r\nEsa factura ya la pagamos.\r\n",
    sender: str = "Ana Gil <ana@cliente.example>",
    to: str = "disputas@empresa.example",
    message_id: str | None = None,
    **headers: str,
) -> bytes:
    """A plain message, CRLF line ends; header names are given with underscores (``in_reply_to=…``)."""
    made = EmailMessage(policy=CRLF_POLICY)
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"] = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    made["Message-ID"] = message_id or f"<{next(_names)}.{os.getpid()}@cliente.example>"
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text, cte="8bit")
    return made.as_bytes()


class Dovecot:
    """One running server with its mailboxes; see the module.

    Attributes:
        port: IMAP with STARTTLS.
        tls_port: IMAP inside TLS.
        ca: Certificate to trust; it names `HOST` only.
        oauth: Gives tokens, see `OAuthDouble`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.tls_port = free_port(), free_port()
        self._owner, self._group = (65534, 65534) if os.getuid() == 0 else (os.getuid(), os.getgid())
        self.ca, self._key = write_certificate(folder)
        self.oauth = OAuthDouble()
        self._users = {
            f"buzon{number:03d}": "" for number in range(_MAILBOXES)
        }  # the file is read again after a second
        self._unused = iter(tuple(self._users))
        self._moves = True
        self._process: subprocess.Popen[bytes] | None = None
        (folder / "mail").mkdir(exist_ok=True)
        self._write_users()

    # Mailboxes

    def new_user(self) -> str:
        """A new, empty mailbox with `PASSWORD`."""
        user = next(self._unused)
        self._own(self._maildir(user), make=True)
        for part in ("tmp", "new", "cur"):
            self._own(self._maildir(user) / part, make=True)
        return user

    def account(self, user: str, **changes: object) -> dict[str, object]:
        """The settings table of a mailbox: STARTTLS on `port`; `changes` replace keys."""
        return {
            "activo": True,
            "conector": "imap",
            "direccion": f"{user}@empresa.example",
            "servidor": HOST,
            "puerto": self.port,
            "cifrado": "starttls",
            "usuario": user,
            "clave": f"file:{self.folder / 'clave'}",
            "autoridad": str(self.ca),
        } | changes

    def deliver(self, user: str, *raws: bytes, folder: str = "") -> None:
        """Put messages into a mailbox as a delivery agent does: written whole, then renamed into ``new``."""
        place = self._maildir(user) / (f".{folder}" if folder else "")
        for raw in raws:
            name = f"{int(time.time())}.M{next(_names):09d}P{os.getpid()}.prueba"
            draft = place / "tmp" / name
            draft.write_bytes(raw)
            self._own(draft)
            draft.rename(place / "new" / name)

    def raw(self, user: str, folder: str = "") -> list[bytes]:
        """The messages of a folder ("" is INBOX; names in modified UTF-7), as they lie on the disk, oldest first."""
        place = self._maildir(user) / (f".{folder}" if folder else "")
        return [file.read_bytes() for file in self._files(place)]

    def flags(self, user: str, folder: str = "") -> list[str]:
        """The Maildir flags of a folder's messages, such as "S" for read and "T" for deleted, oldest first."""
        place = self._maildir(user) / (f".{folder}" if folder else "")
        return [file.name.partition(":2,")[2] for file in self._files(place)]

    def folders(self, user: str) -> list[str]:
        """The folders besides INBOX, names in modified UTF-7."""
        return sorted(place.name[1:] for place in self._maildir(user).iterdir() if (place / "cur").is_dir())

    # Faults

    def rebuild(self, user: str) -> None:
        """Lose the index: every message gets a new UID under a new UIDVALIDITY."""
        self.kill_sessions(user)
        time.sleep(1.1)  # a UIDVALIDITY is a time in seconds
        for file in self._maildir(user).rglob("dovecot*"):
            file.unlink(missing_ok=True)

    def quota(self, user: str, limit: int | None) -> None:
        """Let a mailbox hold `limit` octets at most; None: as many as it likes. Open connections are cut."""
        # a mailbox remembers the limit that it had: room enough is a limit too
        self._users[user] = f"userdb_quota_rule=*:bytes={10**12 if limit is None else limit}"
        self._write_users()
        time.sleep(1.1)  # Dovecot looks at the file once a second
        self.kill_sessions(user)

    def sessions(self, user: str | None = None) -> list[psutil.Process]:
        """The imap processes, of one user when named."""
        found = []
        if self._process is not None and self._process.poll() is None:
            for child in psutil.Process(self._process.pid).children(recursive=True):
                try:
                    line = child.cmdline()
                except psutil.NoSuchProcess:
                    continue
                if line and line[0].startswith("dovecot/imap") and "login" not in line[0]:
                    title = " ".join(line)
                    if user is None or f"[{user} " in title or "[" not in title:
                        found.append(child)
        return found

    def kill_sessions(self, user: str | None = None) -> int:
        """Kill -9 what serves the open connections. Returns how many there were."""
        found = self.sessions(user)
        for one in found:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(found, timeout=5)
        # the locks of the dead, which the server itself would wait out for two minutes
        for lock in (self.folder / "mail").glob(f"{user or '*'}/Maildir/**/*.lock"):
            with suppress(OSError, ValueError):
                if int(lock.read_text().partition(":")[0]) in {one.pid for one in found}:
                    lock.unlink()
        return len(found)

    def freeze(self, user: str | None = None) -> int:
        """Make the open connections silent, without closing them."""
        return self._signal(signal.SIGSTOP, user)

    def thaw(self, user: str | None = None) -> int:
        """Undo `freeze`."""
        return self._signal(signal.SIGCONT, user)

    def _signal(self, number: signal.Signals, user: str | None) -> int:
        found = self.sessions(user)
        for one in found:
            try:
                one.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        return len(found)

    # Life

    def start(self) -> None:
        """Start listening; returns when it greets."""
        program = shutil.which("dovecot") or shutil.which("dovecot", path="/usr/sbin:/usr/local/sbin")
        if program is None:
            pytest.skip("Dovecot is not installed (Debian: dovecot-imapd)")
        config = self.folder / "dovecot.conf"
        config.write_text(self._config(), encoding="utf-8")
        (self.folder / "oauth.conf").write_text(
            f"introspection_mode = post\nintrospection_url = {self.oauth.url}/introspect\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n",
            encoding="utf-8",
        )
        for file in self.folder.iterdir():
            self._own(file)
        line = [program, "-F", "-c", str(config)]
        if os.getuid() == 0:
            line = ["setpriv", f"--reuid={self._owner}", f"--regid={self._group}", "--clear-groups", *line]
        # the owner of the folder would be a test's own: output goes to a file, as nobody reads a pipe
        with (self.folder / "console").open("ab") as console:
            self._process = subprocess.Popen(line, stdout=console, stderr=console, stdin=subprocess.DEVNULL)
        limit = time.monotonic() + _READY_SECONDS
        while time.monotonic() < limit and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line_up:
                    if line_up.recv(100).startswith(b"* OK"):
                        return
            except OSError:
                time.sleep(0.02)
        said = (self.folder / "console").read_text(encoding="utf-8", errors="replace")[-600:]
        self.stop()
        pytest.skip(f"Dovecot does not run here: {said.strip() or 'it never greeted'}")

    def stop(self) -> None:
        """Kill the server and everything it started."""
        if self._process is None:
            return
        if self._process.poll() is None:
            family = psutil.Process(self._process.pid).children(recursive=True)
            self.kill_sessions()  # left alone they make the master wait for them; and it buries its own dead
            self._process.terminate()
            try:
                self._process.wait(timeout=3)
            except subprocess.TimeoutExpired:
                self._process.kill()
            for one in family:
                with suppress(psutil.NoSuchProcess):
                    one.kill()
        self._process.wait(timeout=10)
        self._process = None
        shutil.rmtree(self.folder / "run", ignore_errors=True)  # its master.pid would stop the next start

    def restart(self, *, moves: bool = True) -> None:
        """Kill and start again; without `moves` the server does not know MOVE."""
        self.stop()
        self._moves = moves
        self.start()

    def close(self) -> None:
        """Stop, and forget all mailboxes."""
        self.stop()
        self.oauth.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Inside

    def _maildir(self, user: str) -> Path:
        return self.folder / "mail" / user / "Maildir"

    @staticmethod
    def _files(place: Path) -> list[Path]:
        found = [file for part in ("new", "cur") if (place / part).is_dir() for file in (place / part).iterdir()]
        return sorted(found, key=lambda file: file.name)

    def _own(self, path: Path, *, make: bool = False) -> None:
        if make:
            path.mkdir(parents=True, exist_ok=True)
        if os.getuid() == 0:
            while path != self.folder.parent:
                os.chown(path, self._owner, self._group)
                path = path.parent

    def _write_users(self) -> None:
        # in a password file ":" divides; written beside and renamed, as Dovecot reads it at any moment
        lines = [f"{user}:{{PLAIN}}{PASSWORD}::::::{extra}" for user, extra in self._users.items()]
        draft = self.folder / "passwd.new"
        draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self._own(draft)
        draft.rename(self.folder / "passwd")
        (self.folder / "clave").write_text(PASSWORD, encoding="utf-8")

    def _config(self) -> str:
        user, group = pwd.getpwuid(self._owner).pw_name, _group_name(self._group)
        home = self.folder
        known = "IMAP4rev1 SASL-IR LITERAL+ ID ENABLE IDLE UIDPLUS NAMESPACE LIST-EXTENDED"
        capability = "" if self._moves else f"imap_capability = {known}"
        return f"""
protocols = imap
listen = 127.0.0.1
base_dir = {home}/run
state_dir = {home}/run
log_path = {home}/log
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
ssl = yes
ssl_cert = <{home}/cert.pem
ssl_key = <{home}/key.pem
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
auth_cache_size = 0
mail_max_userip_connections = 100
mail_location = maildir:{home}/mail/%u/Maildir
mail_plugins = quota
verbose_proctitle = yes
login_log_format_elements = user=<%u>
{capability}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/passwd
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {home}/oauth.conf
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {home}/passwd
  default_fields = uid={self._owner} gid={self._group} home={home}/mail/%u
}}
plugin {{
  quota = maildir:User quota
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {self.port}
  }}
  inet_listener imaps {{
    port = {self.tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def _group_name(group: int) -> str:
    import grp

    return grp.getgrgid(group).gr_name


def write_settings(
    root: Path, boxes: dict[str, dict[str, object]], ways_out: dict[str, dict[str, object]] | None = None
) -> None:
    """Write ``config/mail.toml`` of a suite folder from tables such as `Dovecot.account` gives; None leaves one out."""
    lines = []
    for kind, tables in (("buzones", boxes), ("salidas", ways_out or {})):
        for name, table in tables.items():
            lines += [
                f"[{kind}.{name}]",
                *(f"{key} = {_toml(value)}" for key, value in table.items() if value is not None),
            ]
    (root / "config").mkdir(parents=True, exist_ok=True)
    (root / "config" / "mail.toml").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


@contextmanager
def running() -> Iterator[Dovecot]:
    """A server for the length of a ``with``; skips the test where it cannot run."""
    folder = Path(tempfile.mkdtemp(prefix="cdv"))  # short: the paths of its sockets have a limit
    server = Dovecot(folder)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A server for the whole session; tests take a mailbox of their own with `Dovecot.new_user`."""
    with running() as server:
        yield server
