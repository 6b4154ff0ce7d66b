"""A broken line is mended a bounded number of times; a refused login never."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cobranza.disputes.ports import MailboxError, MailboxRefused, MailGone, MailPosition, WaitingMail
from connectors.mail.steady import SteadyMailbox

AT = MailPosition(account="disputas", folder="INBOX", uidvalidity=1, uid=1)


class Line:
    account = "disputas"

    def __init__(self, fault: BaseException | None = None) -> None:
        self.fault = fault
        self.calls: list[str] = []
        self.ended = ""

    def _do(self, name: str) -> None:
        self.calls.append(name)
        if self.fault is not None:
            raise self.fault

    def waiting(self) -> list[WaitingMail]:
        self._do("waiting")
        return [WaitingMail(position=AT, size=4)]

    def fetch(self, position: MailPosition, limit: int) -> bytes:
        self._do("fetch")
        return b"Hola"

    def move(self, position: MailPosition, folder: str) -> None:
        self._do("move")

    def wait(self, seconds: float) -> None:
        self._do("wait")

    def close(self) -> None:
        self.ended = "close"

    def drop(self) -> None:
        self.ended = "drop"

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


def over(*lines: Line | BaseException, retries: int = 3, forget: Callable[[], bool] | None = None) -> SteadyMailbox:
    rest = iter(lines)

    def connect() -> Line:
        line = next(rest)
        if isinstance(line, BaseException):
            raise line
        return line

    return SteadyMailbox("disputas", connect, forget=forget, retries=retries, pause=1.0)


@pytest.mark.parametrize(
    "order",
    [
        lambda mailbox: mailbox.waiting(),
        lambda mailbox: mailbox.fetch(AT, 10),
        lambda mailbox: mailbox.move(AT, "Procesados"),
        lambda mailbox: mailbox.wait(1),
    ],
)
def test_goes_on_over_a_new_line(order: Callable[[SteadyMailbox], object], pauses: list[float]) -> None:
    broken, good = Line(MailboxError("se cortó")), Line()
    with over(broken, good) as mailbox:
        order(mailbox)
    assert (broken.ended, good.ended) == ("drop", "close")


def test_pauses_grow_and_end(pauses: list[float]) -> None:
    mailbox = over(*(Line(MailboxError("se cortó")) for _ in range(4)))
    with pytest.raises(MailboxError):
        mailbox.waiting()
    assert len(pauses) == 3
    assert all(0.75 * 2**number <= pause <= 2**number for number, pause in enumerate(pauses))


def test_a_mailbox_that_does_not_open_is_an_error_after_the_tries(pauses: list[float]) -> None:
    with pytest.raises(MailboxError):
        over(*(MailboxError("no hay nadie") for _ in range(3)), retries=2)
    assert len(pauses) == 2


def test_a_message_that_lies_elsewhere_does_not_cost_the_line(pauses: list[float]) -> None:
    line = Line(MailGone("no está"))
    mailbox = over(line)
    for _ in range(2):
        with pytest.raises(MailGone):
            mailbox.fetch(AT, 10)
    assert (line.ended, pauses) == ("", [])


def test_a_refused_login_is_not_tried_again(pauses: list[float]) -> None:
    with pytest.raises(MailboxRefused):
        over(MailboxRefused("no"), Line())
    assert pauses == []


def test_a_refused_token_is_fetched_anew_once(pauses: list[float]) -> None:
    kept = iter([True, False])
    over(MailboxRefused("caducado"), Line(), forget=lambda: next(kept)).waiting()
    with pytest.raises(MailboxRefused):
        over(MailboxRefused("caducado"), MailboxRefused("no"), Line(), forget=lambda: True)
