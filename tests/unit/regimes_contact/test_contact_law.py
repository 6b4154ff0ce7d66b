"""The data of seven countries, and what the loader refuses."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from cobranza.regimes import contact
from cobranza.regimes.payments import RegimeError

RULE = {"id": "XX-HORARIO", "text": "Horas.", "source": "Ley 1, art. 1", "since": date(2020, 1, 1)}
COUNTRY = {"country": "CO", "zones": ["America/Bogota"]}


def test_seven_countries() -> None:
    assert {"AR", "CL", "CO", "EC", "ES", "MX", "PE"} <= set(contact.countries())


@pytest.mark.parametrize("country", contact.countries())
def test_every_rule_has_its_source_and_says_whose_it_is(country: str) -> None:
    law = contact.law(country)
    assert law.country == country
    assert law.confirmed_by_lawyer_on is None  # nobody has: set it in config/gate.toml when somebody does
    for rule in law.rules:
        assert rule.text.endswith(".")
        assert rule.source
        assert rule.house == rule.source.startswith("Política propia")
        assert rule.id.startswith((f"{country}-", "PROPIA-"))


@pytest.mark.parametrize("country", contact.countries())
@pytest.mark.parametrize("debtor_type", contact.DEBTOR_TYPES)
@pytest.mark.parametrize("channel", contact.CHANNELS)
def test_hours_are_known_for_everybody_on_every_channel(country: str, debtor_type: str, channel: str) -> None:
    for day in (date(2012, 1, 2), date(2023, 10, 9), date(2023, 10, 10), date(2026, 3, 4)):
        hours = contact.law(country).hours
        assert any(rule.in_force(day) and rule.concerns(debtor_type, channel) for rule in hours)


def test_colombias_law_begins_on_its_day() -> None:
    rule = contact.law("CO").by_id["CO-HORARIO"]
    assert not rule.in_force(date(2023, 10, 9))
    assert rule.in_force(date(2023, 10, 10))


def test_holidays_by_country_and_region() -> None:
    spain = contact.law("ES")
    assert spain.is_holiday(date(2026, 10, 12))
    assert not spain.is_holiday(date(2026, 9, 11))
    assert spain.is_holiday(date(2026, 9, 11), "CT")
    with pytest.raises(RegimeError):
        spain.is_holiday(date(2026, 9, 11), "Atlántida")


@pytest.mark.parametrize(
    "table",
    [
        {"hours": [RULE | {"source": "Política propia"}]},
        {"hours": [RULE | {"id": "XX-PROPIA-HORARIO"}]},
        {"hours": [RULE | {"monday_friday": ["19:00", "07:00"]}]},
        {"hours": [RULE | {"until": date(2019, 1, 1)}]},
        {"hours": [RULE, RULE]},
        {"hours": [RULE | {"lunes": ["07:00", "19:00"]}]},
        {"hours": [RULE | {"applies_to": ["empresa"]}]},
        {"cap": [RULE | {"per": "week"}]},
        {"cap": [RULE | {"per": "year", "max": 1}]},
        {"cap": [RULE | {"per": "day", "max": 0}]},
        {"consent": [RULE | {"mode": "tacit"}]},
        {"recipient": [RULE | {"allow": ["neighbour"]}]},
        {"horas": [RULE]},
        {"zones": ["America/Macondo"]},
        {"zones": []},
    ],
)
def test_what_the_loader_refuses(table: dict[str, Any]) -> None:
    with pytest.raises(RegimeError):
        contact.parse({**COUNTRY, **table}, {})


def test_the_house_changes_its_own_rules_and_not_the_laws() -> None:
    law = contact.law("CO")
    assert law.changed({"PROPIA-PRESION-SEMANA": {"max": 2}}).by_id["PROPIA-PRESION-SEMANA"].max == 2  # type: ignore[attr-defined]
    assert "PROPIA-PRESION-MES" not in law.changed({}, frozenset({"PROPIA-PRESION-MES"})).by_id
    for changes, off in (
        ({"CO-DIA": {"max": 3}}, frozenset()),
        ({}, frozenset({"CO-HORARIO"})),
        ({}, frozenset({"PROPIA-SALDO-CERO"})),
        ({"PROPIA-DIA": {"hours": 3}}, frozenset()),
        ({"PROPIA-NADA": {"hours": 3}}, frozenset()),
    ):
        with pytest.raises(RegimeError):
            law.changed(changes, off)
