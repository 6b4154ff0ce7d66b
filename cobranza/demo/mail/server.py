"""The demo company's mailbox and the server that its answers leave through; nothing leaves this machine.

The mailbox is a folder of ``.eml`` files (`connectors/mail/folder` reads it). The server keeps every message that it
takes as a file of its own, so that what debtors were answered can be read and counted.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope

_HOST = "127.0.0.1"
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class RunningMail:
    """Where the mail is.

    Attributes:
        inbox: Folder of the mailbox; "Procesados" and "Errores" are inside.
        sent: Folder of what the server took.
        port: Of the server.
    """

    inbox: Path
    sent: Path
    port: int

    def environment(self) -> dict[str, str]:
        """What the shipped ``config/mail.toml`` refers to as ``env:…``."""
        return {"COBRANZA_DEMO_CORREO": str(self.inbox), "COBRANZA_DEMO_SMTP": str(self.port)}

    def deliver(self, name: str, raw: bytes) -> None:
        """Put a message into the mailbox, whole or not at all."""
        part = self.inbox / f"{name}.part"
        part.write_bytes(raw)
        part.replace(self.inbox / f"{name}.eml")

    def answers(self) -> list[EmailMessage]:
        """Every message that the server has taken, oldest first."""
        files = sorted(self.sent.glob("*.eml"), key=lambda file: (file.stat().st_mtime_ns, file.name))
        return [message_from_bytes(file.read_bytes(), policy=policy) for file in files]


class _Keeper:
    """Keeps what arrives; the same bytes twice are two files, so that a message sent twice shows."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        raw = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        name = hashlib.sha256(raw).hexdigest()[:16]
        number = len(list(self._folder.glob(f"{name}-*.eml"))) + 1
        part = self._folder / f"{name}-{number}.part"
        part.write_bytes(raw)
        part.replace(part.with_suffix(".eml"))
        return "250 2.0.0 recibido"


@contextmanager
def running(folder: Path) -> Iterator[RunningMail]:
    """The mailbox and the server for the body; what is in `folder` from before is still there."""
    inbox, sent = folder / "buzon", folder / "enviados"
    for one in (inbox, sent):
        one.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    server = Controller(_Keeper(sent), hostname=_HOST, port=port, ready_timeout=_START_SECONDS)
    server.start()
    try:
        yield RunningMail(inbox=inbox, sent=sent, port=port)
    finally:
        server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
