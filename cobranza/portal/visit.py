"""Who is on the page: a link, and for those who gave the second proof a short signed cookie that is bound to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from cobranza.kernel import clock
from cobranza.ledger.consents import preferred
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor, Debtor, Link
from cobranza.portal.settings import PortalSettings
from cobranza.regimes import contact

COOKIE = "portal_sesion"
_SALT = "cobranza.portal.visit"
ROBOT = Actor.robot("portal")
"""Who puts holds and mails: what a debtor says must stay for people and robots of the rooms to settle."""
DEBTOR = Actor.person("deudor (portal)")
"""Who chooses: no robot undoes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A debtor who gave the second proof.

    Attributes:
        link: By which they came; with its debtor and creditor.
        since: When the second proof was given, aware.
        language: What the page speaks.
    """

    link: Link
    since: datetime
    language: str

    @property
    def debtor(self) -> Debtor:
        """Whose pages these are."""
        return self.link.debtor

    @property
    def creditor(self) -> Creditor:
        """Who is owed."""
        return self.link.debtor.creditor

    @property
    def country(self) -> str:
        """The debtor's, else the creditor's."""
        return self.debtor.country or self.creditor.country or "ES"

    @property
    def today(self) -> date:
        """In the debtor's zone, as far as it is known."""
        return today_of(self.debtor)

    @property
    def mark(self) -> str:
        """How this visit is named in proofs: link and second of the second proof, no address of any machine."""
        return f"portal, enlace {self.link.pk}, segunda prueba {self.since:%Y-%m-%dT%H:%M:%SZ}"


def today_of(debtor: Debtor) -> date:
    """Today where the debtor is: their own zone, else the first of their country's."""
    country = debtor.country or debtor.creditor.country
    chosen = preferred(debtor)
    if chosen is not None and chosen.zone:
        return clock.now().astimezone(clock.zone(chosen.zone)).date()
    zone = contact.law(country).zones[0] if country in contact.countries() else "Europe/Madrid"
    return clock.now().astimezone(clock.zone(zone)).date()


def open_visit(response: HttpResponseBase, link: Link, since: datetime, rules: PortalSettings) -> None:
    """Give the browser its cookie, or renew it."""
    said = signing.dumps({"link": link.pk, "since": since.timestamp()}, salt=_SALT)
    response.set_cookie(
        COOKIE,
        said,
        max_age=rules.minutos * 60,
        path="/d/",
        secure=getattr(settings, "SECURE", True),
        httponly=True,
        samesite="Strict",
    )


def close_visit(response: HttpResponseBase) -> None:
    """Take the cookie back."""
    response.delete_cookie(COOKIE, path="/d/", samesite="Strict")


def since_when(request: HttpRequest, rules: PortalSettings) -> tuple[int, datetime] | None:
    """Link and second of the second proof that the cookie tells; None when there is none that counts."""
    said = request.COOKIES.get(COOKIE, "")
    if not said:
        return None
    try:
        found = signing.loads(said, salt=_SALT, max_age=rules.minutos * 60)
        since = datetime.fromtimestamp(found["since"], tz=clock.now().tzinfo)
        link = int(found["link"])
    except (signing.BadSignature, KeyError, TypeError, ValueError):
        return None
    if (clock.now() - since).total_seconds() > rules.horas * 3600:
        return None
    return link, since
