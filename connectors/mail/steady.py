"""A mailbox that connects again when its line breaks: a bounded number of times, each later than the last."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from cobranza.disputes.ports import Mailbox, MailboxError, MailboxRefused, MailGone, MailPosition, WaitingMail

_log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0

Result = TypeVar("Result")


class Line(Mailbox, Protocol):
    """A mailbox over one connection."""

    def missing(self) -> list[str]:
        """See `Inspected.missing`."""

    def close(self) -> None:
        """End it in good order."""

    def drop(self) -> None:
        """End it at once; never raises."""


class SteadyMailbox:
    """A `Mailbox` over as many connections as it takes; made connected. Each order is safe to repeat.

    Args:
        account: Name of the entry in ``config/mail.toml``.
        connect: Opens one connection.
        forget: Drops a kept token, True when there was one: a refused token is fetched anew, once.
        retries: Connections tried anew per order.
        pause: Seconds before the first of them; doubled each time, at most a minute, a little at random.

    Raises:
        MailboxError: no connection within the retries.
        MailboxRefused: the server refuses the login; never tried again with the same secret.
    """

    def __init__(
        self,
        account: str,
        connect: Callable[[], Line],
        *,
        forget: Callable[[], bool] | None = None,
        retries: int = 3,
        pause: float = 1.0,
    ) -> None:
        self.account = account
        self._connect = connect
        self._forget = forget
        self._retries = retries
        self._pause = pause
        self._line: Line | None = None
        self._do(lambda _line: None)

    def waiting(self) -> list[WaitingMail]:
        """See `Mailbox.waiting`."""
        return self._do(lambda line: line.waiting())

    def fetch(self, position: MailPosition, limit: int) -> bytes:
        """See `Mailbox.fetch`."""
        return self._do(lambda line: line.fetch(position, limit))

    def move(self, position: MailPosition, folder: str) -> None:
        """See `Mailbox.move`; repeated after a broken line, it moves only what still lies there."""
        self._do(lambda line: line.move(position, folder))

    def missing(self) -> list[str]:
        """See `Inspected.missing`."""
        return self._do(lambda line: line.missing())

    def wait(self, seconds: float) -> None:
        """See `Mailbox.wait`; a line that breaks meanwhile is mended, and that ends the wait."""
        if self._line is None:
            self._do(lambda _line: None)
            return
        try:
            self._line.wait(seconds)
        except MailboxError as exc:
            self._lost(exc)
            self._do(lambda _line: None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _do(self, order: Callable[[Line], Result]) -> Result:
        for left in range(self._retries, -1, -1):
            try:
                if self._line is None:
                    self._line = self._open()
                return order(self._line)
            except MailGone:
                raise  # the line is sound
            except MailboxError as exc:
                self._lost(exc)
                if not left:
                    raise
                tried = self._retries - left
                time.sleep(min(self._pause * 2**tried, _LONGEST_PAUSE) * random.uniform(0.75, 1.0))  # noqa: S311
        raise AssertionError("unreachable")

    def _open(self) -> Line:
        try:
            return self._connect()
        except MailboxRefused:
            if self._forget is None or not self._forget():
                raise
            return self._connect()  # the kept token had been withdrawn, perhaps

    def _lost(self, error: MailboxError) -> None:
        _log.info("mailbox %s: the line broke: %s", self.account, error.message)
        line, self._line = self._line, None
        if line is not None:
            line.drop()
