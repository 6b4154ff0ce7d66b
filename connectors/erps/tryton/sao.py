"""SAO, Tryton's web client, as page objects: log in, list, export, pay. Selectors and traps of tryton-sao 8.0.11.

What makes it hard, each handled here: rows come in lots and cells fill later; form buttons show before their data;
an amount is two fields of one name, one of them hidden; changing a field redraws the form and swallows a click made
meanwhile; closed tabs and dialogs stay in the page; a delicate action asks for the password again after five minutes.
Fields and buttons are found by Tryton's own field names, which no language changes; columns by their Spanish titles.
"""

from __future__ import annotations

import csv
import io
import itertools
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Request
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from cobranza.kernel import spanish
from cobranza.kernel.secrets import Secret
from cobranza.reconciliation.ports import (
    AccessBlocked,
    ErpUnavailable,
    IncompleteRead,
    PageChanged,
    SessionExpired,
    WrongPassword,
)
from connectors.browser import Session
from connectors.erps.tryton.orders import TrytonForbidden

_NAME_TRIES = 3
_NAME_SECONDS = 8
_TABS = 15  # open tabs stay in the page: after so many it is loaded afresh
_ROWS = 100_000
_POLL_MS = 100
_CLICK_SECONDS = 1.0
_CLICKS = 8
_CLOSE_MS = 3000
_PAY = "wizard.account.invoice.pay."

# Waits, inside the page, until the list on show has a filled row for each document that its badge ("_/206", "_@50/206")
# counts, asking for more rows as needed: the button leaves the page while one scrolls to it, so it is clicked in one
# step. Returns the count and the rows as {column title: text}; rows stay null when time ran out.
_READ_LIST = r"""
async ([key, seconds]) => {
  const column = (cell) => cell.dataset.title.replace(/:\s*$/, '');
  const total = () => {
    for (const badge of document.querySelectorAll('.badge')) {
      const found = badge.offsetParent && /^[^/]*\/\s*([\d.]+)$/.exec(badge.textContent.trim());
      if (found) return Number(found[1].replaceAll('.', ''));
    }
    return null;
  };
  const read = () => [...document.querySelectorAll('tr')].filter((row) => row.offsetParent).map(
    (row) => Object.fromEntries([...row.querySelectorAll('td[data-title]')].map(
      (cell) => [column(cell), cell.querySelector('.widget [title]')?.title ?? '']))
  ).filter((row) => key in row);
  const started = performance.now();
  const limit = started + seconds * 1000;
  let asked = -1;
  for (;;) {
    const [count, rows] = [total(), read()];
    if (count !== null && rows.length >= count && rows.every((row) => row[key])) {
      // the badge says 0 before it knows: believe that only when it lasts
      if (count > 0 || performance.now() - started > 5000) return [count, rows];
    }
    if (performance.now() > limit) return [count, null];
    if (rows.length > asked && rows.length < (count ?? 0)) {
      const more = [...document.querySelectorAll('button[title="Más"]')].find((one) => one.offsetParent);
      if (more) { asked = rows.length; more.click(); }
    }
    await new Promise((done) => setTimeout(done, 50));
  }
}
"""
_FETCH = """
async ([address, seconds]) => {
  const answer = await fetch(address, {signal: AbortSignal.timeout(seconds * 1000), cache: 'no-store'});
  return [answer.status, answer.headers.get('content-type') ?? '', await answer.text()];
}
"""
# What the payment wizard shows, compared with what is meant.
_SHOWN = """
(dialog) => {
  const value = (css) => dialog.querySelector(css)?.value ?? '';
  const method = dialog.querySelector('select[name=payment_method]');
  return {
    amount: value('input[name=amount][type=text]'), description: value('input[name=description]'),
    date: value('input[name=date][type=text]'), method: method?.selectedOptions[0]?.text.trim() ?? ''};
}
"""
_SHOWS = f"([dialog, wanted]) => JSON.stringify(({_SHOWN.strip()})(dialog)) === JSON.stringify(wanted)"
# The second question of the wizard: true once what it shows was the same in two looks in a row.
_DRAWN = """
(field) => {
  const dialog = field.closest('.modal-dialog');
  const shown = JSON.stringify([...dialog.querySelectorAll('input, select')].map((one) => one.value));
  const same = dialog.dataset.shown === shown && !!dialog.querySelector('input[name=amount]')?.value;
  dialog.dataset.shown = shown;
  return same;
}
"""
_PARTIAL = '"partial"'
_SETTLED_MS = 300
_HAS_VALUE = """
([name, value]) => [...document.querySelectorAll(`input[name="${name}"]`)].some(
  (field) => field.offsetParent && field.value === value)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One row of the list of invoices, as the screen shows it."""

    number: str
    issued_on: date
    net: Decimal
    tax: Decimal
    gross: Decimal
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What is typed into the payment wizard."""

    amount: Decimal
    paid_on: date
    method: str
    description: str


class NotSent(Exception):
    """The payment wizard was left before anything reached the server."""


class Declined(Exception):
    """The server answered the payment wizard with a no."""


class Lost(Exception):
    """The payment was sent and no answer came."""


class Sao:
    """The web client in one browser session.

    Args:
        session: A fresh session; its owner closes it.
        url: Address of the server.
        database: Its name there.
        user: Login, whose language in Tryton is Spanish.
        password: Of `user`; typed once per login, never again once refused.
        seconds: How long one step may take.
    """

    def __init__(
        self, session: Session, url: str, database: str, user: str, password: Secret, *, seconds: float
    ) -> None:
        self._session, self._page = session, session.page
        self._url, self._database = url.rstrip("/"), database
        self._user, self._password = user, password
        self._seconds = seconds
        self._opened = _TABS  # so that the first page is loaded
        self._tab = itertools.count(1)
        self._refused = False
        self._events: list[tuple[str, Request]] = []
        for event in ("request", "requestfinished", "requestfailed"):
            self._page.on(event, self._noted(event))

    # --- getting in

    def enter(self) -> None:
        """Load the client and log in unless it still is.

        Raises:
            WrongPassword, AccessBlocked: the login was refused; it is not tried again.
            ErpUnavailable: the server does not answer.
            PageChanged: what answers is not the client that we know.
        """
        if self._refused:
            raise WrongPassword(f"Tryton ya rechazó la clave de «{self._user}» en esta sesión.")
        page = self._page
        self._session.step("Entrar en Tryton")
        try:
            page.goto("about:blank")
            page.goto(f"{self._url}/#{self._database}", wait_until="domcontentloaded")
        except PlaywrightError as exc:
            raise ErpUnavailable(f"Tryton no responde en el navegador: {_first_line(exc)}.") from exc
        try:
            inside, outside = page.locator("#menu tbody tr").first, page.locator("#login:visible")
            trouble = page.locator(".warning-dialog .modal-dialog:visible, .error-dialog .modal-dialog:visible").first
            inside.or_(outside).or_(trouble).first.wait_for(timeout=self._seconds * 1000)
            if trouble.is_visible():
                raise ErpUnavailable(f"El cliente web de Tryton avisa: {' '.join(trouble.inner_text().split())}.")
            if not inside.is_visible():
                self._log_in(inside)
        except PlaywrightTimeout as exc:
            if page.locator("#tablist").count():  # its empty house is there: slow or half dead, but no other page
                raise ErpUnavailable("El cliente web de Tryton no termina de abrirse.") from exc
            raise PageChanged("La página no es la entrada de Tryton que se conoce.") from exc
        self._opened = 0
        # show lists whole instead of twenty rows at a time; `rows` copes when a version does not know this
        page.evaluate("(rows) => { if (window.Sao?.config) Sao.config.display_size = rows; }", 500)

    def _log_in(self, inside: Locator) -> None:
        page = self._page
        asked = page.locator("input[type=password]:visible").first
        for _ in range(_NAME_TRIES):
            # the dialog shows before it listens, and then swallows the key; only the user name is sent again
            page.locator("#login").fill(self._user)
            page.locator("#login").press("Enter")
            try:
                asked.wait_for(timeout=_NAME_SECONDS * 1000)
                break
            except PlaywrightTimeout:
                if not page.locator("#login:visible").count():
                    break
        asked.wait_for()
        self._answer_password(asked)
        inside.wait_for(timeout=self._seconds * 1000)
        for cookie in self._session.context.cookies():
            if cookie["name"] == "tryton_session":  # it opens the door as the password does
                self._session.protect(cookie["value"])

    def _answer_password(self, asked: Locator) -> None:
        with self._session.unrecorded():
            self._session.type_secret(asked, self._password)
            with self._page.expect_response(
                lambda answer: answer.url.endswith("/session/login"), timeout=self._seconds * 1000
            ) as caught:
                asked.press("Enter")
            status = caught.value.status
            if status in (401, 403):
                self._refused = True
                raise WrongPassword(f"Tryton no acepta la clave de «{self._user}».")
            if status == 429:
                self._refused = True
                raise AccessBlocked(f"Tryton ha bloqueado a «{self._user}» por demasiados intentos.")
            if status != 200:
                raise ErpUnavailable(f"Tryton contestó {status} al entrar.")
            asked.wait_for(state="hidden", timeout=self._seconds * 1000)

    def _open(self, path: str) -> None:
        """Open a record or a list in a tab of its own."""
        if self._opened >= _TABS or self._page.url == "about:blank":
            self.enter()
        self._opened += 1
        target = f"{self._database}/{path}"
        self._session.step(f"Abrir {target}")
        self._page.evaluate("(target) => { window.location.hash = target; }", target)

    # --- reading

    def rows(self, domain: list[Any]) -> tuple[ListRow, ...]:
        """Every customer invoice under `domain`, from the screen; as many as the list's own counter says.

        Raises:
            IncompleteRead: the counter says otherwise after waiting.
            PageChanged: the list lacks a column that we read, or has no counter.
        """
        name = f"Pendientes {next(self._tab)}"
        path = f"model/account.invoice;domain={_json(domain)}&limit={_ROWS}&name={_json(name)}"
        self._session.step(f"Leer la lista {name}")
        with self._session.unrecorded():  # tracing a page while it draws hundreds of rows costs a third more
            self._open(path)
            total, shown = self._page.evaluate(_READ_LIST, ["Número", self._seconds])
        if total is None:
            raise PageChanged("La lista de facturas de Tryton no aparece o no tiene contador.")
        if shown is None or len(shown) != total:
            raise IncompleteRead(f"La lista de Tryton anuncia {total} documentos y no los muestra todos.")
        self._close_tab()
        try:
            return tuple(_row(one) for one in shown)
        except KeyError as exc:
            raise PageChanged(f"La lista de facturas de Tryton no tiene la columna {exc}.") from exc
        except spanish.FormatError as exc:
            raise PageChanged(
                f"La lista de Tryton muestra un dato que no se entiende: {exc.message}",
                remedy="Ponga el idioma español al usuario del robot en Tryton.",
            ) from exc

    def _close_tab(self) -> None:
        """Close the tab on show; when it does not close at once, the page is loaded afresh next time."""
        page = self._page
        try:
            before = page.locator("#tablist > li").count()
            page.locator("#tablist > li.active button.close").click(timeout=_CLOSE_MS)
            page.wait_for_function(
                "(before) => document.querySelectorAll('#tablist > li').length < before",
                arg=before,
                timeout=_CLOSE_MS,
            )
        except PlaywrightError:
            self._opened = _TABS

    def export(self, model: str, domain: list[Any], fields: Sequence[str]) -> list[list[str]]:
        """Records as Tryton's own CSV export gives them to the open session: points for decimals, ISO days.

        A record with several values of one field takes several lines; the later ones leave its own fields empty.

        Raises:
            SessionExpired, TrytonForbidden, ErpUnavailable: no export came.
        """
        if self._page.url == "about:blank" or self._opened >= _TABS:
            self.enter()
        wanted = "".join(f"&f={quote(field)}" for field in fields)
        address = f"/{self._database}/data/{model}?h=0&loc=0&enc=UTF-8&o=id,ASC&d={_json(domain)}{wanted}"
        for attempt in (1, 2):
            try:
                status, kind, text = self._page.evaluate(_FETCH, [address, self._seconds])
            except PlaywrightError as exc:
                raise ErpUnavailable(f"Tryton no responde en el navegador: {_first_line(exc)}.") from exc
            if status == 401 and attempt == 1:
                self._session.forget_state()
                self.enter()
                continue
            break
        if status == 401:
            raise SessionExpired("Tryton ha cerrado la sesión del robot.")
        if status in (403, 404):
            raise TrytonForbidden(f"Tryton no deja exportar «{model}».")
        if status != 200:
            raise ErpUnavailable(f"Tryton contestó {status} al exportar «{model}».")
        if not kind.startswith("text/csv"):
            raise PageChanged(f"La exportación de «{model}» no es un CSV.")
        return list(csv.reader(io.StringIO(text, newline="")))

    # --- paying

    def pay(self, document: int, number: str, payment: Payment) -> None:
        """Fill the payment wizard of an invoice, compare all that it shows with what is meant, and submit it once.

        Raises:
            NotSent: left before anything was submitted.
            Declined: the server said no.
            Lost: submitted, and no answer came.
        """
        self._events.clear()
        try:
            self._open_invoice(document, number)
            dialog = self._open_wizard()
            self._fill(dialog, payment)
            if self._submit("Aceptar el cobro").get("view"):
                self._submit("Aceptar que es parcial", self._say_partial)
        except PlaywrightError as exc:
            kind = Lost if self._events else NotSent
            raise kind(f"La pantalla de cobro de Tryton no siguió: {_first_line(exc)}.") from exc
        finally:
            self._opened = _TABS  # the form redraws for a while and keeps its dialogs: start afresh next time

    def _open_invoice(self, document: int, number: str) -> None:
        self._open(f"model/account.invoice/{document};name={_json(f'Cobro {next(self._tab)}')}")
        # the form is there long before its record: trust it only once it shows the number that we expect
        self._page.wait_for_function(_HAS_VALUE, arg=["number", number], timeout=self._seconds * 1000)
        state = self._page.locator("select[name=state]:visible").first
        if state.input_value() != '"posted"':
            raise NotSent(f"Tryton muestra {number} en otro estado que «Contabilizada».")

    def _open_wizard(self) -> Locator:
        self._session.step("Abrir el asistente de cobro")
        self._page.locator("button[name=pay]:visible").first.click()
        dialog = self._page.locator(".modal-dialog:visible").filter(has=self._page.locator("[name=payment_method]"))
        password = self._page.locator("input[type=password]:visible").first
        dialog.or_(password).first.wait_for(timeout=self._seconds * 1000)
        if password.is_visible():  # a session idle for five minutes must prove itself again
            self._answer_password(password)
            dialog.wait_for(timeout=self._seconds * 1000)
        # filled from the server: wait for the methods and the amount
        dialog.locator("select[name=payment_method] option:nth-child(2)").wait_for(state="attached")
        self._page.wait_for_function(
            "(dialog) => dialog.querySelector('input[name=amount]').value", arg=dialog.element_handle()
        )
        self._events.clear()  # showing the form is no submission
        return dialog

    def _fill(self, dialog: Locator, payment: Payment) -> None:
        self._session.step(f"Rellenar el cobro de {payment.amount}")
        method = dialog.locator("select[name=payment_method]")
        if payment.method not in [text.strip() for text in method.locator("option").all_inner_texts()]:
            raise NotSent(f"Tryton no ofrece el método de pago «{payment.method}».")
        number = dialog.locator("input[name=amount][type=number]")
        if not number.is_visible():
            dialog.locator("input[name=amount][type=text]").focus()  # the text field turns into the number field
        number.fill(f"{payment.amount:f}")
        number.press("Tab")
        dialog.locator("input[name=description]").fill(payment.description)
        day = dialog.locator("input[name=date][type=text]")
        day.fill(spanish.write_day(payment.paid_on))
        day.press("Tab")
        method.select_option(label=payment.method)  # last: its choices depend on the amount
        method.press("Tab")
        wanted = {
            "amount": spanish.write_amount(payment.amount),
            "description": payment.description,
            "date": spanish.write_day(payment.paid_on),
            "method": payment.method,
        }
        try:
            self._page.wait_for_function(_SHOWS, arg=[dialog.element_handle(), wanted])
        except PlaywrightTimeout as exc:
            shown = dialog.evaluate(_SHOWN)
            wrong = ", ".join(name for name in wanted if shown[name] != wanted[name])
            raise NotSent(f"El asistente de cobro de Tryton no acepta lo que se escribe ({wrong}).") from exc

    def _say_partial(self) -> None:
        """Leave the second question at "partial"; a click before the client has drawn it sets its first choice."""
        kind = self._page.locator(".modal-dialog:visible select[name=type]").first
        kind.wait_for(timeout=self._seconds * 1000)
        self._page.wait_for_function(_DRAWN, arg=kind.element_handle(), polling=_SETTLED_MS)
        if kind.input_value() != _PARTIAL:
            kind.select_option(_PARTIAL)
            kind.press("Tab")
            self._page.wait_for_function(_DRAWN, arg=kind.element_handle(), polling=_SETTLED_MS)
        if kind.input_value() != _PARTIAL:
            raise NotSent("Tryton no deja decir que el cobro es parcial.")

    def _submit(self, step: str, prepare: Callable[[], None] | None = None) -> dict[str, Any]:
        """Press the dialog's button until its request is seen to leave, and wait for the answer. Returns its result.

        A click while the client still draws is swallowed, after which `prepare` sets the form right again; a click
        while the request is on the way is ignored by the client itself.
        """
        self._session.step(step)
        self._events.clear()
        button = self._page.locator(".modal-dialog:visible .modal-footer button[type=submit]").first
        for _ in range(_CLICKS):
            if prepare is not None:
                prepare()
            button.click()
            if self._waited(_CLICK_SECONDS, "request"):
                break
        else:
            raise NotSent("El asistente de cobro de Tryton no se deja enviar.")
        done = self._waited(self._seconds, "requestfinished", "requestfailed")
        if done is None:
            raise Lost(f"Tryton no contestó al cobro en {self._seconds:g} s.")
        if done[0] == "requestfailed":
            raise Lost("Se cortó la conexión con Tryton al registrar el cobro.")
        return self._answer(done[1])

    def _waited(self, seconds: float, *events: str) -> tuple[str, Request] | None:
        """The first of `events` of the wizard's request, None when none comes in time."""
        limit = time.monotonic() + seconds
        while True:
            for event, request in self._events:
                if event in events:
                    return event, request
            if time.monotonic() > limit:
                return None
            self._page.wait_for_timeout(_POLL_MS)

    def _answer(self, request: Request) -> dict[str, Any]:
        answer = request.response()
        if answer is None or answer.status >= 500:
            raise Lost("Tryton no dio una respuesta entera al cobro.")
        if answer.status >= 400:
            raise Declined(f"Tryton contestó {answer.status}.")
        content = answer.json()
        if content.get("error"):
            kind, details = (*content["error"], "")[:2]
            if kind not in ("UserError", "UserWarning", "ConcurrencyException"):
                raise Lost(f"Tryton falló por dentro: {kind}.")
            parts = [str(part) for part in details if part] if isinstance(details, list) else [str(details)]
            raise Declined(" ".join(parts[1:] if kind == "UserWarning" else parts))
        return content.get("result") or {}

    def _noted(self, event: str) -> Any:
        def note(request: Request) -> None:
            if request.method == "POST" and f"{_PAY}execute" in (request.post_data or ""):
                self._events.append((event, request))

        return note


def _row(cells: dict[str, str]) -> ListRow:
    return ListRow(
        number=cells["Número"],
        issued_on=spanish.day(cells["Fecha factura"]),
        net=spanish.amount(cells["Base imponible"], decimal=","),
        tax=spanish.amount(cells["Impuesto"], decimal=","),
        gross=spanish.amount(cells["Total"], decimal=","),
        state=cells["Estado"],
    )


def _json(value: object) -> str:
    return quote(json.dumps(value))


def _first_line(exc: PlaywrightError) -> str:
    return exc.message.splitlines()[0] if exc.message else type(exc).__name__
