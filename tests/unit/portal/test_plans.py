"""A plan on a page: only what the matrix allows alone, exactly what was read, once, with its proof."""

from __future__ import annotations

import re
from decimal import Decimal

from cobranza.ledger import agreements
from cobranza.ledger.models import Agreement, Hold, Word
from cobranza.portal.models import Submission
from tests.unit.portal.conftest import ROBOT, Browser


def options(browser: Browser) -> list[str]:
    return re.findall(r'href="[^"]*/plan/([^/"]+)/"', browser.get("plan/").content.decode())


def form_of(browser: Browser, key: str) -> dict[str, str]:
    page = browser.get(f"plan/{key}/").content.decode()
    number, text = (re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("numero", "texto"))
    assert number is not None
    assert text is not None
    return {"numero": number[1], "texto": text[1], "acepto": "si"}


def test_a_plan_is_read_whole_and_accepted_once_with_its_text_as_proof(browser: Browser) -> None:
    browser.enter()
    key = next(each for each in options(browser) if each.startswith("instalments-3"))
    shown = re.search(r'<p class="terms">(.*?)</p>', browser.get(f"plan/{key}/").content.decode(), re.DOTALL)
    assert shown is not None
    assert "Total: 1.815,50\xa0€." in shown[1]
    assert shown[1].count("\n- ") == 3
    form = form_of(browser, key)

    first, again = browser.post(f"plan/{key}/", form), browser.post(f"plan/{key}/", form)

    assert (first.status_code, again["Location"]) == (302, first["Location"])
    agreement = Agreement.objects.get()
    assert (agreement.channel, agreement.total, agreement.debtor) == ("portal", Decimal("1815.500"), browser.debtor)
    assert form["texto"] in agreement.proof
    assert f"enlace {browser.link.pk}" in agreement.proof
    assert "127.0.0.1" not in agreement.proof, "no address of any machine"
    [word] = Word.objects.filter(key__startswith="portal:acepta:")
    assert "Acreedor: Aguas de Prueba, S.L. (A58818501)\nDeudor: Ferretería Pepa, S.L. (B12345674)\n" in word.text
    assert "Facturas: F-1 (1.210,00\xa0€), F-2 (605,50\xa0€)\n" in word.text
    assert form["texto"] in browser.client.get(first["Location"]).content.decode()
    account = browser.get("cuenta/").content.decode()
    assert "Su plan de pagos" in account
    assert "Al corriente" in account
    assert options(browser) == []


def test_a_text_that_is_not_the_one_that_was_read_concludes_nothing(browser: Browser) -> None:
    browser.enter()
    one, other = options(browser)[:2]

    answer = browser.post(f"plan/{one}/", form_of(browser, one) | {"texto": form_of(browser, other)["texto"]})

    assert answer.status_code == 409
    assert (Agreement.objects.count(), Submission.objects.count()) == (0, 0)


def test_without_the_tick_nothing_is_accepted(browser: Browser) -> None:
    browser.enter()
    key = options(browser)[0]
    form = form_of(browser, key)
    del form["acepto"]

    assert browser.post(f"plan/{key}/", form).status_code == 422
    assert not Agreement.objects.exists()


def test_what_has_changed_meanwhile_is_not_agreed(browser: Browser) -> None:
    browser.enter()
    key = options(browser)[0]
    form = form_of(browser, key)
    Hold.objects.create(
        debtor=browser.debtor, invoice=browser.invoice("F-1"), amount=Decimal(10), reason="x", source="x",
        opened_at=browser.link.created_at, opened_by="robot", opened_by_name="x",
    )  # fmt: skip

    answer = browser.post(f"plan/{key}/", form)

    assert answer.status_code == 409
    assert not Agreement.objects.exists()


def test_what_needs_a_person_is_not_shown(browser: Browser) -> None:
    """A debt beyond the unattended limit: nothing to choose, and a way to a person."""
    from cobranza.ledger.models import Invoice

    Invoice.objects.filter(number="F-1").update(gross=Decimal(50_000), net=Decimal(50_000))
    browser.enter()

    page = browser.get("plan/").content.decode()
    assert options(browser) == []
    assert "le contestará una persona" in page


def test_an_agreement_that_broke_stands_under_the_earlier_ones(browser: Browser) -> None:
    browser.enter()
    key = options(browser)[0]
    browser.post(f"plan/{key}/", form_of(browser, key))
    agreements.stand(Agreement.objects.get(), "incumplido", reason="prueba", actor=ROBOT)

    assert "Acuerdos anteriores" in browser.get("cuenta/").content.decode()
