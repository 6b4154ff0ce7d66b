"""Schedules against a real database: once per fire whoever ticks, no overlap, alerts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError
from cobranza.runs import alerts, engine, runner, schedules
from cobranza.runs.config import Alerts
from cobranza.runs.models import Alert, Run, RunState, Schedule
from tests.journeys.runs.engine_room import EngineRoom

MONDAY = datetime(2026, 3, 2, 6, 0, tzinfo=UTC)


def write(room: EngineRoom, **changes: str | bool) -> None:
    values = {
        "robot": "bien",
        "cuando": "30 8 * * *",
        "zona": "Europe/Madrid",
        "dias": "habiles",
        "calendario": "ES-MD",
    }
    lines = [
        f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}"
        for key, value in {**values, **changes}.items()
    ]
    (room.root / "config" / "schedule.toml").write_text("[programas.noche]\n" + "\n".join(lines) + "\n")


@pytest.fixture
def ready(room: EngineRoom) -> EngineRoom:
    room.simple("bien", "def haz():\n    pass\n")
    return room


def test_a_new_entry_never_fires_for_the_past(ready: EngineRoom) -> None:
    write(ready)

    report = schedules.tick(MONDAY + timedelta(hours=6))

    assert report.started == ()
    assert Schedule.objects.get().next_at == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(("policy", "count"), [("omitir", 0), ("una", 1), ("todas", 5)])
def test_six_clocks_after_five_days_off_double_nothing(ready: EngineRoom, policy: str, count: int) -> None:
    write(ready, atrasos=policy)
    schedules.tick(MONDAY)
    back = datetime(2026, 3, 8, 12, tzinfo=UTC)
    together = threading.Barrier(6)

    def tick() -> None:
        together.wait()
        try:
            schedules.tick(back)
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as clocks:
        for ticking in [clocks.submit(tick) for _ in range(6)]:
            ticking.result()

    runs = Run.objects.filter(schedule="noche").order_by("scheduled_for")
    assert runs.count() == count
    assert len({run.scheduled_for for run in runs}) == count
    assert sum(run.ticket is not None for run in runs) == min(count, 1)  # one at a time, also when several are owed
    assert Schedule.objects.get().next_at == datetime(2026, 3, 9, 7, 30, tzinfo=UTC)


def test_a_fire_while_the_last_one_still_runs_is_told_and_left_out(ready: EngineRoom) -> None:
    write(ready)
    schedules.tick(MONDAY)
    first = schedules.tick(MONDAY + timedelta(minutes=91))
    second = schedules.tick(MONDAY + timedelta(days=1, minutes=91))

    assert (len(first.started), second.started, len(second.skipped)) == (1, (), 1)
    assert Alert.objects.get().kind == "solape"
    assert "no ha terminado" in Schedule.objects.get().note


def test_changed_disabled_and_removed_entries_follow_the_file(ready: EngineRoom) -> None:
    write(ready)
    schedules.tick(MONDAY)
    write(ready, cuando="0 9 * * *")
    schedules.tick(MONDAY)
    assert Schedule.objects.get().next_at == datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    write(ready, activo=False)
    assert schedules.tick(MONDAY + timedelta(days=1)).started == ()
    (ready.root / "config" / "schedule.toml").write_text("")
    schedules.tick(MONDAY)
    assert not Schedule.objects.exists()


def test_a_file_that_cannot_be_used_starts_nothing(ready: EngineRoom) -> None:
    write(ready, cuandoo="x")
    with pytest.raises(ConfigError, match="cuando"):
        schedules.tick(MONDAY)


def test_a_schedule_whose_robot_is_gone_is_an_alert_and_goes_on(ready: EngineRoom) -> None:
    write(ready, robot="nadie")
    schedules.tick(MONDAY)

    report = schedules.tick(MONDAY + timedelta(minutes=91))

    assert report.started == ()
    assert Alert.objects.get().kind == "sin_arrancar"
    assert Schedule.objects.get().next_at == datetime(2026, 3, 3, 7, 30, tzinfo=UTC)


def test_the_operator_is_told_once_when_a_scheduled_run_fails_hangs_or_does_not_start(
    ready: EngineRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(alerts, "NOTIFIERS", [lambda alert: told.append(alert.kind)])
    ready.simple("mal", "def haz():\n    raise ValueError('vaya')\n")
    failing = engine.create("mal", started_by="programa:noche", schedule="noche", foreground=True)
    runner.execute(failing.pk)
    long_ago = clock.now() - timedelta(hours=2)
    engine.create("bien", started_by="programa:noche", schedule="noche", scheduled_for=long_ago)
    Run.objects.filter(state=RunState.QUEUED).update(created_at=long_ago)
    hanging = engine.create("bien", started_by="programa:otra", schedule="otra")
    Run.objects.filter(pk=hanging.pk).update(
        state=RunState.RUNNING,
        token="00000000-0000-0000-0000-000000000001",
        attempt=1,
        started_at=long_ago,
        progressed_at=long_ago,
        lease_until=clock.now() + timedelta(hours=1),
        keyword="Leer",
    )
    by_hand = engine.create("bien", started_by="cli:ana")
    Run.objects.filter(pk=by_hand.pk).update(created_at=long_ago)

    for _ in range(2):
        alerts.look_for_silence(Alerts())

    assert sorted(told) == ["fallo", "parado", "sin_arrancar"]
    first = alerts.open_alerts()[0]
    assert alerts.acknowledge(first.pk, by="consola:ana")
    assert not alerts.acknowledge(first.pk, by="consola:eva")
    assert alerts.open_alerts().count() == 2
