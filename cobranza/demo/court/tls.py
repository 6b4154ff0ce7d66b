"""The TLS port, where a browser shows its certificate and goes back to the portal with a token for it.

The portals themselves speak plain HTTP on 127.0.0.1. "Acceder con certificado electrónico" leads here; the handshake
asks for a certificate and takes any of our authority (whether it has expired or was revoked is said by the portal, on
a page, by the court's clock), and the answer sends the browser to ``/<portal>/acceso/certificado?vale=…``.
"""

from __future__ import annotations

import secrets
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import Receive, Scope, Send

from cobranza.demo.court.court import Court
from cobranza.demo.doubles import process

_NO_CHECK_TIME = 0x200000  # X509_V_FLAG_NO_CHECK_TIME, which Python has no name for
_STOP_SECONDS = 5.0


class Checkpoint:
    """Takes the certificate of the handshake and hands out a token."""

    def __init__(self, court: Court, plain_url: str) -> None:
        self.court, self.plain_url = court, plain_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        slug = scope["path"].strip("/").partition("/")[0]
        if slug not in self.court.portals:
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
            return
        transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
        handshake = transport.get_extra_info("ssl_object") if transport else None
        shown = handshake.getpeercert(binary_form=True) if handshake else None
        token = secrets.token_urlsafe(18)
        if shown:
            self.court.tickets[token] = shown
        await RedirectResponse(f"{self.plain_url}/{slug}/acceso/certificado?vale={token}", 303)(scope, receive, send)


@contextmanager
def listening(court: Court, plain_url: str) -> Iterator[None]:
    """The TLS port on a thread of its own while the block runs; `court.tls_url` is its address."""
    listener = process.listen()
    server = process.server_of(Checkpoint(court, plain_url))
    with tempfile.TemporaryDirectory(prefix="cobranza-juzgado-") as folder:
        _secure(server.config, court, Path(folder))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    court.tls_url = process.url_of(listener).replace("http:", "https:")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_STOP_SECONDS)
        listener.close()


def _secure(config: uvicorn.Config, court: Court, folder: Path) -> None:
    site, authority = court.authority.site(), court.authority.root
    chain, key, trusted = folder / "site.pem", folder / "key.pem", folder / "ca.pem"
    chain.write_bytes(site.pem + authority.pem)
    key.touch(mode=0o600)
    key.write_bytes(site.key_pem)
    trusted.write_bytes(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    context.load_verify_locations(trusted)
    context.verify_mode = ssl.CERT_OPTIONAL
    context.verify_flags = ssl.VerifyFlags(context.verify_flags | _NO_CHECK_TIME)
    config.load()
    config.ssl = context
