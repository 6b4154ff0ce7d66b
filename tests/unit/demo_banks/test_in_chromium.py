"""A walk through each bank in a real browser: what scripts do cannot be seen over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from cobranza.demo.banks.server import RunningPortal, running
from tests.unit.demo_banks.visitors import TODAY, code_of

pytestmark = pytest.mark.browser


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="es-ES", accept_downloads=True, viewport={"width": 1366, "height": 850})
    page = context.new_page()
    page.set_default_timeout(20_000)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: _stays(request.url, errors))
    yield page
    context.close()
    assert errors == []


def _stays(url: str, errors: list[str]) -> None:
    if not url.startswith(("http://127.0.0.1:", "data:", "blob:")):
        errors.append(f"left the machine: {url}")


@pytest.fixture(scope="module")
def caja() -> Iterator[RunningPortal]:
    with running("caja_demo", today=TODAY) as portal:
        yield portal


@pytest.fixture(scope="module")
def ejemplo() -> Iterator[RunningPortal]:
    with running("banco_ejemplo", today=TODAY) as portal:
        yield portal


def _caja_login(page: Page, portal: RunningPortal) -> None:
    page.goto(portal.url)
    page.get_by_role("dialog", name="Aviso de cookies").get_by_role("button", name="Rechazar").click()
    page.get_by_label("Usuario").fill("cobros")
    page.get_by_label("Contraseña").fill("Olivo-2026")
    page.get_by_role("button", name="Entrar").click()
    page.get_by_label("Código de verificación").fill(code_of("caja_demo"))
    page.get_by_role("button", name="Confirmar").click()
    page.frame_locator("iframe[title=Contenido]").get_by_role("heading", name="Mis cuentas").wait_for()


def _ejemplo_login(page: Page, portal: RunningPortal) -> None:
    page.goto(portal.url)
    page.get_by_label("Usuario").fill("cobros")
    keypad = page.get_by_role("group", name="Teclado virtual")
    for digit in "482915":
        keypad.get_by_role("button", name=digit, exact=True).click()
    page.get_by_role("button", name="Continuar").click()
    page.get_by_role("dialog", name="Préstamo preconcedido").get_by_role("button", name="Ahora no").click()


def test_caja_demo_from_the_login_to_the_file(page: Page, caja: RunningPortal, tmp_path: Path) -> None:
    caja.reset()
    _caja_login(page, caja)
    content = page.frame_locator("iframe[title=Contenido]")
    page.get_by_role("link", name="Movimientos", exact=True).click()
    start = content.get_by_label("Desde", exact=True)

    start.fill("01/01/2020")
    assert start.input_value() == "22/10/2026", "filled text is undone"
    start.press("Control+a")
    start.press("Backspace")
    start.press_sequentially("01102026")
    assert start.input_value() == "01/10/2026"
    content.get_by_role("button", name="Abrir calendario de Desde").click()
    calendar = content.get_by_role("dialog", name="Calendario")
    calendar.get_by_role("button", name="Mes anterior").click()
    assert calendar.get_by_role("heading").inner_text() == "septiembre de 2026"
    calendar.get_by_role("button", name="22 de septiembre de 2026", exact=True).click()
    assert start.input_value() == "22/09/2026"
    content.get_by_role("button", name="Buscar").click()
    content.get_by_text("Mostrando 1-20 de").wait_for()
    content.get_by_role("link", name="Siguiente").click()
    content.get_by_text("Mostrando 21-40 de").wait_for()

    page.get_by_role("link", name="Documentos", exact=True).click()
    content.get_by_role("button", name="Solicitar extracto").click()
    content.get_by_text("Disponible").or_(content.get_by_text("En preparación")).wait_for()
    caja.clock(advance_seconds=1)
    content.get_by_role("link", name="Actualizar").click()
    with page.context.expect_page() as opened:
        content.get_by_role("link", name="Abrir").click()
    with opened.value.expect_download() as download:
        opened.value.get_by_role("link", name="Descargar fichero").click()
    download.value.save_as(tmp_path / "extracto.n43")
    assert (tmp_path / "extracto.n43").read_bytes().startswith(b"11")

    caja.clock(advance_seconds=121)
    page.get_by_role("link", name="Cuentas", exact=True).click()
    assert "Su sesión ha caducado" in content.get_by_role("alert").inner_text()
    assert caja.truth()["counters"] | {"requests": 0} == {
        "requests": 0, "logins": 1, "failed_logins": 0, "failed_codes": 0, "reused_codes": 0, "blocked_logins": 0,
        "downloads": 1, "documents": 1, "writes": 0, "sessions_expired": 1,
    }  # fmt: skip


def test_banco_ejemplo_loads_all_rows_and_the_file(page: Page, ejemplo: RunningPortal, tmp_path: Path) -> None:
    ejemplo.reset()
    _ejemplo_login(page, ejemplo)
    page.get_by_role("button", name="Ver movimientos de Cuenta operativa").click()
    table = page.get_by_role("table", name="Movimientos")
    table.wait_for()
    more = page.get_by_role("button", name="Ver más")
    while more.count():
        more.click()
        page.locator("main[aria-busy=false]").wait_for()
    account = ejemplo.truth()["accounts"][0]
    shown = [m for m in account["movements"] if not m["pending"] and m["booked_on"] >= "2026-10-22"]
    rows = table.locator("tbody tr")
    assert rows.count() == len(shown) + 2 + 1, "pending and totals stand in the body too"
    assert page.get_by_text(f"Cargados {len(shown)} de {len(shown)} movimientos").count() == 1

    page.get_by_role("button", name="Descargar").click()
    page.get_by_role("button", name="Generar").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Guardar fichero").click()
    download.value.save_as(tmp_path / "movimientos.xml")
    assert b"camt.053.001.08" in (tmp_path / "movimientos.xml").read_bytes()
    page.get_by_role("button", name="Cerrar").click()

    ejemplo.clock(advance_seconds=121)
    page.get_by_role("link", name="Cuentas").click()
    assert "Tu sesión ha terminado" in page.get_by_role("alert").inner_text()


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_the_virtual_list_keeps_few_rows_in_the_page(page: Page, ejemplo: RunningPortal, layout: str) -> None:
    ejemplo.reset()
    ejemplo.faults({"table": "virtual", "shadow_dom": True, "layout": layout})
    _ejemplo_login(page, ejemplo)
    page.get_by_role("button", name="Ver movimientos de Cuenta operativa").click()
    grid = page.get_by_role("grid", name="Movimientos")
    total = int(grid.get_attribute("aria-rowcount") or "0")
    seen: set[int] = set()
    for _ in range(total):
        rows = grid.locator("[aria-rowindex]")
        seen |= {int(index) for index in rows.evaluate_all("rows => rows.map(row => row.ariaRowIndex)")}
        assert rows.count() < 30
        if len(seen) == total:
            break
        grid.evaluate("box => { box.scrollTop += 300; }")
        page.locator("main[aria-busy=false]").wait_for()

    assert seen == set(range(1, total + 1))


def test_a_script_that_never_comes_does_not_stop_the_page_when_async(page: Page, ejemplo: RunningPortal) -> None:
    ejemplo.reset()
    ejemplo.faults({"cdn_never_answers": "async"})
    page.goto(ejemplo.url, wait_until="domcontentloaded")
    page.get_by_role("heading", name="Te damos la bienvenida").wait_for()

    assert page.evaluate("document.readyState") == "interactive", "the load event never comes"


def test_a_failed_call_is_told_and_can_be_retried(page: Page, ejemplo: RunningPortal) -> None:
    ejemplo.reset()
    _ejemplo_login(page, ejemplo)
    page.get_by_role("heading", name="Tus cuentas").wait_for()
    ejemplo.faults({"error_500_every_n": 1})
    page.get_by_role("button", name="Ver movimientos de Cuenta operativa").click()
    assert "Algo ha ido mal (500)" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("table").count() == 0
    ejemplo.faults({"none": True})
    page.get_by_role("button", name="Reintentar").click()

    page.get_by_role("table", name="Movimientos").wait_for()


def test_a_late_answer_to_an_older_question_is_not_shown(page: Page, ejemplo: RunningPortal) -> None:
    ejemplo.reset()
    _ejemplo_login(page, ejemplo)
    page.get_by_role("heading", name="Tus cuentas").wait_for()
    ejemplo.faults({"slow": 1.0})
    page.get_by_role("button", name="Ver movimientos de Cuenta operativa").click()
    page.get_by_label("Desde").fill("10/11/2026")
    page.get_by_role("button", name="Aplicar").click()
    page.get_by_text("Del 10-nov-26 al 21-nov-26").wait_for()
    account = ejemplo.truth()["accounts"][0]
    count = sum(1 for m in account["movements"] if not m["pending"] and m["booked_on"] >= "2026-11-10")

    assert f"de {count} movimientos" in page.get_by_role("status").inner_text()
    page.locator("main[aria-busy=false]").wait_for()
    assert page.get_by_role("table", name="Movimientos").locator("tbody tr").count() == min(25, count) + 2 + 1


def test_a_post_whose_connection_breaks_is_done_once_and_told(page: Page, ejemplo: RunningPortal) -> None:
    ejemplo.reset()
    _ejemplo_login(page, ejemplo)
    page.get_by_role("button", name="Ver movimientos de Cuenta operativa").click()
    page.get_by_role("button", name="Descargar").click()
    page.locator("main[aria-busy=false]").wait_for()
    ejemplo.faults({"connection_reset_after_post": 1})
    page.get_by_role("button", name="Generar").click()

    dialog = page.get_by_role("dialog", name="Descargar movimientos")
    assert "No hay conexión con el banco." in dialog.get_by_role("alert").inner_text()
    assert ejemplo.truth()["counters"]["documents"] == 1
