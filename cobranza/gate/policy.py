"""`config/gate.toml`: the house's own rules on contact, changed or switched off, and what lawyers have confirmed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, ClassVar

from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import ConfigError, Strict, load
from cobranza.regimes import contact


class HouseRule(Strict):
    """New values for one rule of ours; a rule of law cannot be changed here.

    Attributes:
        horas: Hours of margin or of waiting.
        dias: Days of margin.
        maximo: Contacts in its period.
        lunes_viernes: First and last hour, as ["09:00", "19:00"]; an empty list closes.
        sabado: The same on Saturdays.
        domingo: The same on Sundays.
        festivo: The same on holidays.
    """

    FILE: ClassVar[str] = "gate.toml"
    TABLE: ClassVar[str] = "reglas.<id>"

    horas: int | None = Field(default=None, ge=1)
    dias: int | None = Field(default=None, ge=0)
    maximo: int | None = Field(default=None, ge=1)
    lunes_viernes: tuple[str, ...] | None = None
    sabado: tuple[str, ...] | None = None
    domingo: tuple[str, ...] | None = None
    festivo: tuple[str, ...] | None = None


class Confirmation(Strict):
    """That a lawyer has read a country's rules and stands by them.

    Attributes:
        confirmado_el: Day on which it was done.
        abogado: Who did it.
    """

    FILE: ClassVar[str] = "gate.toml"
    TABLE: ClassVar[str] = "paises.<código>"

    confirmado_el: date
    abogado: str = Field(min_length=3)


class GatePolicy(Strict):
    """The whole file.

    Attributes:
        desactivadas: Ids of rules of ours that do not count; neither the law's nor the gate's own checks.
    """

    FILE: ClassVar[str] = "gate.toml"

    desactivadas: tuple[str, ...] = ()
    reglas: dict[str, HouseRule] = Field(default_factory=dict)
    paises: dict[str, Confirmation] = Field(default_factory=dict)


def read() -> GatePolicy:
    """What ``config/gate.toml`` says; raises `ConfigError`."""
    return load(suite.root() / "config" / GatePolicy.FILE, GatePolicy)


def law(country: str, policy: GatePolicy | None = None) -> contact.ContactLaw:
    """The law of `country` with the house's rules as `policy` (by default the file) has them.

    Raises:
        ConfigError: it names a rule that no country has, or a value that its rule does not take.
        RegimeError: no data for the country, or a change to a rule of law.
    """
    told = read() if policy is None else policy
    found = contact.law(country)
    known = {name for code in contact.countries() for name in contact.law(code).by_id}
    strange = sorted({*told.reglas, *told.desactivadas} - known)
    if strange:
        raise ConfigError(f"config/{GatePolicy.FILE}: no existe ninguna regla «{strange[0]}».")
    changes = {name: _values(found.by_id[name], rule) for name, rule in told.reglas.items() if name in found.by_id}
    changed = found.changed(changes, frozenset(told.desactivadas) & found.by_id.keys())
    confirmed = told.paises.get(found.country)
    return changed if confirmed is None else replace(changed, confirmed_by_lawyer_on=confirmed.confirmado_el)


def _values(rule: contact.Rule, told: HouseRule) -> dict[str, Any]:
    given = {"hours": told.horas, "days": told.dias, "max": told.maximo}
    values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    spans = (told.lunes_viernes, told.sabado, told.domingo, told.festivo)
    if any(span is not None for span in spans):
        if not isinstance(rule, contact.HoursRule):
            raise ConfigError(f"config/{GatePolicy.FILE}: la regla «{rule.id}» no es de horas.")
        try:
            weekdays, saturday, sunday, holiday = (
                old if span is None else contact.spans(list(span))
                for span, old in zip(spans, (rule.week[0], rule.week[5], rule.week[6], rule.holiday), strict=True)
            )
        except ValueError as exc:
            raise ConfigError(f"config/{GatePolicy.FILE}: «{rule.id}» tiene horas que no valen ({exc}).") from exc
        values |= {"week": (*(weekdays,) * 5, saturday, sunday), "holiday": holiday}
    return values
