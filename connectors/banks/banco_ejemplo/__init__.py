"""Banco Ejemplo: one page that draws itself, virtual keypad or codes, list with «Ver más» or virtualised.

Source: screens of the demo portal, designs v1 and v2, read on 21 November 2026.
"""

from __future__ import annotations

from pathlib import Path

from connectors.banks.banco_ejemplo.portal import BancoEjemploPortal
from connectors.banks.portal import CodeSource, new_session
from connectors.banks.settings import PortalSettings
from connectors.browser import Browser


class BancoEjemplo:
    """Opens sessions at Banco Ejemplo."""

    slug = BancoEjemploPortal.slug
    version = BancoEjemploPortal.version
    formats = BancoEjemploPortal.formats

    def open(
        self,
        settings: PortalSettings,
        *,
        browser: Browser,
        evidence: Path,
        interactive: bool = False,
        ask_code: CodeSource | None = None,
    ) -> BancoEjemploPortal:
        """See `BankConnector.open`."""
        session = new_session(settings, self.slug, self.version, browser, evidence)
        return BancoEjemploPortal(settings, session, interactive=interactive, ask_code=ask_code)


ADAPTER = BancoEjemplo()
