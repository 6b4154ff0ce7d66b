"""Who may enter a portal, and the sessions of those who did. Times are the court's, TOTP codes are of real time."""

from __future__ import annotations

import random
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp

from cobranza.demo.court.clock import CourtClock
from cobranza.demo.court.faults import Faults
from cobranza.demo.court.profiles import Profile
from cobranza.demo.court.store import Row, Store

MAX_FAILURES = 5
USER, PASSWORD, PIN, PFX_PASSWORD = "procuradora", "Balanza-2026", "407193", "Firel-2026"
SECOND = "abogado"
TOTP = "MFRGGZDFMZTWQ2LKMFRGGZDFMZTWQ2LK"
COLLECTIVE = "despacho"

_PEOPLE = {
    "ES": (("12345678Z", "Marta Olmo Prieto"), ("87654321X", "Jorge Salas Quintana")),
    "PE": (("10345678", "Rosa Quispe Alva"), ("41234567", "Luis Paredes Soto")),
    "CL": (("123456785", "Camila Rojas Vera"), ("76543216", "Diego Fuentes Lara")),
    "CO": (("52123456", "Andrea Mejía Rincón"), ("79123456", "Carlos Duarte Peña")),
    "MX": (("OERM8504127H1", "Marcela Ortega Ríos"), ("SAQJ790830KL2", "Javier Sandoval Quiroz")),
    "AR": (("27123456780", "Valeria Ocampo"), ("20222333440", "Federico Suárez")),
}


class Step(StrEnum):
    """Where a visitor stands on the way in."""

    OUT = "acceso"
    CODE = "codigo"
    MAILBOX = "buzon"
    IN = "dentro"


class Outcome(StrEnum):
    """What an attempt led to."""

    OK = "ok"
    WRONG = "incorrecto"
    USED = "usado"
    LOCKED = "bloqueado"


@dataclass(slots=True, kw_only=True)
class Session:
    """One browser at one portal; it exists before the login too, because the CSRF token hangs on it."""

    id: str
    csrf: str
    user: str = ""
    step: Step = Step.OUT
    mailbox: str = ""
    started: datetime | None = None
    seen: datetime | None = None
    method: str = ""
    ended: str = ""
    cookies_ok: bool = False
    survey: bool = False
    captcha: str = ""
    captcha_step: str = ""
    designs: dict[str, str] = field(default_factory=dict)


class Access:
    """The door of one portal."""

    def __init__(self, profile: Profile, store: Store, clock: CourtClock, faults: Faults) -> None:
        self.profile, self.store, self.clock, self.faults = profile, store, clock, faults
        self.sessions: dict[str, Session] = {}

    def account(self, user: str) -> Row | None:
        """A person of this portal: user, tax_id, name, failures, locked, used codes."""
        row = self.store.get("account", f"{self.profile.slug}/{user}")
        if row is not None:
            return row
        people = dict(zip((USER, SECOND), _PEOPLE[self.profile.country], strict=True)) | {
            "bloqueado": ("00000000T", "Usuario Bloqueado")
        }
        if user not in people:
            return None
        tax_id, name = people[user]
        return {"user": user, "tax_id": tax_id, "name": name, "failures": 0, "locked": user == "bloqueado", "used": []}

    def mailboxes(self, user: str) -> dict[str, str]:
        """The mailboxes that a person may choose, code to name."""
        account = self.account(user) or {"name": user}
        return {
            f"personal-{user}": f"Buzón personal de {account['name']}",
            COLLECTIVE: "Buzón colectivo · Despacho Olmo y Asociados",
        }

    def holder_of(self, tax_id: str) -> Row | None:
        """The account of whom a certificate names."""
        found = (self.account(user) for user in (USER, SECOND))
        return next((one for one in found if one and one["tax_id"] == tax_id), None)

    def _keep(self, account: Row) -> None:
        self.store.put("account", f"{self.profile.slug}/{account['user']}", account)

    def password(self, session: Session, user: str, password: str) -> tuple[Outcome, int]:
        """Try a password; also how many attempts are left."""
        account = self.account(user)
        if account is None:
            return Outcome.WRONG, MAX_FAILURES - 1  # the same answer as for a known user: no names are given away
        if account["locked"]:
            return Outcome.LOCKED, 0
        if not secrets.compare_digest(password.encode(), PASSWORD.encode()):
            return self._failed(account)
        session.user, session.step = user, Step.CODE
        return Outcome.OK, MAX_FAILURES

    def code(self, session: Session, code: str) -> tuple[Outcome, int]:
        """Try a TOTP code: taken once, and one half minute early or late."""
        account = self.account(session.user)
        if account is None or account["locked"]:
            return Outcome.LOCKED, 0
        step = int(time.time() // 30)
        totp = pyotp.TOTP(TOTP)
        match = next((at for at in (step, step - 1, step + 1) if totp.verify(code, for_time=at * 30)), None)
        if match is None:
            return self._failed(account)
        if match in account["used"] and not self.faults.setting("totp_reusable"):
            return Outcome.USED, MAX_FAILURES - account["failures"]
        account["used"] = [*account["used"], match][-6:]
        account["failures"] = 0
        self._keep(account)
        self.enter(session, session.user, "clave")
        return Outcome.OK, MAX_FAILURES

    def _failed(self, account: Row) -> tuple[Outcome, int]:
        account["failures"] += 1
        account["locked"] = account["failures"] >= MAX_FAILURES
        self._keep(account)
        left = MAX_FAILURES - account["failures"]
        return (Outcome.LOCKED if account["locked"] else Outcome.WRONG), max(0, left)

    def enter(self, session: Session, user: str, method: str) -> None:
        """Let somebody in; whoever was in under the same name is out."""
        for other in self.sessions.values():
            if other is not session and other.user == user and other.step in (Step.IN, Step.MAILBOX):
                other.step, other.ended = Step.OUT, "otro_equipo"
        session.user, session.step, session.method = user, Step.MAILBOX, method
        session.started = session.seen = self.clock.now()
        session.survey = bool(self.faults.setting("survey"))

    def unlock(self, user: str) -> None:
        """What the help desk does."""
        account = self.account(user)
        if account is not None:
            account |= {"locked": False, "failures": 0}
            self._keep(account)

    def session(self, wanted: str | None) -> Session:
        """The session of a cookie, fresh when there is none; ends it when it was idle or open for too long."""
        session = self.sessions.get(wanted or "")
        if session is None:
            # The old id is kept for a reader: whoever brings an unknown one had a session before a restart.
            session = Session(id=secrets.token_urlsafe(18), csrf=secrets.token_urlsafe(12))
            session.ended = "caducada" if wanted else ""
            self.sessions[session.id] = session
        now = self.clock.now()
        if session.step in (Step.IN, Step.MAILBOX) and session.seen and session.started:
            idle = now - session.seen > timedelta(seconds=self.faults.setting("idle_seconds"))
            old = now - session.started > timedelta(seconds=self.faults.setting("absolute_seconds"))
            if idle or old:
                self.end(session, "caducada")
            session.seen = now
        return session

    def end(self, session: Session, why: str) -> None:
        """Close a session; its drafts stay."""
        session.step, session.ended, session.user = Step.OUT, why, ""
        session.csrf = secrets.token_urlsafe(12)

    def ask_captcha(self, session: Session, step: str, seed: int) -> None:
        """Put a captcha before a step."""
        dice = random.Random(f"{seed}:{session.id}")  # noqa: S311 - a picture for a person, not a secret
        session.captcha = "".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=6))
        session.captcha_step = step
