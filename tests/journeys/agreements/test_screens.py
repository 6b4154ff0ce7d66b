"""Whoever negotiates, in real Chromium: the scenarios, a proposal that needs a yes, the yes, the instalments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from cobranza.kernel import clock
from cobranza.ledger import allocations, conversation
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Debtor
from cobranza.screens.access import Role
from tests.unit.payments.conftest import ROBOT, Room, company

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


@pytest.mark.browser
def test_from_the_table_of_the_adviser_to_the_paid_instalment(enter: Callable[..., Page], tmp_path: Path) -> None:
    for role in Role:
        Group.objects.get_or_create(name=role.value)
    room = company()
    debtor = Debtor.objects.get()
    for key, direction, text in (
        ("w:1", "in", "No puedo pagarlo todo, ¿me hacen una quita?"),
        ("w:2", "out", "Le llamamos hoy."),
    ):
        conversation.note(
            key, channel="whatsapp", direction=direction, text=text, at=clock.now(), actor=ROBOT, debtor=debtor
        )
    page = enter(Role.ADMINISTRATION, name="ana")
    page.goto(f"/agreements/deudor/{debtor.pk}/EUR/")
    expect(page.get_by_role("heading", name="Pago total")).to_be_visible()
    expect(page.get_by_text("Se puede acordar ya").first).to_be_visible()
    page.get_by_text("«No puedo pagarlo todo»").click()
    _looked_at(page, "adviser", tmp_path)

    page.get_by_label("Número de pagos").fill("2")
    page.get_by_label("Primer pago").fill((TODAY + timedelta(days=10)).isoformat())
    page.get_by_label("Quita de principal").fill("10,00")
    page.get_by_role("button", name="Calcular").click()
    own = page.locator(".scenario-own")
    expect(own.get_by_text("Necesita aprobación")).to_be_visible()
    own.locator("summary").click()
    own.get_by_label("Cómo consta").fill("Llamada grabada 4711")
    _looked_at(page, "proposal", tmp_path)
    own.get_by_role("button", name="Pedir aprobación").click()
    expect(page.get_by_text("nada está acordado todavía")).to_be_visible()
    assert not Agreement.objects.exists()

    page.goto("/agreements/por-aprobar/")
    expect(page.get_by_text("Decide alguien con el papel «supervisor»")).to_be_visible()
    boss = enter(Role.SUPERVISION, name="luis")
    boss.goto("/agreements/por-aprobar/")
    _looked_at(boss, "approvals", tmp_path)
    boss.get_by_role("button", name="Aprobar").click()
    expect(boss.get_by_text("el acuerdo está en marcha")).to_be_visible()
    made = Agreement.objects.get()
    assert made.approved_by == "luis"

    _paid(room, made)
    page.goto("/agreements/")
    expect(page.get_by_role("link", name=debtor.name)).to_be_visible()
    _looked_at(page, "list", tmp_path)
    page.get_by_role("link", name=debtor.name).click()
    expect(page.get_by_role("cell", name="Pagado")).to_be_visible()
    _looked_at(page, "agreement", tmp_path)
    page.get_by_label("Motivo").fill("Lo pidió por escrito")
    page.get_by_role("button", name="Anular").click()
    page.get_by_role("dialog").get_by_role("button", name="Anular").click()
    expect(page.get_by_text("Lo que falta se debe como antes", exact=False).first).to_be_visible()
    made.refresh_from_db()
    assert made.standing == "anulado"


def _paid(room: Room, made: Agreement) -> None:
    from cobranza.agreements import workflow

    part = allocations.Part(invoice=room.invoices[1].pk, applied=Decimal(200))
    allocations.allocate(room.movement("200.00", "TRANSFERENCIA"), [part], actor=Actor.robot("prueba"))
    assert workflow.follow_up(room.creditor, TODAY)["paid"] == 1
