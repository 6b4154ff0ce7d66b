"""`config/insight.toml`: dashboards, alerts, forecast, simulator, quality review and what contacts cost."""

from __future__ import annotations

from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from cobranza import suite
from cobranza.kernel.config import Strict, load

_FILE = "insight.toml"


def _exact(value: object) -> object:
    """A decimal in quotes: a float would not be what was written."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("se espera un número entre comillas, por ejemplo «0.02»")
    try:
        return Decimal(value)
    except InvalidOperation as exc:
        raise ValueError("se espera un número entre comillas, por ejemplo «0.02»") from exc


Exact = Annotated[Decimal, BeforeValidator(_exact)]


class Dashboards(Strict):
    """`[tableros]`: the screens of figures.

    Attributes:
        minutos: Older sums are counted again before a dashboard is shown.
        informes: Dashboards that the scheduled report writes.
        crm_llave: Where the key of the CRM's feed is, "env:NOMBRE"; "" there is no feed.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "tableros"

    minutos: int = Field(default=60, ge=1, le=1440)
    informes: tuple[str, ...] = ("direccion", "supervision")
    crm_llave: str = ""


class Alerts(Strict):
    """`[alertas]`: which figures are watched, how surely, and who is told when.

    Attributes:
        cifras: Figures of ``config/figures/`` that are watched; empty: those with an owner, all of them.
        falsas_alarmas: For one figure of one company, the stated chance of a false alert in 90 quiet days, in quotes.
        historia_dias: Days of history that limits are taken from.
        historia_minima_dias: Fewer days give no limits, only the target.
        vuelta_dias: Days in a row inside the limits that close an alert.
        objetivo_dias: Days that are pooled to be held against the target.
        filas: Rows of the cause that are kept with the alert.
        silencio_desde: From this hour nobody is written to.
        silencio_hasta: Until this hour.
        zona: Clock of those hours, IANA; "" is the instance's.
        buzon: Way out by e-mail, a mailbox of ``config/mail.toml``; "" writes to nobody.
        consola: Address of the console, for the link.
        correos: Address by role (the figure's owner); "*" for the others.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "alertas"

    cifras: tuple[str, ...] = ()
    falsas_alarmas: Exact = Field(default=Decimal("0.02"), gt=0, le=Decimal("0.5"))
    historia_dias: int = Field(default=182, ge=28, le=730)
    historia_minima_dias: int = Field(default=28, ge=14)
    vuelta_dias: int = Field(default=3, ge=1, le=14)
    objetivo_dias: int = Field(default=28, ge=1, le=366)
    filas: int = Field(default=25, ge=1, le=200)
    silencio_desde: time = time(20, 0)
    silencio_hasta: time = time(8, 0)
    zona: str = ""
    buzon: str = ""
    consola: str = ""
    correos: dict[str, str] = Field(default_factory=dict)


class Forecast(Strict):
    """`[prevision]`: the forecast of cash.

    Attributes:
        semanas: Weeks ahead.
        cobertura: Share of weeks that should fall inside the interval, in quotes.
        historia_dias: Days of invoices and payments that delays are learned from.
        pruebas: Past weeks from which the forecast is made again and held against what came.
        simulaciones: Draws.
        semilla: Of the draws: the same data give the same forecast.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "prevision"

    semanas: int = Field(default=13, ge=1, le=26)
    cobertura: Exact = Field(default=Decimal("0.8"), gt=0, lt=1)
    historia_dias: int = Field(default=730, ge=60)
    pruebas: int = Field(default=26, ge=0, le=104)
    simulaciones: int = Field(default=400, ge=100, le=5000)
    semilla: int = 20260101


class Simulator(Strict):
    """`[simulador]`: the replay of a year under another strategy.

    Attributes:
        dias: Days that are replayed.
        cobertura: Of the interval, in quotes.
        remuestreos: Bootstrap draws over debtors.
        efecto_dias: Days after a contact in which it may have an effect.
        control_minimo: Debtors in the hold-out below which no effect is estimated.
        semilla: Of the draws.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "simulador"

    dias: int = Field(default=365, ge=30, le=1096)
    cobertura: Exact = Field(default=Decimal("0.95"), gt=0, lt=1)
    remuestreos: int = Field(default=400, ge=100, le=5000)
    efecto_dias: int = Field(default=7, ge=1, le=30)
    control_minimo: int = Field(default=30, ge=10)
    semilla: int = 20260102


class Criterion(Strict):
    """`[[calidad.criterios]]`: one question of the reviewer's form.

    Attributes:
        clave: Stable key.
        pregunta: As the form asks it, Spanish.
        peso: Points.
        critico: Failing it fails the contact, whatever the rest.
        solo: "robot" or "persona"; "" for both.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "calidad.criterios"

    clave: str = Field(pattern="^[a-z0-9_]+$")
    pregunta: str = Field(min_length=8)
    peso: int = Field(ge=1, le=100)
    critico: bool = False
    solo: str = Field(default="", pattern="^(robot|persona)?$")


class Quality(Strict):
    """`[calidad]`: the sampled review of contacts.

    Attributes:
        por_estrato: Contacts drawn a week of each author and channel.
        total: Most contacts drawn a week.
        aprobado: Points out of 100 from which a contact passes.
        criterios: The form.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "calidad"

    por_estrato: int = Field(default=3, ge=1, le=100)
    total: int = Field(default=60, ge=1, le=1000)
    aprobado: int = Field(default=75, ge=1, le=100)
    criterios: tuple[Criterion, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> Quality:
        keys = [each.clave for each in self.criterios]
        if len(set(keys)) != len(keys):
            raise ValueError("hay un criterio dos veces")
        return self


class Costs(Strict):
    """`[costes]`: what a contact costs, by channel and currency, in quotes; the simulator and the figures use them.

    Attributes:
        canales: Cost of one contact by channel: "persona" is a call or talk by somebody of the house.
        moneda: Of all of them.
        origen: Where the numbers come from; shown beside each figure.
    """

    FILE: ClassVar[str] = _FILE
    TABLE: ClassVar[str] = "costes"

    canales: dict[str, Exact] = Field(default_factory=dict)
    moneda: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    origen: str = "supuesto de partida, sin medir"


class InsightSettings(Strict):
    """The whole file.

    Attributes:
        tableros: Dashboards.
        alertas: Alerts.
        prevision: Forecast of cash.
        simulador: Simulator.
        calidad: Quality review.
        costes: What contacts cost.
    """

    FILE: ClassVar[str] = _FILE

    tableros: Dashboards = Dashboards()
    alertas: Alerts = Alerts()
    prevision: Forecast = Forecast()
    simulador: Simulator = Simulator()
    calidad: Quality = Quality()
    costes: Costs = Costs()


def read() -> InsightSettings:
    """What the file says; raises `ConfigError`."""
    return load(suite.root() / "config" / _FILE, InsightSettings)
