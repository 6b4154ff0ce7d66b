"""One claim from the threshold to the court's answer: staff in real Chromium, the shipped robots on a real worker, the
test court in a process of its own. The rates of the half-year may be unknown, so the lawyer gives interest up.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.demo import papers
from cobranza.demo.court import access
from cobranza.demo.court.server import RunningCourt, running_court
from cobranza.kernel import clock
from cobranza.kernel.spanish import write_day
from cobranza.legal import building, signing, stages
from cobranza.legal.filing import handover
from cobranza.legal.filing.models import CourtFiling, CourtNotice
from cobranza.legal.models import Deadline
from cobranza.legal.package import read_package
from cobranza.runs import engine
from cobranza.runs.models import ACTIVE_RUNS, Run
from cobranza.screens.access import Role
from tests.journeys.legal.office import SETTINGS, Eyes, Office, bring, furnish, robots
from tests.journeys.legal.papers_sample import pdf
from tests.journeys.runs.engine_room import EngineRoom, start_worker

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]  # only ends what can no longer pass

ALERTS, PREPARES, FILES, FOLLOWS = (
    "alertas_legales", "preparar_expedientes", "presentar_expedientes", "seguimiento_de_expedientes",
)  # fmt: skip
FIRMA_CLAVE = "una-clave-de-prueba-3317"
FIRMA = """
[firma]
certificado = "env:PRUEBA_FIRMA"
clave = "env:PRUEBA_FIRMA_CLAVE"
nivel = "B-B"
"""
COURTS = """
[protocolo]
antivirus_segundos = 60
reintento_segundos = 1

[[juzgados]]
slug = "es_lexnet"
url = "env:PRUEBA_JUZGADO"
credencial = "procuradora"
usuario = "procuradora"
clave = "env:PRUEBA_JUZGADO_CLAVE"
totp = "env:PRUEBA_JUZGADO_TOTP"
pin = "env:PRUEBA_JUZGADO_PIN"
autoridad = "env:PRUEBA_JUZGADO_AUTORIDAD"
"""


@pytest.fixture
def court(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningCourt]:
    """The court, and in the environment how the firm enters it and signs."""
    with running_court(data=tmp_path / "juzgado") as running:
        running.admin.faults(totp_reusable=True, scan_seconds=1)
        authority, certificate = tmp_path / "autoridad.pem", tmp_path / "firma.p12"
        authority.write_bytes(httpx.get(f"{running.site('es_lexnet')}/ac.pem", timeout=10, trust_env=False).content)
        certificate.write_bytes(running.admin.pfx("es_lexnet", password=FIRMA_CLAVE))
        for name, value in {
            "JUZGADO": running.site("es_lexnet"),
            "JUZGADO_CLAVE": access.PASSWORD,
            "JUZGADO_TOTP": access.TOTP,
            "JUZGADO_PIN": access.PIN,
            "JUZGADO_AUTORIDAD": str(authority),
            "FIRMA": str(certificate),
            "FIRMA_CLAVE": FIRMA_CLAVE,
        }.items():
            monkeypatch.setenv(f"PRUEBA_{name}", value)
        yield running


@pytest.fixture
def today() -> date:
    return clock.now().astimezone(clock.MADRID).date()


@pytest.fixture
def office(room: EngineRoom, clean: None, court: RunningCourt, today: date) -> Iterator[Office]:
    """The arrears, the shipped robots, and a worker that runs them."""
    config = {"legal.toml": SETTINGS.format(four_eyes="1000.00") + FIRMA, "courts.toml": COURTS}
    robots(room, ALERTS, PREPARES, FILES, FOLLOWS)
    made = furnish(room, config, today=today)
    worker = start_worker(room)
    yield made
    worker.stop()


def ran(slug: str) -> Run:
    """The last run of a robot, once it has ended well."""
    end = time.monotonic() + 240
    while True:
        run = Run.objects.filter(robot=slug).latest("pk")
        if run.state not in ACTIVE_RUNS:
            assert not run.error_code, (run.error_code, run.error_message)
            return run
        assert time.monotonic() < end, f"{slug}: {run.state}"
        time.sleep(0.1)


def start(slug: str, **variables: str) -> Run:
    """What a schedule does."""
    engine.submit(slug, variables, started_by="programa:prueba")
    return ran(slug)


def test_from_the_threshold_to_the_notice_with_its_deadline(
    enter: Callable[..., Page], office: Office, court: RunningCourt, today: date, tmp_path: Path
) -> None:
    eyes = Eyes(tmp_path, {})

    # The threshold, and the lawyer's alert.
    start(ALERTS, ACREEDOR="demo")
    row = office.case()
    ana = enter(Role.LEGAL, name="ana")
    ana.get_by_role("link", name=re.compile("Deudores que pasan el umbral")).click()
    eyes.look(ana, "01-lista", read=False)
    ana.get_by_role("link", name=row.number).click()
    expect(ana.get_by_text(re.compile("umbral 600,00")).first).to_be_visible()
    eyes.look(ana, "02-aviso", narrow=True)

    # A person decides to claim; the office brings the papers, one of them cut off.
    ana.get_by_role("button", name="Preparar la demanda").click()
    ana.locator("#confirm-yes").click()
    expect(ana.get_by_role("heading", name="Preparar", exact=True)).to_be_visible()
    bring_papers(ana, row, today)
    waive_interest(ana)
    eyes.look(ana, "03-en-preparacion", read=False)

    # The robot assembles it; the reviewer reads and rejects one paper with a comment.
    prepare(ana, row)
    eyes.look(ana, "04-en-revision", narrow=True)
    ana.goto(reverse("legal:case", args=[row.number]) + "?ver=factura-f-2")
    ana.fill("#comment", "Está cortada: falta la segunda página con el total")
    ana.get_by_role("button", name=re.compile("Rechazar")).click()
    expect(ana.get_by_text("Documento rechazado con su motivo.").first).to_be_visible()
    expect(ana.get_by_text("El paquete preparado ya no vale")).to_be_visible()
    eyes.look(ana, "05-rechazado", read=False)

    # It is put right, read, and assembled anew.
    invoice = office.creditor.invoices.get(number="F-2")
    whole = papers.invoice(invoice, "Prueba, S.L.", "Ferretería Pepa, S.L.")
    bring(ana, "f2-entera.pdf", whole, "factura", "Factura F-2 completa", "F-2", replaces="factura-f-2")
    ana.get_by_role("button", name="Aceptar los pendientes").click()
    ana.locator("#confirm-yes").click()
    expect(ana.get_by_text("Todos los documentos pendientes quedan aceptados.").first).to_be_visible()
    ana.fill("#why-back", "Factura F-2 entera")
    ana.get_by_role("button", name="Devolver a preparación").click()
    expect(ana.get_by_role("heading", name="Preparar", exact=True)).to_be_visible()
    prepare(ana, row)

    # Four eyes: the same person cannot sign twice, nothing is handed over in between.
    sign(ana)
    expect(ana.get_by_text("Usted ya ha firmado: falta otra persona.")).to_be_visible()
    assert stages.find(row.number).stage == "en_revision"
    eyes.look(ana, "06-primera-firma")
    luis = enter(Role.LEGAL, name="luis")
    luis.goto(reverse("legal:case", args=[row.number]))
    luis.wait_for_timeout(1000)
    eyes.look(luis, "07-segunda-firma", read=False)
    sign(luis)
    assert stages.find(row.number).stage == "firmado"
    eyes.look(luis, "08-firmado", read=False)

    # The robot files it once, in its own Chromium; "filed" is a receipt whose index is the signed package's.
    start(FILES, JUZGADO="es_lexnet", MINUTOS="5")
    made = building.last_preparation(row)
    assert made is not None
    package = read_package(signing.folder(row, made), expected=made.package_hash)
    (filing,) = court.admin.truth()["filings"]
    assert [each["sha256"] for each in filing["documents"]] == [file.sha256 for file in package.files]
    entry = CourtFiling.objects.get()
    assert (entry.state, entry.registry, entry.csv) == ("presentado", filing["registry"], filing["csv"])
    ana.goto(reverse("legal:case", args=[row.number]))
    expect(ana.get_by_text(f"Acuse {entry.registry}").first).to_be_visible()
    eyes.look(ana, "09-presentado", read=False)
    answer = ana.request.get(ana.get_by_role("link", name="Ver el acuse").first.get_attribute("href") or "")
    assert (answer.status, answer.body()[:5]) == (200, b"%PDF-")

    # A week later at the court: distributed, admitted, and a notice that waits to be opened.
    court.admin.course(entry.registry, auto=True)
    court.admin.clock(advance_seconds=timedelta(days=6, hours=1).total_seconds())
    start(FOLLOWS, JUZGADO="es_lexnet")
    notice = CourtNotice.objects.filter(opened_at=None).latest("available_at")
    ana.reload()
    expect(ana.get_by_text("Admitido").first).to_be_visible()
    deadline = Deadline.objects.get(case__number=row.number, key=f"abrir:{notice.portal_id}")
    assert deadline.last_day == notice.served_by
    told = ana.locator("li", has_text=deadline.text)
    expect(told.get_by_text(f"Último día: {write_day(deadline.last_day)}")).to_be_visible()
    eyes.look(ana, "10-admitido", narrow=True)
    ana.goto(reverse("legal:deadlines"))
    card = ana.locator("section.card", has_text=deadline.text).first
    expect(card.get_by_text(row.number).first).to_be_visible()
    eyes.look(ana, "11-plazos", narrow=True)

    # Nothing was opened, and nothing is left that a robot would file.
    truth = court.admin.truth()
    assert len(truth["filings"]) == 1
    assert handover.room().signed_off() == []
    assert {each["state"] for each in truth["notices"]} <= {"pendiente", "vencida"}
    assert eyes.wrong == {}


def bring_papers(page: Page, row: Any, today: date) -> None:
    """What a monitorio needs: invoices, power, the proof of the attempt to settle, the debtor's domicile."""
    numbers, debtor = ["F-1", "F-2"], row.debtor.name
    sent, reached = today - timedelta(days=40), today - timedelta(days=38)
    first = row.items.get(reference="F-1").invoice
    bring(page, "f1.pdf", papers.invoice(first, "Prueba, S.L.", debtor), "factura", "Factura F-1", "F-1")
    bring(page, "f2.pdf", pdf("FACTURA F-2", "Página 1 de 2"), "factura", "Factura F-2", "F-2")
    bring(page, "albaran.pdf", papers.delivery_note(numbers, debtor), "albaran", "Albarán firmado")
    bring(page, "poder.pdf", papers.power("Prueba, S.L."), "poder", "Poder")
    proof = papers.burofax("Prueba, S.L.", debtor, numbers, "1.710,00 €", sent, reached)
    bring(page, "burofax.pdf", proof, "reclamacion_previa", "Burofax")
    page.locator("summary", has_text="Corregir los datos del demandado").click()
    for name, value in {
        "address": "Calle Real, 3",
        "postal_code": "28013",
        "locality": "Madrid",
        "province": "Madrid",
    }.items():
        page.fill(f"#defendant_{name}", value)
    page.get_by_role("button", name="Guardar").first.click()
    page.locator("summary", has_text="Anotar una reclamación previa").click()
    page.select_option("#prior_channel", "burofax")
    page.fill("#prior_sent_on", sent.isoformat())
    page.fill("#prior_reached_on", reached.isoformat())
    page.get_by_label("Nombra la deuda y ofrece negociar").check()
    page.select_option("#prior_document_key", "burofax")
    page.get_by_role("button", name="Anotar", exact=True).first.click()
    expect(page.get_by_text("Reclamación previa anotada.").first).to_be_visible()
    page.get_by_role("button", name="Aceptar los pendientes").click()
    page.locator("#confirm-yes").click()
    expect(page.get_by_text("Todos los documentos pendientes quedan aceptados.").first).to_be_visible()


def waive_interest(page: Page) -> None:
    """Give interest up with a reason that stays on the sheet."""
    page.locator("summary", has_text="Decidir sobre todas las facturas").click()
    page.fill("#claim-why-all", "Solo se persigue el principal")
    page.get_by_role("button", name="Renunciar en todas").click()
    expect(page.get_by_text("Decisión anotada en cada factura").first).to_be_visible()


def prepare(page: Page, row: Any) -> None:
    """Press the button, wait for the robot, look at what it made."""
    page.get_by_role("button", name="Preparar ahora").click()
    expect(page.get_by_text("El robot lo está preparando").first).to_be_visible()
    ran(PREPARES)
    page.goto(reverse("legal:case", args=[row.number]))
    expect(page.get_by_role("heading", name="Visto bueno")).to_be_visible()
    assert page.request.get(reverse("legal:bundle", args=[row.number])).body().startswith(b"%PDF")
    page.wait_for_timeout(1000)  # Chromium's PDF viewer draws the first page, for the picture


def sign(page: Page) -> None:
    page.get_by_label("He leído el expediente").check()
    page.get_by_role("button", name="Dar el visto bueno").click()
    expect(page.get_by_text("Visto bueno anotado").first).to_be_visible()
