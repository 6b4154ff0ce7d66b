"""The console in a real browser: accessible, self-contained, usable from the keyboard, and doing what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.console import users
from cobranza.ledger.models import Event
from cobranza.reconciliation.models import Decision, Proposal
from cobranza.runs.models import Run, WorkItem
from cobranza.screens.access import Role
from tests.journeys.console import sample
from tests.journeys.console.conftest import PASSWORD
from tests.journeys.runs.engine_room import Process, wait_until

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDE, NARROW = {"width": 1360, "height": 860}, {"width": 390, "height": 844}


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=RULES).response
    return [(entry["id"], entry["nodes"][0]["html"][:160]) for entry in found["violations"]]


def screens() -> list[str]:
    """Every kind of screen, over a back office where something happened."""
    run = sample.run_with_evidence()
    asks = sample.operation(run)
    made = sample.payments(run)
    shot = run.evidence_files.get(kind="screenshot")
    text = run.evidence_files.get(kind="download")
    open_pk = made["open"].pk
    return [
        reverse("console:home"),
        reverse("console:components"),
        reverse("console:account"),
        reverse("console:password"),
        reverse("console:totp"),
        "/no/existe/",
        reverse("runs:list"),
        reverse("runs:list") + "?q=nada-coincide",
        reverse("runs:robots"),
        reverse("runs:start", args=["contar"]),
        reverse("runs:run", args=[run.pk]),
        reverse("runs:log", args=[run.pk]),
        reverse("runs:evidence", args=[run.pk, shot.pk]),
        reverse("runs:evidence", args=[run.pk, text.pk]),
        reverse("runs:pending"),
        reverse("runs:items"),
        reverse("runs:item", args=[asks.pk]),
        reverse("runs:alerts"),
        reverse("runs:schedules"),
        reverse("runs:credentials"),
        reverse("reconciliation:results"),
        reverse("reconciliation:workbench"),
        reverse("reconciliation:group"),
        reverse("reconciliation:statements"),
        reverse("reconciliation:run", args=[run.pk]),
        reverse("reconciliation:proposal", args=[made["review"].pk]),
        reverse("reconciliation:proposal", args=[open_pk]),
    ]


def test_every_screen_is_accessible_and_fits_a_phone_in_both_themes(enter: Callable[..., Page]) -> None:
    page = enter(*Role)
    wrong: dict[str, object] = {}
    for url in screens():
        for size, scheme in ((WIDE, "light"), (NARROW, "dark")):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(url)
            page.wait_for_load_state()
            found: list[object] = [*violations(page)]
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                found.append("wider than the screen")
            if found:
                wrong[f"{url} {scheme}"] = found

    assert wrong == {}


def test_the_ways_in_are_accessible(enter: Callable[..., Page]) -> None:
    page = enter(Role.AUDIT)
    page.get_by_text("ana", exact=True).first.click()
    assert violations(page) == []
    page.get_by_role("button", name="Salir").click()
    expect(page).to_have_url(re.compile("/entrar/$"))
    assert violations(page) == []
    users.set_password("ana", PASSWORD)
    page.get_by_label("Usuario").fill("ana")
    page.get_by_label("Clave").fill("no-es-esta-clave")
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("alert")).to_contain_text("no son correctos")
    assert violations(page) == []
    page.get_by_label("Clave").fill(PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    expect(page.get_by_role("heading", name="Hola, ana")).to_be_visible()
    page.get_by_text("ana", exact=True).first.click()
    page.get_by_role("button", name="Salir").click()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_robot_is_started_watched_and_finishes(enter: Callable[..., Page], worker: Process) -> None:
    page = enter(Role.ADMINISTRATION)
    page.get_by_role("link", name="Catálogo").first.click()
    page.get_by_role("link", name="Lanzar Contar cobros").click()
    page.get_by_label("Cuenta").fill("secundaria")
    page.get_by_role("button", name="Lanzar…").click()
    page.get_by_role("dialog").get_by_role("button", name="Lanzar").click()

    expect(page.locator("#live")).to_be_visible()
    expect(page.locator("h1 .badge")).to_have_text("Hecho")

    run = Run.objects.get()
    assert run.variables == {"CUENTA": "secundaria"}
    assert run.started_by == "consola:ana"
    assert Event.objects.filter(kind="run.started", actor_name="ana").count() == 1
    expect(page.locator("#live")).to_have_count(0)
    page.get_by_role("link", name="Registro").first.click()
    expect(page.frame_locator("iframe").get_by_text("Contar los cobros de la cuenta").first).to_be_visible()


def test_a_running_robot_is_stopped(enter: Callable[..., Page], room: Any, worker: Process) -> None:
    room.robot("largo", "*** Tasks ***\nEsperar\n    Sleep    5 minutes\n")
    page = enter(Role.OPERATION)
    page.goto(reverse("runs:start", args=["largo"]))
    page.get_by_role("button", name="Lanzar…").click()
    page.get_by_role("dialog").get_by_role("button", name="Lanzar").click()
    expect(page.get_by_role("status").get_by_text("Esperar")).to_be_visible(timeout=60_000)
    page.get_by_role("button", name="Detener…").click()
    page.get_by_role("dialog").get_by_role("button", name="Volver").click()
    assert Run.objects.get().state == "en_curso"

    page.get_by_role("button", name="Detener…").click()
    page.get_by_role("dialog").get_by_role("button", name="Detener").click()

    expect(page.locator("h1 .badge")).to_have_text("Cancelado")
    wait_until(lambda: Run.objects.get().state == "cancelado", 30, "the run is cancelled")


def test_the_log_runs_its_scripts_and_reaches_nothing(enter: Callable[..., Page]) -> None:
    run = sample.run_with_evidence()
    page = enter(Role.AUDIT)
    page.goto(reverse("runs:log", args=[run.pk]))

    out = page.frame_locator("iframe").locator("#out")
    expect(out).to_have_text("script sin-cookie aislado")


def test_twenty_questions_could_be_answered_without_a_mouse(enter: Callable[..., Page]) -> None:
    run = sample.run_with_evidence()
    sample.operation(run)
    WorkItem.objects.create(queue="cobros", reference="M-3", state="necesita_persona", question="¿Y este?", run=run)
    page = enter(Role.OPERATION)
    press = page.keyboard.press

    press("?")
    expect(page.get_by_role("dialog", name="Atajos de teclado")).to_be_visible()
    press("Escape")
    press("g")
    press("p")
    expect(page).to_have_url(re.compile("/runs/pending/$"))
    press("j")
    press("j")
    press("k")
    press("Enter")
    expect(page.get_by_role("heading", name="M-2")).to_be_visible()
    page.get_by_label("Su respuesta").focus()
    page.keyboard.type("448812")
    press("Enter")
    expect(page.get_by_text("Respuesta enviada")).to_be_visible()

    item = WorkItem.objects.get(reference="M-2")
    assert (item.state, item.answer) == ("nuevo", "448812")


def test_single_keys_can_be_switched_off(enter: Callable[..., Page]) -> None:
    page = enter(Role.OPERATION)
    page.keyboard.press("?")
    page.get_by_label("Usar atajos de una sola tecla").uncheck()
    page.keyboard.press("Escape")
    page.reload()
    page.keyboard.press("g")
    page.keyboard.press("e")
    page.keyboard.press("?")

    expect(page).to_have_url(re.compile(r"127\.0\.0\.1:\d+/$"))
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_filters_live_in_the_address(enter: Callable[..., Page]) -> None:
    sample.run_with_evidence()
    Run.objects.create(robot="otro", title="Leer el buzón", state="hecho", started_by="cli:ana")
    page = enter(Role.AUDIT)
    page.goto(reverse("runs:list"))
    page.keyboard.press("/")
    page.keyboard.type("buzón")
    expect(page).to_have_url(re.compile("q=buz"))
    expect(page.locator("tbody tr")).to_have_count(1)

    page.get_by_label("Estado").select_option("failed")
    expect(page.get_by_text("Ninguna ejecución coincide con los filtros.")).to_be_visible()
    page.goto(page.url)
    expect(page.get_by_role("searchbox")).to_have_value("buzón")
    page.get_by_role("link", name="Quitar filtros").first.click()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_the_record_of_a_payment_leads_to_the_desk_where_it_is_decided(enter: Callable[..., Page]) -> None:
    made = sample.payments(sample.run_with_evidence())
    page = enter(Role.ADMINISTRATION)
    page.goto(reverse("reconciliation:proposal", args=[made["open"].pk]))
    expect(page.get_by_text("F2026-00003, F2026-00004")).to_be_visible()
    assert page.locator("main form[method=post]").count() == 0
    page.goto(reverse("reconciliation:proposal", args=[made["review"].pk]))
    expect(page.get_by_role("link", name="Decidir en la bandeja")).to_be_visible()

    page.keyboard.press("a")
    expect(page).to_have_url(re.compile(rf"/review/\?item={made['review'].movement_id}$"))
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("se registrará en el ERP")).to_be_visible()

    assert Proposal.objects.get(pk=made["review"].pk).state == "accepted"
    assert set(Decision.objects.values_list("kind", "person")) == {("accepted", "ana")}


def test_an_auditor_sees_the_same_and_finds_nothing_to_press(enter: Callable[..., Page]) -> None:
    run = sample.run_with_evidence()
    asks = sample.operation(run)
    made = sample.payments(run)
    page = enter(Role.AUDIT)
    for url in (
        reverse("runs:run", args=[run.pk]),
        reverse("runs:item", args=[asks.pk]),
        reverse("runs:alerts"),
        reverse("runs:credentials"),
        reverse("runs:robots"),
        reverse("reconciliation:proposal", args=[made["review"].pk]),
    ):
        page.goto(url)
        assert page.locator("main form[method=post]").count() == 0, url


def test_the_theme_is_kept(enter: Callable[..., Page]) -> None:
    page = enter(Role.AUDIT)
    theme = page.get_by_role("button", name="Cambiar el tema")
    theme.click()
    theme.click()
    page.reload()

    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 21, 20)"
