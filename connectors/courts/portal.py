"""The portal of a court, for every court that works by wizard: login, draft, documents, sending, trays.

An adapter gives its `Words`; the parts are `login`, `wizard`, `documents`, `sending` and `trays`, over a `Desk`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from cobranza.kernel.errors import CobranzaError
from cobranza.legal.filing import proofs, settings
from cobranza.legal.filing.settings import CourtEntry
from cobranza.legal.package import PackageFile
from cobranza.legal.ports import (
    CaseStatus,
    Draft,
    Filing,
    Notification,
    Objection,
    OpenedNotification,
    Receipt,
    SentEntry,
    Uploaded,
)
from cobranza.legal.requirements import requirements
from connectors import browser
from connectors.client_certificate import ClientCertificate
from connectors.courts import checking, documents, login, sending, trays, wizard
from connectors.courts.browser_surface import BrowserSurface
from connectors.courts.desk import Desk
from connectors.courts.surface import Surface
from connectors.courts.words import Words

VERSION = "1"

Opener = Callable[[CourtEntry, Path, str], AbstractContextManager[Surface]]
"""Opens a surface on the portal of an entry; evidence goes into the folder; the last is the time zone."""


@contextlib.contextmanager
def in_browser(entry: CourtEntry, folder: Path, zone: str) -> Iterator[Surface]:
    """A surface in this process's Chromium."""
    shown, certificate = entry.certificate_address(), None
    if shown:
        certificate = ClientCertificate.read(entry.certificate(), entry.secret(entry.clave_certificado), shown)
    session = browser.shared().session(
        folder,
        adapter=entry.slug,
        version=VERSION,
        timeout=entry.limites.espera_segundos,
        timezone=zone,
        certificate=certificate,
    )
    with session:
        yield BrowserSurface(session, entry.address())


class WebCourt:
    """See `CourtPortal`: all that the folder of a court has to expose.

    Args:
        words: What the portal calls things.
        opener: How it is touched; in Chromium by default.
        entries: Finds the settings of a court and a credential.
    """

    def __init__(
        self,
        words: Words,
        *,
        opener: Opener = in_browser,
        entries: Callable[[str, str], CourtEntry] = settings.entry,
    ) -> None:
        self.slug = words.slug
        self.words = words
        self._opener = opener
        self._entries = entries

    def over(self, opener: Opener) -> WebCourt:
        """The same court over another surface."""
        return WebCourt(self.words, opener=opener, entries=self._entries)

    @contextlib.contextmanager
    def session(self, credential: str, folder: Path) -> Iterator[WebSession]:
        """See `CourtPortal.session`."""
        entry = self._entries(self.slug, credential)
        folder.mkdir(parents=True, exist_ok=True)
        zone = requirements(self.slug).presentacion.zona
        with self._opener(entry, folder, zone) as surface:
            session = WebSession(Desk(surface, self.words, entry))
            try:
                login.enter(session.desk)
                yield session
            except CobranzaError as exc:
                session.keep()
                proofs.attach(exc, session.evidence())
                raise
            finally:
                session.end()


class WebSession:
    """See `CourtSession`."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._kept: dict[str, bytes] | None = None

    def check(self, filing: Filing) -> tuple[Objection, ...]:
        """See `CourtSession.check`."""
        return checking.check(self.desk.words, filing)

    def drafts(self) -> tuple[Draft, ...]:
        """See `CourtSession.drafts`."""
        return documents.drafts(self.desk)

    def create(self, filing: Filing) -> Draft:
        """See `CourtSession.create`."""
        return wizard.create(self.desk, filing)

    def identifier(self) -> str:
        """Reserve an identifier for a writ that has to quote one; see `wizard.identifier`."""
        return wizard.identifier(self.desk)

    def read(self, draft: str) -> Draft | None:
        """See `CourtSession.read`."""
        return documents.read(self.desk, draft)

    def upload(self, draft: str, file: PackageFile, content: bytes) -> Uploaded:
        """See `CourtSession.upload`."""
        return documents.upload(self.desk, draft, file, content)

    def remove(self, draft: str, uploaded: str) -> None:
        """See `CourtSession.remove`."""
        documents.remove(self.desk, draft, uploaded)

    def discard(self, draft: str) -> None:
        """See `CourtSession.discard`."""
        wizard.discard(self.desk, draft)

    def objections(self, draft: str) -> tuple[Objection, ...]:
        """See `CourtSession.objections`."""
        return documents.ready(self.desk, draft)

    def submit(self, draft: str) -> Receipt:
        """See `CourtSession.submit`."""
        return sending.submit(self.desk, draft)

    def receipt(self, registry: str) -> Receipt:
        """See `CourtSession.receipt`."""
        return trays.receipt(self.desk, registry)

    def sent(self, since: datetime) -> tuple[SentEntry, ...]:
        """See `CourtSession.sent`."""
        return trays.sent(self.desk, since)

    def status(self, registry: str) -> CaseStatus:
        """See `CourtSession.status`."""
        return trays.status(self.desk, registry)

    def notifications(self, since: datetime) -> tuple[Notification, ...]:
        """See `CourtSession.notifications`."""
        return trays.notifications(self.desk, since)

    def open(self, notification: str) -> OpenedNotification:
        """See `CourtSession.open`."""
        return trays.open_notice(self.desk, notification)

    def evidence(self) -> Mapping[str, bytes]:
        """See `CourtSession.evidence`. Of a session that a failure ended: what it showed then."""
        return self._kept if self._kept is not None else dict(self.desk.surface.seen())

    def keep(self) -> None:
        """Remember what is shown: the session is about to close because of a failure."""
        self._kept = dict(self.desk.surface.seen())

    def end(self) -> None:
        """Log out, as far as the portal lets us."""
        if self._kept is None:
            with contextlib.suppress(CobranzaError):
                login.leave(self.desk)
            self._kept = {}
