"""The reference names every command, robot and settings key, and the shipped settings are valid."""

from __future__ import annotations

from pathlib import Path

import pytest

from cobranza.cli import reference
from cobranza.insight.definitions import FiguresFile
from cobranza.kernel.config import load

ROOT = Path(__file__).resolve().parents[3]


def test_the_reference_page_is_what_the_code_says() -> None:
    page = (ROOT / "cobranza" / "REFERENCE.md").read_text(encoding="utf-8")
    assert page == reference.render(), "run: python -m cobranza reference > cobranza/REFERENCE.md"


def test_every_settings_key_has_a_meaning() -> None:
    for file, models in reference.settings_models().items():
        for model in models:
            for key, _kind, _default, meaning in reference.keys(model):
                assert meaning, f"config/{file}: {key} is not explained"


def test_every_settings_file_has_a_model_and_every_model_a_file() -> None:
    named = set(reference.settings_models())
    folders = {file for file in named if "*" in file}
    assert {file.name for file in (ROOT / "config").glob("*.toml")} == named - folders
    assert all(list((ROOT / "config").glob(pattern)) for pattern in folders)


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.toml")), ids=lambda file: file.name)
def test_the_shipped_settings_are_valid(file: Path) -> None:
    load(file, reference.settings_models()[file.name][0])


@pytest.mark.parametrize("file", sorted((ROOT / "config" / "figures").glob("*.toml")), ids=lambda file: file.name)
def test_the_shipped_figures_are_valid(file: Path) -> None:
    load(file, FiguresFile)


def test_every_command_and_robot_says_what_it_does() -> None:
    import click

    from cobranza.cli import root
    from cobranza.runs import catalogue

    for path, command in reference._walk(root, ""):
        assert command.help, path
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{path} {parameter.name}"
    for robot in catalogue.robots():
        assert not robot.error, robot.error
        assert robot.documentation, robot.slug
        assert all(variable.help for variable in robot.variables), robot.slug
