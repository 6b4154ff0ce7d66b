"""An IMAP server that says what a test tells it to: for servers that lie, stall or have odd habits."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from connectors.mail.imap.settings import ImapSettings

CLOSE = b"close"
PASSWORD = "contraseña-secreta"


class Scripted:
    """One server; every line it gets is kept in `heard`.

    Args:
        answers: By regular expression over the command without its tag: what to send, "{tag}" replaced. A callable
            gets the command and the connection, and may send by itself. `CLOSE` hangs up; b"" is silence.
        greeting: First line.
        capabilities: Told when asked.
    """

    def __init__(
        self,
        answers: dict[str, bytes | Callable[[str, socket.socket], bytes]] | None = None,
        *,
        greeting: bytes = b"* OK hola\r\n",
        capabilities: str = "IMAP4rev1 AUTH=PLAIN IDLE UIDPLUS MOVE",
    ) -> None:
        self._answers: dict[str, bytes | Callable[[str, socket.socket], bytes]] = (
            (answers or {})
            | {
                "CAPABILITY": f"* CAPABILITY {capabilities}\r\n{{tag}} OK\r\n".encode(),
                "AUTHENTICATE": b"+ \r\n",
                "SELECT": b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] ids\r\n{tag} OK [READ-WRITE]\r\n",
                "LOGOUT": b"* BYE adios\r\n{tag} OK\r\n",
                "NAMESPACE": b'* NAMESPACE (("" "/")) NIL NIL\r\n{tag} OK\r\n',
            }
            | (answers or {})
        )
        self._greeting = greeting
        self.heard: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        self._threads[0].start()

    def settings(self, **changes: Any) -> ImapSettings:
        """What reaches this server, with short limits."""
        limits = {"respuesta_segundos": 0.8, "conexion_segundos": 2.0, "reposo_segundos": 0.5}
        return ImapSettings.model_validate(
            {
                "conector": "imap",
                "direccion": "disputas@empresa.example",
                "servidor": "127.0.0.1",
                "puerto": self.port,
                "cifrado": "ninguno",
                "usuario": "robot",
                "clave": "env:CLAVE_DEL_BUZON",
                "limites": limits | changes.pop("limites", {}),
            }
            | changes
        )

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        for line in self._lines:
            line.close()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self._lines.append(line)
            thread = threading.Thread(target=self._serve, args=(line,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, line: socket.socket) -> None:
        try:
            line.sendall(self._greeting)
            tag = b""
            with line.makefile("rb") as words:
                for raw in words:
                    text = raw.decode("utf-8", "replace").rstrip("\r\n")
                    self.heard.append(text)
                    command = text.partition(" ")[2]
                    if text == "DONE" or not command:  # the rest of a command that has begun
                        line.sendall(tag + b" OK bien\r\n")
                        continue
                    tag = raw.split(b" ")[0]
                    answer = self._answer(command, line)
                    if answer == CLOSE:
                        line.shutdown(socket.SHUT_RDWR)
                        return
                    line.sendall(answer.replace(b"{tag} OK\r", b"{tag} OK bien\r").replace(b"{tag}", tag))
        except OSError:
            return

    def _answer(self, command: str, line: socket.socket) -> bytes:
        for pattern, answer in self._answers.items():
            if re.match(pattern, command):
                return answer(command, line) if callable(answer) else answer
        return b"{tag} OK\r\n"
