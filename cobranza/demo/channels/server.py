"""Starts the demo providers: blocking (`serve`), as a child process (`running`) or on a thread (`in_process`)."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from cobranza.demo.channels import burofax, hooks, twilio, whatsapp
from cobranza.demo.channels.admin import Admin
from cobranza.demo.channels.faults import Faults
from cobranza.demo.channels.page import Page
from cobranza.demo.channels.weather import Weather
from cobranza.demo.doubles import process, server
from cobranza.demo.doubles.control import Steered
from cobranza.demo.doubles.store import Store
from cobranza.kernel.errors import ApplicationError


class ProviderStartError(ApplicationError):
    """Demo providers that do not start or do not answer."""

    code = "COB-DEM-053"
    remedy = "Vuelva a intentarlo; si se repite, arránquelos a mano con python -m cobranza.demo.channels."


def application(*, data: Path | None = None, token: str = "") -> tuple[ASGIApp, Store]:
    """All providers as one ASGI application, with their store.

    Args:
        data: Folder for their state; None forgets it at the end.
        token: Of the admin endpoints.
    """
    store, faults = Store(data / "channels.sqlite3" if data else None), Faults()
    told = hooks.Hooks(store)
    sms, chat = twilio.Twilio(store, faults, told), whatsapp.WhatsApp(store, faults, told)
    letters = burofax.Burofax(store, faults, told)
    admin = Admin(store, faults, told, sms, chat, token or secrets.token_urlsafe(18))
    routes = [*sms.routes(), *chat.routes(), *letters.routes(), *Page(store).routes(), *admin.routes()]
    return Weather(Starlette(routes=routes), faults), store


def serve(*, port: int = 0, data: Path | None = None, token: str = "", ready_file: Path | None = None) -> None:
    """Serve on 127.0.0.1 until told to stop; prints its address.

    Args:
        port: 0 takes a free one.
        data: See `application`.
        token: Of the admin endpoints; by default from `COBRANZA_DEMO_TOKEN`, else a new one.
        ready_file: Written whole once the port accepts connections: JSON with url, pid and token.
    """
    token = server.fresh(token)
    app, _ = application(data=data, token=token)
    server.foreground(app, process.listen(port), token=token, ready_file=ready_file)


@dataclass(frozen=True, slots=True)
class RunningProviders(Steered):
    """Demo providers that answer, with their admin endpoints as methods (for tests and the demo only)."""

    error = ProviderStartError
    what = "Los proveedores de pruebas"

    def environment(self) -> dict[str, str]:
        """What the shipped ``config/channels.toml`` refers to as ``env:…``."""
        return {
            "COBRANZA_TWILIO_URL": self.url,
            "COBRANZA_TWILIO_CUENTA": twilio.ACCOUNT,
            "COBRANZA_TWILIO_CLAVE": hooks.TWILIO_TOKEN,
            "COBRANZA_TWILIO_NUMERO": twilio.NUMBER,
            "COBRANZA_WHATSAPP_URL": f"{self.url}/v23.0",
            "COBRANZA_WHATSAPP_TELEFONO": whatsapp.PHONE,
            "COBRANZA_WHATSAPP_CLAVE": whatsapp.TOKEN,
            "COBRANZA_WHATSAPP_FIRMA": hooks.APP_SECRET,
            "COBRANZA_WHATSAPP_PALABRA": whatsapp.VERIFY,
            "COBRANZA_BUROFAX_URL": f"{self.url}/burofax/v1",
            "COBRANZA_BUROFAX_CLAVE": burofax.KEY,
            "COBRANZA_BUROFAX_FIRMA": hooks.BUROFAX_SECRET,
        }

    def fates(self, fates: Mapping[str, str]) -> Any:
        """POST /__fates: what becomes of messages to an address: delivered, read, sent, undelivered, away, failed."""
        return self.ask("/__fates", **fates)

    def templates(self, fields: Mapping[str, int], language: str = "es") -> Any:
        """POST /__templates: approve WhatsApp templates, each with its number of fields."""
        return self.ask("/__templates", fields=dict(fields), language=language)

    def hooks(self, url: str) -> Any:
        """POST /__hooks: where our webhooks are, without the connector's name (".../dunning/avisos/")."""
        return self.ask("/__hooks", url=url)

    def debtor(self, channel: str, sender: str, text: str) -> Any:
        """POST /__debtor: what somebody writes on "sms" or "whatsapp", or the keys they press on "voice"."""
        return self.ask("/__debtor", channel=channel, sender=sender, text=text)

    def deliveries(self, *, after: int = 0, age: int = 0) -> Any:
        """POST /__deliveries: webhook calls since the id `after`, signed `age` seconds ago; see `Hooks.signed`."""
        return self.ask("/__deliveries", after=after, age=age)


@contextmanager
def running(*, port: int = 0, data: Path | None = None) -> Iterator[RunningProviders]:
    """The demo providers as a child process, ready when the block starts and gone when it ends (or when we die).

    Raises:
        ProviderStartError: they do not start within 30 s.
    """
    arguments = ["--port", str(port), *(["--data", str(data.resolve())] if data else [])]
    with server.child(RunningProviders, "cobranza.demo.channels", arguments) as providers:
        yield providers


@contextmanager
def in_process(*, data: Path | None = None) -> Iterator[RunningProviders]:
    """The demo providers on a thread of this process: they start in milliseconds and die with it."""
    token = server.fresh()
    app, store = application(data=data, token=token)
    with closing(store), server.thread(RunningProviders, app, process.listen(), token) as providers:
        yield providers
