"""A picture of the finance director's dashboard, as Chromium shows it; without Chromium, its PDF instead."""

from __future__ import annotations

from pathlib import Path

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from cobranza.insight import asked, boards, cube, paper, reports
from cobranza.insight.boards import Filled
from cobranza.insight.figures import SqlFigures
from cobranza.insight.settings import read as settings

_PLACES = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
_ROOMS = Path(__file__).resolve().parents[1]
_STYLES = (_ROOMS / "console/static/console/console.css", _ROOMS / "insight/static/insight/insight.css")


def dashboard_picture(target: Path, board: str = "direccion") -> Path:
    """Write a picture of a dashboard with today's figures; they are brought up to date first.

    Args:
        target: File to write, ending in ".png"; its folder is made.
        board: Which dashboard.

    Returns:
        The file that was written: `target`, or the same name with ".pdf" where no Chromium can be started.
    """
    house = SqlFigures()
    cube.refresh(house.figures.values())
    filled = boards.fill(reports.board(board), asked.parse({}), house)
    target.parent.mkdir(parents=True, exist_ok=True)
    if _shot(page(filled), target):
        return target
    file = target.with_suffix(".pdf")
    file.write_bytes(paper.pdf(filled))
    return file


def page(filled: Filled) -> str:
    """The dashboard as a page of its own, without any address: for a picture, never for a browser of ours."""
    context = {
        "filled": filled,
        "tiles": [(each, SafeString(each.spark)) for each in filled.tiles],
        "charts": [(each, SafeString(each.chart.svg(each.key))) for each in filled.charts],
        "costs": settings().costes.origen,
    }
    return render_to_string("insight/picture.html", context)


def _shot(html: str, target: Path) -> bool:
    from playwright.sync_api import Error, sync_playwright

    program = next((place for place in _PLACES if Path(place).exists()), None)
    try:
        with sync_playwright() as play:
            browser = play.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            tab = browser.new_page(viewport={"width": 1280, "height": 900}, device_scale_factor=1.5)
            tab.set_content(html, wait_until="load", timeout=30_000)
            for file in _STYLES:
                tab.add_style_tag(content=file.read_text(encoding="utf-8"))
            tab.screenshot(path=target, full_page=True, timeout=30_000)
            browser.close()
    except Error:
        return False
    return True
