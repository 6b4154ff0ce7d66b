"""The base of every bank portal: login with declared outcomes, watched reading, proof, and evidence on failure.

A bank's adapter says what its pages look like (signs, anchors, columns) and how to walk them; this module decides what
that means: which error it is, whether it may be asked again, and when a session is opened anew.
"""

from __future__ import annotations

import contextlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import ClassVar, Self, TypeVar

import pyotp
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page, Response
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from cobranza.kernel.errors import BusinessError, CobranzaError
from cobranza.kernel.spanish import FormatError
from cobranza.ledger.statements import Statement, StatementError
from cobranza.reconciliation.ports import (
    AccessBlocked,
    IncompleteRead,
    LoginOutcome,
    OtpNeeded,
    PageChanged,
    PortalAccount,
    PortalMaintenance,
    PortalTimeout,
    SessionExpired,
    WrongPassword,
)
from connectors.banks import listing
from connectors.banks.listing import ChangedWhileReading
from connectors.banks.pages import Sign, Situation, classify, look
from connectors.banks.settings import PortalSettings
from connectors.browser import BrowserLost, Session

Result = TypeVar("Result")
CodeSource = Callable[[], str | None]

_POLL_MS = 80
_LONGEST_PAUSE_MS = 1000
_LONGEST_RETRY_AFTER = 30
_REREADS = 2
_TOO_MANY_REQUESTS = 429
_SERVER_ERROR = 500

_OUTCOMES = {
    Situation.HOME: LoginOutcome.OK,
    Situation.WRONG_PASSWORD: LoginOutcome.WRONG_PASSWORD,
    Situation.CODE: LoginOutcome.OTP_NEEDED,
    Situation.CODE_USED: LoginOutcome.OTP_NEEDED,
    Situation.CODE_REFUSED: LoginOutcome.OTP_NEEDED,
    Situation.MUST_CHANGE_PASSWORD: LoginOutcome.MUST_CHANGE_PASSWORD,
    Situation.ACTION_NEEDED: LoginOutcome.ACTION_NEEDED,
    Situation.BLOCKED: LoginOutcome.BLOCKED,
    Situation.MAINTENANCE: LoginOutcome.MAINTENANCE,
}


class QueryRefused(BusinessError):
    """The portal understood what was asked and says no: an account or a period that it does not give."""

    code = "COB-POR-010"
    remedy = "Pida un periodo y una cuenta que el portal admita."


class WebPortal(ABC):
    """A bank's portal in a browser session; see `BankPortal` for what the public methods promise.

    Args:
        settings: Address, credential and limits.
        session: Browser session of its own; closed with the portal.
        interactive: A person is there to answer. Unattended, a portal that wants a person's code is `OTP_NEEDED`.
        ask_code: Asked for the code that the person received, once per login, when interactive.
    """

    slug: ClassVar[str]
    version: ClassVar[str]
    formats: ClassVar[tuple[str, ...]]
    signs: ClassVar[tuple[Sign, ...]]
    overlays: ClassVar[Mapping[str, str]] = {}
    longest_days: ClassVar[int] = 90

    def __init__(
        self,
        settings: PortalSettings,
        session: Session,
        *,
        interactive: bool = False,
        ask_code: CodeSource | None = None,
    ) -> None:
        self.settings = settings
        self.session = session
        self.limits = settings.limites
        self.url = settings.address()
        self._ask_code = ask_code if interactive else None
        self._accounts: tuple[PortalAccount, ...] | None = None
        self._inside = False
        self._keep_clear(session.page)

    # What a bank says of itself

    @abstractmethod
    def _open_front(self) -> None:
        """Open the portal's front page: the login, or the home when a kept session still holds."""

    @abstractmethod
    def _enter(self, user: str) -> None:
        """Type user and password and send them; nothing is recorded meanwhile."""

    @abstractmethod
    def _enter_code(self, code: str) -> None:
        """Type the one-time code and send it; nothing is recorded meanwhile."""

    @abstractmethod
    def _read_accounts(self) -> tuple[PortalAccount, ...]:
        """Read the list of accounts."""

    @abstractmethod
    def _read_window(self, account: PortalAccount, since: date, until: date) -> Statement:
        """Read and prove one period that is not longer than `longest_days`."""

    @abstractmethod
    def _fetch(self, account: PortalAccount, since: date, until: date, folder: Path) -> Path:
        """Ask for the statement file, wait for it, save it in `folder` and check it."""

    @abstractmethod
    def _leave(self) -> None:
        """Log out."""

    def _ask_again(self, situation: Situation) -> bool:
        """Use the page's own way of trying again after a fault; False when it has none."""
        return False

    def _scopes(self) -> tuple[Page | Frame, ...]:
        """Documents that may tell the situation, the telling one first."""
        return (self.session.page,)

    # What every bank does

    def login(self) -> LoginOutcome:
        """See `BankPortal.login`. Never tries a refused password again."""
        with self._watched("Entrar en el portal"):
            self._inside = False
            situation = self._log_in()
            if situation in (Situation.FAULT, Situation.BUSY, Situation.EXPIRED, Situation.LOGIN):
                raise PortalTimeout("El portal no atiende la entrada: responde con un error suyo.")
            outcome = _OUTCOMES[situation]
        if outcome is LoginOutcome.OK:
            self._inside = True
            self.session.save_state()
        else:
            self.session.save_failure(f"login: {outcome.value}")
        return outcome

    def accounts(self) -> tuple[PortalAccount, ...]:
        """See `BankPortal.accounts`; only those that the settings name, when they name some."""

        def read() -> tuple[PortalAccount, ...]:
            found = self._read_accounts()
            if not found:
                raise PageChanged("El portal no enseña ninguna cuenta.")
            return found

        every = self._keeping_session("Leer las cuentas", read)
        wanted = {bare(number) for number in self.settings.cuentas}
        absent = wanted - {account.number for account in every}
        if absent:
            raise QueryRefused(f"El portal no enseña la cuenta {', '.join(sorted(absent))}.")
        self._accounts = every
        return tuple(account for account in every if not wanted or account.number in wanted)

    def movements(self, account: str, since: date, until: date) -> Statement:
        """See `BankPortal.movements`."""

        def read() -> Statement:
            chosen = self._account(account)
            for attempt in range(_REREADS + 1):
                try:
                    parts = [
                        self._read_window(chosen, start, end)
                        for start, end in listing.windows(since, until, self.longest_days)
                    ]
                    whole = listing.join(parts)
                    whole.prove(f"{self.slug} {chosen.number}")
                except ChangedWhileReading:
                    if attempt == _REREADS:
                        raise
                    self.session.step("Ha entrado un movimiento: se lee otra vez desde el principio")
                else:
                    return whole
            raise IncompleteRead("No se pudo leer una lista estable.")

        return self._keeping_session(f"Leer movimientos de {account} del {since} al {until}", read)

    def download(self, account: str, since: date, until: date, folder: Path) -> Path:
        """See `BankPortal.download`."""

        def fetch() -> Path:
            folder.mkdir(parents=True, exist_ok=True)
            return self._fetch(self._account(account), since, until, folder)

        return self._keeping_session(f"Descargar el extracto de {account} del {since} al {until}", fetch)

    def close(self) -> None:
        """See `BankPortal.close`. A kept session is not logged out, so that the next run finds it."""
        if self._inside and not self.settings.guardar_sesion_minutos:
            self._inside = False
            with contextlib.suppress(PlaywrightError, CobranzaError):
                self._leave()
        self.session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Tools for adapters

    def _visit(self, target: Page | Frame, url: str) -> None:
        """Load `url` into `target`, asking again after a 429, a 5xx or a lost connection; then look where we are.

        Only for what may be asked twice (GET).

        Raises:
            SessionExpired, PortalMaintenance, AccessBlocked: what the page says.
            PortalTimeout: it keeps failing.
        """
        self.session.step(f"Abrir {url}")
        self._insist(lambda: target.goto(url, wait_until="domcontentloaded"), url)
        self._look_out()

    def _insist(self, ask: Callable[[], Response | None], what: str) -> None:
        problem = ""
        for attempt in range(self.limits.reintentos + 1):
            try:
                response = ask()
            except PlaywrightTimeoutError:
                raise PortalTimeout(f"El portal no contesta a {what}.") from None
            except PlaywrightError as exc:
                if "net::" not in exc.message:
                    raise
                problem = exc.message.splitlines()[0]
                self._pause(0.2 * (attempt + 1))
                continue
            status = response.status if response else 200
            if status == _TOO_MANY_REQUESTS and response is not None:
                problem = "el portal pide esperar (429)"
                self._pause(_retry_after(response.headers.get("retry-after", "")))
            elif status >= _SERVER_ERROR:
                problem = f"el portal responde {status}"
                self._pause(0.2 * (attempt + 1))
            else:
                return
        raise PortalTimeout(f"El portal no atiende {what} tras {self.limits.reintentos + 1} intentos: {problem}.")

    def _pause(self, seconds: float) -> None:
        """Wait, in slices of a second at most, while the browser goes on working."""
        left = seconds * 1000
        while left > 0:
            self.session.page.wait_for_timeout(min(left, _LONGEST_PAUSE_MS))
            left -= _LONGEST_PAUSE_MS

    def _situation(self) -> Situation | None:
        """What the page says now; None when it says nothing we know, or is between two documents."""
        for scope in self._scopes():
            seen = look(scope)
            if seen is None or seen.busy:
                return None
            situation = classify(seen, self.signs)
            if situation is not None:
                return situation
        return None

    def _keep_clear(self, page: Page) -> None:
        """Answer the known dialogs (cookies, offers) whenever they come to lie over what we want to click."""

        def answer(button: str) -> Callable[[Locator], None]:
            def click(dialog: Locator) -> None:
                dialog.get_by_role("button", name=button, exact=True).click()

            return click

        for name, button in self.overlays.items():
            page.add_locator_handler(page.get_by_role("dialog", name=name, exact=True), answer(button))

    def _await(self, *passing: Situation | None, doing: str) -> Situation:
        """Wait until the page says something other than `passing` (or nothing at all).

        Raises:
            PageChanged: it never does, and the page is not one we know.
            PortalTimeout: it never does, and the page still stands where it was.
        """
        deadline = time.monotonic() + self.limits.espera_segundos
        last: Situation | None = None
        asked_again = 0
        while time.monotonic() < deadline:
            situation = self._situation()
            if situation in (Situation.FAULT, Situation.BUSY) and asked_again < self.limits.reintentos:
                asked_again += 1
                if self._ask_again(situation):
                    deadline = time.monotonic() + self.limits.espera_segundos
                    continue
            if situation is not None and situation not in passing:
                return situation
            last = situation
            self.session.page.wait_for_timeout(_POLL_MS)
        seen = look(self.session.page)
        titles = ", ".join(f"«{text}»" for text in (seen.headings or seen.controls[:6])) if seen else ""
        if last is None and seen is not None and not seen.busy and titles:
            raise PageChanged(f"Al {doing}, el portal enseña una página que no se conoce: {titles}.")
        raise PortalTimeout(f"El portal no contesta al {doing}.")

    def _look_out(self) -> None:
        """Raise what the page says when that is not the work at hand."""
        situation = self._situation()
        if situation is not None:
            self._object(situation)

    def _object(self, situation: Situation) -> None:
        if situation in (Situation.LOGIN, Situation.CODE, Situation.EXPIRED):
            raise SessionExpired("El portal ha cerrado la sesión a mitad del trabajo.")
        if situation is Situation.MAINTENANCE:
            raise PortalMaintenance("El portal está en mantenimiento.")
        if situation in (Situation.BLOCKED, Situation.MUST_CHANGE_PASSWORD, Situation.ACTION_NEEDED):
            raise AccessBlocked("El portal pide algo que solo puede hacer el titular.")
        if situation in (Situation.FAULT, Situation.BUSY):
            raise PortalTimeout("El portal responde con un error suyo.")

    def _account(self, number: str) -> PortalAccount:
        wanted = bare(number)
        if self._accounts is None:
            self._accounts = self._read_accounts()
        for account in self._accounts:
            if account.number == wanted:
                return account
        raise QueryRefused(f"El portal no enseña la cuenta {number}.")

    @contextlib.contextmanager
    def _watched(self, doing: str) -> Iterator[None]:
        """Whatever fails inside leaves evidence and comes out as one of the port's errors."""
        self.session.step(doing)
        try:
            with self._translated(doing):
                yield
        except CobranzaError as exc:
            self.session.save_failure(exc)
            raise

    @contextlib.contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except PlaywrightTimeoutError as exc:
            self._explain_by_page()
            raise PortalTimeout(f"El portal no responde a tiempo ({doing}): {_first_line(exc)}.") from exc
        except PlaywrightError as exc:
            browser = self.session.context.browser
            if browser is None or not browser.is_connected() or "crashed" in exc.message:
                raise BrowserLost(f"El navegador se ha cerrado ({doing}).") from exc
            raise PortalTimeout(f"Se ha cortado la conexión con el portal ({doing}): {_first_line(exc)}.") from exc
        except (PageChanged, IncompleteRead):
            # A page that closed on us lacks what we look for: say that it closed.
            self._explain_by_page()
            raise
        except FormatError as exc:
            self._explain_by_page()
            raise PageChanged(f"El portal enseña algo que no se entiende: {exc.message}") from exc
        except StatementError as exc:
            raise IncompleteRead(exc.message) from exc

    def _explain_by_page(self) -> None:
        """A wait that failed because the page is another one is that page's error, not a timeout."""
        if self._inside:
            with contextlib.suppress(PlaywrightError):
                self._look_out()

    def _keeping_session(self, doing: str, work: Callable[[], Result]) -> Result:
        """Do `work`; if the portal ends the session meanwhile, log in once more and do it from the start."""
        with self._watched(doing):
            try:
                with self._translated(doing):
                    return work()
            except SessionExpired:
                self.session.step("La sesión ha caducado: entrar otra vez")
                self.session.forget_state()
                raise_unless_ok(self.login())
                return work()

    def _log_in(self) -> Situation:
        self._open_front()
        situation = self._await(doing="abrir la página de entrada")
        if situation is Situation.HOME:
            return situation
        self.session.forget_state()
        if situation not in (Situation.LOGIN, Situation.EXPIRED):
            return situation
        with self.session.unrecorded():
            self.session.protect(self.settings.password().reveal())
            self._enter(self.settings.user())
            situation = self._await(Situation.LOGIN, Situation.EXPIRED, doing="enviar usuario y clave")
            if situation is Situation.CODE:
                situation = self._second_factor()
        return situation

    def _second_factor(self) -> Situation:
        secret = self.settings.totp_secret()
        if secret is None:
            code = self._ask_code() if self._ask_code else None
            return self._try_code(code) if code else Situation.CODE
        self.session.protect(secret.reveal())
        clock = pyotp.TOTP(secret.reveal())
        used = clock.now()
        situation = self._try_code(used)
        if situation is Situation.CODE_USED:
            # Another run took this window's code. Wait for the next one and try it, once.
            for _ in range(clock.interval + 1):
                if clock.now() != used:
                    return self._try_code(clock.now())
                self._pause(1)
        return situation

    def _try_code(self, code: str) -> Situation:
        self.session.protect(code)
        before = self._situation()
        self._enter_code(code)
        passing = (Situation.CODE,) if before is Situation.CODE else ()
        return self._await(*passing, doing="enviar el código")


def raise_unless_ok(outcome: LoginOutcome) -> None:
    """Turn a login's outcome into the error that says who acts."""
    if outcome is LoginOutcome.WRONG_PASSWORD:
        raise WrongPassword("El portal no admite el usuario o la clave.")
    if outcome is LoginOutcome.MUST_CHANGE_PASSWORD:
        raise AccessBlocked("El portal exige cambiar la clave.")
    if outcome is LoginOutcome.ACTION_NEEDED:
        raise AccessBlocked("El portal pide que el titular acepte algo antes de entrar.")
    if outcome is LoginOutcome.BLOCKED:
        raise AccessBlocked("El portal ha bloqueado este acceso.")
    if outcome is LoginOutcome.OTP_NEEDED:
        raise OtpNeeded("El portal pide un código de un solo uso.")
    if outcome is LoginOutcome.MAINTENANCE:
        raise PortalMaintenance("El portal está en mantenimiento.")
    if outcome is not LoginOutcome.OK:
        raise PageChanged("Tras entrar, el portal enseña una página que no se conoce.")


def type_keys(field: Locator, text: str) -> None:
    """Type into a field that undoes pasted text: empty it, then press key after key.

    Raises:
        PageChanged: the field does not hold the typed characters afterwards (signs it adds itself are fine).
    """
    field.click()
    field.select_text()
    field.press("Backspace")
    for _ in range(len(field.input_value())):
        field.press("Backspace")
    field.press_sequentially(text)
    held = field.input_value()
    if _letters(held) != _letters(text):
        raise PageChanged(f"Un campo no admite lo que se teclea: se escribió «{text}» y muestra «{held}».")


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def bare(number: str) -> str:
    """An account number without spaces, in capitals."""
    return re.sub(r"\s+", "", number).upper()


def _retry_after(text: str) -> float:
    return float(min(int(text), _LONGEST_RETRY_AFTER)) if text.isdigit() else 1.0


def _first_line(error: PlaywrightError) -> str:
    return error.message.splitlines()[0]
