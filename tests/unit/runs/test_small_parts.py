"""Settings, redaction, the channel and process marks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.kernel import config
from cobranza.kernel.config import ConfigError
from cobranza.runs import channel, processes
from cobranza.runs.config import Engine, RunsConfig
from cobranza.runs.listener import Listener
from cobranza.runs.redaction import HIDDEN, Redactor
from cobranza.runs.schedules import ScheduleFile

REPO = Path(__file__).resolve().parents[3]


def test_the_shipped_files_are_valid_and_say_the_defaults() -> None:
    assert config.load(REPO / "config" / "runs.toml", RunsConfig) == RunsConfig()
    shipped = config.load(REPO / "config" / "schedule.toml", ScheduleFile)
    days = {entry.robot: entry.timetable().days for entry in shipped.programas.values()}
    assert days == {
        "conciliacion_diaria": "habiles",
        "aprender_de_las_decisiones": "todos",
        "triaje_de_disputas": "todos",
        "borrado_de_correos_antiguos": "todos",
        "alertas_legales": "habiles",
        "preparar_expedientes": "habiles",
        "recordatorios": "habiles",
        "recordatorios_envio": "todos",
        "seguimiento_de_acuerdos": "todos",
        "valoracion_de_riesgo": "todos",
        "vigilancia_de_cifras": "todos",
        "informe_de_cifras": "habiles",
    }
    assert all((REPO / "robots" / f"{robot}.robot").is_file() for robot in days)
    assert not any(entry.activo for entry in shipped.programas.values())  # the customer's own are switched on by them


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"motor": {"trabajador": 2}}, "¿quería decir «trabajadores»?"),
        ({"motor": {"trabajadores": 0}}, "motor.trabajadores"),
        ({"motor": {"latido": 30}}, "tercio"),
        ({"motor": {"registro": "MUCHO"}}, "TRACE"),
    ],
)
def test_a_wrong_setting_stops_with_its_name(raw: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=r"runs\.toml") as caught:
        config.parse(raw, RunsConfig, "runs.toml")
    assert said in str(caught.value)


@given(attempt=st.integers(1, 10_000), first=st.floats(0, 1e4), longest=st.floats(0, 1e5))
def test_pauses_never_shrink_and_never_pass_the_longest(attempt: int, first: float, longest: float) -> None:
    engine = Engine(espera=first, espera_maxima=longest)
    assert engine.pause(attempt) <= engine.pause(attempt + 1) <= longest


@given(secret=st.text(min_size=4, max_size=30), before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_redacted_text_does_not_hold_the_secret(secret: str, before: str, after: str) -> None:
    cleaned = Redactor([secret]).text(f"{before}{secret}{after}")
    assert secret not in cleaned or secret in HIDDEN or secret in f"{before}{HIDDEN}{after}"


def test_the_lines_of_a_key_are_secrets_too() -> None:
    key = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\n-----END KEY-----\n"
    assert "MIIBVgIBADANBgkq" not in Redactor([key]).text("la línea MIIBVgIBADANBgkq sola")


def test_the_channel_carries_whole_lines_and_drops_when_full(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    monkeypatch.setenv(channel.CHANNEL, str(writing))
    reader = channel.Reader(reading)
    try:
        channel.send("step", task="Tarea ñ", done=1)
        channel.send("step", keyword="x" * 100_000)
        first, second = reader.events()
        assert first == {"event": "step", "task": "Tarea ñ", "done": 1}
        assert 0 < len(second["keyword"]) < 1000
        for number in range(20_000):
            channel.send("step", done=number)  # never blocks
        assert [event["done"] for event in reader.events()][:3] == [0, 1, 2]
    finally:
        os.close(reading)
        os.close(writing)


def test_a_process_is_known_by_pid_and_start() -> None:
    own = processes.identity(os.getpid())
    assert processes.is_alive(own)
    assert not processes.is_alive(f"{os.getpid()}:1")
    finished = subprocess.Popen([sys.executable, "-c", ""])
    mark = processes.identity(finished.pid)
    finished.wait()
    assert not processes.is_alive(mark)


def test_the_gravest_failure_decides_and_keeps_its_remedy_alone() -> None:
    listener = Listener()
    listener.failures = [
        "AlgoRaro: boom",
        "Caducada: COB-GEN-003: El dato está mal. → Corríjalo.\n\nAlso teardown failed:\nOtra cosa",
    ]
    error = listener.error()
    assert error is not None
    assert (error["code"], error["message"], error["remedy"]) == ("COB-GEN-003", "El dato está mal.", "Corríjalo.")
