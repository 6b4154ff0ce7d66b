"""A court in this process, whose clock stands on a working Monday in the morning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from starlette.testclient import TestClient

from cobranza.demo.court.server import application
from tests.unit.court.visitor import Visitor

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.fixture
def visit() -> Iterator[Callable[[str], Visitor]]:
    """Gives a visitor who is logged in at a portal; all of one test share one court."""
    app, court = application(clock=MONDAY, token="prueba")
    court.clock.hurry(0)
    court.clock.set(MONDAY)
    court.faults.set({"totp_reusable": True})
    clients = ExitStack()

    def enter(slug: str = "es_lexnet", *, inside: bool = True) -> Visitor:
        client = clients.enter_context(TestClient(app, base_url="http://127.0.0.1", follow_redirects=True))
        visitor = Visitor(client, court, slug)
        if inside:
            visitor.walk_in()
        return visitor

    with clients:
        yield enter
    court.store.close()
