"""How a session at a bank begins: the connector that its folder exposes, the log-in, and who must act when it fails."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from cobranza import suite
from cobranza.reconciliation.ports import (
    BankPortal,
)
from connectors.banks.portal import CodeSource, WebPortal, raise_unless_ok
from connectors.banks.settings import PortalSettings
from connectors.browser import Browser, Session
from connectors.saved_state import SavedState


class BankConnector(Protocol):
    """What the folder of a bank exposes as `ADAPTER`."""

    slug: str
    version: str
    formats: tuple[str, ...]

    def open(
        self,
        settings: PortalSettings,
        *,
        browser: Browser,
        evidence: Path,
        interactive: bool = False,
        ask_code: CodeSource | None = None,
    ) -> BankPortal:
        """A portal not logged in yet, in a session of its own. See `WebPortal`."""


class WebBank:
    """The connector of a bank whose portal is a `WebPortal`: all that its folder has to expose.

    Args:
        portal: The bank's portal class.
    """

    def __init__(self, portal: type[WebPortal]) -> None:
        self._portal = portal
        self.slug = portal.slug
        self.version = portal.version
        self.formats = portal.formats

    def open(
        self,
        settings: PortalSettings,
        *,
        browser: Browser,
        evidence: Path,
        interactive: bool = False,
        ask_code: CodeSource | None = None,
    ) -> WebPortal:
        """See `BankConnector.open`."""
        session = _new_session(settings, self.slug, self.version, browser, evidence)
        return self._portal(settings, session, interactive=interactive, ask_code=ask_code)


def open_session(
    settings: PortalSettings,
    connector: BankConnector,
    *,
    browser: Browser,
    evidence: Path,
    interactive: bool = False,
    ask_code: CodeSource | None = None,
) -> BankPortal:
    """Open a portal and log in.

    Args:
        settings: The `[bancos.<nombre>]` entry.
        connector: The adapter it names.
        browser: Where the session runs.
        evidence: Folder for what failures leave.
        interactive: A person is there to answer.
        ask_code: Gives the code that the person received.

    Raises:
        WrongPassword, AccessBlocked: a person must act; no robot may use this credential meanwhile.
        OtpNeeded: a person must give the code.
        PortalMaintenance, PortalTimeout: later.
        PageChanged: the login page is not the one we know.
    """
    portal = connector.open(settings, browser=browser, evidence=evidence, interactive=interactive, ask_code=ask_code)
    try:
        raise_unless_ok(portal.login())
    except BaseException:
        portal.close()
        raise
    return portal


def _new_session(settings: PortalSettings, slug: str, version: str, browser: Browser, evidence: Path) -> Session:
    """A browser session for a portal, starting from the kept log-in when the settings want one."""
    state = None
    if settings.guardar_sesion_minutos:
        name = re.sub(r"[^a-z0-9]+", "-", f"{slug}-{settings.user()}-{settings.address()}".lower()).strip("-")
        state = SavedState(
            suite.data_folder() / "sessions" / name,
            settings.password(),
            lifetime=timedelta(minutes=settings.guardar_sesion_minutos),
        )
    return browser.session(
        evidence, adapter=slug, version=version, state=state, timeout=settings.limites.espera_segundos
    )
