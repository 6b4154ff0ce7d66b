"""Alerts, forecast, simulator and reviews in real Chromium: a supervisor takes up an alert and reviews a contact."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from cobranza.insight import cube, reviewing, simulate_reading
from cobranza.insight.models import Alert, AlertNote, Review, SimulationRun, Watched
from cobranza.insight.settings import read as read_settings
from cobranza.insight.simulate import simulate
from cobranza.kernel import clock
from cobranza.ledger import conversation
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Debtor
from cobranza.screens.access import Role
from tests.insight_world import fill
from tests.journeys.console.conftest import browser, clean, room, site
from tests.journeys.legal.conftest import enter
from tests.journeys.runs.engine_room import REPO, EngineRoom
from tests.unit.insight_simulator.worlds import COSTS, CURRENT, OTHER, company

__all__ = ["browser", "clean", "enter", "room", "site"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TODAY = clock.now().astimezone(clock.MADRID).date()


def _looked_at(page: Page, name: str, folder: Path) -> None:
    """No finding of axe, nothing wider than a phone, and a picture of both."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} px"
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    page.set_viewport_size({"width": 1280, "height": 844})


def _alert(creditor: Creditor) -> Alert:
    part = {"creditor": creditor.key, "currency": "EUR"}
    on, now = TODAY - timedelta(days=2), clock.now()
    row = Alert.objects.create(
        figure="promesas_cumplidas", part_key=f"creditor={creditor.key}/currency=EUR", part=part, cause="limites",
        direction="down", opened_on=on, opened_at=now, opened_value="0.31", value="0.35", expected="0.62", low="0.48",
        high="0.75", last_day=TODAY - timedelta(days=1), checked_at=now, owner="supervisión",
        why="«Promesas cumplidas» es 31,0 %; por su historia de 176 días se esperaba 62,0 % (entre 48,0 % y 75,0 %).",
        rows=[{"deudor": f"Cliente Invención {i}, S.L.", "importe": "1250.00", "prometido_el": "2026-11-20"}
              for i in range(6)],
    )  # fmt: skip
    AlertNote.objects.create(alert=row, kind="abierta", at=now, by="vigilancia_de_cifras", text=row.why)
    for slug, state in (("promesas_cumplidas", "fuera"), ("dso", "normal"), ("pendiente", "historia_corta")):
        Watched.objects.create(
            figure=slug, part_key=row.part_key, part=part, last_day=TODAY - timedelta(days=1), checked_at=now,
            state=state, told="43,2 días; se esperaba 42,8 días (entre 40,1 días y 45,6 días).",
        )  # fmt: skip
    return row


def _talk(debtor: Debtor) -> None:
    """A conversation of last week: a robot, a person and the debtor."""
    monday = datetime.combine(reviewing.last_week(), time(10, 0), tzinfo=clock.MADRID)
    said = (
        ("out", Actor.robot("asistente"), "Buenos días. Le escribimos por la factura F-12, de 1.250,00 €."),
        ("in", Actor.person("deudor"), "No puedo pagarla entera este mes."),
        ("out", Actor.robot("asistente"), "Podemos dividirla en tres pagos de 416,67 €. ¿Le va bien el día 5?"),
        ("out", Actor.person("sara"), "Soy Sara, de cobros. Le llamo mañana a las diez para cerrarlo."),
    )
    for number, (direction, actor, text) in enumerate(said):
        conversation.note(
            f"journey:{number}", channel="whatsapp", direction=direction, text=text, debtor=debtor, actor=actor,
            at=monday + timedelta(minutes=7 * number),
        )  # fmt: skip


@pytest.fixture
def house(room: EngineRoom, clean: None) -> Creditor:
    """A company with history, an alert that is open, a simulation, and a week to review."""
    shutil.copytree(REPO / "config" / "figures", room.root / "config" / "figures", dirs_exist_ok=True)
    shutil.copytree(REPO / "config" / "strategies", room.root / "config" / "strategies", dirs_exist_ok=True)
    for name in ("insight.toml", "dunning.toml"):
        shutil.copy(REPO / "config" / name, room.root / "config" / name)
    fill(TODAY, debtors=30, each=20, days=500)
    cube.refresh()
    creditor = Creditor.objects.get()
    _alert(creditor)
    _talk(Debtor.objects.order_by("pk").first())  # type: ignore[arg-type]
    settings = read_settings()
    found = simulate(company(1, debtors=400), CURRENT, OTHER, COSTS, draws=100)
    SimulationRun.objects.create(
        creditor=creditor, currency="EUR", strategy="insistente@2026-11", sha256="0" * 64,
        start=TODAY - timedelta(days=365), end=TODAY, seed=1, made_at=clock.now(), made_by="sara",
        result=simulate_reading.told(found, settings, "general@2026-11-22"),
    )  # fmt: skip
    return creditor


def test_a_supervisor_takes_up_an_alert_and_reviews_a_contact(
    house: Creditor, enter: Callable[..., Page], tmp_path: Path
) -> None:
    page = enter(Role.SUPERVISION, name="sara")
    User.objects.create_user("leo")
    page.goto("/insight/alertas/")
    _looked_at(page, "alertas", tmp_path)
    page.get_by_role("link", name="Promesas cumplidas").click()
    expect(page.get_by_text("Cliente Invención 3, S.L.")).to_be_visible()
    _looked_at(page, "alerta", tmp_path)
    page.get_by_role("button", name="La he visto").click()
    page.get_by_label("Persona").select_option("leo")
    page.get_by_role("button", name="Asignar").click()
    expect(page.get_by_text("Asignada: leo")).to_be_visible()
    row = Alert.objects.get()
    assert (row.acknowledged_by, row.assigned_to) == ("sara", "leo")

    page.goto("/insight/calidad/revisar/")
    page.get_by_role("button", name="Sacar la de la última semana").click()
    _looked_at(page, "revisiones", tmp_path)
    drawn = Review.objects.all()
    assert {each.author for each in drawn} == {"asistente", "sara"}
    assert page.get_by_role("row").filter(has_text="sara").count() == 0  # her own is somebody else's
    page.get_by_role("row").filter(has_text="asistente").get_by_role("link").first.click()
    _looked_at(page, "revision", tmp_path)
    for question in page.locator("fieldset.question").all():
        question.get_by_label("Cumple", exact=True).check()
    page.get_by_role("button", name="Guardar y seguir").click()
    expect(page.get_by_text("Revisión guardada.")).to_be_visible()
    page.goto("/insight/calidad/")
    expect(page.get_by_role("row").filter(has_text="asistente")).to_contain_text("100,0")
    _looked_at(page, "calidad", tmp_path)
    own = Review.objects.get(author="sara")
    page.goto(f"/insight/calidad/revisar/{own.pk}/")
    expect(page.get_by_text("Es un contacto suyo")).to_be_visible()
    assert page.get_by_role("button", name="Guardar y seguir").count() == 0


def test_the_finance_director_sees_when_the_cash_comes_and_what_a_simulation_cannot_know(
    house: Creditor, enter: Callable[..., Page], tmp_path: Path
) -> None:
    page = enter(Role.AUDIT, name="dora")
    page.goto("/insight/prevision/")
    expect(page.get_by_role("heading", name="Cuánto ha acertado")).to_be_visible()
    assert page.get_by_role("region", name="De dónde viene").locator("tbody tr").count() == 13
    _looked_at(page, "prevision", tmp_path)

    page.goto("/insight/simulador/")
    assert page.get_by_role("button", name="Simular").count() == 0  # who audits changes nothing
    _looked_at(page, "simulador", tmp_path)
    page.get_by_role("link", name="insistente@2026-11").click()
    expect(page.get_by_role("heading", name="Lo que no puede saber")).to_be_visible()
    expect(page.get_by_text("grupo de control").first).to_be_visible()
    _looked_at(page, "simulacion", tmp_path)
