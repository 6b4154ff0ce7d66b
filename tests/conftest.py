"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium

# Playwright's sync API keeps an event loop in this thread, and Django would refuse the database because of it.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


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
