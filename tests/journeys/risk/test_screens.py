"""An adviser's morning in real Chromium: the list, one debtor's reasons, a decision, a warning, a possible customer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from django.contrib.auth.models import Group
from playwright.sync_api import Page, expect

from cobranza.ledger import consents
from cobranza.ledger.models import Contact, Debtor, Verdict
from cobranza.risk import scoring, warning
from cobranza.risk.models import Contest, CreditCheck, EarlyWarning
from cobranza.screens.access import Role
from tests.unit.risk.conftest import ROBOT, found


def _looked_at(page: Page, name: str, folder: Path) -> None:
    """No finding of axe, nothing wider than a phone, and a picture of both."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} is wider than {width} px"
    axe = Axe().run(page)
    assert not axe.response["violations"], axe.generate_report()
    page.set_viewport_size({"width": 1280, "height": 844})


@pytest.mark.browser
def test_an_advisers_morning(enter: Callable[..., Page], tmp_path: Path) -> None:
    for role in Role:
        Group.objects.get_or_create(name=role.value)
    company = found()
    for name, dues, amount in (
        ("Ferretería Pepa, S.L.", (-95, -60, -20), "4200"),
        ("Aceites del Ebro, S.A.", (-40, 15), "26000"),
        ("Papelería Centro", (-130, -100, -70, -40), "310"),
    ):
        debtor = company.owes(name, *dues, amount=amount, tax_id="B12345674" if "Pepa" in name else "")
        Contact.objects.create(debtor=debtor, kind="email", value=f"pagos@{debtor.pk}.example", source="erp")
        consents.give(debtor, "email", proof="contrato", actor=ROBOT)
    soon = company.owes("Talleres Nuevos, S.L.", 12, amount="900")
    scoring.score_creditor(company.creditor, actor=ROBOT)
    from tests.unit.risk.test_scoring import Fixed

    scoring.score([soon.pk], actor=ROBOT, judge=Fixed(first_miss=0.6, pay_60=0.5))
    assert len(warning.look_out(company.creditor, actor=ROBOT)) == 1
    pepa = Debtor.objects.get(erp_key="Ferretería Pepa, S.L.")

    page = enter(Role.SUPERVISION, name="luis")
    page.goto("/risk/")
    expect(page.get_by_role("link", name=pepa.name)).to_be_visible()
    expect(page.get_by_text("importe alto", exact=False).first).to_be_visible()
    _looked_at(page, "worklist", tmp_path)
    page.get_by_label("Ordenar por").select_option("caja")
    page.get_by_role("button", name="Ver").click()
    expect(page.get_by_role("columnheader", name="No entrará solo")).to_be_visible()
    assert "orden=caja" in page.url

    page.get_by_role("link", name=pepa.name).click()
    expect(page.get_by_role("heading", name="Por qué")).to_be_visible()
    expect(page.get_by_text("sale lo mismo")).to_be_visible()
    expect(page.get_by_text("Si pagara todo lo vencido")).to_be_visible()
    _looked_at(page, "debtor", tmp_path)
    page.get_by_label("Qué dice").fill("Pagué en mano en octubre")
    page.get_by_role("button", name="Pide revisión").click()
    expect(page.get_by_text("una persona tiene que revisarlo hoy")).to_be_visible()
    page.get_by_label("Qué se ha revisado").fill("No consta ningún pago")
    page.get_by_role("button", name="Contestar").click()
    expect(page.get_by_text("Dígaselo al deudor")).to_be_visible()
    assert Contest.objects.get().answered_by == "luis"
    page.get_by_text("Decidir cómo se le trata…").click()
    page.get_by_label("Trato", exact=True).select_option("caso_legal")
    page.get_by_label("Motivo", exact=True).fill("No contesta desde hace tres meses")
    page.get_by_role("button", name="Decidir").click()
    expect(page.get_by_text("vale por encima de la valoración")).to_be_visible()
    assert Verdict.objects.get().segment == "caso_legal"
    _looked_at(page, "decided", tmp_path)

    page.goto("/risk/avisos/")
    expect(page.get_by_role("link", name=soon.name)).to_be_visible()
    _looked_at(page, "warnings", tmp_path)
    page.get_by_label("Acción").select_option("descuento")
    page.get_by_role("button", name="Anotar").click()
    expect(page.get_by_text("queda como tarea", exact=False)).to_be_visible()
    assert EarlyWarning.objects.get().action == "descuento"

    page.goto("/risk/credito/")
    page.get_by_label("Nombre o razón social").fill("Nueva Distribución, S.L.")
    page.get_by_label("NIF o identificación fiscal").fill("B12345674")
    page.get_by_label("Compras previstas al mes").fill("1.500,00")
    page.get_by_role("button", name="Consultar").click()
    expect(page.get_by_role("heading", name="Nueva Distribución, S.L.")).to_be_visible()
    _looked_at(page, "credit", tmp_path)
    assert CreditCheck.objects.get().asked_by == "luis"
