from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.smtpd import smtpd as smtpd  # a fixture
from tests.unit.mail.scripted import PASSWORD, Scripted


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Whatever a test does to a connection, none of its threads outlives it."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and thread.is_alive()]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


@pytest.fixture
def scripted(no_thread_is_left: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Scripted]]:
    """Makes IMAP servers that say what they are told to."""
    monkeypatch.setenv("CLAVE_DEL_BUZON", PASSWORD)
    made: list[Scripted] = []

    def make(*args: Any, **kw: Any) -> Scripted:
        made.append(Scripted(*args, **kw))
        return made[-1]

    yield make
    for one in made:
        one.close()
