"""The review tray as a clerk uses it: a real console in real Chromium, everything outside it in memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.disputes import workflow
from cobranza.disputes.models import Decision, Dispute, Turn
from cobranza.disputes.settings import Triage, TriageMailbox
from cobranza.disputes.shift import Shift, known_categories
from cobranza.ledger import holds
from cobranza.ledger.models import Invoice
from cobranza.ledger.registry import register_creditor
from cobranza.screens.access import Role
from tests.journeys.console.conftest import browser, clean, enter, room, site
from tests.journeys.runs.engine_room import EngineRoom
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import ROBOT, owe

__all__ = ["browser", "clean", "enter", "room", "site"]
pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
LETTER = (
    "Buenos días:\n\nQuizá la F2026-00381 esté incorrecta: figuran 200,00 EUR de portes <b>que nadie pidió</b>. "
    "Miren también la F2026-00400, que vence el 1 de octubre.\n\nQuedo a la espera,\nPepa Núñez"
    "\n> Le recordamos que la factura F2026-00400 está pendiente."
)


def violations(page: Page) -> list[tuple[str, str]]:
    found: Any = Axe().run(page, options=RULES).response
    return [(entry["id"], entry["nodes"][0]["html"][:160]) for entry in found["violations"]]


@pytest.fixture
def office(room: EngineRoom, clean: None) -> fakes.FakeDesk:
    """A morning's mail, triaged."""
    creditor = register_creditor("demo", "Prueba, S.L.", actor=ROBOT, tax_id="A58818501", country="ES")
    owe(creditor)
    inbox, desk = fakes.FakeMailbox(), fakes.FakeDesk()
    shift = Shift(
        creditor=creditor,
        signature="Prueba, S.L.",
        settings=Triage(),
        boxes={"disputas": TriageMailbox(empresa="demo", mesa="mesa")},
        judge=fakes.FakeJudge(),
        categories=known_categories(),
        read=fakes.read,
        mailboxes={"disputas": inbox},
        desks={"mesa": desk},
        senders={"disputas": fakes.FakeSender()},
        addresses={"disputas": "disputas@empresa.example"},
    )
    for number, (text, sender, subject) in enumerate(
        (
            (LETTER, "Pepa Núñez <pagos@pepa.example>", "Factura <i>rara</i>"),
            (
                "Les comunicamos nuestra nueva cuenta: ES9121000418450200051332",
                "cuentas@ebro.example",
                "Cambio de cuenta",
            ),
            ("La F2026-00512 es incorrecta", "Alguien <alguien@gmail.com>", "Reclamo"),
            ("La F2026-00400 es incorrecta, quizá", "Pepa Núñez <pagos@pepa.example>", "Otra más"),
            ("La F2026-00512 ya está pagada", "cuentas@ebro.example", "Pago hecho"),
        )
    ):
        inbox.deliver(fakes.raw(text, sender=sender, subject=subject, message_id=f"<{number}@x.example>"))
    inbox.deliver(b"From: x\r\n\r\nILEGIBLE")
    workflow.collect(shift)
    workflow.work(shift)
    return desk


def test_a_morning_at_the_tray(enter: Callable[..., Page], office: fakes.FakeDesk, tmp_path: Path) -> None:
    wrong: dict[str, object] = {}
    page = enter(Role.ADMINISTRATION)

    def look(name: str) -> None:
        found = violations(page)
        if found:
            wrong[name] = found
        page.screenshot(path=tmp_path / f"{name}.png", full_page=True)

    expect(page.get_by_role("link", name=re.compile("Correos de deudores por revisar"))).to_be_visible()
    look("home")

    # The possible fraud comes first, in red, and without the call it stays.
    page.goto(reverse("disputes:tray"))
    expect(page.get_by_text("Posible fraude: cambio de cuenta bancaria")).to_be_visible()
    look("fraud")
    page.get_by_label("Llamada de comprobación").fill("Sr. Ebro, en el 976 000 000: no lo han pedido ellos")
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_text("Posible fraude: cambio de cuenta bancaria")).to_have_count(0)

    # A mail is text: what it holds of HTML is shown as written.
    expect(page.get_by_role("heading", name="Factura <i>rara</i>")).to_be_visible()
    expect(page.get_by_text("<b>que nadie pidió</b>")).to_be_visible()
    expect(page.locator(".mail-body mark.named-document").first).to_have_text("F2026-00381")
    look("unsure")
    case = Dispute.objects.get(subject="Factura <i>rara</i>")
    assert Turn.objects.get(person="ana").dispute_id == case.pk

    # Without the mouse: the second choice, and the next one opens.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Atajos de teclado")).to_contain_text("Elegir la categoría 1, 2 o 3")
    look("keys")
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    expect(page.locator('#sheet [data-key="2"]')).to_be_checked()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Reclamo")).to_be_visible()
    case.refresh_from_db()
    said = Decision.objects.get(dispute=case)
    assert (said.kind, said.person, case.category) == ("corregida", "ana", said.after)
    assert said.before == "factura_incorrecta"

    # A stranger: whose invoice it is is suggested, and tied only by a person's word.
    stranger = Dispute.objects.get(subject="Reclamo")
    assert stranger.debtor is None
    page.get_by_role("link", name=re.compile("Aceites del Ebro")).click()
    expect(page.get_by_text("Al confirmar, el caso queda unido a Aceites del Ebro, S.A.")).to_be_visible()
    page.get_by_role("checkbox", name=re.compile("F2026-00512")).check()
    page.get_by_role("checkbox", name="no reclamar").check()
    page.get_by_label("Importe discutido de F2026-00512").fill("50,00")
    look("stranger")
    page.get_by_role("button", name="Confirmar").click()
    expect(page.get_by_role("heading", name="Otra más")).to_be_visible()
    stranger.refresh_from_db()
    assert stranger.debtor is not None
    assert holds.held(Invoice.objects.get(number="F2026-00512")) == Decimal(300)  # with what the paid one holds
    links = list(stranger.links.values_list("invoice__number", "amount", "held"))
    assert [(number, f"{amount:.2f}", held) for number, amount, held in links] == [("F2026-00512", "50.00", True)]

    # The last is the same matter as the first: one case, one ticket.
    page.get_by_label("Es lo mismo que").select_option(str(case.pk))
    page.get_by_role("button", name="Unir a este caso").click()
    page.locator("#confirm-yes").click()
    expect(page.get_by_role("heading", name="No queda ningún correo por revisar.").or_(
        page.get_by_text("No queda ningún correo por revisar.").first
    )).to_be_visible()  # fmt: skip
    look("empty")
    other = Dispute.objects.get(subject="Otra más")
    assert other.merged_into == case

    # Lists, one mail in quarantine, figures.
    page.goto(reverse("disputes:history"))
    expect(page.get_by_role("row")).to_have_count(6)
    look("history")
    page.goto(reverse("disputes:mails") + "?state=cuarentena")
    page.get_by_role("link", name="(sin asunto)").click()
    expect(page.get_by_text("No es un mensaje.")).to_be_visible()
    look("quarantine")
    page.get_by_role("button", name="Intentarlo otra vez").click()
    expect(page.get_by_text("Devuelto: el próximo triaje lo intenta otra vez.")).to_be_visible()
    page.goto(reverse("disputes:figures"))
    expect(page.get_by_role("heading", name="Por categoría")).to_be_visible()
    look("figures")
    page.goto(reverse("disputes:tray") + f"?item={case.pk}")
    page.get_by_text("Historia del caso").click()
    expect(page.get_by_text("Una persona lo decide").first).to_be_visible()
    look("case")
    assert wrong == {}


def test_two_people_never_have_the_same_case(enter: Callable[..., Page], office: fakes.FakeDesk) -> None:
    ana, luis = enter(Role.ADMINISTRATION), enter(Role.OPERATION, name="luis")
    for page in (ana, luis):
        page.goto(reverse("disputes:tray"))
        expect(page.locator("#sheet")).to_be_visible()
    mine = Turn.objects.get(person="ana").dispute_id
    assert Turn.objects.get(person="luis").dispute_id != mine
    luis.goto(f"{reverse('disputes:tray')}?item={mine}")
    expect(luis.get_by_text(re.compile(r"^Lo tiene ana hasta las \d\d:\d\d$"))).to_be_visible()
    expect(luis.locator("#sheet")).to_have_count(0)
    assert violations(luis) == []


def test_the_tray_on_a_phone_and_in_the_dark(
    enter: Callable[..., Page], office: fakes.FakeDesk, tmp_path: Path
) -> None:
    page = enter(Role.OPERATION)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(reverse("disputes:tray"))
    expect(page.locator("#sheet")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert violations(page) == []
    page.screenshot(path=tmp_path / "dark.png", full_page=True)
