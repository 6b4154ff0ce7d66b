"""Money on account goes to a later invoice in two keystrokes, in a real Chromium: one shows what Enter will do."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.ledger.models import Creditor
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.workbench import decisions, on_account, sheet
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.screens.access import Role
from tests.journeys.console.test_console import NARROW, WIDE
from tests.journeys.reconciliation_workbench import world
from tests.journeys.reconciliation_workbench.test_desk import violations
from tests.unit.reconciliation_workbench.conftest import Desk

pytestmark = pytest.mark.browser
D = Decimal


def test_two_keys_apply_money_on_account(enter: Callable[..., Page], company: Creditor, tmp_path: Path) -> None:
    page = enter(Role.OPERATION)
    desk = Desk(company, world.account())
    proposal = desk.proposal("2000.00")
    customer = desk.invoice("FV-26-0101").debtor
    whole = sheet.whole_on_account(sheet.Sheet(movement=proposal.movement, free=D("2000"), debtor=customer))
    decisions.settle(whole, proposal.pk, person="luis")
    held = OnAccount.objects.get()
    page.goto(f"{reverse('reconciliation:workbench')}?state=on_account&item={held.movement_id}")
    folder = Path(os.environ.get("COBRANZA_SHOTS", tmp_path))

    page.keyboard.press("a")
    expect(page.get_by_role("heading", name="Aplicar lo que queda")).to_be_visible()
    expect(page.locator("#suma")).to_contain_text("Cuadra")
    for name, size in (("narrow", NARROW), ("wide", WIDE)):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=folder / f"apply-{name}.png", full_page=True)
    assert OnAccount.objects.get().released_at is None  # looking changes nothing
    page.keyboard.press("Enter")
    expect(page.get_by_text("se registrará en el ERP")).to_be_visible()

    held.refresh_from_db()
    assert held.released_by == "ana"
    done = Proposal.objects.exclude(state="superseded").get(movement=held.movement_id)
    kept = sum((row.amount for row in on_account.active(held.movement_id)), D(0))
    assert done.state == "accepted"
    assert sum((match.cash for match in done.matches.all()), D(0)) + kept == D("2000.00")
