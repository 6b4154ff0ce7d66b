"""`config/strategies/*.toml`: strategies as versioned data, one file each."""

from __future__ import annotations

import tomllib
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator, model_validator

from cobranza import suite
from cobranza.dunning.account import DunningError, Habit, HabitRule
from cobranza.dunning.strategy import ADVISER, Does, Step, Strategy
from cobranza.dunning.wording import template
from cobranza.kernel.config import ConfigError, Strict, parse
from cobranza.kernel.money import minor_units

FOLDER = "strategies"
LANGUAGE = "es"
"""Every template is there in this language at least."""
_DOES: dict[str, Does] = {
    "mensaje": "message",
    "llamada": "call",
    "carta": "letter",
    "persona": "person",
    "negociar": "negotiate",
}


class StepEntry(Strict):
    """`[[pasos]]`: see `cobranza.dunning.strategy.Step`; days count from the due day, negative before it."""

    id: str = Field(pattern="^[a-z0-9_]+$")
    desde: int = Field(ge=-60, le=3650)
    hasta: int | None = None
    hace: Literal["mensaje", "llamada", "carta", "persona", "negociar"]
    canales: tuple[Literal["email", "sms", "whatsapp", "call", "ivr", "letter"], ...] = ()
    plantillas: tuple[str, ...] = ()
    veces: int = Field(default=1, ge=1)
    cada: int = Field(default=7, ge=1)
    habitos: tuple[Habit, ...] = ()
    segmentos: tuple[Literal["recordatorio", "negociacion", "caso_legal", "sin_valorar"], ...] = ()
    paises: tuple[str, ...] = ()
    idiomas: tuple[Literal["es", "en", "pt"], ...] = ()
    productos: tuple[str, ...] = ()
    minimo: dict[str, str] = Field(default_factory=dict)
    adelanta: bool = False

    @field_validator("minimo")
    @classmethod
    def _figures(cls, value: dict[str, str]) -> dict[str, str]:
        found = {}
        for currency, text in value.items():
            try:
                found[currency] = _plain(Decimal(text), currency)
            except InvalidOperation as exc:
                raise ValueError(f"«{text}» no es un importe entre comillas") from exc
        return found

    @model_validator(mode="after")
    def _whole(self) -> StepEntry:
        if self.hasta is not None and self.hasta < self.desde:
            raise ValueError(f"{self.id}: «hasta» es anterior a «desde»")
        if self.hace in {"mensaje", "llamada", "carta"}:
            if not self.canales or not self.plantillas:
                raise ValueError(f"{self.id}: hacen falta «canales» y «plantillas»")
            if self.veces > 1 and len(self.plantillas) < 2:
                raise ValueError(
                    f"{self.id}: quien repite necesita dos plantillas: nunca sale la misma dos veces seguidas"
                )
        if self.id == ADVISER:
            raise ValueError(
                f"«{ADVISER}» es el paso por el que una cuenta llega a un asesor; llame a este de otra forma"
            )
        if self.adelanta and self.desde >= 0:
            raise ValueError(f"{self.id}: «adelanta» es solo para avisos antes del vencimiento")
        return self

    def step(self) -> Step:
        """As the strategy reads it.

        Raises:
            DunningError: a template is not there, or none is written for one of the channels.
        """
        written = {name: frozenset(template(name, LANGUAGE).canales) for name in self.plantillas}
        for channel in self.canales:
            if not any(channel in channels for channels in written.values()):
                raise DunningError(f"El paso «{self.id}» no tiene ninguna plantilla escrita para {channel}.")
        return Step(
            id=self.id,
            first=self.desde,
            last=self.hasta,
            does=_DOES[self.hace],
            channels=self.canales,
            templates=written,
            times=self.veces,
            every=self.cada,
            habits=frozenset(self.habitos),
            segments=frozenset(self.segmentos),
            countries=frozenset(self.paises),
            languages=frozenset(self.idiomas),
            products=frozenset(self.productos),
            least={key: Decimal(text) for key, text in self.minimo.items()} or None,
            earlier=self.adelanta,
        )


def _plain(value: Decimal, currency: str) -> str:
    """One way to write an amount, so that two texts that say the same compare equal."""
    return format(value.quantize(Decimal(1).scaleb(-minor_units(currency))), "f")


class StrategyFile(Strict):
    """The whole file: version, who counts as what kind of payer (days, shares in per cent), and the steps in order."""

    version: str = Field(min_length=1)
    nombre: str
    sin_respuesta: int = Field(default=4, ge=1)
    dias_habito: int = Field(default=365, ge=30)
    documentos_habito: int = Field(default=3, ge=1)
    tarde_desde: int = Field(default=5, ge=1)
    bueno_desde: int = Field(default=80, ge=0, le=100)
    cronico_desde: int = Field(default=50, ge=0, le=100)
    pasos: tuple[StepEntry, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids(self) -> StrategyFile:
        ids = [each.id for each in self.pasos]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"el paso «{twice[0]}» está dos veces")
        return self


def folder() -> Path:
    """Where the strategies lie."""
    return suite.root() / "config" / FOLDER


def names() -> tuple[str, ...]:
    """Strategies of this installation, sorted."""
    return tuple(sorted(each.stem for each in folder().glob("*.toml")))


def strategy(name: str) -> Strategy:
    """The strategy `name` as its file says now.

    Raises:
        DunningError: there is none of that name, or a step without a template; see `StepEntry.step`.
        ConfigError: its file is wrong; the message names the key.
    """
    if name not in names():
        raise DunningError(f"No hay una estrategia «{name}»; hay {', '.join(names()) or 'ninguna'}.")
    return written(name, (folder() / f"{name}.toml").read_text(encoding="utf-8"))


def written_file(name: str, text: str) -> StrategyFile:
    """What `text` (TOML) says, as it says it.

    Raises:
        ConfigError: no TOML, or a key that is wrong.
    """
    source = f"config/{FOLDER}/{name}.toml"
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{source}: no es TOML válido ({exc}).") from exc
    return parse(raw, StrategyFile, source)


@lru_cache(maxsize=64)
def written(name: str, text: str) -> Strategy:
    """The strategy that `text` (TOML) says; raises as `strategy` does."""
    entry = written_file(name, text)
    return Strategy(
        name=name,
        version=entry.version,
        steps=tuple(each.step() for each in entry.pasos),
        habits=HabitRule(
            days=entry.dias_habito,
            least=entry.documentos_habito,
            late_days=entry.tarde_desde,
            good_share=Decimal(entry.bueno_desde) / 100,
            chronic_share=Decimal(entry.cronico_desde) / 100,
        ),
        give_up=entry.sin_respuesta,
    )
