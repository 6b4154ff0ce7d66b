"""A mail server for tests that takes messages (aiosmtpd), with faults on call; it keeps what it accepted.

    from tests.smtpd import smtpd  # noqa: F401  (in conftest.py)

    def test_something(smtpd: Smtpd) -> None:
        settings = smtpd.way_out()              # the `[salidas.<nombre>]` table that reaches it
        ...
        [message] = smtpd.accepted              # parsed; `.envelope_from`, `.recipients`, `.raw`

`fault` makes the next messages fail: "450 …" or "550 …" at a step ("mail", "rcpt", "data", "end"), or `DROP` there.
"""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as POLICY
from pathlib import Path
from typing import Any, Literal

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from connectors.mail.settings import Encryption
from tests.listening import HOST, free_port, write_certificate
from tests.oauth import OAuthDouble

PASSWORD = "otra clave con «eñe»"
USER = "robot"
DROP = "drop"
Step = Literal["mail", "rcpt", "data", "end"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server answered 250 to, or took without being able to say so."""

    envelope_from: str
    recipients: tuple[str, ...]
    raw: bytes
    encrypted: bool

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=POLICY)


class Smtpd:
    """One running server.

    Attributes:
        port: With STARTTLS, unless it was made otherwise.
        ca: Certificate to trust; it names `HOST` only.
        accepted: What it took, in order.
        refused_recipients: Addresses that get "550 5.1.1".
        connections: How many there were.
        oauth: Its tokens open `USER`, see `OAuthDouble`.
    """

    def __init__(self, folder: Path, *, encryption: Encryption = "starttls", mechanisms: tuple[str, ...] = ()) -> None:
        self.ca, key = write_certificate(folder)
        self._secret = folder / "clave"
        self._secret.write_text(PASSWORD, encoding="utf-8")
        self.accepted: list[Taken] = []
        self.refused_recipients: set[str] = set()
        self.connections = 0
        self.oauth = OAuthDouble()
        self._faults: list[tuple[Step, str]] = []
        context = None
        self._encryption = encryption
        if encryption != "ninguno":
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.ca, key)
        double = self
        exclude = {"PLAIN", "LOGIN", "XOAUTH2"} - set(mechanisms) if mechanisms else set()

        class Protocol(SMTP):
            def connection_made(self, transport: Any) -> None:
                double.connections += self.transport is None  # again after STARTTLS
                super().connection_made(transport)

            async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
                told = double._answer(self, "data")
                if told:
                    await self.push(told)
                else:
                    await super().smtp_DATA(arg)

            async def auth_XOAUTH2(self, _server: Any, args: list[str]) -> AuthResult:  # noqa: N802
                import base64

                told = base64.b64decode(args[1] if len(args) > 1 else b"").decode().split("\x01")
                token = told[1].removeprefix("auth=Bearer ")
                if double.oauth.answer("/introspect", {"token": token})[1].get("username") == USER:
                    return AuthResult(success=True, auth_data=USER)
                await self.push("334 eyJzdGF0dXMiOiI0MDEifQ==")
                await self._reader.readline()
                return AuthResult(success=False, handled=False)

        class Server(Controller):
            def factory(self) -> SMTP:
                return Protocol(
                    self.handler,
                    hostname="prueba",
                    tls_context=context if encryption == "starttls" else None,
                    require_starttls=encryption == "starttls",
                    auth_required=True,
                    auth_require_tls=encryption == "starttls",
                    authenticator=double._authenticate,
                    auth_exclude_mechanism=exclude,
                    enable_SMTPUTF8=True,
                )

        self.port = free_port()
        implicit: dict[str, Any] = {"ssl_context": context} if encryption == "tls" else {}
        self._server = Server(self, hostname="127.0.0.1", port=self.port, ready_timeout=20, **implicit)
        self._server.start()
        self.connections = 0  # its own first look does not count

    def way_out(self, **changes: object) -> dict[str, object]:
        """The settings table of this server; `changes` replace keys."""
        return {
            "servidor": HOST,
            "puerto": self.port,
            "cifrado": "tls" if self._encryption == "tls" else "starttls",
            "usuario": USER,
            "clave": f"file:{self._secret}",
            "autoridad": str(self.ca),
        } | changes

    def fault(self, step: Step, answer: str = DROP, *, times: int = 1) -> None:
        """Make the next messages fail at a step: "mail", "rcpt", "data" (before it is sent) or "end" (after it)."""
        self._faults += [(step, answer)] * times

    def close(self) -> None:
        """Stop listening."""
        self._server.stop()
        self.oauth.close()

    # What aiosmtpd calls

    def _authenticate(
        self, _server: object, _session: object, _envelope: object, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        right = data.login.decode() == USER and data.password.decode() == PASSWORD
        return AuthResult(success=right, handled=False)

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer(server, "mail") or "250 OK"

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        if address in self.refused_recipients:
            return "550 5.1.1 no such user"
        told = self._answer(server, "rcpt")
        if told:
            return told
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        step = next((answer for at, answer in self._faults if at == "end"), None)
        if step is None or step == DROP:  # dropped at the end: taken, but nobody hears of it
            self.accepted.append(
                Taken(
                    (envelope.mail_from or "").strip("<>"),
                    tuple(envelope.rcpt_tos),
                    bytes(envelope.original_content),
                    self._encryption == "tls" or session.ssl is not None,
                )
            )
        return self._answer(server, "end") or "250 2.0.0 accepted"

    def _answer(self, server: Any, step: Step) -> str:
        if (fault := next((one for one in self._faults if one[0] == step), None)) is None:
            return ""
        self._faults.remove(fault)
        if fault[1] == DROP:
            server.transport.abort()
            return "421 gone"
        return fault[1]


@contextmanager
def running(*, encryption: Encryption = "starttls", mechanisms: tuple[str, ...] = ()) -> Iterator[Smtpd]:
    """A server for the length of a ``with``."""
    with tempfile.TemporaryDirectory(prefix="smtpd") as folder:
        server = Smtpd(Path(folder), encryption=encryption, mechanisms=mechanisms)
        try:
            yield server
        finally:
            server.close()


@pytest.fixture
def smtpd() -> Iterator[Smtpd]:
    """A server of the test's own."""
    with running() as server:
        yield server
