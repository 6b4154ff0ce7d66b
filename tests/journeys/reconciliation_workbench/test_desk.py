"""A clerk's morning in a real Chromium: bring in the statement, clear the exceptions by keyboard, undo, export."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.ledger.models import Creditor, Debtor, Movement
from cobranza.reconciliation.models import Decision, Match, Proposal
from cobranza.reconciliation.workbench import uploads
from cobranza.reconciliation.workbench.models import Lease, OnAccount, Upload
from cobranza.screens.access import Role
from tests.journeys.reconciliation_workbench import world

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
D = Decimal

# What a clerk presses for each kind of text; everything else is as the engine proposes.
KEYS = (
    ("A CUENTA FRA", ("p", "Enter")),
    ("MENOS GASTOS", ("b", "Enter")),
    ("LIQUIDO", ("r", "Enter")),
    ("PRONTO PAGO", ("d", "Enter")),
    ("ENTREGA A CUENTA", ("c", "Enter")),
    ("EFECTIVO", ("x", "Enter")),
    ("DEVOLUCION IVA", ("x", "Enter")),
    ("HABITACION", ("f", "256,67", "Enter", "Enter")),
)
PLAIN = ("1", "Enter")


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=RULES).response
    return [(entry["id"], entry["nodes"][0]["html"][:160]) for entry in found["violations"]]


def item(page: Page) -> str:
    """The movement that the address names, "" for none."""
    return parse_qs(urlparse(page.url).query).get("item", [""])[0]


def drop(page: Page, file: Path) -> None:
    """Drag a file over the page and let it go, as a mouse would."""
    page.evaluate(
        """([name, content]) => {
            const bytes = Uint8Array.from(atob(content), (char) => char.charCodeAt(0));
            const data = new DataTransfer();
            data.items.add(new File([bytes], name));
            const zone = document.querySelector("[data-dropzone]");
            for (const kind of ["dragenter", "dragover", "drop"]) {
                zone.dispatchEvent(new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
            }
        }""",
        [file.name, base64.b64encode(file.read_bytes()).decode()],
    )


def keys_for(page: Page) -> tuple[str, ...]:
    text = Movement.objects.get(pk=item(page)).text
    return next((keys for needle, keys in KEYS if needle in text), PLAIN)


def press(page: Page, keys: tuple[str, ...]) -> None:
    """Type as people do: a word at once, then wait until what it found is there."""
    for key in keys:
        if key == "f":
            page.keyboard.press(key)
            expect(page.locator("#find")).to_be_focused()
        elif len(key) > 1 and key != "Enter":
            page.keyboard.type(key)
            expect(page.locator(".found-row").first).to_contain_text(key)
        else:
            page.keyboard.press(key)
            if key == "Enter" and keys.count("Enter") > 1 and page.locator(".sheet-row").count() == 0:
                expect(page.locator(".sheet-row")).to_have_count(1)


def test_a_morning_at_the_desk(enter: Callable[..., Page], company: Creditor, month: Path, tmp_path: Path) -> None:
    page = enter(Role.OPERATION)
    wrong: dict[str, object] = {}

    def look(name: str) -> None:
        found = violations(page)
        if found:
            wrong[name] = found

    # The statement: dropped, shown, imported, matched.
    page.goto(reverse("reconciliation:statements"))
    look("statements")
    drop(page, month)
    expect(page.get_by_text("De 27 movimientos, 27 son nuevos y 0 ya se conocían.")).to_be_visible()
    assert Movement.objects.count() == 0
    look("statement")
    page.get_by_role("button", name="Importar 27 movimientos").click()
    expect(page.get_by_role("heading", name="Extracto importado")).to_be_visible()
    look("imported")
    page.get_by_role("button", name="Casar ahora").click()
    expect(page.get_by_role("heading", name="Por revisar")).to_be_visible()
    assert Match.objects.count() >= 20
    # This company wants to see everything before it is posted.
    Proposal.objects.filter(state="automatic").update(state="review")

    # Twenty-one exceptions without touching the mouse; the next one opens by itself.
    page.goto(reverse("reconciliation:workbench"))
    expect(page.locator("#sheet")).to_be_visible()
    look("desk")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Atajos de teclado")).to_contain_text("La diferencia es una retención")
    look("keys")
    page.keyboard.press("Escape")
    cleared = []
    while len(cleared) < 21:
        now = item(page) or str(Lease.objects.get(person="ana").movement_id)
        if not item(page):
            page.goto(f"{reverse('reconciliation:workbench')}?item={now}")
        press(page, keys_for(page))
        expect(page).to_have_url(re.compile(rf"item=(?!{now}\b)\d+"))
        cleared.append(now)

    assert len(set(cleared)) == 21
    counted = Decision.objects.filter(person="ana")
    assert counted.count() == 21
    assert set(counted.values_list("proposal__state", flat=True)) == {"accepted", "dismissed"}
    told = {
        match.invoice.number: (match.applied, match.withheld, match.fee, match.discount)
        for match in Match.objects.filter(proposal__state="accepted").select_related("invoice")
    }
    assert told["FV-26-0105"] == (D("300"), 0, 0, 0)
    assert told["FV-26-0108"] == (D("1548.80"), 0, D("13.37"), 0)
    assert told["FV-26-0113"] == (D("1815"), D("225"), 0, 0)
    assert told["FV-26-0111"] == (D("1185.80"), 0, 0, D("19.60"))
    assert told["FV-26-0117"] == (D("256.67"), 0, 0, 0)
    held = OnAccount.objects.get()
    assert (held.amount, held.debtor.name) == (D("5000"), "Hostal Júcar, S.L.")

    # The last decision is taken back, with its reason.
    page.keyboard.press("z")
    expect(page.get_by_label("Motivo")).to_be_focused()
    look("undo")
    page.keyboard.type("El cliente ha llamado")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Deshecho: vuelve a estar por decidir.")).to_be_visible()
    assert Proposal.objects.get(movement=cleared[-1], state="review")
    page.keyboard.press("h")
    expect(page.get_by_text("El cliente ha llamado").last).to_be_visible()
    look("history")

    # What is sure goes as a group, exactly as shown.
    page.goto(reverse("reconciliation:workbench") + "?sure=high&q=PAGO")
    page.get_by_role("link", name="Aceptar en bloque…").click()
    expect(page.get_by_role("button", name="Aceptar estos 5 cobros")).to_be_visible()
    look("group")
    page.get_by_role("button", name="Aceptar estos 5 cobros").click()
    expect(page.get_by_text("Aceptados 5 cobros.")).to_be_visible()
    assert Proposal.objects.filter(decisions__note="En bloque, 5 cobros", state="accepted").count() == 5

    # The list goes to a spreadsheet with the filter that is in the address.
    page.goto(reverse("reconciliation:workbench") + "?state=accepted")
    page.get_by_text("Exportar").click()
    with page.expect_download() as got:
        page.get_by_role("link", name="Excel").click()
    file = tmp_path / "lista.xlsx"
    got.value.save_as(file)
    rows = list(openpyxl.load_workbook(file).active.iter_rows(min_row=2, values_only=True))  # type: ignore[union-attr]
    assert len(rows) == Proposal.objects.filter(state="accepted").count() == 22
    assert wrong == {}


def test_two_people_never_have_the_same_one(enter: Callable[..., Page], company: Creditor) -> None:
    kept = uploads.receive("noviembre.n43", [world.statement()], person="ana")
    uploads.confirm(kept.pk, None, person="ana")
    uploads.match_company(company, person="ana")
    Proposal.objects.filter(state="automatic").update(state="review")
    ana, luis = enter(Role.ADMINISTRATION), enter(Role.OPERATION, name="luis")
    sara = enter(Role.SUPERVISION, name="sara")
    for page in (ana, luis):
        page.goto(reverse("reconciliation:workbench"))
        expect(page.locator("#sheet")).to_be_visible()
    mine = Lease.objects.get(person="ana").movement_id
    assert Lease.objects.get(person="luis").movement_id != mine

    luis.goto(f"{reverse('reconciliation:workbench')}?item={mine}")
    expect(luis.get_by_text(re.compile(r"^Lo tiene ana hasta las \d\d:\d\d$"))).to_be_visible()
    expect(luis.locator("#sheet")).to_have_count(0)
    assert violations(luis) == []

    sara.goto(f"{reverse('reconciliation:workbench')}?item={mine}")
    sara.get_by_role("button", name="Tomar el relevo").click()
    expect(sara.get_by_text("Queda libre; lo tenía ana.")).to_be_visible()
    luis.reload()
    expect(luis.locator("#sheet")).to_be_visible()
    ana.keyboard.press("1")
    ana.keyboard.press("Enter")
    expect(ana.get_by_text("Lo tiene luis hasta las").first).to_be_visible()

    assert Proposal.objects.get(movement=mine).state == "review"


def test_a_bad_file_says_what_is_wrong_and_what_to_do(
    enter: Callable[..., Page], company: Creditor, month: Path
) -> None:
    month.write_bytes(world.cut_statement())
    page = enter(Role.ADMINISTRATION)
    page.goto(reverse("reconciliation:statements"))
    drop(page, month)

    expect(page.get_by_role("alert")).to_contain_text("COB-EXT-001")
    expect(page.get_by_role("alert")).to_contain_text("Qué hacer:")
    assert violations(page) == []
    page.goto(reverse("reconciliation:statements"))
    assert violations(page) == []
    assert (Upload.objects.get().state, Movement.objects.count()) == ("refused", 0)


def test_the_desk_fits_a_phone_in_the_dark_and_works_by_touch(enter: Callable[..., Page], company: Creditor) -> None:
    kept = uploads.receive("noviembre.n43", [world.statement()], person="ana")
    uploads.confirm(kept.pk, None, person="ana")
    uploads.match_company(company, person="ana")
    page = enter(Role.ADMINISTRATION)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark")
    page.goto(reverse("reconciliation:workbench") + "?q=ENTREGA")
    found = violations(page)
    assert found == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.get_by_role("button", name="A cuenta", exact=True).click()
    expect(page.get_by_label("A cuenta")).to_have_value("5.000,00")
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_text("5.000,00 EUR a cuenta de Hostal Júcar, S.L.")).to_be_visible()

    assert OnAccount.objects.get().debtor == Debtor.objects.get(name="Hostal Júcar, S.L.")
