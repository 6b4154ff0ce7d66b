"""Both desks' doubles on threads of this process, and adapters on them that can reach nobody else."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import pytest
import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from cobranza.demo.tickets import server
from cobranza.demo.tickets.server import RunningDesk
from cobranza.disputes.ports import Attachment, DeskError, NewComment, NewTicket, TicketDesk
from cobranza.kernel import config
from cobranza.kernel.secrets import Secret
from connectors.ticketing.freshdesk import FreshdeskSettings
from connectors.ticketing.freshdesk.desk import FreshdeskDesk
from connectors.ticketing.freshdesk.line import Line
from connectors.ticketing.zendesk import ZendeskSettings
from connectors.ticketing.zendesk.desk import ZendeskDesk
from connectors.ticketing.zendesk.session import DeskSession

Result = TypeVar("Result")
SLUGS = ("zendesk", "freshdesk")
MAPS: dict[str, dict[str, Any]] = {
    "zendesk": {
        "usuario": "robot@cobranza.example",
        "grupos": {"cobros": 360000000003, "legal": 360000000006},
        "formularios": {"disputa": 370000000001, "queja": 370000000006},
        "campos": {"categoria": 380000000001},
    },
    "freshdesk": {
        "grupos": {"cobros": 9003, "legal": 9006},
        "formularios": {"disputa": "Disputa", "queja": "Queja"},
        "campos": {"categoria": "cf_categoria"},
    },
}


class Stranger(AssertionError):
    """Somebody was called who is not the desk."""


class Refusing(BaseAdapter):
    """For `requests`: every host but the desk's."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        raise Stranger(f"called {request.url}")

    def close(self) -> None: ...


class OnlyTo(httpx.HTTPTransport):
    """For httpx: only the desk."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = httpx.URL(base)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (request.url.host, request.url.port) != (self.base.host, self.base.port):
            raise Stranger(f"called {request.url}")
        return super().handle_request(request)


@dataclass
class World:
    """One demo desk and how to open adapters on it; waits are only noted down."""

    slug: str
    double: RunningDesk
    waited: list[float] = field(default_factory=list)
    exchanges: list[requests.Response] = field(default_factory=list)

    def zendesk(self) -> ZendeskDesk:
        desk = self.opened()
        assert isinstance(desk, ZendeskDesk)
        return desk

    def opened(self, *, seconds: float = 5.0, patience: float = 60.0, **limits: Any) -> TicketDesk:
        known = self.double.environment()
        prefix = f"COBRANZA_{self.slug.upper()}"
        base, key, secret = (known[f"{prefix}_{name}"] for name in ("URL", "CLAVE", "FIRMA"))
        common = {"conector": self.slug, "url": base, "clave": "env:X", "firma": "env:Y", "limites": limits}
        entry = common | MAPS[self.slug]
        if self.slug == "zendesk":
            session = DeskSession(base, seconds=seconds, patience=patience, tries=2, sleep=self.waited.append)
            for prefix in ("https://", "http://"):
                session.mount(prefix, Refusing())
            session.mount(base, HTTPAdapter(max_retries=0))
            session.hooks["response"].append(self._keep)
            settings = config.parse(entry, ZendeskSettings, "prueba")
            return ZendeskDesk(settings, base, Secret(key), Secret(secret), session)
        line = Line(
            base,
            Secret(key),
            seconds=seconds,
            patience=patience,
            tries=2,
            sleep=self.waited.append,
            transport=OnlyTo(base),
        )
        fresh = config.parse(entry, FreshdeskSettings, "prueba")
        return FreshdeskDesk(fresh, base, Secret(key), Secret(secret), line)

    def _keep(self, answer: requests.Response, *_: Any, **__: Any) -> None:
        self.exchanges.append(answer)

    def tickets(self) -> list[Any]:
        found: list[Any] = self.double.truth()["tickets"]
        return found

    def said(self, ticket: int = 0) -> list[str]:
        """Texts of a ticket without our references, the first one included for both desks."""
        row = self.tickets()[ticket]
        texts = [str(one.get("body_text", one.get("body"))).split("\n\n[Ref.")[0] for one in row["said"]]
        return [row["description_text"], *texts] if self.slug == "freshdesk" else texts


def ticket(key: str = "a1", **changes: Any) -> NewTicket:
    values: dict[str, Any] = {
        "key": key,
        "requester": "ana@cliente.example",
        "requester_name": "Ana Núñez",
        "subject": "Factura 17",
        "text": "No reconozco el cargo.",
        "note": "Parece cargo_duplicado.",
        "group": "cobros",
    }
    return NewTicket(**(values | changes))


def comment(number: str, key: str = "c1", **changes: Any) -> NewComment:
    return NewComment(**({"key": key, "ticket": number, "text": "Adjunto el justificante."} | changes))


def file(name: str = "justificante.pdf", content: bytes = b"%PDF-1.4 x") -> Attachment:
    digest = hashlib.sha256(content).hexdigest()
    return Attachment(name=name, media_type="application/pdf", sha256=digest, content=content)


def until_done(call: Callable[[], Result], *, pause: float = 0.0) -> Result:
    """Repeat a call as its caller would after each `DeskError`, not for ever."""
    for _ in range(60):
        with suppress(DeskError):
            return call()
        time.sleep(pause)
    raise AssertionError("sixty tries were not enough")


@pytest.fixture(scope="session")
def doubles() -> Iterator[dict[str, RunningDesk]]:
    with ExitStack() as stack:
        yield {slug: stack.enter_context(server.in_process(slug)) for slug in SLUGS}


@pytest.fixture(params=SLUGS)
def world(request: pytest.FixtureRequest, doubles: dict[str, RunningDesk]) -> World:
    """Each desk in turn, empty and without faults."""
    double = doubles[request.param]
    double.reset()
    return World(request.param, double)


@pytest.fixture
def zendesk(doubles: dict[str, RunningDesk]) -> World:
    doubles["zendesk"].reset()
    return World("zendesk", doubles["zendesk"])


@pytest.fixture
def freshdesk(doubles: dict[str, RunningDesk]) -> World:
    doubles["freshdesk"].reset()
    return World("freshdesk", doubles["freshdesk"])
