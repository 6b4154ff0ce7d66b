"""A clerk without a mouse: documents corrected, two cases made one, a second delivery, and all of it on a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from cobranza.disputes.models import DeskNote, Dispute, Mail
from cobranza.ledger import holds
from cobranza.ledger.models import Invoice
from cobranza.screens.access import Role
from tests.journeys.console.conftest import browser, clean, enter, room, site
from tests.journeys.disputes.test_tray import office, violations
from tests.unit.disputes import fakes

__all__ = ["browser", "clean", "enter", "office", "room", "site"]
pytestmark = pytest.mark.browser


def _open(page: Page, case: Dispute) -> None:
    page.goto(f"{reverse('disputes:tray')}?item={case.pk}")
    expect(page.locator("#sheet")).to_be_visible()


def test_documents_are_corrected_and_cases_made_one_without_a_mouse(
    enter: Callable[..., Page], office: fakes.FakeDesk, tmp_path: Path
) -> None:
    first = Dispute.objects.get(subject="Factura <i>rara</i>")
    second = Dispute.objects.get(subject="Otra más")
    page = enter(Role.ADMINISTRATION)
    _open(page, first)
    docs = page.locator("[data-doc]")

    # Space takes a document off, and with it what it held; naming an amount puts it on again.
    page.keyboard.press("d")
    page.keyboard.press("Space")
    expect(docs.first.get_by_role("checkbox", name="no reclamar")).not_to_be_checked()
    page.get_by_label("Importe discutido de F2026-00381").press_sequentially("5")
    expect(docs.first.get_by_role("checkbox", name=re.compile("F2026-00381"))).to_be_checked()
    expect(docs.first.get_by_role("checkbox", name="no reclamar")).to_be_checked()
    page.get_by_label("Importe discutido de F2026-00381").fill("75,50")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")  # the other document off
    expect(docs.nth(1).get_by_role("checkbox", name=re.compile("F2026-00400"))).not_to_be_checked()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    page.keyboard.type("Solo los portes")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: f"item={first.pk}" not in address)
    assert holds.held(Invoice.objects.get(number="F2026-00381")) == Decimal("75.50")
    note = DeskNote.objects.get(dispute=first)
    assert "Solo los portes" in note.text
    assert note.route["fields"]["importe"] == "F2026-00381: 75,50 EUR"

    # The other case is the same matter: "u", Tab, Enter, and the question is answered with Enter too.
    _open(page, second)
    page.keyboard.press("u")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Unir los dos casos")).to_be_visible()
    page.screenshot(path=tmp_path / "merging.png")
    page.get_by_role("button", name="Unir", exact=True).press("Enter")
    expect(page.get_by_text(re.compile("Unido al caso"))).to_be_visible()
    second.refresh_from_db()
    assert second.merged_into is not None
    target = second.merged_into

    # Who opens the merged case is led to the one that counts, which shows the mails of both.
    page.goto(f"{reverse('disputes:tray')}?item={second.pk}")
    expect(page.get_by_text("Es lo mismo que otro caso: se sigue allí")).to_be_visible()
    assert violations(page) == []
    page.screenshot(path=tmp_path / "merged.png", full_page=True)
    page.get_by_role("link", name=target.subject).click()
    expect(page.locator("article.mail")).to_have_count(2)
    page.get_by_text("Historia del caso").click()
    expect(page.get_by_text(f"caso {second.pk}")).to_be_visible()
    page.screenshot(path=tmp_path / "both.png", full_page=True)
    assert {row.status for row in DeskNote.objects.filter(dispute=second)} == {"solved"}


def test_a_second_delivery_and_a_forgotten_mail_on_a_phone(
    enter: Callable[..., Page], office: fakes.FakeDesk, tmp_path: Path
) -> None:
    first = Mail.objects.filter(opens=True, dispute__subject="Otra más").get()
    copy = Mail.objects.create(
        key="0" * 64, creditor=first.creditor, size=10, received_at=first.received_at, account="disputas",
        state="ignorado", kind="human", duplicate_of=first, subject=first.subject, sender=first.sender,
        kind_reason=f"Es otra entrega del correo {first.pk}", reading=first.reading, done_at=first.received_at,
    )  # fmt: skip
    page = enter(Role.SUPERVISION)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(reverse("disputes:mail", args=[copy.pk]))
    page.get_by_role("link", name=str(first.pk), exact=True).click()
    expect(page.get_by_role("heading", name="Otra más")).to_be_visible()
    page.get_by_text("Borrar lo que dice este correo").click()
    page.get_by_label("Motivo (queda en el registro)").fill("Lo pide el interesado")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
    page.screenshot(path=tmp_path / "forgetting.png", full_page=True)
    page.get_by_role("button", name="Borrar").click()
    page.get_by_role("dialog").get_by_role("button").last.press("Enter")
    expect(page.get_by_text("Lo que decía este correo se ha borrado")).to_be_visible()
    expect(page.get_by_text("F2026-00400")).to_have_count(0)
    page.screenshot(path=tmp_path / "forgotten.png", full_page=True)
    copy.refresh_from_db()
    assert copy.erased_at is not None

    page.goto(f"{reverse('disputes:tray')}?item={first.dispute_id}")
    expect(page.get_by_text("Lo que decía este correo se ha borrado").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []
    page.screenshot(path=tmp_path / "phone.png", full_page=True)
