"""The screen of figures in a real browser: accessible, within the content policy, readable on a phone."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from cobranza.screens.access import Role
from tests.journeys.console.conftest import browser, clean, enter, room, site
from tests.journeys.console.test_console import NARROW, WIDE, violations

__all__ = ["browser", "clean", "enter", "room", "site"]
pytestmark = pytest.mark.browser


def test_figures_in_chromium(clean, company, enter: Callable[..., Page], tmp_path: Path) -> None:
    page = enter(Role.SUPERVISION)
    page.get_by_role("link", name="Cifras", exact=True).click()
    page.get_by_label("Desde el mes").fill("2026-03")
    page.get_by_label("Hasta el mes").fill("2026-03")
    page.get_by_role("button", name="Ver", exact=True).click()

    banks = page.get_by_role("region", name="Sin intervención, por banco").get_by_role("table")
    expect(banks.get_by_role("row").nth(1)).to_contain_text("Operativa")
    expect(banks.get_by_role("row").nth(1)).to_contain_text("25\u00a0%")
    assert "since=2026-03&until=2026-03" in page.url  # a link that can be shared
    folder = Path(os.environ.get("COBRANZA_SHOTS", tmp_path))
    for name, size in (("wide", WIDE), ("narrow", NARROW)):
        page.set_viewport_size(size)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=folder / f"figures-{name}.png", full_page=True)
    with page.expect_download() as waited:
        page.get_by_role("link", name="Excel").click()
    assert waited.value.suggested_filename == "cifras-conciliacion-2026-03-2026-03.xlsx"
