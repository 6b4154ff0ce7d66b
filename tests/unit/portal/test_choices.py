"""Channels, days and hours: what is chosen is in the ledger that second, with its proof."""

from __future__ import annotations

from datetime import time

from cobranza.ledger import consents
from cobranza.ledger.models import Consent, OptOut
from tests.unit.portal.conftest import ROBOT, Browser


def choose(browser: Browser, **more: object) -> int:
    form = {"numero": browser.number("contacto/"), "desde": "", "hasta": "", "idioma": "es", **more}
    return int(browser.post("contacto/", form).status_code)


def test_leave_is_given_with_its_proof_and_taken_back_at_once(browser: Browser) -> None:
    consents.give(browser.debtor, "sms", proof="contrato", actor=ROBOT)
    browser.enter()

    assert choose(browser, **{"canal-email": "si", "canal-sms": "no", "canal-call": "no"}) == 302

    given = Consent.objects.get(channel="email")
    assert given.proof.startswith(f"portal, enlace {browser.link.pk}, segunda prueba ")
    assert given.given_by == "person"
    assert sorted(OptOut.objects.values_list("channel", flat=True)) == ["call", "ivr", "sms"]
    chosen = consents.preferred(browser.debtor)
    assert chosen is not None
    assert chosen.channels == ["email"]
    page = browser.get("contacto/").content.decode()
    assert 'name="canal-sms" value="no" checked' in page
    assert "p•••@pepa.example" in page
    assert "•••222" in page


def test_who_stopped_all_and_allows_one_again_is_reached_there_only(browser: Browser) -> None:
    browser.enter()
    browser.post("baja/")
    assert choose(browser, **{"canal-email": "si"}) == 302

    page = browser.get("contacto/").content.decode()
    assert 'name="canal-email" value="si" checked' in page
    assert 'name="canal-sms" value="no" checked' in page


def test_days_hours_and_language(browser: Browser) -> None:
    browser.enter()
    assert choose(browser, dia=["0", "2"], desde="09:30", hasta="14:00", idioma="pt") == 302

    chosen = consents.preferred(browser.debtor)
    assert chosen is not None
    assert (chosen.weekdays, chosen.start, chosen.end, chosen.language) == ([0, 2], time(9, 30), time(14), "pt")
    assert "Minha conta" in browser.get("cuenta/").content.decode(), "what the debtor chose is spoken from then on"


def test_hours_that_end_before_they_begin_are_told(browser: Browser) -> None:
    browser.enter()
    assert choose(browser, desde="14:00", hasta="09:00") == 422
    assert choose(browser, desde="14:00") == 422
    assert consents.preferred(browser.debtor) is None
