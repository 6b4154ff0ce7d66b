"""Strategies as text: what is refused, and a trial written into the settings without touching anything else."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from cobranza.dunning import editor, settings
from cobranza.dunning.account import DunningError
from cobranza.dunning.config import DunningSettings, TrialEntry
from cobranza.kernel.config import ConfigError, parse

SHIPPED = (Path(__file__).resolve().parents[3] / "config" / "dunning.toml").read_text(encoding="utf-8")
GENERAL = (settings.folder() / "general.toml").read_text(encoding="utf-8")
TRIAL = TrialEntry(nombre='el "nuevo" \\ plan', cuota_control=10, sombra=True, desde=date(2026, 12, 1))


def test_a_trial_is_written_read_back_and_taken_out() -> None:
    with_one = editor.with_trial(SHIPPED, "demo", TRIAL)
    assert parse(tomllib.loads(with_one), DunningSettings, "x").empresas["demo"].ensayo == TRIAL
    other = TRIAL.model_copy(update={"nombre": "otro"})
    twice = editor.with_trial(with_one, "demo", other)
    assert parse(tomllib.loads(twice), DunningSettings, "x").empresas["demo"].ensayo == other
    assert editor.with_trial(twice, "demo", None) == SHIPPED.rstrip("\n") + "\n", "all else stays to the letter"


def test_a_trial_of_one_company_leaves_the_others() -> None:
    text = '[empresas.a]\nremitente = "A, S.L."\n[empresas.a.ensayo]\nnombre = "x"\ndesde = 2026-01-01\n'
    text += '[empresas.b]\nremitente = "B, S.L."\n'
    found = parse(tomllib.loads(editor.with_trial(text, "b", TRIAL)), DunningSettings, "x").empresas
    assert found["a"].ensayo is not None
    assert (found["a"].ensayo.nombre, found["b"].ensayo) == ("x", TRIAL)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version = ", "TOML"),
        ("version = 3", "version"),
        (GENERAL.replace('id = "carta"', 'id = "carta"\nveces = 2'), "dos plantillas"),
        (GENERAL.replace('"carta_requerimiento"', '"no_existe"'), "no_existe"),
        (GENERAL.replace('id = "carta"', 'id = "previo"'), "dos veces"),
    ],
)
def test_a_wrong_text_is_refused_with_its_reason(text: str, told: str) -> None:
    with pytest.raises((DunningError, ConfigError), match=told):
        editor.check("general", text)


def test_a_good_text_is_read_whatever_its_line_ends_are() -> None:
    assert editor.check("general", GENERAL.replace("\n", "\r\n")) == settings.strategy("general")


@pytest.mark.parametrize("name", ["../general", "General", "", "a b"])
def test_a_strategys_name_is_no_path(name: str) -> None:
    with pytest.raises(DunningError):
        editor.check(name, GENERAL)
