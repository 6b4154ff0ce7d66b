"""What was learned, on screen: read by who looks, forgotten with a reason by who decides, in a real browser too."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.ledger import verification
from cobranza.ledger.models import Debtor
from cobranza.reconciliation.learning import workflow
from cobranza.reconciliation.learning.models import Fact, Tombstone
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.proposals import Link, accept
from cobranza.screens.access import Role
from tests.journeys.console.conftest import browser, clean, room, site
from tests.journeys.console.conftest import enter as enter_browser
from tests.journeys.console.test_console import NARROW, WIDE, violations
from tests.journeys.learning.conftest import answers
from tests.journeys.learning.test_learning import ACCOUNT, DOCUMENTS, STRANGE, _from
from tests.journeys.ledger.conftest import ROBOT, document, line

__all__ = ["browser", "clean", "enter_browser", "room", "site"]


@pytest.fixture
def known(owed, paid, rounds, creditor) -> list[Fact]:
    """Two payments of a stranger that a person put on Pepa's invoices, learned."""
    invoices = owed(*DOCUMENTS, document("2026-03381", "999.00"))
    payments = paid(_from("121.00"), _from("345.67"), line("999.00", "PAGO F-2026-03381"))
    rounds()
    for movement, invoice in zip(payments[:2], invoices, strict=False):
        found = Proposal.objects.exclude(state="superseded").get(movement=movement)
        accept(found.pk, person="ana", links=[Link(invoice=invoice.pk, applied=invoice.open)])
    workflow.learn(creditor, actor=ROBOT)
    return list(Fact.objects.order_by("kind"))


@pytest.fixture
def enter(db: None) -> Callable[[Role], Client]:
    def go(role: Role) -> Client:
        user = User.objects.create_user(f"persona-{role.name.lower()}", password="correcaballo-bateria")
        user.groups.set(Group.objects.filter(name=role.value))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return go


def _page(client: Client, name: str, *arguments: object, **query: str) -> str:
    answer = client.get(reverse(f"reconciliation:{name}", args=arguments), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_each_fact_shows_the_confirmations_behind_it(known, enter) -> None:
    client = enter(Role.AUDIT)

    listed = _page(client, "learned")
    assert (STRANGE in listed, ACCOUNT in listed, "Ninguna versión en uso" in listed) == (True, True, True)
    assert STRANGE not in _page(client, "learned", kind="account")
    assert "Nada aprendido coincide" in _page(client, "learned", used="no")
    shown = _page(client, "learned_fact", known[0].pk)

    assert (shown.count("?item="), "Olvidar…" in shown) == (2, False)


def test_a_reason_is_asked_for_before_anything_is_forgotten(known, enter) -> None:
    client, alias = enter(Role.ADMINISTRATION), known[1]
    address = reverse("reconciliation:learned_forget", args=[alias.pk])

    refused = client.post(address, {"reason": "  "})
    assert (refused.status_code, Fact.objects.count()) == (422, 2)
    client.post(address, {"reason": "Lo pidió el cliente"})

    grave = Tombstone.objects.get()
    assert (grave.person, grave.note) == ("persona-administration", "Lo pidió el cliente")
    assert not Fact.objects.filter(pk=alias.pk).exists()
    gone = client.get(reverse("reconciliation:learned_fact", args=[alias.pk]), follow=True)
    assert "ha cambiado desde entonces" in gone.content.decode()
    assert "Lo pidió el cliente" in _page(client, "learned")

    client.post(reverse("reconciliation:learned_allow", args=[grave.pk]))
    grave.refresh_from_db()
    assert grave.lifted_by == "persona-administration"
    assert verification.verify().ok


def test_a_customer_is_forgotten_whole(known, enter) -> None:
    client, debtor = enter(Role.OPERATION), Debtor.objects.get()
    address = reverse("reconciliation:learned_forget_debtor", args=[debtor.pk])

    client.post(address)
    assert Fact.objects.count() == 2
    client.post(address, {"reason": "Se dio de baja"})

    assert (Fact.objects.count(), Tombstone.objects.get().kind) == (0, "")
    assert "Todo lo del cliente" in _page(client, "learned")


@pytest.mark.parametrize("role", [Role.SUPERVISION, Role.AUDIT])
def test_who_only_looks_forgets_nothing(known, enter, role: Role) -> None:
    client = enter(role)

    for name, pk in (("learned_forget", known[0].pk), ("learned_forget_debtor", known[0].debtor_id)):
        answer = client.post(reverse(f"reconciliation:{name}", args=[pk]), {"reason": "x"})
        assert answer.status_code == 403
    assert Fact.objects.count() == 2


def test_the_version_in_use_shows_its_figures_on_the_check_set(known, history, creditor, enter) -> None:
    history(answers(700, shift=-0.25))
    version = workflow.train(creditor, actor=ROBOT).version
    assert version is not None

    page = _page(enter(Role.SUPERVISION), "learned")

    measured = Decimal(version.trial["candidate"]["ece"]).quantize(Decimal("0.0001"))
    assert f"Versión 1, aprendida de {version.examples} confirmaciones" in page
    assert str(measured).replace(".", ",") in page
    workflow.roll_back(creditor, person="ana")
    assert "Otras versiones (1)" in _page(enter(Role.AUDIT), "learned")


@pytest.mark.browser
def test_learned_in_chromium(clean, known, history, creditor, enter_browser: Callable[..., Page], tmp_path) -> None:
    history(answers(700, shift=-0.25))
    workflow.train(creditor, actor=ROBOT)
    page = enter_browser(Role.ADMINISTRATION)
    folder = Path(os.environ.get("COBRANZA_SHOTS", tmp_path))

    page.get_by_role("link", name="Lo aprendido").click()
    _look(page, folder, "learned")
    page.get_by_role("link", name="Ferretería Pepa, S.L.").last.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(STRANGE)
    _look(page, folder, "learned-fact")
    page.get_by_label("Motivo").first.fill("Ya no paga con ese nombre")
    page.get_by_role("button", name="Olvidar…").click()
    page.get_by_role("dialog").get_by_role("button", name="Olvidar").click()
    expect(page.get_by_text("Olvidado. No se volverá a aprender.")).to_be_visible()
    expect(page.get_by_text("Ya no paga con ese nombre")).to_be_visible()
    _look(page, folder, "learned-forgotten")
    assert list(Fact.objects.values_list("kind", flat=True)) == ["account"]


def _look(page: Page, folder: Path, name: str) -> None:
    for kind, size in (("narrow", NARROW), ("wide", WIDE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=folder / f"{name}-{kind}.png", full_page=True)
