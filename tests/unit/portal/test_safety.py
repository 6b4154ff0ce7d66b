"""What an attacker tries: frames, caches, referrers, scripts in names, forms of others, tokens in logs."""

from __future__ import annotations

import io
import logging
import logging.config
import re
from pathlib import Path

import pytest

from cobranza.console import translations
from cobranza.ledger.models import Debtor, Invoice
from cobranza.portal import addresses, django_settings, masking
from tests.unit.portal.conftest import Browser, stranger

PAGES = (
    "", "cuenta/", "extracto/", "pagar/", "pagos/", "plan/", "reclamar/", "pagado/", "datos/", "preguntar/",
    "contacto/", "baja/",
)  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_every_page_forbids_frames_caches_scripts_and_strangers(browser: Browser, page: str) -> None:
    browser.enter()
    answer = browser.get(page)

    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "noindex" in answer["X-Robots-Tag"]
    text = answer.content.decode()
    assert not re.search(r"<script|<style|\son\w+=|style=|javascript:", text, re.IGNORECASE)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', text), "nothing of anybody else's"


def test_names_and_numbers_are_text_and_nothing_else(browser: Browser) -> None:
    Debtor.objects.filter(pk=browser.debtor.pk).update(name='<img src=x onerror="alert(1)">{{7*7}}')
    Invoice.objects.filter(number="F-2").update(number='"><script>alert(2)</script>')
    browser.enter()

    for page in PAGES[1:]:
        text = browser.get(page).content.decode()
        assert "<img src=x" not in text
        assert "<script" not in text
    shown = browser.post("reclamar/", {"numero": "x" * 20, "motivo": "no", "texto": "</textarea><script>3</script>"})
    assert "<script" not in shown.content.decode()


@pytest.mark.parametrize("page", ["", "codigo/", "baja/", "salir/", "pagar/", "reclamar/", "contacto/", "plan/x/"])
def test_a_form_that_is_not_ours_does_nothing(browser: Browser, page: str) -> None:
    browser.enter()
    answer = browser.client.post(browser.url(page), {"prueba": "5674"})

    assert answer.status_code == 403
    assert "Pepa" not in answer.content.decode()


def test_a_form_without_its_number_does_nothing(browser: Browser) -> None:
    browser.enter()
    form = {"motivo": "no_reconoce", "texto": "No es mía.", "numero": "corto"}

    assert browser.post("reclamar/", form).status_code == 422


def test_what_cannot_be_asked_is_not_answered(browser: Browser) -> None:
    browser.enter()
    assert browser.client.put(browser.url("cuenta/")).status_code == 403
    assert browser.client.get(browser.url("salir/")).status_code == 405
    assert browser.client.get("/admin/").status_code == 404
    assert browser.client.get("/entrar/").status_code == 404
    assert stranger().get("/", headers={"host": "malo.example"}).status_code == 400
    assert stranger().get("/robots.txt").content.decode().endswith("Disallow: /\n")


def test_nothing_of_the_staffs_is_loaded() -> None:
    apps = set(django_settings.INSTALLED_APPS)
    assert django_settings.INSTALLED_APPS[0] == "cobranza.portal", "its translations win over the rooms'"
    assert not apps & {"cobranza.console", "django.contrib.admin", "django.contrib.sessions", "axes", "django_otp"}
    assert not [one for one in django_settings.MIDDLEWARE if "auth" in one.lower() or "session" in one.lower()]
    assert {pattern.namespace for pattern in addresses.urlpatterns} == {"portal"}  # type: ignore[union-attr]


def test_no_log_line_holds_a_token(browser: Browser) -> None:
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(masking.Masked("{levelname} {message}", style="{"))
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    try:
        browser.get("no-existe/")
        browser.client.post(browser.url())
        try:
            raise ValueError(f"en {browser.url('cuenta/')}")
        except ValueError:
            logger.exception("falló %s", browser.url("pagar/"))
    finally:
        logger.removeHandler(handler)

    assert said.getvalue().count("/d/") >= 3
    assert browser.token.partition("-")[2] not in said.getvalue()
    assert django_settings.LOGGING["formatters"]["line"]["()"] == "cobranza.portal.masking.Masked"  # type: ignore[index]


@pytest.mark.parametrize("language", ["en", "pt"])
def test_every_text_of_the_portal_has_its_translation_compiled(language: str) -> None:
    assert len(translations.messages("portal")) > 200
    assert translations.missing(language, "portal") == []
    file = Path(translations.books()["portal"]) / language / "LC_MESSAGES" / "django.mo"
    assert file.read_bytes() == translations.compiled(language, "portal")


def test_the_three_languages_and_the_way_back(browser: Browser) -> None:
    assert "Confirm that it is you" in browser.get(headers={"Accept-Language": "en"}).content.decode()
    form = {"csrfmiddlewaretoken": browser.csrf(), "language": "pt", "next": browser.url()}
    answer = browser.client.post("/idioma/", form)
    assert (answer.status_code, answer["Location"]) == (302, browser.url())
    page = browser.get()
    assert '<html lang="pt">' in page.content.decode()
    assert page["Content-Language"] == "pt"
    out = browser.client.post("/idioma/", form | {"next": "https://malo.example/"})
    assert "malo" not in out["Location"]
