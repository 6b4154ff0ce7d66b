"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser as Chromium

# Playwright's sync API keeps an event loop in this thread, and Django would refuse the database because of it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# Folders whose tests share a server that takes minutes to start: one worker of pytest-xdist runs them all.
_TOGETHER = (Path(__file__).parent / "journeys" / "erps",)


def pytest_configure() -> None:
    """Users of tests have passwords that are not slow on purpose."""
    settings.PASSWORD_HASHERS = ["tests.passwords.Quick"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Under ``--dist loadgroup`` the tests of a file stay together, for the sake of their fixtures."""
    for item in items:
        folder = next((one for one in _TOGETHER if one in item.path.parents), None)
        item.add_marker(pytest.mark.xdist_group(str(folder or item.path)))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """A bare Chromium of Playwright's, for tests that look at pages themselves.

    A thread can run only one Playwright, so it is the one that the connectors use.
    """
    from connectors.browser import Driver, executable, flags

    driver = Driver.acquire()
    started = driver.playwright.chromium.launch(executable_path=str(executable()), args=flags())
    yield started
    started.close()
    driver.release()
