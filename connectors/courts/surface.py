"""How a portal is touched: open an address, fill what a label names, press a button, fetch a file.

The driver is written against this; `browser_surface` does it in Chromium. What a page says is read from its HTML
(`pages`), the same for every surface.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Protocol

from cobranza.kernel.secrets import Secret
from connectors.courts.pages import Page


class Surface(Protocol):
    """An open window on one portal, with the session that its cookies hold.

    Whatever the line does (time-out, reset, no answer) comes out as `PortalDown`.
    """

    def open(self, path: str) -> None:
        """Load an address below the portal's, or an absolute one of the same host."""

    def page(self) -> Page:
        """What is shown now."""

    def fill(self, label: str, text: str) -> None:
        """Write into a field."""

    def secret(self, label: str, value: Secret | str) -> None:
        """Write a secret into a field; it is masked in all evidence."""

    def choose(self, label: str, value: str) -> None:
        """Choose the entry of a list that sends `value`."""

    def tick(self, label: str) -> None:
        """Tick a box or a round button."""

    def attach(self, label: str, name: str, content: bytes, media_type: str) -> None:
        """Put a file into a field."""

    def press(self, button: str, *, seconds: float | None = None, inside: str = "") -> None:
        """Press a button and wait for the page that follows.

        Args:
            button: Its name.
            seconds: Longest wait; None for the usual one.
            inside: Name of the dialog that it is in.
        """

    def fetch(self, address: str) -> bytes:
        """Download what a link leads to."""

    def private(self) -> AbstractContextManager[None]:
        """Nothing inside is recorded: secrets are typed and sent here."""

    def note(self, text: str) -> None:
        """Note what is about to be done, for the evidence."""

    def seen(self) -> Mapping[str, bytes]:
        """What is shown now, as evidence: name → bytes. Empty when nothing can be shown any more."""
