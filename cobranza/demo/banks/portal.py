"""The state of one bank: who is logged in, what was counted, which file is being made. Both designs share it."""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

import pyotp
from starlette.responses import Response

from cobranza.demo.banks import extracts, invented, world
from cobranza.demo.banks.faults import Faults
from cobranza.kernel.clock import MADRID, now

MAX_FAILURES = 3
PREPARATION_SECONDS = {"caja_demo": 0.5, "banco_ejemplo": 0.0}


class Step(Enum):
    """Where a visitor stands on the way in."""

    PASSWORD = "contrasena"  # noqa: S105 - a step, not a password
    CODE = "codigo"
    NEW_PASSWORD = "cambiar_clave"  # noqa: S105 - a step, not a password
    TERMS = "condiciones"
    IN = "dentro"


class Outcome(Enum):
    """What one attempt to log in or to confirm a code led to."""

    OK = "ok"
    WRONG = "incorrecto"
    USED = "usado"
    BLOCKED = "bloqueado"


@dataclass(slots=True, kw_only=True)
class User:
    """A customer's person who may log in."""

    name: str
    password: str
    totp_secret: str
    failures: int = 0
    blocked: bool = False
    must_change: bool = False
    must_accept: bool = False
    last_login: datetime | None = None
    used_steps: set[int] = field(default_factory=set)
    sms: str = ""


@dataclass(slots=True, kw_only=True)
class Session:
    """One browser. It exists before the login too, because the CSRF token hangs on it."""

    id: str
    csrf: str
    user: User | None = None
    step: Step = Step.PASSWORD
    started: float = 0.0
    seen: float = 0.0
    served: int = 0
    previous_login: datetime | None = None
    modal_pending: bool = False
    ended: str = ""
    keypad: str = ""


@dataclass(slots=True, kw_only=True)
class Document:
    """A statement file that somebody asked for."""

    id: str
    account: str
    start: date
    end: date
    format: str
    asked: datetime
    ready: float
    user: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a bank is started; the credentials are those of PORTALS.md unless told otherwise."""

    bank: str
    token: str
    seed: int = 1
    today: date | None = None
    world: Path | None = None
    user: str = ""
    password: str = ""
    totp_secret: str = ""
    idle_seconds: float = 120.0
    absolute_seconds: float = 3600.0


DEFAULTS = {
    "caja_demo": ("cobros", "Olivo-2026", "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"),
    "banco_ejemplo": ("cobros", "482915", "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU"),
}


class Portal:
    """One bank's state. Not thread-safe: it lives in one event loop."""

    def __init__(self, options: Options, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.options = options
        self.bank = options.bank
        self.faults = Faults(options.bank)
        self._monotonic = monotonic
        self.reset({})

    def reset(self, orders: dict[str, Any]) -> None:
        """Start afresh, with another seed or world where `orders` names one; a wrong order changes nothing.

        Raises:
            WorldError: the world cannot be served.
        """
        seed = int(orders.get("seed", self.options.seed))
        today = self.options.today or now().astimezone(MADRID).date()
        self.world = self._world(orders, seed, today)
        self.seed = seed
        self.today: date = today
        self._ahead = 0.0
        self.dice = random.Random(f"{self.bank}:{self.seed}:live")  # noqa: S311 - a demo, not a secret
        self.sessions: dict[str, Session] = {}
        self.documents: dict[str, Document] = {}
        self.mailbox: list[dict[str, str]] = []
        self.counters: Counter[str] = Counter()
        self.faults.clear()
        self.faults.fired.clear()
        self.quiet_until = 0.0
        self.users = self._people()

    def _world(self, orders: dict[str, Any], seed: int, today: date) -> world.World:
        if orders.get("world") is not None:
            made = world.parse(orders["world"])
        elif self.options.world is not None and "seed" not in orders:
            made = world.load(self.options.world)
        else:
            made = invented.invent(self.bank, seed, today)
        for account in made.accounts if self.bank == "caja_demo" else ():
            if not extracts.has_norma43(account.iban, account.currency):
                raise world.WorldError(f"Caja Demo da Norma 43 y la cuenta {account.iban} no cabe en él.")
        return made

    def _people(self) -> dict[str, User]:
        name, password, secret = DEFAULTS[self.bank]
        name = self.options.user or name
        password = self.options.password or password
        secret = self.options.totp_secret or secret
        people = [
            User(name=name, password=password, totp_secret=secret),
            User(name="caducado", password=password, totp_secret=secret, must_change=True),
            User(name="condiciones", password=password, totp_secret=secret, must_accept=True),
            User(name="bloqueado", password=password, totp_secret=secret, blocked=True),
        ]
        yesterday = datetime.combine(self.today - timedelta(days=1), datetime.min.time(), MADRID)
        for person in people:
            person.last_login = yesterday.replace(hour=8, minute=14)
        return {person.name: person for person in people}

    # Time

    def monotonic(self) -> float:
        """Seconds that never go back; tests may put them forward."""
        return self._monotonic() + self._ahead

    def advance(self, seconds: float) -> None:
        """Let sessions grow older without waiting."""
        self._ahead += seconds

    def wall(self) -> datetime:
        """The bank's clock on the wall: its own calendar day at the real time of day."""
        return datetime.combine(self.today, now().astimezone(MADRID).time(), MADRID)

    # Sessions

    def session(self, id_: str | None) -> Session:
        """The session of a cookie, a fresh one when there is none."""
        session = self.sessions.get(id_ or "")
        if session is None:
            session = Session(id=secrets.token_urlsafe(18), csrf=secrets.token_urlsafe(18))
            self.sessions[session.id] = session
        return session

    def enter(self, session: Session) -> bool:
        """Whether a session may see content now; ends it when its time is over. Counts one request of the session."""
        if session.step is not Step.IN or session.user is None:
            return False
        at = self.monotonic()
        if at - session.seen > self.options.idle_seconds or at - session.started > self.options.absolute_seconds:
            self.counters["sessions_expired"] += 1
            self.end(session, "caducada")
            return False
        limit = self.faults.number("session_expiry")
        if limit and session.served >= limit:
            self.faults.fired["session_expiry"] += 1
            self.end(session, "caducada")
            return False
        session.seen = at
        session.served += 1
        return True

    def end(self, session: Session, why: str) -> None:
        """End a session; its cookie stays and explains why at the next request."""
        session.user = None
        session.step = Step.PASSWORD
        session.ended = why

    def expire_while_paging(self, session: Session) -> None:
        """Called before a second or later page is served: the fault `session_expires_mid_paging` strikes here."""
        if session.step is Step.IN and self.faults.take("session_expires_mid_paging"):
            self.counters["sessions_expired"] += 1
            self.end(session, "caducada")

    # Login

    def give_password(self, session: Session, name: str, password: str) -> tuple[Outcome, int]:
        """Check user and password.

        Returns:
            The outcome and how many attempts are left.
        """
        user = self.users.get(name)
        if user is None:
            self.counters["failed_logins"] += 1
            return Outcome.WRONG, MAX_FAILURES - 1
        if user.blocked or self.faults.on("blocked"):
            self.counters["blocked_logins"] += 1
            return Outcome.BLOCKED, 0
        if not secrets.compare_digest(user.password.encode(), password.encode()):
            return self._failure(user, "failed_logins")
        session.ended = ""
        session.user = user
        session.step = Step.CODE
        if self.second_factor() == "none":
            self._arrive(session, user)
        elif self.second_factor() == "sms":
            self._send_sms(user)
        return Outcome.OK, MAX_FAILURES

    def second_factor(self) -> str:
        """none, totp or sms, as the variant says."""
        if self.bank == "caja_demo":
            return self.faults.text("otp_channel")
        chosen = self.faults.text("login")
        return "none" if chosen == "keypad" else chosen

    def give_code(self, session: Session, code: str) -> tuple[Outcome, int]:
        """Check a one-time code; see `give_password`."""
        user = session.user
        if user is None or session.step is not Step.CODE:
            return Outcome.WRONG, 0
        code = "".join(code.split())
        if self.faults.on("otp_invalid"):
            return self._code_failure(session, user)
        if self.second_factor() == "sms":
            if not user.sms or not secrets.compare_digest(user.sms.encode(), code.encode()):
                return self._code_failure(session, user)
            user.sms = ""
        else:
            step = _totp_step(user.totp_secret, code)
            if step is None:
                return self._code_failure(session, user)
            if step in user.used_steps and not self.faults.on("otp_reusable"):
                self.counters["reused_codes"] += 1
                return Outcome.USED, MAX_FAILURES - user.failures
            user.used_steps.add(step)
        self._arrive(session, user)
        return Outcome.OK, MAX_FAILURES

    def change_password(self, session: Session, new: str) -> None:
        """Take a new password and let the visitor in."""
        if session.user is not None and session.step is Step.NEW_PASSWORD:
            session.user.password = new
            session.user.must_change = False
            self.counters["writes"] += 1
            self._arrive(session, session.user, skip=Step.NEW_PASSWORD)

    def accept_terms(self, session: Session) -> None:
        """Take the consent and let the visitor in."""
        if session.user is not None and session.step is Step.TERMS:
            session.user.must_accept = False
            self.counters["writes"] += 1
            self._arrive(session, session.user, skip=Step.TERMS)

    def _failure(self, user: User, counter: str) -> tuple[Outcome, int]:
        self.counters[counter] += 1
        user.failures += 1
        if user.failures >= MAX_FAILURES:
            user.blocked = True
            return Outcome.BLOCKED, 0
        return Outcome.WRONG, MAX_FAILURES - user.failures

    def _code_failure(self, session: Session, user: User) -> tuple[Outcome, int]:
        outcome = self._failure(user, "failed_codes")
        if outcome[0] is Outcome.BLOCKED:
            self.end(session, "")
        return outcome

    def _send_sms(self, user: User) -> None:
        user.sms = f"{secrets.randbelow(10**6):06d}"
        self.mailbox.append({"user": user.name, "code": user.sms, "text": f"Tu código es {user.sms}. No lo compartas."})

    def _arrive(self, session: Session, user: User, skip: Step | None = None) -> None:
        if skip is None and (user.must_change or self.faults.on("must_change_password")):
            session.step = Step.NEW_PASSWORD
            return
        if skip is not Step.TERMS and (user.must_accept or self.faults.on("accept_terms")):
            session.step = Step.TERMS
            return
        for other in self.sessions.values():
            if other is not session and other.user is user and other.step is Step.IN:
                self.end(other, "otro_dispositivo")
        user.failures = 0
        session.previous_login, user.last_login = user.last_login, self.wall()
        session.step = Step.IN
        session.started = session.seen = self.monotonic()
        session.served = 0
        session.modal_pending = self.faults.on("marketing_modal")
        self.counters["logins"] += 1

    # Movements

    def page(self, extract: world.Extract, first: int, size: int) -> tuple[world.Extract, list[Row]]:
        """One page of a query as the bank serves it: with whatever is wrong today.

        Args:
            first: Position of the first row, from 0.
            size: Rows a page.

        Returns:
            The query as it stands now (a movement may just have arrived) and the page's rows.
        """
        account = extract.account
        if first > 0 and extract.end >= self.today and self.faults.take("repeated_row"):
            account.add(invented.arrival(self.dice, self.world.next_id(), self.today))
            extract = account.extract(extract.start, extract.end)
        rows = extract.with_balances()
        if self.faults.text("sort") == "newest":
            rows.reverse()
        page = rows[first : first + size]
        number, pages = first // size + 1, max(1, -(-len(rows) // size))
        lacking = min(int(self.faults.number("missing_row")), pages)
        if lacking == number and page:
            self.faults.fired["missing_row"] += 1
            del page[min(2, len(page) - 1)]
        ends_at = int(self.faults.number("silent_end"))
        if ends_at and number >= ends_at:
            self.faults.fired["silent_end"] += 1
            page = []
        return extract, page

    # Documents

    def order(self, session: Session, extract: world.Extract, format_: str) -> Document:
        """Start to make a statement file."""
        wait = max(self.faults.number("download_delayed"), PREPARATION_SECONDS[self.bank])
        if self.faults.number("download_delayed"):
            self.faults.fired["download_delayed"] += 1
        document = Document(
            id=f"D{len(self.documents) + 1:04d}",
            account=extract.account.id,
            start=extract.start,
            end=extract.end,
            format=format_,
            asked=self.wall(),
            ready=self.monotonic() + wait,
            user=session.user.name if session.user else "",
        )
        self.documents[document.id] = document
        self.counters["documents"] += 1
        return document

    def is_ready(self, document: Document) -> bool:
        """Whether a file can be fetched."""
        return not self.faults.on("download_never_ready") and self.monotonic() >= document.ready

    def download(self, document: Document, error_page: Callable[[], Response]) -> Response:
        """The finished file, or what this bank hands out instead of it today."""
        account = self.world.account(document.account)
        if account is None or not self.is_ready(document):
            return error_page()
        self.counters["downloads"] += 1
        format_ = extracts.FORMATS[document.format]
        extension, media_type = format_.extension, format_.media_type
        if self.faults.on("download_html"):
            content, media_type = bytes(error_page().body), "text/html; charset=utf-8"
        else:
            content = format_.render(account.extract(document.start, document.end))
        if self.faults.on("download_truncated"):
            content = extracts.cut(content)
        if self.faults.on("download_empty"):
            content = b""
        if self.faults.on("download_wrong_extension"):
            extension = "pdf"
        name = f"extracto_{document.account}_{document.start:%Y%m%d}_{document.end:%Y%m%d}.{extension}"
        return Response(
            content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'}
        )

    # Truth

    def truth(self) -> dict[str, Any]:
        """Everything a test may hold a robot against."""
        counted = ("requests", "logins", "failed_logins", "failed_codes", "reused_codes", "blocked_logins", "downloads",
                   "documents", "writes", "sessions_expired")  # fmt: skip
        return {
            "bank": self.bank,
            "seed": self.seed,
            "today": self.today.isoformat(),
            **self.world.as_dict(),
            "counters": dict.fromkeys(counted, 0) | dict(self.counters),
            "faults": self.faults.active(),
            "fired": dict(self.faults.fired),
            "users": {
                user.name: {"blocked": user.blocked, "failures": user.failures, "must_change": user.must_change,
                            "must_accept": user.must_accept}
                for user in self.users.values()
            },
            "sessions": sum(1 for session in self.sessions.values() if session.step is Step.IN),
        }  # fmt: skip


Row = tuple[world.Movement, Any]


def _totp_step(secret: str, code: str) -> int | None:
    """The time step (30 s) whose code this is, within one step of now; None when it is none's."""
    totp = pyotp.TOTP(secret)
    current = int(now().timestamp()) // 30
    for step in (current, current - 1, current + 1):
        if secrets.compare_digest(totp.at(step * 30).encode(), code.encode()):
            return step
    return None
