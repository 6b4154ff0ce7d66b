"""Signs people in as the console's own journeys do; Chromium's PDF viewer may load its parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page

from cobranza.screens.access import Role
from tests.journeys.console.conftest import browser, clean, room, site

__all__ = ["browser", "clean", "room", "site"]
_OWN = ("data:", "blob:", "about:", "chrome-extension:", "chrome:")


@pytest.fixture
def enter(site: str, browser: Browser, clean: None) -> Iterator[Callable[..., Page]]:
    """Hands over a signed-in page; fails on any error of the page or request to another host."""
    opened, problems = [], []

    def go(*roles: Role, name: str = "ana") -> Page:
        user = User.objects.create_user(name)
        user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
        store = SessionStore()
        store[auth.SESSION_KEY] = str(user.pk)
        store[auth.BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[1]
        store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        tab = browser.new_context(locale="es-ES", base_url=site, reduced_motion="reduce")
        opened.append(tab)
        page = tab.new_page()
        page.set_default_timeout(60_000)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("request", lambda asked: None if asked.url.startswith((site, *_OWN)) else problems.append(asked.url))
        tab.add_cookies([{"name": "sessionid", "value": str(store.session_key), "url": site}])
        page.goto("/")
        return page

    yield go
    for tab in opened:
        tab.close()
    assert problems == []
