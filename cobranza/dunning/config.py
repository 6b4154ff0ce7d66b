"""`config/dunning.toml`: whose reminders are sent, by which strategy, in whose name and over which connectors."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from pydantic import Field

from cobranza import suite
from cobranza.dunning.trial import Trial
from cobranza.kernel.config import ConfigError, Strict, load


class TrialEntry(Strict):
    """A trial of a strategy.

    Attributes:
        nombre: Another name draws anew.
        piloto: Strategy that is tried; "" for none.
        cuota_piloto: Of all accounts, per cent.
        cuota_control: Of all accounts, per cent, that get nothing of a strategy.
        sombra: The pilot's proposals are only shown; its accounts get the current strategy.
        desde: First day.
        hasta: Last day.
    """

    FILE: ClassVar[str] = "dunning.toml"
    TABLE: ClassVar[str] = "empresas.<clave>.ensayo"

    nombre: str
    piloto: str = ""
    cuota_piloto: int = Field(default=0, ge=0, le=100)
    cuota_control: int = Field(default=0, ge=0, le=100)
    sombra: bool = False
    desde: date
    hasta: date | None = None

    def trial(self) -> Trial:
        """As the draw reads it."""
        return Trial(
            name=self.nombre,
            pilot=self.piloto,
            pilot_share=self.cuota_piloto,
            holdout_share=self.cuota_control,
            shadow=self.sombra,
            since=self.desde,
            until=self.hasta,
        )


class CompanyEntry(Strict):
    """One company's reminders.

    Attributes:
        estrategia: File of ``config/strategies/``.
        remitente: Who writes, as the law wants it named.
        telefono: For answers.
        enlace_dias: How many days the debtor's own link (`config/portal.toml`) that goes in a message opens.
        baja: How a debtor says stop, by channel; "*" for the others.
        canales: Connector of ``connectors/channels/`` for each channel.
        ensayo: A trial that is running.
    """

    FILE: ClassVar[str] = "dunning.toml"
    TABLE: ClassVar[str] = "empresas.<clave>"

    estrategia: str = "general"
    remitente: str = Field(min_length=2)
    telefono: str = ""
    enlace_dias: int = Field(default=30, ge=1, le=365)
    baja: dict[str, str] = Field(default_factory=dict)
    canales: dict[str, str] = Field(default_factory=dict)
    ensayo: TrialEntry | None = None


class DunningSettings(Strict):
    """The whole file.

    Attributes:
        empresas: By the key of ``config/companies.toml``.
    """

    FILE: ClassVar[str] = "dunning.toml"

    empresas: dict[str, CompanyEntry] = Field(default_factory=dict)


def company(key: str) -> CompanyEntry:
    """The reminders of the company called `key`.

    Raises:
        ConfigError: the file is wrong, or has no such company.
    """
    file = suite.root() / "config" / DunningSettings.FILE
    found = load(file, DunningSettings).empresas
    if key not in found:
        raise ConfigError(f"{file}: no hay recordatorios para «{key}» (hay: {', '.join(sorted(found)) or 'ninguna'}).")
    return found[key]


def companies() -> tuple[str, ...]:
    """Keys of the companies with reminders, sorted."""
    return tuple(sorted(load(suite.root() / "config" / DunningSettings.FILE, DunningSettings).empresas))
