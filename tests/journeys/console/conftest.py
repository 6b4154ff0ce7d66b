"""The console as it is served: Granian in a process of its own, real Chromium, a worker when a run has to finish."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from django.contrib import auth
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Browser, Page, expect

from cobranza.console import context, server
from cobranza.screens.access import Role
from tests.journeys.console import sample
from tests.journeys.runs.engine_room import (
    EngineRoom,
    Process,
    database_url,
    empty_ticket_box,
    start_worker,
)
from tests.serving import serving

# Only ends a test that can no longer pass; a busy machine may take long.
PATIENCE_MS = 60_000
PASSWORD = "correcaballo-bateria"
CHROMIUM = os.environ.get("COBRANZA_CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]


def _session(user: User) -> str:
    """A session as the login page makes it; one test goes through the page itself."""
    store = SessionStore()
    store[auth.SESSION_KEY] = str(user.pk)
    store[auth.BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.create()
    return str(store.session_key)


@pytest.fixture(scope="session")
def browser(chromium: Browser) -> Browser:
    expect.set_options(timeout=PATIENCE_MS)
    return chromium


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[EngineRoom]:
    """A suite and a database that the server sees too."""
    folder = tmp_path_factory.mktemp("consola")
    made = EngineRoom(folder / "una suite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COBRANZA_HOME", str(made.root))
        patch.setenv("COBRANZA_OUTPUT", str(made.output))
        patch.setenv("COBRANZA_DATA", str(folder / "data"))
        patch.setenv("DATABASE_URL", database_url())
        context.instance.cache_clear()
        sample.robots(made)
        yield made


@pytest.fixture
def clean(transactional_db: None) -> Iterator[None]:
    """Empty tables, with the groups that the flush of an earlier test took away."""
    empty_ticket_box()
    for role in Role:
        Group.objects.get_or_create(name=role.value)
    yield
    empty_ticket_box()


@pytest.fixture(scope="module")
def site(room: EngineRoom) -> Iterator[str]:
    """Where the console answers."""
    with serving(room, "console", server.command) as address:
        yield address


@pytest.fixture
def worker(room: EngineRoom, clean: None) -> Iterator[Process]:
    started = start_worker(room)
    yield started
    started.stop()


@pytest.fixture
def enter(site: str, browser: Browser, clean: None) -> Iterator[Callable[..., Page]]:
    """Signs somebody in and hands over the page; fails on any error of the page or stray request."""
    opened = []
    problems: list[str] = []

    def go(*roles: Role, name: str = "ana") -> Page:
        user = User.objects.create_user(name)
        user.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))
        tab = browser.new_context(locale="es-ES", base_url=site, reduced_motion="reduce")
        opened.append(tab)
        page = tab.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: problems.append(f"error: {error}"))
        page.on("console", lambda said: problems.append(said.text) if "Content Security Policy" in said.text else None)
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((site, "data:", "blob:", "about:"))
                else problems.append(f"left the host: {request.url}")
            ),
        )
        tab.add_cookies([{"name": "sessionid", "value": _session(user), "url": site}])
        page.goto("/")
        page.get_by_role("heading", level=1).filter(has_text="Hola").wait_for()
        return page

    yield go
    for tab in opened:
        tab.close()
    assert problems == []
