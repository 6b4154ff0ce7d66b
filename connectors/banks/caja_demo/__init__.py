"""Caja Demo: server-rendered pages inside a frame, password and one-time code, Norma 43 and CSV.

Source: help pages and screens of the demo portal, designs v1 and v2, read on 21 November 2026.
"""

from __future__ import annotations

from pathlib import Path

from connectors.banks.caja_demo.portal import CajaDemoPortal
from connectors.banks.portal import CodeSource, new_session
from connectors.banks.settings import PortalSettings
from connectors.browser import Browser


class CajaDemo:
    """Opens sessions at Caja Demo."""

    slug = CajaDemoPortal.slug
    version = CajaDemoPortal.version
    formats = CajaDemoPortal.formats

    def open(
        self,
        settings: PortalSettings,
        *,
        browser: Browser,
        evidence: Path,
        interactive: bool = False,
        ask_code: CodeSource | None = None,
    ) -> CajaDemoPortal:
        """See `BankConnector.open`."""
        session = new_session(settings, self.slug, self.version, browser, evidence)
        return CajaDemoPortal(settings, session, interactive=interactive, ask_code=ask_code)


ADAPTER = CajaDemo()
