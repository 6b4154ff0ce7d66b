"""`python -m cobranza.demo.court` refuses what it cannot serve, and COURT.md says all that it does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from cobranza.demo.court import aftermath, faults, profiles, server
from cobranza.demo.court.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--clock", "mañana"], "no es un momento ISO"), (["--clock", "2026-11-23T10:00:00"], "no dice su zona")],
)
def test_a_clock_without_a_zone_is_no_clock(arguments: list[str], words: str) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert words in result.output


def test_the_page_that_describes_the_court_leaves_nothing_out() -> None:
    page = (Path(server.__file__).parent / "COURT.md").read_text(encoding="utf-8")
    app, court = server.application()
    court.store.close()
    words = [*faults.FAULTS, *faults.SETTINGS, *faults.STEPS, *profiles.slugs(), *aftermath.STATES, *aftermath.REASONS]
    words += [mode for fault in faults.FAULTS.values() for mode in (*fault.modes, *fault.parameters)]
    words += [entry.code for slug in profiles.slugs() for entry in profiles.load(slug).catalogue]
    words += [route.path for route in app.app.routes if route.path.startswith("/__") and "{" not in route.path]  # type: ignore[attr-defined]
    missing = sorted({word for word in words if not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", page)})
    assert missing == []
