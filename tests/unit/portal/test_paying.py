"""Paying: all, a part, an instalment, once; «paid» is said only when the gateway has said so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

import pytest

from cobranza.ledger import holds
from cobranza.ledger.models import Agreement
from cobranza.payments import accounts, workflow
from cobranza.payments.models import Charge
from tests.unit.payments.gateway import MemoryGateway
from tests.unit.portal.conftest import ROBOT, Browser
from tests.unit.portal.test_plans import form_of, options


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Iterator[MemoryGateway]:
    made = MemoryGateway(creditors=frozenset({"prueba"}))
    monkeypatch.setattr(accounts, "_openers", lambda: [made])
    yield made


def pay(browser: Browser, what: str, **more: str) -> str:
    """Choose something and go on; where that leads."""
    form = {"numero": browser.number("pagar/"), "moneda": "EUR", "que": what, **more}
    answer = browser.post("pagar/", form)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def parts(charge: Charge) -> dict[str, str]:
    return {part.invoice.number: f"{part.amount:.2f}" for part in charge.parts.select_related("invoice")}


@pytest.mark.parametrize(
    ("what", "amount", "laid"),
    [
        ("todo", "", {"F-1": "1210.00", "F-2": "605.50", "F-3": "100.00"}),
        ("vencido", "", {"F-1": "1210.00", "F-2": "605.50"}),
        ("parte", "1.300,50", {"F-1": "1210.00", "F-2": "90.50"}),
        ("parte", "12.5", {"F-1": "12.50"}),
    ],
)
def test_what_is_chosen_is_laid_on_the_oldest(
    browser: Browser, gateway: MemoryGateway, what: str, amount: str, laid: dict[str, str]
) -> None:
    browser.enter()
    page = browser.client.get(pay(browser, what, importe=amount)).content.decode()

    charge = Charge.objects.get()
    assert parts(charge) == laid
    assert 'href="https://pay.example/cs_1"' in page
    assert charge.back_url.endswith("/d/vuelta/"), "the gateway learns no link"


@pytest.mark.parametrize("amount", ["0", "-5", "1.915,51", "12,345", "doce", "", "1e3", "NaN", "٣"])
def test_an_amount_that_is_none_or_too_much_is_told(browser: Browser, gateway: MemoryGateway, amount: str) -> None:
    browser.enter()
    form = {"numero": browser.number("pagar/"), "moneda": "EUR", "que": "parte", "importe": amount}

    assert browser.post("pagar/", form).status_code == 422
    assert not Charge.objects.exists()


def test_twice_the_same_form_and_a_second_form_for_the_same_are_one_charge(
    browser: Browser, gateway: MemoryGateway
) -> None:
    browser.enter()
    form = {"numero": browser.number("pagar/"), "moneda": "EUR", "que": "todo"}

    places = {browser.post("pagar/", form)["Location"] for _ in range(2)} | {pay(browser, "todo")}

    assert len(places) == 1
    assert gateway.made == 1


def test_paid_is_said_only_after_the_gateway_said_so(browser: Browser, gateway: MemoryGateway) -> None:
    browser.enter()
    place = pay(browser, f"factura:{browser.invoice('F-2').pk}")
    charge = Charge.objects.get()

    back = browser.client.get("/d/vuelta/").content.decode()
    assert "pendiente" in back
    assert "605,50" not in back
    assert browser.client.get("/d/mia/")["Location"] == browser.url("pagos/")
    page = browser.client.get(place).content.decode()
    assert "Pendiente de confirmar" in page
    assert "Pagado" not in page
    assert holds.held(browser.invoice("F-2")) == 0

    call = gateway.pay(charge.key)
    workflow.hear("memoria", {"firma": "buena"}, call.encode(), "https://nuestra.example/")

    assert "Pagado: confirmado por la pasarela" in browser.client.get(place).content.decode()
    account = browser.get("cuenta/").content.decode()
    assert "Pagada en línea, por confirmar en el banco" in account
    assert "1.310,00\xa0€" in account
    assert "605,50" not in browser.get("pagar/").content.decode()


def test_who_comes_back_before_the_webhook_is_told_what_the_gateway_says_when_asked(
    browser: Browser, gateway: MemoryGateway
) -> None:
    browser.enter()
    pay(browser, "todo")
    gateway.pay(Charge.objects.get().key)

    assert "Pagado: confirmado por la pasarela" in browser.get("pagos/").content.decode()


def test_a_gateway_that_is_away_is_told_and_the_same_form_goes_on(browser: Browser, gateway: MemoryGateway) -> None:
    browser.enter()
    form = {"numero": browser.number("pagar/"), "moneda": "EUR", "que": "todo"}
    gateway.lose = True

    answer = browser.post("pagar/", form)
    assert answer.status_code == 422
    assert "No se ha cobrado nada" in answer.content.decode()
    assert browser.post("pagar/", form).status_code == 302
    assert gateway.made == 1


def test_another_debtors_invoice_or_payment_is_nobodys(browser: Browser, gateway: MemoryGateway) -> None:
    browser.enter()
    theirs = browser.invoice("F-AJENA").pk
    for what in (f"factura:{theirs}", f"plazo:{theirs}", "factura:x", "otra"):
        form = {"numero": browser.number("pagar/"), "moneda": "EUR", "que": what}
        assert browser.post("pagar/", form).status_code == 422
    started = workflow.start(
        browser.other, {theirs: Decimal(10)}, "EUR", key="ajena", back_url="https://x.example/", actor=ROBOT
    )
    assert browser.get(f"pagos/{started.charge_pk}/").status_code == 404
    assert "10,00" not in browser.get("pagos/").content.decode()


def test_without_a_gateway_nobody_is_led_into_a_dead_end(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "_openers", list)
    browser.enter()
    page = browser.get("pagar/").content.decode()

    assert "Ahora no se puede pagar en línea" in page
    assert not re.search(r'name="que"', page)


def test_an_instalment_that_was_paid_here_is_not_offered_again(browser: Browser, gateway: MemoryGateway) -> None:
    browser.enter()
    key = next(each for each in options(browser) if each.startswith("instalments-3"))
    browser.post(f"plan/{key}/", form_of(browser, key))
    first, second, _third = Agreement.objects.get().instalments.order_by("number")

    assert "605,16" in browser.client.get(pay(browser, f"plazo:{first.pk}")).content.decode()
    charge = Charge.objects.get()
    call = gateway.pay(charge.key)
    workflow.hear("memoria", {"firma": "buena"}, call.encode(), "https://nuestra.example/")

    page = browser.get("pagar/").content.decode()
    assert f"plazo:{second.pk}" in page
    assert f"plazo:{first.pk}" not in page
    assert "Le quedan 1.210,34\xa0€" in browser.get("cuenta/").content.decode()
    form = {"numero": browser.number("pagar/"), "moneda": "EUR", "que": f"plazo:{first.pk}"}
    assert browser.post("pagar/", form).status_code == 422
