"""Spanish by default, English complete and compiled."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from django.test import Client
from django.urls import reverse
from django.utils import translation

from cobranza import suite
from cobranza.console import context, translations
from cobranza.screens import formats
from cobranza.screens.access import Role


def test_every_text_of_the_console_has_its_english() -> None:
    assert len(translations.messages()) > 300
    assert translations.missing("en") == []


def test_what_is_compiled_is_what_is_written() -> None:
    file = translations.LOCALE / "en" / "LC_MESSAGES" / "django.mo"

    assert file.read_bytes() == translations.compiled("en")


def test_no_translation_is_left_over() -> None:
    used = {key if isinstance(key, str) else key[0] for key in translations.messages()}
    written = {
        entry.id if isinstance(entry.id, str) else entry.id[0] for entry in translations.catalog("en") if entry.id
    }

    assert written - used == set()


def test_spanish_whatever_the_browser_prefers_until_somebody_chooses(enter: Callable[..., Client]) -> None:
    client = enter(Role.AUDIT)
    page = client.get(reverse("runs:list"), headers={"Accept-Language": "en-US,en;q=0.9"})
    assert ("Ejecuciones" in page.content.decode(), page.headers["Content-Language"]) == (True, "es")

    client.post(reverse("console:language"), {"language": "en", "next": "/"})
    page = client.get(reverse("runs:list"))
    assert '<html lang="en"' in page.content.decode()
    assert "No robot has been started yet." in page.content.decode()


def test_the_instance_says_the_default(db: None) -> None:
    file = suite.root() / "config" / "cobranza.toml"
    file.write_text('[instancia]\nnombre = "Prueba"\nidioma = "en"\n', encoding="utf-8")
    context.instance.cache_clear()

    assert "Sign in" in Client().get(reverse("console:login")).content.decode()


def test_figures_follow_the_language() -> None:
    assert formats.money(Decimal("-1234.5"), "EUR") == "−1.234,50\xa0EUR"
    with translation.override("en"):
        assert formats.money(Decimal("-1234.5"), "EUR") == "−1,234.50\xa0EUR"
