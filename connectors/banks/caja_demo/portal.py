"""The pages of Caja Demo. All content sits in the frame «Contenido» of the page /banca."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path
from typing import ClassVar
from urllib.parse import urljoin

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Locator, Page, Response
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from cobranza.kernel import spanish
from cobranza.ledger.statements import Statement
from cobranza.reconciliation.ports import IncompleteRead, PageChanged, PortalAccount, PortalTimeout
from connectors.banks import files, listing
from connectors.banks.listing import ChangedWhileReading, Control, ListingPage
from connectors.banks.pages import Sign, Situation, anchor, nearest, read_table, require
from connectors.banks.portal import QueryRefused, WebPortal, bare, type_keys
from connectors.banks.rows import Columns

USER = anchor("textbox", "Usuario")
PASSWORD = anchor("textbox", "Contraseña")
ENTER = anchor("button", "Entrar")
CODE = anchor("textbox", "Código de verificación")
CONFIRM = anchor("button", "Confirmar")
ACCOUNTS = anchor("table", "Cuentas")
ACCOUNT = anchor("combobox", "Cuenta")
SINCE = anchor("textbox", "Desde")
UNTIL = anchor("textbox", "Hasta")
SEARCH = anchor("button", "Buscar", "Consultar")
MOVEMENTS = anchor("table", "Movimientos")
NEXT = anchor("link", "Siguiente")
FORMAT = anchor("combobox", "Formato")
ORDER = anchor("button", "Solicitar extracto")
ORDERS = anchor("table", "Extractos")
SAVE = anchor("link", "Descargar fichero")

COLUMNS = Columns(
    titles={
        "booked_on": ("Fecha operación",),
        "value_on": ("Fecha valor",),
        "text": ("Concepto", "Descripción"),
        "reference": ("Referencia",),
        "amount": ("Importe",),
        "balance": ("Saldo",),
    }
)
FORMATS = {"n43": "Norma 43", "csv": "CSV"}

_SHOWN = re.compile(r"Mostrando [\d.]+-[\d.]+ de ([\d.]+) movimientos")
_POLL_MS = 50
_NONE = "No hay movimientos en el periodo."
_PERIOD = re.compile(r"^(ES[\d ]+?) – .*?, del (\S+) al (\S+)$", re.MULTILINE)

_SUMMARY = """
(body) => ({
  text: body.innerText,
  totals: Object.fromEntries([...body.querySelectorAll('dt')].map(
    (term) => [term.innerText.trim(), term.nextElementSibling?.innerText.trim() ?? ''])),
})
"""


class CajaDemoPortal(WebPortal):
    """A session at Caja Demo."""

    slug = "caja_demo"
    version = "1.0"
    formats = ("n43", "csv")
    longest_days = 90
    overlays: ClassVar = {"Aviso de cookies": "Rechazar", "Oferta para empresas": "Ahora no"}
    signs = (
        Sign(means=Situation.MAINTENANCE, heading="mantenimiento"),
        Sign(means=Situation.BUSY, heading="^Demasiadas peticiones"),
        Sign(means=Situation.FAULT, heading="^(Se ha producido un error|Página caducada|Página no encontrada)"),
        Sign(means=Situation.BLOCKED, heading="^Acceso bloqueado"),
        Sign(means=Situation.MUST_CHANGE_PASSWORD, heading="cambiar su contraseña"),
        Sign(means=Situation.ACTION_NEEDED, heading="condiciones del servicio"),
        Sign(means=Situation.WRONG_PASSWORD, heading="^Acceso clientes", alert="incorrectos"),
        Sign(means=Situation.EXPIRED, heading="^Acceso clientes", alert="caducado|otro dispositivo"),
        Sign(means=Situation.LOGIN, heading="^Acceso clientes"),
        Sign(means=Situation.CODE_USED, heading="^Verificación", alert="ya se ha utilizado"),
        Sign(means=Situation.CODE_REFUSED, heading="^Verificación", alert="incorrecto"),
        Sign(means=Situation.CODE, heading="^Verificación"),
        Sign(means=Situation.HOME, control="^Desconectar$"),
    )

    def _scopes(self) -> tuple[Page | Frame, ...]:
        frame = self.session.page.frame(name="contenido")
        return (frame, self.session.page) if frame else (self.session.page,)

    # Login

    def _open_front(self) -> None:
        self.session.step("Abrir la banca a distancia")
        page = self.session.page
        self._insist(lambda: page.goto(f"{self.url}/banca", wait_until="domcontentloaded"), "la página de entrada")

    def _enter(self, user: str) -> None:
        page = self.session.page
        name, password, button = require(page, USER, PASSWORD, ENTER)
        name.fill(user)
        self.session.type_secret(password, self.settings.password())
        self._send(button)

    def _enter_code(self, code: str) -> None:
        field, button = require(self.session.page, CODE, CONFIRM)
        self.session.type_secret(field, code)
        self._send(button)

    def _send(self, button: Locator) -> None:
        """Send a form of the way in, once. If the answer is lost, the front page tells whether it was taken."""
        page = self.session.page
        try:
            with page.expect_navigation(wait_until="domcontentloaded"):
                button.click()
        except PlaywrightTimeoutError:
            raise
        except PlaywrightError as exc:
            if "net::" not in exc.message:
                raise
            self._open_front()

    def _leave(self) -> None:
        button = anchor("button", "Desconectar").within(self.session.page)
        button.click(timeout=2000, no_wait_after=True)
        self.session.page.get_by_role("heading", name="Sesión cerrada").wait_for(timeout=2000)

    # Reading

    def _content(self) -> Frame:
        # The frame has no name before its first document begins to arrive.
        deadline = time.monotonic() + self.limits.espera_segundos
        while (frame := self.session.page.frame(name="contenido")) is None:
            self._look_out()
            if time.monotonic() > deadline:
                raise PageChanged("En la página no está el marco «Contenido».")
            self.session.page.wait_for_timeout(_POLL_MS)
        return frame

    def _open(self, path: str) -> Frame:
        """Load a page of the frame; the shell around it first, when a new login left it."""
        if not self.session.page.url.startswith(f"{self.url}/banca"):
            self._visit(self.session.page, f"{self.url}/banca")
        frame = self._content()
        self._visit(frame, f"{self.url}{path}")
        return frame

    def _read_accounts(self) -> tuple[PortalAccount, ...]:
        frame = self._open("/banca/cuentas")
        (located,) = require(frame, ACCOUNTS)
        table = read_table(located)
        number, name, currency = (table.column(title) for title in ("Cuenta", "Nombre", "Divisa"))
        return tuple(
            PortalAccount(number=bare(row[number]), name=row[name], currency=row[currency]) for row in table.rows
        )

    def _read_window(self, account: PortalAccount, since: date, until: date) -> Statement:
        self._insist(lambda: self._search(account, since, until), "la consulta de movimientos")
        self._look_out()
        frame = self._content()
        pages: list[ListingPage] = []
        while True:
            pages.append(self._read_page(frame, account, since, until, len(pages) + 1))
            if pages[-1].control != pages[0].control:
                raise ChangedWhileReading("Ha entrado un movimiento mientras se leían las páginas del portal.")
            following = NEXT.within(frame)
            if following.count() == 0:
                break
            if len(pages) >= self.limits.paginas:
                raise IncompleteRead(f"La lista pasa de {self.limits.paginas} páginas.")
            href = following.first.get_attribute("href") or ""
            self._visit(frame, urljoin(frame.url, href))
        control = pages[0].control
        return Statement(
            account=account.number,
            currency=account.currency,
            opening=control.opening,
            closing=control.closing,
            movements=listing.assemble(pages, since, until),
        )

    def _search(self, account: PortalAccount, since: date, until: date) -> Response | None:
        """Fill the query and send it. Asking again does no harm."""
        frame = self._open("/banca/movimientos")
        box, first, last, button = require(frame, ACCOUNT, SINCE, UNTIL, SEARCH)
        self._choose(box, account)
        type_keys(first, since.strftime("%d%m%Y"))
        type_keys(last, until.strftime("%d%m%Y"))
        with frame.expect_navigation(wait_until="domcontentloaded") as answer:
            button.click()
        self._refused(frame)
        return answer.value

    def _choose(self, box: Locator, account: PortalAccount) -> None:
        options = box.locator("option").all_inner_texts()
        for option in options:
            if bare(option.partition("–")[0]) == account.number:
                box.select_option(label=option)
                return
        raise QueryRefused(f"El portal no ofrece la cuenta {account.number} en su lista.")

    def _refused(self, frame: Frame) -> None:
        """Raise what the form answers when it does not take the query."""
        if frame.get_by_role("heading", name=re.compile("^(Consulta de movimientos|Documentos)$")).count():
            alerts = frame.get_by_role("alert").all_inner_texts()
            if alerts:
                raise QueryRefused(f"El portal no admite la consulta: {' '.join(alerts)}")

    def _read_page(self, frame: Frame, account: PortalAccount, since: date, until: date, number: int) -> ListingPage:
        (located,) = require(frame, MOVEMENTS)
        table = read_table(located)
        rows = COLUMNS.movements(table, account.currency, f"página {number}")
        summary = frame.locator("body").evaluate(_SUMMARY)
        self._same_query(summary["text"], account, since, until)
        control = _control(summary["text"], summary["totals"])
        COLUMNS.check_totals(table, control)
        return ListingPage(control=control, rows=rows)

    def _same_query(self, text: str, account: PortalAccount, since: date, until: date) -> None:
        """The page says which account and days it shows: they must be the ones asked for."""
        said = _PERIOD.search(text)
        if said is None:
            raise PageChanged("La lista de movimientos ya no dice de qué cuenta y periodo es.")
        shown = (bare(said[1]), spanish.day(said[2]), spanish.day(said[3]))
        if shown != (account.number, since, until):
            raise IncompleteRead(f"Se pidió {account.number} del {since} al {until} y el portal enseña {said[0]}.")

    # Files

    def _fetch(self, account: PortalAccount, since: date, until: date, folder: Path) -> Path:
        kind = self.settings.formato or self.formats[0]
        if kind not in FORMATS:
            raise QueryRefused(f"Caja Demo no da el formato «{kind}» (se admiten: {', '.join(FORMATS)}).")
        order = self._order(account, since, until, kind)
        link = self._when_ready(order)
        return self._save(link, folder, kind)

    def _order(self, account: PortalAccount, since: date, until: date, kind: str) -> str:
        """Ask for a file and return its number. A lost answer is looked up in the list before asking again."""
        frame = self._open("/banca/documentos")
        known = set(self._orders(frame))
        box, first, last, format_, button = require(frame, ACCOUNT, SINCE, UNTIL, FORMAT, ORDER)
        self._choose(box, account)
        type_keys(first, since.strftime("%d%m%Y"))
        type_keys(last, until.strftime("%d%m%Y"))
        format_.select_option(label=FORMATS[kind])
        try:
            with frame.expect_navigation(wait_until="domcontentloaded"):
                button.click()
        except PlaywrightTimeoutError:
            raise
        except PlaywrightError as exc:
            if "net::" not in exc.message:
                raise
            self.session.step("Se ha perdido la respuesta: mirar si la petición está en la lista")
        else:
            self._refused(frame)
        frame = self._open("/banca/documentos")
        fresh = [number for number in self._orders(frame) if number not in known]
        if not fresh:
            raise PortalTimeout("El portal no ha tomado nota de la petición del extracto.")
        return fresh[0]

    def _orders(self, frame: Frame) -> list[str]:
        """Numbers of the requests in the list, newest first."""
        require(frame, ORDERS)
        return [row.get_attribute("data-documento") or "" for row in frame.locator("tr[data-documento]").all()]

    def _when_ready(self, order: str) -> str:
        """Look at the list until the request is ready; returns where its page is."""
        left = self.limits.descarga_segundos
        wait = 0.3
        while True:
            frame = self._content()
            row = frame.locator(f'tr[data-documento="{order}"]')
            if row.get_by_text("Error", exact=True).count():
                raise files.BadDownload("El portal no ha podido preparar el extracto.")
            link = row.get_by_role("link", name="Abrir")
            if link.count():
                return urljoin(frame.url, link.get_attribute("href") or "")
            if left <= 0:
                raise PortalTimeout(f"El extracto sigue en preparación tras {self.limits.descarga_segundos:.0f} s.")
            self._pause(wait)
            left -= wait
            wait = min(wait * 1.5, 1.0)
            self._open("/banca/documentos")

    def _save(self, address: str, folder: Path, kind: str) -> Path:
        """Open the file's page in its own tab and save what it gives."""
        tab = self.session.context.new_page()
        try:
            self._visit(tab, address)
            (link,) = require(tab, SAVE)
            with tab.expect_download() as waiting:
                link.click()
            download = waiting.value
            failure = download.failure()
            if failure:
                raise files.BadDownload(f"La descarga del extracto se ha cortado ({failure}).")
            target = folder / Path(download.suggested_filename).name
            download.save_as(target)
        finally:
            tab.close()
        return files.accept(target, kind)


def _control(text: str, totals: dict[str, str]) -> Control:
    missing = [name for name in ("Saldo inicial", "Total abonos", "Total cargos", "Saldo final") if name not in totals]
    shown = _SHOWN.search(text)
    if missing:
        words = ", ".join(f"«{name}»" for name in missing)
        raise PageChanged(f"La lista de movimientos ya no trae {words}; {nearest(missing, list(totals))}.")
    if shown is None and _NONE not in text:
        raise PageChanged("La lista de movimientos ya no trae el recuento «Mostrando … movimientos».")
    amounts = {name: spanish.amount(value) for name, value in totals.items()}
    return Control(
        count=int(shown[1].replace(".", "")) if shown else 0,
        opening=amounts["Saldo inicial"],
        closing=amounts["Saldo final"],
        credits=amounts["Total abonos"],
        debits=amounts["Total cargos"],
    )
