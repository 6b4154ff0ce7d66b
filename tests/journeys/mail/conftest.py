from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from cobranza.disputes.ports import Mailbox
from connectors.mail.folder import FolderMailbox
from connectors.mail.imap.mailbox import ImapMailbox
from connectors.mail.imap.names import encode
from connectors.mail.imap.settings import ImapSettings
from tests import dovecot as servers
from tests.dovecot import Dovecot
from tests.dovecot import dovecot as dovecot  # a fixture


@pytest.fixture(autouse=True)
def no_thread_is_left(dovecot: Dovecot) -> Iterator[None]:
    """Whatever a test does to a connection, none of its threads outlives it."""
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and "serve_forever" not in thread.name]
    for thread in left:
        thread.join(5)
    assert not [thread for thread in left if thread.is_alive()]


def connect(server: Dovecot, user: str, *, answer: float = 20.0, **changes: object) -> ImapMailbox:
    """One connection to a mailbox, without the mending of broken lines."""
    limits = {"respuesta_segundos": answer, "reposo_segundos": 120.0}
    return ImapMailbox("disputas", ImapSettings.model_validate(server.account(user, limites=limits, **changes)))


@dataclass(frozen=True)
class World:
    """A mailbox of some kind, and a way to look into it that is not the code under test.

    Attributes:
        open: A new `Mailbox`.
        deliver: Puts messages into it.
        inbox: What lies in the inbox, oldest first.
        folder: What lies in one of its folders.
        marks: What is marked on the messages of the inbox.
    """

    open: Callable[[], Mailbox]
    deliver: Callable[..., None]
    inbox: Callable[[], list[bytes]]
    folder: Callable[[str], list[bytes]]
    marks: Callable[[], list[str]]


def _imap(server: Dovecot) -> World:
    user = server.new_user()
    return World(
        open=lambda: connect(server, user),
        deliver=lambda *raws: server.deliver(user, *raws),
        inbox=lambda: server.raw(user),
        folder=lambda name: server.raw(user, encode(name)),
        marks=lambda: server.flags(user),
    )


def _folder(place: Path) -> World:
    numbers = count(1)

    def deliver(*raws: bytes) -> None:
        for raw in raws:
            number = next(numbers)
            draft = place / f"{number:05d}.part"
            draft.write_bytes(raw)
            os.utime(draft, ns=(number, number))
            draft.rename(place / f"{number:05d}.eml")

    def read(name: str) -> list[bytes]:
        return [file.read_bytes() for file in sorted((place / name).glob("*.eml"))]

    return World(
        open=lambda: FolderMailbox("disputas", place),
        deliver=deliver,
        inbox=lambda: read("."),
        folder=read,
        marks=lambda: [""] * len(read(".")),
    )


@pytest.fixture(scope="session")
def plain_dovecot() -> Iterator[Dovecot]:
    """A server that does not know MOVE."""
    with servers.running() as server:
        server.restart(moves=False)
        yield server


@pytest.fixture(params=["imap", "imap_without_move", "folder"])
def world(request: pytest.FixtureRequest, dovecot: Dovecot, tmp_path: Path) -> World:
    """Every kind of mailbox in turn."""
    if request.param == "folder":
        return _folder(tmp_path)
    return _imap(dovecot if request.param == "imap" else request.getfixturevalue("plain_dovecot"))
