"""Coming in: nothing of anybody before the second proof, and every bad link is the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cobranza.kernel import clock
from cobranza.ledger import links
from cobranza.ledger.models import Event, Link, OptOut, Wanted
from cobranza.portal.models import Knock
from tests.unit.portal.conftest import ROBOT, TAX_ID, Browser, stranger

SECRETS = ("Pepa", "1.210", "605,50", "F-1", "pepa.example", TAX_ID, "Aguas de Prueba")


def test_a_link_alone_shows_nothing_of_anybody(browser: Browser) -> None:
    for page in ("", "baja/", "baja/?hecho", "?codigo"):
        text = browser.get(page).content.decode()
        assert not [word for word in SECRETS if word in text], page
    for page in (
        "cuenta/",
        "extracto/",
        "pagar/",
        "reclamar/",
        "pagado/",
        "datos/",
        "contacto/",
        "preguntar/",
        "pagos/",
    ):
        answer = browser.get(page)
        assert (answer.status_code, answer["Location"]) == (302, browser.url())
        assert answer.content == b""


@pytest.mark.parametrize("proof", ["5674", "b-12345674", " 5 6 7 4 "])
def test_the_end_of_the_tax_id_opens(browser: Browser, proof: str) -> None:
    answer = browser.enter(proof)

    assert (answer.status_code, answer["Location"]) == (302, browser.url("cuenta/"))
    cookie = browser.client.cookies["portal_sesion"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Strict", 1200)
    page = browser.get("cuenta/").content.decode()
    assert "Ferretería Pepa" in page
    assert "1.915,50\xa0€" in page
    assert Event.objects.filter(kind="portal.entered", subject=f"debtor:{browser.debtor.pk}").count() == 1


@pytest.mark.parametrize("proof", ["", "5675", "674", "567", "A15900426", "' OR 1=1 --", "5674\x001", "٥٦٧٤"])
def test_another_proof_does_not(browser: Browser, proof: str) -> None:
    answer = browser.enter(proof)

    assert answer.status_code == 422
    assert "portal_sesion" not in browser.client.cookies
    assert not [word for word in SECRETS if word in answer.content.decode()]


def test_five_wrong_proofs_end_the_link_and_then_the_right_one_opens_nothing(browser: Browser) -> None:
    answers = [browser.enter("0000") for _ in range(5)]

    assert [each.status_code for each in answers] == [422, 422, 422, 422, 404]
    assert browser.enter().status_code == 404
    assert Link.objects.get(pk=browser.link.pk).revoked_at is not None


def test_forged_expired_revoked_and_nonsense_are_one_page(browser: Browser) -> None:
    expired, old = links.issue(browser.debtor, days=1, actor=ROBOT)
    Link.objects.filter(pk=expired.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    revoked, gone = links.issue(browser.debtor, days=1, actor=ROBOT)
    links.revoke(revoked, reason="prueba", actor=ROBOT)
    forged = browser.token[:-1] + ("A" if browser.token[-1] != "A" else "B")
    number = f"{browser.link.pk + 1000}-{browser.token.partition('-')[2]}"

    answers = [
        stranger(REMOTE_ADDR=f"192.0.2.{place}").get(browser.url(page, token))
        for place, token in enumerate((forged, old, gone, number, "x", "1-", "9" * 30 + "-a", "ñ-ñ"))
        for page in ("", "cuenta/")
    ]

    assert {answer.status_code for answer in answers} == {404}
    texts = {answer.content.replace(each.encode(), b"") for answer in answers for each in [answer.request["PATH_INFO"]]}
    plain = {b"".join(line for line in text.splitlines() if b"csrfmiddleware" not in line) for text in texts}
    assert len(plain) == 1


def test_forged_expired_and_revoked_cost_the_same_look_ups(browser: Browser) -> None:
    expired, old = links.issue(browser.debtor, days=1, actor=ROBOT)
    Link.objects.filter(pk=expired.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    revoked, gone = links.issue(browser.debtor, days=1, actor=ROBOT)
    links.revoke(revoked, reason="prueba", actor=ROBOT)
    asked = []
    for place, token in enumerate((browser.token[:-2] + "xx", old, gone, f"{browser.link.pk + 1000}-abc")):
        with CaptureQueriesContext(connection) as queries:
            stranger(REMOTE_ADDR=f"192.0.2.{place}").get(browser.url(token=token))
        asked.append([re.sub(r"'[^']*'|\d+", "?", each["sql"])[:60] for each in queries.captured_queries])

    assert asked[0]
    assert all(each == asked[0] for each in asked)


def test_behind_a_proxy_of_ours_the_clients_own_address_counts(
    browser: Browser, configured: Callable[[str], None]
) -> None:
    configured("proxies = 1\n[limites]\nfallos_por_direccion = 1\n")

    def ask(told: str) -> int:
        return int(stranger().get("/d/1-falso/", headers={"x-forwarded-for": told}).status_code)

    assert [ask("192.0.2.1"), ask("198.51.100.9, 192.0.2.1"), ask("192.0.2.2")] == [404, 429, 404]


def test_a_visit_is_bound_to_its_link(browser: Browser) -> None:
    browser.enter()
    _theirs, token = links.issue(browser.other, days=10, actor=ROBOT)

    answer = browser.get("cuenta/", token=token)

    assert (answer.status_code, answer["Location"]) == (302, browser.url(token=token))


def test_a_visit_ends_with_its_link_with_time_and_by_leaving(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    browser.enter()
    kept = browser.client.cookies["portal_sesion"].value
    assert browser.post("salir/").status_code == 302
    assert browser.get("cuenta/").status_code == 302

    browser.client.cookies["portal_sesion"] = kept
    assert browser.get("cuenta/").status_code == 200
    browser.client.cookies["portal_sesion"] = kept[:-2] + "xx"
    assert browser.get("cuenta/").status_code == 302

    browser.client.cookies["portal_sesion"] = kept
    with monkeypatch.context() as patch:
        patch.setattr("django.core.signing.time.time", lambda: clock.now().timestamp() + 21 * 60)
        assert browser.get("cuenta/").status_code == 302
    browser.client.cookies["portal_sesion"] = kept
    links.revoke(browser.link, reason="prueba", actor=ROBOT)
    assert browser.get("cuenta/").status_code == 404


def test_too_many_bad_links_from_one_address_wait_and_another_address_does_not(browser: Browser) -> None:
    answers = [stranger(REMOTE_ADDR="192.0.2.7").get("/d/1-falso/").status_code for _ in range(17)]

    assert answers[:15] == [404] * 15
    assert answers[15:] == [429, 429]
    assert stranger(REMOTE_ADDR="192.0.2.8").get("/d/1-falso/").status_code == 404
    again = stranger(REMOTE_ADDR="192.0.2.7")
    again.get(browser.url())
    form = {"prueba": "5674", "csrfmiddlewaretoken": again.cookies["portal_csrf"].value}
    assert again.post(browser.url(), form).status_code == 429, "nor may it try second proofs"
    assert not any("192.0.2" in key for key in Knock.objects.values_list("key", flat=True))


def test_a_code_is_sent_once_counts_once_and_nobody_is_told_whether_it_was(browser: Browser) -> None:
    answer = browser.post("codigo/")
    assert (answer.status_code, answer["Location"]) == (302, browser.url() + "?codigo")
    wanted = Wanted.objects.get()
    assert (wanted.debtor, wanted.purpose, wanted.channel) == (browser.debtor, "answer", "")
    code = next(word for word in wanted.text.replace(".", " ").split() if word.isdigit() and len(word) == 6)

    assert browser.enter("000000" if code != "000000" else "000001").status_code == 422
    assert browser.enter(code).status_code == 302
    browser.post("salir/")
    assert browser.enter(code).status_code == 422, "a second time it is no proof"

    for _ in range(5):
        assert browser.post("codigo/")["Location"] == browser.url() + "?codigo"
    assert Wanted.objects.count() == 3


def test_stopping_needs_no_second_proof_counts_at_once_and_once(browser: Browser) -> None:
    for _ in range(2):
        answer = browser.post("baja/")
        assert answer.status_code == 302

    assert [each.channel for each in OptOut.objects.filter(debtor=browser.debtor)] == [""]
    assert "Desde este momento" in browser.get("baja/?hecho").content.decode()
