"""`cobranza gate` on the command line, the state file, and config/gate.toml."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cobranza.cli import gate as command
from cobranza.gate import policy, statefile
from cobranza.gate.acts import ActError
from cobranza.kernel.config import ConfigError
from cobranza.kernel.errors import UsageError
from cobranza.regimes.contact import CapRule, HoursRule
from cobranza.regimes.payments import RegimeError

STATE = {
    "balance": {"open": "1000.00", "disputed": "200.00", "read_at": "2026-03-04T08:00:00-05:00"},
    "consents": [{"channel": "sms", "given_at": "2026-01-01T00:00:00-05:00", "proof": "contrato 7"}],
    "preferences": {"weekdays": [0, 1, 2, 3, 4], "start": "09:00", "end": "12:00"},
    "contacts": [{"at": "2026-03-03T10:00:00-05:00", "channel": "sms"}],
    "inbound": [{"channel": "whatsapp", "at": "2026-03-03T10:00:00-05:00"}],
}


def check(*words: str) -> dict[str, Any]:
    ran = CliRunner().invoke(command.group, ["check", *words, "--json"], catch_exceptions=False)
    assert ran.exit_code == 0, ran.output
    told: dict[str, Any] = json.loads(ran.output)
    return told


def colombia(at: str, *words: str) -> dict[str, Any]:
    return check("--country", "CO", "--debtor-type", "consumer", "--channel", "sms", "--at", at, *words)


def test_a_closed_second_says_until_when_and_why() -> None:
    told = colombia("2026-03-07T15:00:00-05:00")
    assert (told["decision"], told["until"]) == ("defer", "2026-03-09T07:00:00-05:00")
    assert told["at"] == "2026-03-07T15:00:00-05:00"
    assert [rule["id"] for rule in told["rules"]] == ["CO-HORARIO"]
    assert told["rules"][0]["source"] == "Ley 2300 de 2023, art. 3"
    assert told["rules"][0]["text"]
    assert any("abogado" in warning for warning in told["warnings"])


def test_the_second_before_is_open() -> None:
    assert colombia("2026-03-07T14:59:59-05:00")["decision"] == "allow"


def test_the_offset_tells_which_of_the_countrys_zones() -> None:
    words = ("--country", "MX", "--channel", "call", "--at")
    assert check(*words, "2026-03-04T21:30:00-08:00")["decision"] == "allow"
    assert check(*words, "2026-03-04T23:30:00-06:00")["decision"] == "defer"
    assert check(*words, "2026-03-05T05:30:00+00:00")["decision"] == "defer"  # nowhere in Mexico: every zone counts
    assert check(*words, "2026-03-05T05:30:00+00:00", "--zone", "America/Tijuana")["decision"] == "allow"


def test_with_a_state(tmp_path: Path) -> None:
    file = tmp_path / "deudor.json"
    file.write_text(json.dumps(STATE), encoding="utf-8")
    words = ("--state", str(file))
    told = colombia("2026-03-04T11:59:59-05:00", *words)
    assert (told["decision"], told["claimable"]) == ("allow", "800.00")
    assert colombia("2026-03-04T12:00:00-05:00", *words)["until"] == "2026-03-05T09:00:00-05:00"
    over = colombia("2026-03-04T11:00:00-05:00", *words, "--amount", "800.01")
    assert (over["decision"], over["rules"][0]["id"]) == ("deny", "PROPIA-DISPUTA")
    stale = colombia("2026-03-05T11:00:00-05:00", *words)
    assert (stale["decision"], stale["until"]) == ("defer", None)


def test_for_people() -> None:
    words = ["check", "--country", "PE", "--channel", "call", "--at", "2026-03-07T10:00:00-05:00"]
    ran = CliRunner().invoke(command.group, words, catch_exceptions=False)
    assert "Aplazado hasta 09/03/2026 07:00:00" in ran.output
    assert "Ley 29571, art. 62.b" in ran.output


def test_the_rules_of_a_country() -> None:
    listed = CliRunner().invoke(command.group, ["rules", "--country", "CO", "--on", "2023-10-09", "--json"])
    ids = [rule["id"] for rule in json.loads(listed.output)["rules"]]
    assert "CO-PROPIA-HORARIO-ANTERIOR" in ids
    assert "CO-HORARIO" not in ids


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--country", "CO", "--channel", "sms", "--at", "2026-03-07T15:00:00"), UsageError),
        (("--country", "CO", "--channel", "sms", "--at", "ayer"), UsageError),
        (("--country", "CO", "--channel", "sms", "--amount", "mil"), UsageError),
        (("--country", "XX", "--channel", "sms"), RegimeError),
    ],
)
def test_wrong_words(words: tuple[str, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        CliRunner().invoke(command.group, ["check", *words], catch_exceptions=False)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"opt_out": []}',
        '{"opt_outs": [{"at": "2026-03-04T08:00:00", "channel": "sms"}]}',
        '{"balance": {"open": "mucho", "read_at": "2026-03-04T08:00:00Z"}}',
        '{"balance": {"open": "1", "read_at": "2026-03-04T08:00:00Z", "currency": "COP"}}',
        "[" * 100_000,
    ],
)
def test_a_state_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ActError):
        statefile.parse(text)


def test_an_amount_written_as_a_number_stays_exact() -> None:
    found = statefile.parse('{"balance": {"open": 0.1, "read_at": "2026-03-04T08:00:00Z"}}').balance
    assert found is not None
    assert str(found.open) == "0.1"


def test_the_policy_changes_what_is_ours() -> None:
    told = policy.GatePolicy.model_validate(
        {
            "desactivadas": ["PROPIA-PRESION-MES"],
            "reglas": {
                "PROPIA-DIA": {"maximo": 2},
                "ES-PROPIA-HORARIO": {"lunes_viernes": ["10:00", "14:00"], "sabado": []},
                "PROPIA-SALDO-FRESCO": {"horas": 1},
            },
            "paises": {"ES": {"confirmado_el": date(2026, 3, 1), "abogado": "Colegiada 1234"}},
        }
    )
    law = policy.law("ES", told)
    day, hours = law.by_id["PROPIA-DIA"], law.by_id["ES-PROPIA-HORARIO"]
    assert isinstance(day, CapRule)
    assert isinstance(hours, HoursRule)
    assert (day.max, hours.week[0][0][0].hour, law.gate("SALDO-FRESCO").hours) == (2, 10, 1)
    assert "PROPIA-PRESION-MES" not in law.by_id
    assert law.confirmed_by_lawyer_on == date(2026, 3, 1)
    assert policy.law("PE", told).confirmed_by_lawyer_on is None


@pytest.mark.parametrize(
    ("told", "error"),
    [
        ({"desactivadas": ["CO-DIA"]}, RegimeError),
        ({"reglas": {"CO-HORARIO": {"sabado": ["00:00", "24:00"]}}}, RegimeError),
        ({"reglas": {"PROPIA-INVENTADA": {"horas": 2}}}, ConfigError),
        ({"reglas": {"PROPIA-DIA": {"sabado": ["08:00", "10:00"]}}}, ConfigError),
        ({"reglas": {"CO-PROPIA-HORARIO-ANTERIOR": {"sabado": ["10:00"]}}}, ConfigError),
    ],
)
def test_the_policy_does_not_touch_the_law(told: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        policy.law("CO", policy.GatePolicy.model_validate(told))


def test_a_text_is_judged_on_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "aviso.txt"
    words = ["lint", str(file), "--country", "CO", "--channel", "sms", "--sender", "Alba", "--creditor", "Sur"]
    file.write_text("Alba, por Sur: ¿por qué no ha pagado?", encoding="utf-8")
    ran = CliRunner().invoke(command.group, [*words, "--on", "2026-03-04", "--json"])
    assert ran.exit_code == 3
    told = json.loads(ran.output)
    assert [(each["rule"], each["words"]) for each in told["findings"]] == [("CO-MOTIVO", "por que no ha pagado")]
    assert told["sms"] == {"encoding": "GSM-7", "units": 37, "parts": 1, "culprits": ""}
    file.write_text("Alba, por Sur: su factura vence el lunes.", encoding="utf-8")
    assert CliRunner().invoke(command.group, words).exit_code == 0
