"""What the page objects, the proof and the recording cost over the same scrape in bare Playwright."""

from __future__ import annotations

import statistics
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from cobranza.demo.banks.server import running
from connectors.browser import Browser
from tests.journeys.banks.conftest import TODAY, Bank

pytestmark = [pytest.mark.bench, pytest.mark.browser]

ROWS, ROUNDS = 200, 5
SINCE = TODAY - timedelta(days=80)


def world() -> dict[str, Any]:
    """An account with ten pages of movements."""
    return {
        "accounts": [
            {
                "iban": "ES7921000813610123456789",
                "name": "Cuenta operativa",
                "opening_balance": "1000.00",
                "movements": [
                    {
                        "booked_on": (SINCE + timedelta(days=number * 80 // ROWS)).isoformat(),
                        "amount": f"{number % 90 + 1}.25",
                        "text": [f"TRANSF. DE CLIENTE {number}", f"FRA F2026-{number:05d}"],
                    }
                    for number in range(ROWS)
                ],
            }
        ]
    }


def raw_scrape(page: Page, url: str, since: date, until: date) -> list[list[str]]:
    """The least that gets the rows: no proof, no record, no check of where we are."""
    frame = page.frame(name="contenido")
    assert frame is not None
    frame.goto(f"{url}/banca/movimientos", wait_until="domcontentloaded")
    frame.get_by_label("Cuenta", exact=True).select_option(index=0)
    for label, day in (("Desde", since), ("Hasta", until)):
        field = frame.get_by_role("textbox", name=label)
        field.select_text()
        field.press("Backspace")
        field.press_sequentially(day.strftime("%d%m%Y"))
    with frame.expect_navigation(wait_until="domcontentloaded"):
        frame.get_by_role("button", name="Buscar").click()
    rows: list[list[str]] = []
    while True:
        rows += frame.get_by_role("table", name="Movimientos").evaluate(
            "(table) => [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.innerText))"
        )[:-1]
        following = frame.get_by_role("link", name="Siguiente")
        if not following.count():
            return rows
        with frame.expect_navigation(wait_until="domcontentloaded"):
            following.click()


def test_ten_pages_by_adapter_and_by_bare_playwright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running("caja_demo", today=TODAY) as server, Browser() as browser:
        server.reset(world=world())
        bank = Bank("caja_demo", server, browser, tmp_path, monkeypatch, {"espera_segundos": 60})
        bank.faults(cookie_banner=False)
        with bank.opened() as portal:
            context = portal.session.context
            adapter, bare, untraced = [], [], []
            for _ in range(ROUNDS):
                start = time.perf_counter()
                statement = portal.movements(bank.account(), SINCE, TODAY)
                adapter.append(time.perf_counter() - start)
                with portal.session.unrecorded():
                    start = time.perf_counter()
                    rows = raw_scrape(portal.session.page, server.url, SINCE, TODAY)
                    bare.append(time.perf_counter() - start)
                    start = time.perf_counter()
                    portal.movements(bank.account(), SINCE, TODAY)
                    untraced.append(time.perf_counter() - start)
            assert len(statement.movements) == len(rows) == ROWS
            assert len(context.pages) == 1
    middle = statistics.median
    print(
        f"\n10 pages, {ROWS} rows, medians of {ROUNDS}: bare Playwright {middle(bare):.2f} s, "
        f"adapter {middle(adapter):.2f} s (ratio {middle(adapter) / middle(bare):.2f}), "
        f"adapter without recording {middle(untraced):.2f} s (ratio {middle(untraced) / middle(bare):.2f})"
    )
