"""The dashboards in real Chromium: supervisor, adviser, finance director and lawyer, from a figure to its rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page, expect

from cobranza.insight import cube
from cobranza.kernel import clock
from cobranza.screens.access import Role
from tests.insight_world import fill
from tests.journeys.console.conftest import browser, clean, room, site
from tests.journeys.legal.conftest import enter
from tests.journeys.runs.engine_room import REPO, EngineRoom

__all__ = ["browser", "clean", "enter", "room", "site"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TODAY = clock.now().astimezone(clock.MADRID).date()


@pytest.fixture
def house(room: EngineRoom, clean: None) -> Iterator[None]:
    """A company with two years of history, its figures counted."""
    shutil.copytree(REPO / "config" / "figures", room.root / "config" / "figures", dirs_exist_ok=True)
    shutil.copy(REPO / "config" / "insight.toml", room.root / "config" / "insight.toml")
    fill(TODAY, debtors=60, each=20, days=730)
    cube.refresh()
    yield


def _looked_at(page: Page, name: str, folder: Path) -> None:
    """No finding of axe, nothing wider than a phone, and a picture of both."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} px"
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.set_viewport_size({"width": 1280, "height": 844})


def test_the_finance_director_goes_from_the_dso_to_the_invoices(
    house: None, enter: Callable[..., Page], tmp_path: Path
) -> None:
    page = enter(Role.AUDIT, name="dora")
    page.goto("/insight/")
    expect(page.get_by_role("heading", name="Dirección financiera", level=1)).to_be_visible()
    expect(page.get_by_role("img", name="Antigüedad de la deuda").first).to_be_visible()
    _looked_at(page, "direccion", tmp_path)

    page.get_by_label("País").select_option("PT")
    page.get_by_role("button", name="Ver", exact=True).click()
    assert "pais=PT" in page.url
    page.get_by_role("link", name="DSO (periodo medio de cobro)").click()
    expect(page.get_by_role("heading", name="Las filas que hay detrás")).to_be_visible()
    assert "pais=PT" in page.url
    assert page.get_by_role("region", name="Las filas que hay detrás").locator("tbody tr").count() > 10
    _looked_at(page, "dso", tmp_path)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").click()
    assert waiting.value.path().read_text(encoding="utf-8-sig").startswith("acreedor;deudor_id")


def test_the_supervisor_sees_what_works_and_prints_it(house: None, enter: Callable[..., Page], tmp_path: Path) -> None:
    page = enter(Role.SUPERVISION, name="sara")
    page.goto("/insight/?periodo=90")
    expect(page.get_by_role("heading", name="Supervisión de cobros", level=1)).to_be_visible()
    _looked_at(page, "supervision", tmp_path)
    page.emulate_media(media="print")
    page.screenshot(path=tmp_path / "print.png", full_page=True)
    page.emulate_media(media="screen", color_scheme="dark")
    page.screenshot(path=tmp_path / "dark.png", full_page=True)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="PDF").click()
    assert waiting.value.path().read_bytes().startswith(b"%PDF")
    page.get_by_role("button", name="Actualizar").click()
    expect(page.get_by_text("Cifras al día.")).to_be_visible()
    page.goto("/insight/cifras/")
    expect(page.get_by_role("link", name="Promesas cumplidas")).to_be_visible()


def test_the_adviser_and_the_lawyer_have_their_own(house: None, enter: Callable[..., Page], tmp_path: Path) -> None:
    page = enter(Role.ADMINISTRATION, name="ana")
    page.goto("/insight/")
    expect(page.get_by_role("heading", name="Gestión de cobros", level=1)).to_be_visible()
    _looked_at(page, "gestion", tmp_path)
    since = (TODAY - timedelta(days=20)).isoformat()
    page.goto(f"/insight/tablero/gestion/?periodo=propio&desde={since}&hasta={TODAY}")
    expect(page.get_by_text("Cobrado").first).to_be_visible()

    lawyer = enter(Role.LEGAL, name="lola")
    lawyer.goto("/insight/")
    expect(lawyer.get_by_role("heading", name="Jurídico", level=1)).to_be_visible()
    _looked_at(lawyer, "juridico", tmp_path)
    assert lawyer.goto("/insight/tablero/direccion/").status == 404  # type: ignore[union-attr]
