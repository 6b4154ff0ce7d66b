"""imaplib2, hardened: verified TLS, a limit on every wait, and nothing that can leave a thread or a lock behind.

What imaplib2 3.6 does by itself, measured, and what happens here instead:

- It verifies neither certificate nor host name: the context of `connectors.mail.tls` does.
- It has no time-out for connecting; its own for answers counts from the last line received, so that a command after a
  pause is cut off too soon and a server that chatters is waited for without end: each answer has its own deadline.
- A non-ASCII argument raises after a tag was queued, and the next command waits for ever: arguments are checked first.
- It lets two threads use one TLS object: reading and writing take turns on a socket that never blocks.
- Some commands keep a lock (ENABLE even when it succeeds), and `logout` then waits for ever: `drop` needs none of them.
- News that arrives together with the start of IDLE wakes nobody: `idle` looks at what has come before it sleeps.
- A refused LOGIN puts the command, password included, into its error: `connectors.mail.imap.login` lets none of it out.
- A literal may be as long as the server says: there is a limit.
"""

from __future__ import annotations

import queue
import select
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any

import imaplib2
from imaplib2 import imaplib2 as library

from connectors.mail.settings import Encryption

_JOIN_SECONDS = 5.0
_LINE_LIMIT = 16 * 1024 * 1024  # the answer to a search is one line: some two million messages


class _Request(library.Request):  # type: ignore[misc]
    """A command under way, with a deadline."""

    def get_response(self, exc_fmt: str | None = None) -> Any:
        """The answer; without one in time the connection is over."""
        if not self.ready.wait(self.parent.answer_seconds):
            self.parent.drop()
            raise self.parent.abort(f"sin respuesta en {self.parent.answer_seconds:g} s")
        return super().get_response(exc_fmt)


class Connection(imaplib2.IMAP4):  # type: ignore[misc]
    """One connection, for one thread. End it with `drop`, or with `leave` when all went well.

    Args:
        host: Server; the name that its certificate must have.
        port: Of the server.
        encryption: "tls" from the first byte, "starttls", or "ninguno".
        context: Verifies; see `connectors.mail.tls.context`.
        connect_seconds: Longest wait for connecting and for the TLS handshake.
        answer_seconds: Longest wait for the answer to one command, and for sending it.
        literal_limit: Most octets of one literal.

    Raises:
        OSError: no connection; `ssl.SSLError` for one that is not safe.
        imaplib2.IMAP4.error: what answers is no IMAP server of ours.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        encryption: Encryption,
        context: ssl.SSLContext,
        connect_seconds: float,
        answer_seconds: float,
        literal_limit: int,
    ) -> None:
        self.answer_seconds = answer_seconds
        self._encryption = encryption
        self._context = context
        self._connect_seconds = connect_seconds
        self._literal_limit = literal_limit
        self._line = threading.RLock()  # whoever holds it may use the socket
        self._unended = 0
        self._dropped = False
        super().__init__(host, port)
        if encryption == "starttls":
            try:
                self._upgrade()
            except BaseException:
                self.drop()
                raise

    def _upgrade(self) -> None:
        if self.state != library.NONAUTH:  # greeted with PREAUTH: an old way around the encryption
            raise self.abort("el servidor se salta el cifrado")
        self.starttls()

    # What the library calls

    def open(self, host: str | None = None, port: int | None = None) -> None:
        """See `imaplib2.IMAP4.open`."""
        self.host, self.port = host or "", port or 0
        self.sock = self.open_socket()
        self.read_fd = self.sock.fileno()
        if self._encryption == "tls":
            self.ssl_wrap_socket()

    def open_socket(self) -> socket.socket:
        """See `imaplib2.IMAP4.open_socket`."""
        made = socket.create_connection((self.host, self.port), timeout=self._connect_seconds)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        made.setblocking(False)
        return made

    def ssl_wrap_socket(self) -> None:
        """Encrypt the open socket; after a failure there is none."""
        plain = self.sock
        plain.settimeout(self._connect_seconds)
        try:
            self.sock = self._context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            self.Terminate = True  # a reader that is started now must not look at this number of a file
            plain.close()
            raise
        self.sock.setblocking(False)
        self.read_fd = self.sock.fileno()

    def read(self, size: int) -> bytes:
        """What has arrived, at most `size` octets; waits until there is something."""
        while True:
            with self._line:
                if self._dropped:
                    raise ConnectionAbortedError("dropped")
                try:
                    data: bytes = self.sock.recv(size)
                    break
                except (ssl.SSLWantReadError, BlockingIOError):
                    pass
            _ready(self.sock, select.POLLIN, 1.0)
        if not data:
            raise ConnectionResetError("el servidor cerró la conexión")
        end = data.rfind(b"\n")
        self._unended = len(data) - end - 1 if end >= 0 else self._unended + len(data)
        if self._unended > _LINE_LIMIT:
            raise ValueError("una línea sin fin")
        return data

    def send(self, data: bytes) -> None:
        """Send all of `data` within the time for an answer."""
        left, limit = memoryview(data), time.monotonic() + self.answer_seconds
        while left:
            if time.monotonic() > limit:
                raise TimeoutError("el servidor no recibe")
            with self._line:
                if self._dropped:
                    raise ConnectionAbortedError("dropped")
                try:
                    left = left[self.sock.send(left) :]
                    continue
                except (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError):
                    pass
            _ready(self.sock, select.POLLIN | select.POLLOUT, 0.2)

    def shutdown(self) -> None:
        """See `drop`."""
        self.drop()

    def _close_threads(self) -> None:
        self.drop()

    def _request_push(self, tag: Any = None, name: str | None = None, **kw: Any) -> _Request:
        with self.commands_lock:
            made = _Request(self, name=name, **kw)
            self.tagged_commands[made.tag if tag is None else tag] = made
        return made

    def _command(self, name: str, *args: str | bytes | None, **kw: Any) -> Any:
        try:
            clean = [argument.encode("ascii") if isinstance(argument, str) else argument for argument in args]
            if any(mark in argument for argument in clean if argument is not None for mark in (b"\r", b"\n", b"\0")):
                raise ValueError("an argument is one line")
        except ValueError:
            self.literal = None
            raise
        return super()._command(name, *clean, **kw)

    def _put_response(self, resp: bytes) -> None:
        super()._put_response(resp)
        if self._expecting_data and self._expecting_data_len > self._literal_limit:
            raise ValueError("un envío mayor que el límite")

    def _print_log(self) -> None:
        """Nothing: the library would print its last commands."""

    # What we call

    def idle_until_news(self, seconds: float) -> bool:
        """Wait in IDLE until the server tells of a change, at most `seconds`.

        Returns:
            True when it told of something; False says nothing: search all the same.
        """
        # the library's own clock for IDLE must never be the first to ring, and takes whole seconds only
        self.literal = library._IdleCont(self, int(seconds + self.answer_seconds) + 60).process
        try:
            request = self._command("IDLE")
        finally:
            self._release_state_change()
        # News that came before IDLE was noted down could not end it; now it is seen here or it ends it.
        told = self.heard_of_mail() or request.ready.wait(seconds)
        self._end_idle()
        kind, data = request.get_response("IDLE: %s")
        if kind != "OK":
            raise self.error(f"IDLE: {data[-1]!r}")
        return bool(told)

    def heard_of_mail(self) -> bool:
        """Whether the server told how many messages there are since `forget_news`: more than before, mostly."""
        return self._get_untagged_response("EXISTS", leave=True) is not None

    def forget_news(self) -> None:
        """Take what was told of new messages as known."""
        while self._get_untagged_response("EXISTS") is not None:
            continue

    def leave(self) -> None:
        """Say good-bye and `drop`."""
        self.answer_seconds = min(self.answer_seconds, _JOIN_SECONDS)
        if not (self._dropped or self.Terminate):
            self.logout()
        self.drop()

    def drop(self) -> None:
        """End the connection and its threads, whatever state they are in. Twice does no harm."""
        self.Terminate = True
        with self._line:
            if self._dropped:
                return
            self._dropped = True
            with suppress(OSError):  # closed by the other side, or never open
                self.sock.shutdown(socket.SHUT_RDWR)
        threads = [getattr(self, name, None) for name in ("wrth", "rdth", "inth")]
        if any(threads):  # none when the first bytes already failed
            self.inq.put(None)
            with suppress(queue.Full):  # then the writer has plenty to fail at
                self.ouq.put_nowait(None)
        for thread in threads:
            if thread is not None and thread is not threading.current_thread() and thread.is_alive():
                thread.join(_JOIN_SECONDS)
        self.sock.close()


def _ready(line: socket.socket, events: int, seconds: float) -> None:
    poll = select.poll()
    poll.register(line, events)
    poll.poll(int(seconds * 1000))
