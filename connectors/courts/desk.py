"""The hands of the driver: a surface that knows where it is, answers known dialogs, and says what a strange page is."""

from __future__ import annotations

from cobranza.legal.filing.settings import CourtEntry
from cobranza.legal.ports import PortalChanged
from connectors.courts import words
from connectors.courts.errors import stray, unknown
from connectors.courts.pages import Page
from connectors.courts.surface import Surface
from connectors.courts.words import Words

_MOST_DIALOGS = 4


class Desk:
    """One session at one portal, as the parts of the driver share it.

    Attributes:
        surface: What is touched.
        words: What this portal calls things.
        entry: Its settings.
        now: The page as last read.
    """

    def __init__(self, surface: Surface, spoken: Words, entry: CourtEntry) -> None:
        self.surface = surface
        self.words = spoken
        self.entry = entry
        self.now: Page

    def open(self, path: str, *headings: str, doing: str) -> Page:
        """Load a page and check that it is the one asked for.

        Args:
            path: Below the portal's address.
            headings: What it may be called; none takes any page of the work.
            doing: For the error.
        """
        self.surface.note(f"{doing}: {path}")
        self.surface.open(path)
        return self.look(*headings, doing=doing)

    def press(self, button: str, *headings: str, doing: str, seconds: float | None = None, inside: str = "") -> Page:
        """Press a button and check the page that follows; see `open`."""
        self.surface.note(f"{doing}: «{button}»")
        self.surface.press(button, seconds=seconds, inside=inside)
        return self.look(*headings, doing=doing)

    def look(self, *headings: str, doing: str) -> Page:
        """Read the page; answer what lies over it.

        Raises:
            SessionLost, CaptchaShown, PortalDown: what it says instead.
            PortalChanged: it is another page than `headings`.
        """
        self.now = page = self._clear()
        if page.heading in headings:
            return page
        error = stray(page)
        if error is not None:
            raise error
        if headings:
            raise unknown(page, doing, headings[0])
        return page

    def _clear(self) -> Page:
        for _ in range(_MOST_DIALOGS):
            page = self.surface.page()
            button = words.OVERLAYS.get(page.dialog)
            if button is None:
                return page
            self.surface.press(button, inside=page.dialog)
        raise PortalChanged(f"El aviso «{page.dialog}» no se quita.")

    def asked(self, name: str, own: str = "") -> str:
        """What only this portal asks: of the case, else of the settings."""
        return own or self.entry.extra.get(name, "")
