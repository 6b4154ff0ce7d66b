"""`config/runs.toml`: how the engine works on this installation."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from cobranza import instance, suite
from cobranza.kernel import config
from cobranza.kernel.config import Strict


class Engine(Strict):
    """`[motor]`. Times in seconds unless the name says otherwise.

    Attributes:
        trabajadores: Worker processes on this machine; each runs one robot at a time.
        arriendo: A run or item whose owner has not been heard for this long is given to another.
        latido: How often the owner is heard; at most a third of `arriendo`.
        barrido: How often the supervisor looks for what was left behind.
        limite_minutos: Time limit of a robot that declares none.
        gracia: What a robot gets to end by itself (teardowns, log) before its whole process tree is killed.
        drenaje: What a running robot gets to finish when the machine is stopped.
        intentos: Times a run is tried when the outside fails and the robot does not say otherwise.
        espera: First pause before another try; doubled each time.
        espera_maxima: Longest pause.
        registro: Level of the robots' log.
    """

    trabajadores: int = Field(default=2, ge=1, le=64)
    arriendo: float = Field(default=60, ge=2)
    latido: float = Field(default=15, ge=0.2)
    barrido: float = Field(default=5, ge=0.2)
    limite_minutos: float = Field(default=60, gt=0)
    gracia: float = Field(default=10, ge=0)
    drenaje: float = Field(default=600, ge=0)
    intentos: int = Field(default=3, ge=1, le=100)
    espera: float = Field(default=30, ge=0)
    espera_maxima: float = Field(default=3600, ge=0)
    registro: Literal["TRACE", "DEBUG", "INFO", "WARN"] = "INFO"

    @model_validator(mode="after")
    def _beats_fit_the_lease(self) -> Engine:
        if self.latido * 3 > self.arriendo:
            raise ValueError("«latido» ha de ser como mucho un tercio de «arriendo»")
        return self

    def pause(self, attempt: int) -> float:
        """Seconds to wait after failed attempt number `attempt` (1 is the first). Exponential, no jitter.

        >>> [Engine().pause(n) for n in (1, 2, 3, 99)]
        [30.0, 60.0, 120.0, 3600.0]
        """
        return float(min(self.espera * 2 ** min(attempt - 1, 30), self.espera_maxima))


class Alerts(Strict):
    """`[alertas]`: when the operator is told about a scheduled run.

    Attributes:
        sin_arrancar_minutos: A run still queued this long after its hour.
        sin_avance_minutos: A run that has not begun a new keyword for this long.
    """

    sin_arrancar_minutos: float = Field(default=15, gt=0)
    sin_avance_minutos: float = Field(default=20, gt=0)


class RunsConfig(Strict):
    """The whole file."""

    FILE: ClassVar[str] = "runs.toml"

    motor: Engine = Engine()
    alertas: Alerts = Alerts()


def settings() -> RunsConfig:
    """The engine's settings; raises `ConfigError`."""
    return config.load(suite.root() / "config" / "runs.toml", RunsConfig)


def instance_zone() -> str:
    """IANA name of the instance's time zone."""
    return instance.settings().zona_horaria
