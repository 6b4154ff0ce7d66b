"""`python -m cobranza.demo.court` refuses what it cannot serve."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from cobranza.demo.court.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--clock", "mañana"], "no es un momento ISO"), (["--clock", "2026-11-23T10:00:00"], "no dice su zona")],
)
def test_a_clock_without_a_zone_is_no_clock(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert words in result.output
