"""The test court in a real browser: what scripts and certificates do cannot be seen over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyotp
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Error, Page, expect

from cobranza.demo.court import access, profiles
from cobranza.demo.court.server import RunningCourt, running_court
from tests.unit.court.visitor import PARTIES, sha256, writ

pytestmark = pytest.mark.browser

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.fixture(scope="module")
def court() -> Iterator[RunningCourt]:
    with running_court(clock=MONDAY) as running:
        yield running


@pytest.fixture
def page(chromium: Browser, court: RunningCourt) -> Iterator[Page]:
    court.admin.reset()
    court.admin.faults(totp_reusable=True, scan_seconds=1)
    context = chromium.new_context(locale="es-ES", accept_downloads=True, viewport={"width": 1366, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=RULES).response
    return [(entry["id"], entry["nodes"][0]["html"][:160]) for entry in found["violations"]]


def log_in(page: Page, court: RunningCourt, slug: str) -> None:
    page.goto(court.site(slug))
    page.get_by_label("Usuario", exact=True).fill(access.USER)
    page.get_by_label("Contraseña").fill(access.PASSWORD)
    page.get_by_role("button", name="Entrar").click()
    page.get_by_label("Código de verificación").fill(pyotp.TOTP(access.TOTP).now())
    page.get_by_role("button", name="Verificar").click()
    page.get_by_role("button", name="Continuar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Inicio")


def to_the_documents(page: Page, slug: str) -> None:
    profile = profiles.load(slug)
    page.get_by_role("link", name="Nuevo escrito").click()
    page.get_by_label(profile.kinds[0].label).check()
    page.get_by_role("button", name="Crear borrador").click()
    for word, value in (("province", "province"), ("locality", "locality"), ("organ", "label")):
        page.get_by_label(profile.words[word]).select_option(label=getattr(profile.organs[0], value))
    page.get_by_role("button", name="Continuar").click()
    page.get_by_label("Tipo de procedimiento").select_option(profile.procedures[0].code)
    page.get_by_label("Cuantía", exact=True).fill("1.938,24")
    page.get_by_label("Asunto").fill("Reclamación de cantidad")
    page.get_by_label("Referencia interna").fill("EXP-2026-0007")
    page.get_by_role("button", name="Continuar").click()
    kind, claimant, defendant = PARTIES[slug]
    for role, number in (("demandante", claimant), ("demandado", defendant)):
        page.get_by_label("Calidad").select_option(role)
        page.get_by_label("Tipo de identificación").select_option(kind)
        page.get_by_label("Número de identificación").fill(number)
        page.get_by_label("Nombre o razón social").fill(f"Invenciones {role.capitalize()} SL")
        page.get_by_label("Domicilio").fill("Calle Mayor 1, 28001 Madrid")
        page.get_by_role("button", name="Añadir interviniente").click()
        expect(page.get_by_role("button", name=f"Quitar Invenciones {role.capitalize()} SL")).to_be_visible()
    page.get_by_role("button", name="Continuar").click()


def upload(page: Page, name: str, content: bytes, kind: str, description: str) -> None:
    page.get_by_label("Fichero").set_input_files({"name": name, "mimeType": "application/pdf", "buffer": content})
    page.get_by_label("Tipo de documento", exact=True).select_option(kind)
    page.get_by_label("Descripción", exact=True).fill(description)
    page.get_by_role("button", name="Subir documento").click()


def test_a_claim_from_the_login_to_the_receipt(page: Page, court: RunningCourt, tmp_path: Path) -> None:
    page.goto(court.site("es_lexnet"))
    assert violations(page) == []
    log_in(page, court, "es_lexnet")
    to_the_documents(page, "es_lexnet")
    main, annex = writ("Petición inicial"), writ("Factura 2026-117")

    upload(page, "escrito.pdf", main, "MON", "Petición inicial")
    upload(page, "factura.pdf", annex, "FAC", "Factura 2026-117")
    rows = page.get_by_role("table", name="Documentos").locator("tbody tr")
    expect(rows.nth(1).locator("code")).to_have_text(sha256(annex))
    going_on = page.get_by_role("button", name="Continuar")
    assert going_on.is_disabled(), "the antivirus has only just begun"
    assert violations(page) == []
    expect(going_on).to_be_enabled()  # by itself, once both are clean
    expect(rows.locator(".scan")).to_have_text(["Limpio", "Limpio"])

    going_on.click()
    page.get_by_role("button", name="Continuar a la firma").click()
    page.get_by_label("Clave de firma").fill(access.PIN)
    page.get_by_role("button", name="Firmar").click()
    page.get_by_role("button", name="Enviar", exact=True).click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Acuse de presentación")
    assert violations(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Descargar acuse (PDF)").click()
    download.value.save_as(tmp_path / "acuse.pdf")
    assert (tmp_path / "acuse.pdf").read_bytes().startswith(b"%PDF-")
    (filing,) = court.admin.truth()["filings"]
    expect(page.locator("#registro")).to_have_text(filing["registry"])

    page.get_by_role("link", name="Enviados").click()
    expect(page.get_by_role("status")).to_contain_text("0 presentaciones")
    court.admin.clock(advance_seconds=61)
    page.get_by_label("Buscar", exact=True).fill("EXP-2026-0007")
    page.get_by_role("button", name="Buscar").click()
    expect(page.locator("tr[data-presentacion]")).to_have_attribute("data-huellas", f"{sha256(main)} {sha256(annex)}")
    assert violations(page) == []


def test_rows_are_dragged_into_another_order(page: Page, court: RunningCourt) -> None:
    log_in(page, court, "es_lexnet")
    to_the_documents(page, "es_lexnet")
    for number in (1, 2, 3):
        upload(page, f"anexo{number}.pdf", writ(f"Anexo {number}"), "FAC", f"Anexo {number}")
    rows = page.get_by_role("table", name="Documentos").locator("tbody tr")
    rows.nth(2).drag_to(rows.nth(0))
    expect(rows.nth(0)).to_contain_text("anexo3.pdf")


def test_a_certificate_opens_the_door(chromium: Browser, court: RunningCourt, tmp_path: Path) -> None:
    pair = court.admin.certificate("es_lexnet")
    (tmp_path / "c.pem").write_text(pair["certificate"], encoding="utf-8")
    (tmp_path / "k.pem").write_text(pair["key"], encoding="utf-8")
    plain = chromium.new_context()
    link = _certificate_link(plain.new_page(), court)
    plain.close()
    origin = "/".join(link.split("/")[:3])
    certificate = {"origin": origin, "certPath": tmp_path / "c.pem", "keyPath": tmp_path / "k.pem"}
    context = chromium.new_context(ignore_https_errors=True, client_certificates=[certificate])  # type: ignore[list-item]
    page = context.new_page()
    _certificate_link(page, court)
    page.get_by_role("link", name="Acceder con certificado electrónico").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Elija buzón")
    context.close()


def _certificate_link(page: Page, court: RunningCourt) -> str:
    page.goto(court.site("es_lexnet"))
    return str(page.get_by_role("link", name="Acceder con certificado electrónico").get_attribute("href"))


def test_a_connection_cut_after_sending_leaves_exactly_one_filing(page: Page, court: RunningCourt) -> None:
    log_in(page, court, "es_lexnet")
    to_the_documents(page, "es_lexnet")
    upload(page, "escrito.pdf", writ("Petición inicial"), "MON", "Petición inicial")
    upload(page, "factura.pdf", writ("Factura 2026-117"), "FAC", "Factura 2026-117")
    court.admin.clock(advance_seconds=30)
    page.reload()
    page.get_by_role("button", name="Continuar").click()
    page.get_by_role("button", name="Continuar a la firma").click()
    page.get_by_label("Clave de firma").fill(access.PIN)
    page.get_by_role("button", name="Firmar").click()
    court.admin.faults(F1=1)
    with page.expect_event("requestfailed") as failed, contextlib.suppress(Error):
        page.get_by_role("button", name="Enviar", exact=True).click()
    assert failed.value.method == "POST"
    assert len(court.admin.truth()["filings"]) == 1
