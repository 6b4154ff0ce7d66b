"""Two workers on one database share work items while worker and robot are killed -9: none lost, none done twice.

The outside is a small server that is *not* idempotent: it writes down every post. It kills its caller at seeded
moments, by preference the worst one, after it has written and before it has answered, so that only looking the act up
can prevent a second one. The negative control does everything but look up, and must double; otherwise this test could
not see the fault it is there for.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest
from django.db import connection

from cobranza.runs import engine, items
from cobranza.runs.models import ItemState, Run, RunState, WorkItem
from tests.journeys.runs.conftest import room
from tests.journeys.runs.engine_room import EngineRoom, start_supervisor, wait_until

__all__ = ["room"]

ROBOT = """
import json, os, time, urllib.request
from cobranza.runs import items

OUTSIDE = {outside!r}

def ask(path):
    address = f"{{OUTSIDE}}{{path}}&robot={{os.getpid()}}&worker={{os.getppid()}}"
    with urllib.request.urlopen(address, timeout=30) as reply:
        return json.loads(reply.read())

def apply(reference):
    from django.db import connection
    with connection.cursor() as cursor:
        cursor.execute("insert into applied (reference) values (%s)", [reference])

def haz():
    for item in items.work():
        with item:
            find = lambda: ask(f"/find?reference={{item.reference}}")["receipt"]
            post = lambda: ask(f"/post?reference={{item.reference}}")["receipt"]
            receipt = {act}
            item.complete(result=receipt, effect=lambda: apply(item.reference))
"""
LOOK_UP = "item.once(look_up=find, act=post)"
NO_LOOK_UP = "post()"

Victim = Literal["robot", "worker"]
Moment = Literal["before", "after"]


@dataclass
class Outside:
    """The counterparty: what was posted, in order, and whom it kills when."""

    plan: dict[int, tuple[Victim, Moment]]
    pause: float = 0.01
    posts: list[str] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    _requests: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def post(self, reference: str, pids: dict[Victim, int]) -> int:
        with self._lock:
            self._requests += 1
            victim, moment = self.plan.get(self._requests, (None, None))
        if victim and moment == "before":
            self._kill(victim, pids)
            raise ConnectionAbortedError
        time.sleep(self.pause)
        with self._lock:
            self.posts.append(reference)
            receipt = len(self.posts)
        if victim:
            self._kill(victim, pids)
        return receipt

    def find(self, reference: str) -> int | None:
        with self._lock:
            return self.posts.index(reference) + 1 if reference in self.posts else None

    def _kill(self, victim: Victim, pids: dict[Victim, int]) -> None:
        self.kills[victim] += 1
        try:
            os.kill(pids[victim], signal.SIGKILL)
        except ProcessLookupError:
            self.kills["already dead"] += 1

    def doubles(self) -> list[str]:
        return [reference for reference, times in Counter(self.posts).items() if times > 1]


@contextmanager
def serving(outside: Outside) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            pids: dict[Victim, int] = {"robot": int(asked["robot"]), "worker": int(asked["worker"])}
            try:
                if address.path == "/find":
                    receipt = outside.find(asked["reference"])
                else:
                    receipt = outside.post(asked["reference"], pids)
                body = f'{{"receipt": {"null" if receipt is None else receipt}}}'.encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                self.close_connection = True  # the caller is dead, as it should be

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def seeded_plan(seed: int, total: int, kills: int) -> dict[int, tuple[Victim, Moment]]:
    """Which post requests kill: two thirds at the worst moment, half of them the whole worker."""
    rng = random.Random(seed)
    ordinals = sorted(rng.sample(range(3, total - 2), kills))
    victims: list[Victim] = ["robot", "worker"]
    return {
        ordinal: (victims[position % 2], "before" if position % 3 == 2 else "after")
        for position, ordinal in enumerate(ordinals)
    }


def random_killer(seed: int, pid: int, outside: Outside, stop: threading.Event, kills: int) -> None:
    """Now and then kill any worker, or any of its descendants, at a moment that nobody chose."""
    rng = random.Random(seed)
    while kills and not stop.wait(rng.uniform(2, 6)):
        try:
            workers = psutil.Process(pid).children()
            robots = [robot for worker in workers for robot in worker.children()]
            pool = workers if rng.random() < 0.5 else robots
            if pool:
                rng.choice(pool).kill()
                outside.kills["random"] += 1
                kills -= 1
        except psutil.Error:
            continue


def torture(room: EngineRoom, *, act: str, total: int, kills: int, seed: int, random_kills: int = 0) -> Outside:
    room.settings(arriendo=4, latido=0.8, barrido=0.5, espera=0.2, espera_maxima=0.5, intentos=99)
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists applied")
        cursor.execute("create table applied (reference text not null)")
    outside = Outside(seeded_plan(seed, total, kills))
    stop = threading.Event()
    with serving(outside) as address:
        room.simple("tortura", ROBOT.format(outside=address, act=act), metadata="Metadata    Cola    tortura")
        for number in range(total):
            items.add("tortura", f"F{number:04}", max_attempts=25)
        for _ in range(2):
            engine.submit("tortura", started_by="prueba")
        started = start_supervisor(room, workers=2)
        killer = threading.Thread(target=random_killer, args=(seed, started.pid, outside, stop, random_kills))
        killer.start()
        try:
            wait_until(_all_done, 540, "every item done")
            wait_until(lambda: not Run.objects.filter(state=RunState.RUNNING).exists(), 60, "runs at rest")
        finally:
            stop.set()
            killer.join()
            started.stop(60)
    return outside


def _all_done() -> bool:
    return not WorkItem.objects.exclude(state=ItemState.DONE).exists()


def _applied() -> Counter[str]:
    with connection.cursor() as cursor:
        cursor.execute("select reference from applied")
        return Counter(row[0] for row in cursor.fetchall())


def _report(outside: Outside, total: int, began: float) -> str:
    attempts = WorkItem.objects.order_by("-attempts").values_list("attempts", flat=True).first()
    return (
        f"{total} items, kills {dict(outside.kills)}, posts {len(outside.posts)}, doubles {len(outside.doubles())}, "
        f"most attempts of an item {attempts}, attempts of runs {list(Run.objects.values_list('attempt', flat=True))}, "
        f"{time.monotonic() - began:.0f} s"
    )


def _check(outside: Outside, total: int) -> None:
    expected = {f"F{number:04}" for number in range(total)}
    assert set(outside.posts) == expected, "an item was lost outside"
    assert outside.doubles() == [], "an item was posted twice outside"
    applied = _applied()
    assert set(applied) == expected, "an item was lost in our database"
    assert set(applied.values()) == {1}, "an item was applied twice in our database"


def test_two_workers_share_200_items_under_kills(room: EngineRoom, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()

    outside = torture(room, act=LOOK_UP, total=200, kills=8, seed=20261121, random_kills=2)

    with capsys.disabled():
        print(f"\ntwo workers: {_report(outside, 200, began)}")
    _check(outside, 200)
    assert outside.kills["robot"] + outside.kills["worker"] >= 8


def test_the_control_without_look_up_does_double(room: EngineRoom) -> None:
    """What the look-up is for: the same kills without it. Our own table stays right all the same."""
    outside = torture(room, act=NO_LOOK_UP, total=20, kills=2, seed=7)

    assert outside.doubles() != []
    assert set(_applied().values()) == {1}


@pytest.mark.torture
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(6))
def test_long_torture(room: EngineRoom, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    began = time.monotonic()

    outside = torture(room, act=LOOK_UP, total=200, kills=20, seed=seed, random_kills=10)

    with capsys.disabled():
        print(f"\nseed {seed}: {_report(outside, 200, began)}")
    _check(outside, 200)


def test_the_plan_kills_both_kinds_at_both_moments() -> None:
    plan = seeded_plan(20261121, 200, 8)

    assert {victim for victim, _ in plan.values()} == {"robot", "worker"}
    assert {moment for _, moment in plan.values()} == {"before", "after"}
