"""A case as the legal team works on it: a real console in real Chromium, the real bundle, only the court missing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.kernel import clock
from cobranza.legal import building, contacts, signing, stages, workflow
from cobranza.legal.filing import handover
from cobranza.legal.filing.machine import State
from cobranza.legal.ports import CaseStatus, Notification, Stage
from cobranza.screens.access import Role
from tests.journeys.legal.office import ROBOT, SETTINGS, Office, furnish
from tests.journeys.legal.papers_sample import pdf
from tests.journeys.runs.engine_room import EngineRoom

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
TODAY = clock.now().astimezone(clock.MADRID).date()
RATES = f"""
[[tipos]]
serie = "es-ley3-2004"
desde = 2026-07-01
hasta = {TODAY.year + 1}-12-31
tipo = "10.15"
fuente = "Resolución inventada para esta prueba"
verificado = 2026-07-02
"""


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=RULES).response
    return [(entry["id"], entry["nodes"][0]["html"][:160]) for entry in found["violations"]]


@pytest.fixture
def office(room: EngineRoom, clean: None) -> Office:
    settings = SETTINGS.format(four_eyes="50000.00").replace('abogado = "ana"', 'abogado = "legal"')
    made = furnish(room, {"legal.toml": settings, "interest.toml": RATES}, today=TODAY)
    workflow.alert(workflow.open_shift("demo"))
    return made


def test_a_case_from_its_alert_to_the_court(enter: Callable[..., Page], office: Office, tmp_path: Path) -> None:
    wrong: dict[str, object] = {}
    page = enter(Role.LEGAL)

    def look(name: str) -> None:
        found = violations(page)
        if found:
            wrong[name] = found
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)

    row = office.case()
    contacts.note(row.debtor, channel="teléfono", text="Piden copia de la factura", outcome="", actor=ROBOT)
    expect(page.get_by_role("link", name=re.compile("Deudores que pasan el umbral"))).to_be_visible()
    page.get_by_role("link", name=re.compile("Deudores que pasan el umbral")).click()
    look("list")
    page.get_by_role("link", name=row.number).click()
    expect(page.get_by_role("heading", name="¿Se demanda?")).to_be_visible()
    look("alert")
    page.get_by_role("button", name="Preparar la demanda").click()
    page.locator("#confirm-yes").click()
    expect(page.get_by_role("heading", name="Preparar", exact=True)).to_be_visible()

    # Papers come in, one of them bad.
    def bring(name: str, kind: str, title: str, *proves: str, replaces: str = "") -> None:
        page.locator("summary", has_text="Añadir un documento").click()
        page.set_input_files(
            "#paper_file", {"name": name, "mimeType": "application/pdf", "buffer": pdf(title, *proves)}
        )
        page.select_option("#paper_kind", kind)
        page.fill("#paper_title", title)
        for number in proves:
            page.get_by_label(number, exact=True).check()
        if replaces:
            page.select_option("#paper_replaces", replaces)
        page.get_by_role("button", name="Añadir", exact=True).click()
        expect(page.get_by_text("Documento añadido").first).to_be_visible()

    bring("f1.pdf", "factura", "Factura F-1", "F-1")
    bring("f2.pdf", "factura", "Factura F-2 cortada", "F-2")
    bring("poder.pdf", "poder", "Poder")
    bring("burofax.pdf", "reclamacion_previa", "Burofax")
    page.locator("summary", has_text="Corregir los datos del demandado").click()
    for name, value in (
        ("address", "Calle Real, 3"),
        ("postal_code", "28013"),
        ("locality", "Madrid"),
        ("province", "Madrid"),
    ):
        page.fill(f"#defendant_{name}", value)
    look("form")
    page.get_by_role("button", name="Guardar").first.click()
    page.locator("summary", has_text="Anotar una reclamación previa").click()
    page.select_option("#prior_channel", "burofax")
    page.fill("#prior_sent_on", (TODAY - timedelta(days=80)).isoformat())
    page.fill("#prior_reached_on", (TODAY - timedelta(days=78)).isoformat())
    page.get_by_label("Nombra la deuda y ofrece negociar").check()
    page.select_option("#prior_document_key", "burofax")
    page.get_by_role("button", name="Anotar", exact=True).first.click()
    expect(page.get_by_text("Reclamación previa anotada.").first).to_be_visible()

    # The keyboard: "a" accepts and shows the next, "r" asks for the reason.
    page.goto(reverse("legal:case", args=[row.number]) + "?ver=factura-f-1")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("ver=factura-f-2-cortada"))
    page.keyboard.press("r")
    page.keyboard.type("Falta la mitad")
    page.get_by_role("button", name=re.compile("Rechazar")).click()
    expect(page.get_by_text("Documento rechazado con su motivo.").first).to_be_visible()
    look("rejected")
    bring("f2-entera.pdf", "factura", "Factura F-2", "F-2", replaces="factura-f-2-cortada")
    page.get_by_role("button", name="Aceptar los pendientes").click()
    page.locator("#confirm-yes").click()
    expect(page.get_by_text("Todos los documentos pendientes quedan aceptados.").first).to_be_visible()

    workflow.prepare(workflow.open_shift("demo"), stages.find(row.number))
    page.goto(reverse("legal:case", args=[row.number]))
    expect(page.get_by_role("heading", name="Visto bueno")).to_be_visible()
    assert page.request.get(reverse("legal:bundle", args=[row.number])).body().startswith(b"%PDF")
    page.wait_for_timeout(1500)
    look("review")
    made = building.last_preparation(row)
    assert made is not None
    page.get_by_label("He leído el expediente").check()
    page.get_by_role("button", name="Dar el visto bueno").click()
    expect(page.get_by_text("Visto bueno anotado").first).to_be_visible()
    assert stages.find(row.number).stage == "firmado"
    look("signed")

    # One changed byte voids it, and the page says so.
    file = sorted(signing.folder(row, made).glob("*.pdf"))[0]
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    page.reload()
    expect(page.get_by_text("El paquete preparado ya no vale")).to_be_visible()
    assert stages.find(row.number).stage == "en_revision"
    look("void")
    file.write_bytes(content)
    page.reload()
    expect(page.get_by_text("Anulada")).to_be_visible()
    page.get_by_label("He leído el expediente").check()
    page.get_by_role("button", name="Dar el visto bueno").click()
    expect(page.get_by_text("Firmado: listo para presentar").first).to_be_visible()

    # What the court says comes back through the seam.
    seam = handover.room()
    (ready,) = seam.signed_off()
    assert ready.package_hash == made.package_hash
    assert seam.still_signed_off(row.number, made.package_hash)
    now = clock.now()
    outcome = handover.Outcome(filing=1, state=State.FILED, registry="REG-1", csv="CSV-1", filed_at=now)
    seam.settled(row.number, outcome)
    seam.settled(row.number, outcome)
    status = CaseStatus(
        registry="REG-1",
        stage=Stage.CORRECTION,
        since=now,
        court="Plaza n.º 3",
        number="12/2026",
        reasons=("Falta copia",),
    )
    seam.followed(row.number, status)
    notice = Notification(id="n1", registry="REG-1", title="Diligencia de ordenación", available_at=now)
    seam.noticed(row.number, handover.Notice(notification=notice))
    page.reload()
    expect(page.get_by_text("Diligencia de ordenación").first).to_be_visible()
    expect(page.get_by_text("Hay que subsanar").first).to_be_visible()
    assert row.news.filter(kind="acuse").count() == 1
    look("court")
    page.goto(reverse("legal:deadlines"))
    expect(page.get_by_text("Subsanar el defecto").first).to_be_visible()
    look("deadlines")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look("deadlines-dark")
    page.goto(reverse("legal:case", args=[row.number]))
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    look("case-dark")
    page.set_viewport_size({"width": 390, "height": 844})
    for name in ("legal:case", "legal:cases", "legal:deadlines"):
        page.goto(reverse(name, args=[row.number] if name == "legal:case" else []))
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
        look(f"narrow-{name[6:]}")
    assert wrong == {}
