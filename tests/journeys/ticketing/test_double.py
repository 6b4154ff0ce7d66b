"""The double itself: as the vendor describes it, with a memory that outlives its process."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from cobranza.demo.tickets import server, zendesk
from cobranza.demo.tickets.server import DeskStartError
from tests.journeys.ticketing.conftest import World, comment, file, ticket
from tests.journeys.ticketing.described import description


def _line(world: World) -> httpx.Client:
    login = (f"{zendesk.USER}/token", zendesk.TOKEN)
    return httpx.Client(base_url=world.double.url + "/api/v2", auth=login, trust_env=False, timeout=10)


def test_what_we_send_and_what_it_answers_are_as_the_vendor_describes(zendesk: World) -> None:
    described = description()
    desk = zendesk.opened()
    due = datetime(2027, 1, 1, tzinfo=UTC)
    number = desk.open(ticket(form="disputa", fields={"categoria": "x"}, tags=("a",), due=due, files=(file(),))).id
    desk.comment(comment(number, author="ana@cliente.example", files=(file(),)))
    desk.find("a1")
    desk.changed_since("")
    zendesk.double.staff(number, status="closed")
    desk.open(ticket("a2"), follows=number)

    faults: list[str] = []
    seen: set[str] = set()
    checked = 0
    for answer in zendesk.exchanges:
        call, path = answer.request, urlsplit(str(answer.request.url)).path
        seen.add(f"{call.method} {path}")
        method = str(call.method)
        if isinstance(call.body, bytes) and call.headers.get("Content-Type") == "application/json":
            sent = json.loads(call.body)
            faults += [f"{method} {path}: {fault}" for fault in described.request_faults(method, path, sent)]
            checked += 1
        body = answer.json() if answer.content else None
        faults += [
            f"{method} {path}: {fault}" for fault in described.answer_faults(method, path, answer.status_code, body)
        ]
    assert not faults
    assert len(seen) >= 8, seen
    assert checked == 5, "two tickets, two notes and a comment"


@pytest.mark.parametrize(
    "path",
    ["/tickets", "/tickets/1", "/tickets/1/audits", "/tickets/1/comments", "/groups", "/ticket_fields", "/users/me"],
)
def test_what_it_lists_is_as_the_vendor_describes(zendesk: World, path: str) -> None:
    described = description()
    zendesk.opened().open(ticket(files=(file(),)))

    with _line(zendesk) as line:
        answer = line.get(path)

    assert described.answer_faults("GET", f"/api/v2{path}", answer.status_code, answer.json()) == []


def test_the_walk_finds_what_is_wrong() -> None:
    """The control of the two above."""
    described = description()

    wrong = {"ticket": {"comment": {"body": "x"}, "priority": "gravísima", "due_at": "mañana", "external_id": 7}}
    assert len(described.request_faults("POST", "/api/v2/tickets.json", wrong)) == 3
    assert described.request_faults("POST", "/api/v2/tickets", {"ticket": {}}) != []
    assert described.answer_faults("GET", "/api/v2/tickets/1", 200, {"ticket": {"id": "1", "requester_id": 2}}) != []
    with pytest.raises(AssertionError):
        described.operation("GET", "/api/v2/nothing")


def test_rules_that_it_keeps(zendesk: World) -> None:
    ok = {"subject": "s", "comment": {"body": "b"}, "requester": {"email": "a@b.example"}}
    wrong: list[tuple[dict[str, Any], int]] = [
        (ok | {"comment": {}}, 422),
        (ok | {"priority": "enorme"}, 422),
        (ok | {"group_id": 5}, 422),
        (ok | {"ticket_form_id": 5}, 422),
        (ok | {"comment": {"body": "b" * 70_000}}, 422),
        (ok | {"comment": {"body": "b", "uploads": ["no-existe"]}}, 422),
        (ok | {"requester": {"email": "sin arroba"}}, 422),
        (ok | {"via_followup_source_id": 77}, 422),
    ]
    with _line(zendesk) as line:
        for given, status in wrong:
            answer = line.post("/tickets", json={"ticket": given})
            assert answer.status_code == status, given
            assert answer.json()["error"] == "RecordInvalid"
        assert line.post("/tickets", content=b"[]").status_code == 400
        assert line.get("/tickets/1").status_code == 404
        assert httpx.get(f"{zendesk.double.url}/api/v2/tickets", trust_env=False).status_code == 401
        plain = line.post("/tickets", json={"ticket": ok | {"due_at": "2030-01-01T00:00:00Z"}}).json()["ticket"]
        assert plain["due_at"] is None, "only tasks have a due date"
        token = line.post("/uploads?filename=x.txt", content=b"x").json()["upload"]["token"]
        used = {"ticket": {"comment": {"body": "b", "uploads": [token]}}}
        assert line.put("/tickets/1", json=used).status_code == 200
        assert line.put("/tickets/1", json=used).status_code == 422, "a token is good once"
        token = line.post("/uploads?filename=x.txt", content=b"x").json()["upload"]["token"]
        zendesk.double.advance(3601)
        used["ticket"]["comment"]["uploads"] = [token]
        assert line.put("/tickets/1", json=used).status_code == 422, "and for an hour"
        stale = {"ticket": {"safe_update": True, "updated_stamp": "2020-01-01T00:00:00Z", "comment": {"body": "b"}}}
        assert line.put("/tickets/1", json=stale).status_code == 409
        twice = [line.post("/tickets", json={"ticket": ok}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
        assert twice[0].json() == twice[1].json()
        assert [one.headers["X-Idempotency-Lookup"] for one in twice] == ["miss", "hit"]
        other = line.post("/tickets", json={"ticket": ok | {"subject": "t"}}, headers={"Idempotency-Key": "k"})
        assert (other.status_code, other.json()["error"]) == (400, "IdempotentRequestError")
        zendesk.double.advance(2 * 3600 + 1)
        late = line.post("/tickets", json={"ticket": ok}, headers={"Idempotency-Key": "k"})
        assert late.json()["ticket"]["id"] != twice[0].json()["ticket"]["id"]


def test_its_search_is_late_and_its_list_is_not(zendesk: World) -> None:
    zendesk.opened().open(ticket())
    with _line(zendesk) as line:
        assert line.get("/search", params={"query": "Factura"}).json()["count"] == 0
        assert line.get("/tickets", params={"external_id": "COBRANZA:A1"}).json()["count"] == 1
        zendesk.double.advance(121)
        assert line.get("/search", params={"query": "Factura"}).json()["count"] == 1


def test_it_limits_calls_when_asked_to(zendesk: World) -> None:
    zendesk.double.faults(limits=True)
    with _line(zendesk) as line:
        answers = [line.get("/incremental/tickets/cursor", params={"start_time": 0}) for _ in range(11)]

    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_its_pages_show_tickets_and_run_nothing(world: World) -> None:
    number = world.opened().open(ticket(subject="<script>alert(1)</script>", text="<img src=x onerror=alert(1)>")).id
    place = "agent" if world.slug == "zendesk" else "a"

    for path in ("/", f"/{place}/tickets/{number}"):
        answer = httpx.get(world.double.url + path, trust_env=False)
        assert answer.status_code == 200
        assert "&lt;script&gt;alert(1)" in answer.text
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_an_unknown_fault_is_refused(world: World) -> None:
    for orders in ({"lluvia": 1}, {"plan": ["lluvia"]}, {"on": "siempre"}, {"storm": {"names": ["lluvia"]}}):
        with pytest.raises(DeskStartError):
            world.double.faults(**orders)


@contextmanager
def _listening() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """An address that takes webhooks."""
    taken: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((dict(self.headers.items()), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}/avisos", taken
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(5)


def test_webhooks_come_twice_and_disordered_and_end_in_the_truth(zendesk: World) -> None:
    desk = zendesk.opened()
    number = desk.open(ticket(note="")).id
    for status in ("open", "pending", "solved", "closed"):
        zendesk.double.advance(60)
        zendesk.double.staff(number, status=status)

    with _listening() as (url, taken):
        told = zendesk.double.deliver(url=url, times=2, shuffle=3)
        assert zendesk.double.deliver(url=url) == [], "nothing is left to tell"

    assert len(told) == len(taken) == 10
    order = [one["id"] for one in told]
    assert order != sorted(order)
    newest = max((desk.event(headers, raw) for headers, raw in taken), key=lambda one: one.updated)  # type: ignore[union-attr]
    assert newest is not None
    assert newest.status == "closed"


def test_it_tells_nobody_outside(zendesk: World) -> None:
    for url in ("http://example.com/x", "https://127.0.0.1.example.com/", ""):
        with pytest.raises(DeskStartError):
            zendesk.double.deliver(url=url)


@pytest.mark.parametrize("kind", server.KINDS)
def test_a_killed_desk_knows_its_tickets_when_it_is_started_again(kind: str, tmp_path: Path) -> None:
    with server.running(kind, data=tmp_path) as first:
        world = World(kind, first)
        number = world.opened().open(ticket()).id
        world.opened().comment(comment(number))
        before = world.tickets()
        os.kill(first.pid, signal.SIGKILL)

    with server.running(kind, data=tmp_path) as second:
        world = World(kind, second)
        assert world.tickets() == before
        assert world.opened().open(ticket()).id == number
        world.opened().comment(comment(number))
        assert world.said() == ["No reconozco el cargo.", "Parece cargo_duplicado.", "Adjunto el justificante."]
