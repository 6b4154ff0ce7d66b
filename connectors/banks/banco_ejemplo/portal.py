"""The views of Banco Ejemplo. One document draws them all; `aria-busy` on its main part says when it is at work."""

from __future__ import annotations

import re
import time
from datetime import date
from pathlib import Path
from typing import ClassVar

from playwright.sync_api import Locator, Request, Response

from cobranza.kernel import spanish
from cobranza.ledger.statements import BankMovement, Statement
from cobranza.reconciliation.ports import IncompleteRead, PageChanged, PortalAccount, PortalTimeout
from connectors.banks import files, listing
from connectors.banks.listing import ChangedWhileReading, Control, ListingPage
from connectors.banks.pages import Sign, Situation, Table, anchor, nearest, read_table, require
from connectors.banks.portal import CodeSource, QueryRefused, WebPortal, bare
from connectors.banks.rows import Columns
from connectors.banks.settings import PortalSettings
from connectors.browser import Session

USER = anchor("textbox", "Usuario")
PASSWORD = anchor("textbox", "Clave de acceso")
KEYPAD = anchor("group", "Teclado virtual")
GO_ON = anchor("button", "Continuar")
CODE = anchor("textbox", "Código SMS", "Código de un solo uso")
VERIFY = anchor("button", "Verificar")
HOME_LINK = anchor("link", "Cuentas")
ACCOUNTS_TITLE = anchor("heading", "Tus cuentas")
MOVEMENTS_TITLE = anchor("heading", "Movimientos")
SINCE = anchor("textbox", "Desde")
UNTIL = anchor("textbox", "Hasta")
APPLY = anchor("button", "Aplicar")
MORE = anchor("button", "Ver más")
TABLE = anchor("table", "Movimientos")
GRID = anchor("grid", "Movimientos")
DOWNLOAD = anchor("button", "Descargar")
DIALOG = anchor("dialog", "Descargar movimientos")
GENERATE = anchor("button", "Generar")
CLOSE = anchor("button", "Cerrar")
SAVE = anchor("link", "Guardar fichero")
AGAIN = anchor("button", "Reintentar")
LEAVE = anchor("button", "Salir")

COLUMNS = Columns(
    titles={
        "booked_on": ("Fecha", "F. operación"),
        "value_on": ("Valor",),
        "text": ("Concepto",),
        "counterparty": ("Ordenante",),
        "debit": ("Cargo",),
        "credit": ("Abono",),
        "balance": ("Saldo",),
    }
)
FORMATS = {"camt": "camt.053 (XML)", "xlsx": "Excel (XLSX)"}

_LOADED = re.compile(r"Cargados ([\d.]+) de ([\d.]+) movimientos")
_HEAD = re.compile(r"^([A-Z]{2}\d{2}[ \dA-Z]+?) · .* \(([A-Z]{3})\)$", re.MULTILINE)
_PERIOD = re.compile(r"^Del (\S+) al (\S+)$", re.MULTILINE | re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: [\dA-Z]{1,4})+\b")
_WAIT = re.compile(r"Espera (\d+) segundos")
_POLL_MS = 40
_GRID_PATIENCE_SECONDS = 2.0

_SUMMARY = """
(main) => ({
  text: main.innerText,
  totals: Object.fromEntries([...main.querySelectorAll('dt')].map(
    (term) => [term.innerText.trim(), term.nextElementSibling?.innerText.trim() ?? ''])),
})
"""
_SCROLL = "(grid, top) => { grid.scrollTop = top; return grid.clientHeight; }"


class BancoEjemploPortal(WebPortal):
    """A session at Banco Ejemplo."""

    slug = "banco_ejemplo"
    version = "1.0"
    formats = ("camt", "xlsx")
    longest_days = 730
    overlays: ClassVar = {"Aviso de cookies": "Rechazar", "Préstamo preconcedido": "Ahora no"}
    signs = (
        Sign(means=Situation.MAINTENANCE, heading="^Volvemos enseguida"),
        Sign(means=Situation.BUSY, alert="^Demasiadas peticiones"),
        Sign(means=Situation.FAULT, alert="^(Algo ha ido mal|No hay conexión)"),
        Sign(means=Situation.BUSY, heading="^Demasiadas peticiones"),
        Sign(means=Situation.FAULT, heading="^(Algo ha ido mal|No encontrado)"),
        Sign(means=Situation.BLOCKED, heading="acceso está bloqueado"),
        Sign(means=Situation.MUST_CHANGE_PASSWORD, heading="^Cambia tu clave"),
        Sign(means=Situation.ACTION_NEEDED, heading="^Hemos cambiado las condiciones"),
        Sign(means=Situation.WRONG_PASSWORD, heading="bienvenida", alert="incorrectos"),
        Sign(means=Situation.EXPIRED, heading="bienvenida", alert="sesión ha terminado"),
        Sign(means=Situation.LOGIN, heading="bienvenida"),
        Sign(means=Situation.CODE_USED, heading="^Confirma que eres tú", alert="ya se ha usado"),
        Sign(means=Situation.CODE_REFUSED, heading="^Confirma que eres tú", alert="no es correcto"),
        Sign(means=Situation.CODE, heading="^Confirma que eres tú"),
        Sign(means=Situation.HOME, control="^Salir$"),
    )

    def __init__(
        self,
        settings: PortalSettings,
        session: Session,
        *,
        interactive: bool = False,
        ask_code: CodeSource | None = None,
    ) -> None:
        super().__init__(settings, session, interactive=interactive, ask_code=ask_code)
        self._calls: set[Request] = set()
        session.page.on("request", self._call_begins)
        session.page.on("requestfinished", self._call_ends)
        session.page.on("requestfailed", self._call_ends)
        session.page.on("response", self._call_refused)

    def _call_begins(self, request: Request) -> None:
        if request.resource_type in ("fetch", "xhr"):
            self._calls.add(request)

    def _call_ends(self, request: Request) -> None:
        self._calls.discard(request)

    def _call_refused(self, response: Response) -> None:
        if not response.ok:  # nobody reads its body, so it never counts as finished
            self._calls.discard(response.request)

    def _situation(self) -> Situation | None:
        """See `WebPortal._situation`; while the page talks to the bank it says nothing yet.

        A view may look idle between the call that found the session ended and the one that draws the login.
        """
        situation = super()._situation()
        return None if self._calls else situation

    def _ask_again(self, situation: Situation) -> bool:
        page = self.session.page
        button = AGAIN.within(page)
        if not button.count():
            return False
        told = _WAIT.search(page.get_by_role("alert").first.inner_text())
        self._pause(min(float(told[1]), 30.0) if told else 0.2)
        self.session.step("Pulsar «Reintentar»")
        button.first.click()
        return True

    def _settle(self, doing: str) -> None:
        """Wait until the view has drawn itself; raise what it says when that is not the work at hand."""
        situation = self._await(doing=doing)
        if situation is not Situation.HOME:
            self._object(situation)

    # Login

    def _open_front(self) -> None:
        self.session.step("Abrir Banco Ejemplo")
        page = self.session.page
        if page.url.startswith(self.url):  # the same address again would only change the part behind the hash
            self._insist(lambda: page.reload(wait_until="domcontentloaded"), "la página de entrada")
        else:
            self._insist(lambda: page.goto(f"{self.url}/", wait_until="domcontentloaded"), "la página de entrada")

    def _enter(self, user: str) -> None:
        page = self.session.page
        name, password, button = require(page, USER, PASSWORD, GO_ON)
        name.fill(user)
        secret = self.settings.password()
        keypad = KEYPAD.within(page)
        if keypad.count():
            # The keys lie in another order each time: find each by its digit.
            for digit in secret.reveal():
                keypad.get_by_role("button", name=digit, exact=True).click()
        else:
            self.session.type_secret(password, secret)
        button.click()
        self._answered()

    def _enter_code(self, code: str) -> None:
        field, button = require(self.session.page, CODE, VERIFY)
        self.session.type_secret(field, code)
        button.click()
        self._answered()

    def _answered(self) -> None:
        """Wait until a sent form has its answer: its button is free again, or gone."""
        deadline = time.monotonic() + self.limits.espera_segundos
        waiting = self.session.page.locator("form button[type=submit]:disabled")
        while waiting.count() and time.monotonic() < deadline:
            self.session.page.wait_for_timeout(_POLL_MS)

    def _leave(self) -> None:
        LEAVE.within(self.session.page).click(timeout=2000)
        self.session.page.get_by_role("heading", name="Te damos la bienvenida").wait_for(timeout=2000)

    # Reading

    def _read_accounts(self) -> tuple[PortalAccount, ...]:
        self._go_to_accounts()
        found = []
        for card in self.session.page.get_by_role("article").all():
            text = card.inner_text()
            number = _IBAN.search(text)
            if number is None:
                raise PageChanged(f"Una tarjeta de cuenta ya no trae su IBAN: {' '.join(text.split())[:80]}.")
            name = card.get_by_role("heading").first.inner_text().strip()
            # The cards show euros only; `_read_control` holds this against the account's own page.
            found.append(PortalAccount(number=bare(number[0]), name=name, currency="EUR"))
        return tuple(found)

    def _go_to_accounts(self) -> None:
        page = self.session.page
        self._settle("abrir tus cuentas")
        left_open = DIALOG.within(page)
        if left_open.count():
            CLOSE.within(left_open).click()
        if not ACCOUNTS_TITLE.within(page).count():
            (link,) = require(page, HOME_LINK)
            link.click()
            self._settle("abrir tus cuentas")
        require(page, ACCOUNTS_TITLE)

    def _read_window(self, account: PortalAccount, since: date, until: date) -> Statement:
        self._search(account, since, until)
        grid = GRID.within(self.session.page)
        page = (
            self._read_grid(grid.first, account, since, until)
            if grid.count()
            else self._read_list(account, since, until)
        )
        control = page.control
        return Statement(
            account=account.number,
            currency=account.currency,
            opening=control.opening,
            closing=control.closing,
            movements=listing.assemble([page], since, until),
        )

    def _search(self, account: PortalAccount, since: date, until: date) -> None:
        """Show an account's movements of a period, and make sure that it is this account and this period."""
        page = self.session.page
        self._go_to_accounts()
        card = page.get_by_role("article").filter(has_text=_grouped(account.number))
        card.get_by_role("button", name=re.compile("^Ver movimientos")).click()
        # The view starts with a query of its own; while that one runs, a second one is swallowed.
        self._settle("abrir los movimientos")
        require(page, MOVEMENTS_TITLE)
        first, last, button = require(page, SINCE, UNTIL, APPLY)
        first.fill(spanish.write_day(since))
        last.fill(spanish.write_day(until))
        button.click()
        self._settle("pedir los movimientos")
        alerts = page.get_by_role("alert").all_inner_texts()
        if alerts:
            raise QueryRefused(f"El portal no admite la consulta: {' '.join(alerts)}")

    def _read_list(self, account: PortalAccount, since: date, until: date) -> ListingPage:
        page = self.session.page
        control, loaded = self._read_control(account, since, until)
        presses = 0
        while MORE.within(page).count():
            presses += 1
            if presses > self.limits.paginas:
                raise IncompleteRead(f"La lista pasa de {self.limits.paginas} páginas.")
            MORE.within(page).first.click()
            self._settle("pedir más movimientos")
            later, now = self._read_control(account, since, until)
            if later != control:
                raise ChangedWhileReading("Ha entrado un movimiento mientras se leían las páginas del portal.")
            if now == loaded and MORE.within(page).count():
                raise IncompleteRead(f"«Ver más» ya no trae nada y faltan {control.count - loaded} movimientos.")
            loaded = now
        (located,) = require(page, TABLE)
        table = read_table(located)
        COLUMNS.check_totals(table, control)
        return ListingPage(control=control, rows=COLUMNS.movements(table, account.currency))

    def _read_grid(self, grid: Locator, account: PortalAccount, since: date, until: date) -> ListingPage:
        """Scroll through a virtualised table and collect its rows by their index."""
        page = self.session.page
        before, _ = self._read_control(account, since, until)
        seen: dict[int, BankMovement] = {}
        top = 0.0
        idle_since = time.monotonic()
        while len(seen) < before.count and time.monotonic() - idle_since < _GRID_PATIENCE_SECONDS:
            height = grid.evaluate(_SCROLL, top)
            fresh = self._collect(read_table(grid), account, seen)
            control, _ = self._read_control(account, since, until)
            if control != before:
                raise ChangedWhileReading("Ha entrado un movimiento mientras se leía la lista.")
            if fresh:
                top += height * 0.7
                idle_since = time.monotonic()
            else:
                page.wait_for_timeout(_POLL_MS)
                working = time.monotonic()
                self._settle("bajar por la lista")
                idle_since += time.monotonic() - working  # time that the portal took is not idleness
        if read_table(grid).announced != before.count:
            raise IncompleteRead(f"La tabla anuncia otras filas que el resumen ({before.count}).")
        return ListingPage(control=before, rows=tuple(seen[index] for index in sorted(seen)))

    def _collect(self, table: Table, account: PortalAccount, seen: dict[int, BankMovement]) -> int:
        """Add the rows on screen to `seen`; how many were new."""
        places = COLUMNS.places(table)
        fresh = 0
        for index, cells in zip(table.indexes, table.rows, strict=True):
            if not index:
                raise PageChanged("Las filas de la tabla ya no dicen qué número tienen.")
            cell = {key: cells[place] for key, place in places.items()}
            movement = COLUMNS.movement(cell, cells, account.currency, f"fila {index}")
            if movement is None:
                continue
            if seen.get(index, movement) != movement:
                raise ChangedWhileReading("Las filas de la lista se han movido mientras se leían.")
            fresh += index not in seen
            seen[index] = movement
        return fresh

    def _read_control(self, account: PortalAccount, since: date, until: date) -> tuple[Control, int]:
        """The controls as announced now, and how many movements are loaded."""
        summary = self.session.page.get_by_role("main").evaluate(_SUMMARY)
        text, totals = summary["text"], summary["totals"]
        head = _HEAD.search(text)
        period = _PERIOD.search(text)
        if head is None or period is None:
            raise PageChanged("La lista de movimientos ya no dice de qué cuenta y periodo es.")
        shown = (bare(head[1]), head[2], spanish.day(period[1]), spanish.day(period[2]))
        if shown != (account.number, account.currency, since, until):
            raise IncompleteRead(
                f"Se pidió {account.number} del {since} al {until} y el portal enseña {head[0]}, {period[0]}."
            )
        names = ("Saldo inicial", "Abonos", "Cargos", "Saldo final")
        lacking = [name for name in names if name not in totals]
        counted = _LOADED.search(text)
        if lacking:
            words = ", ".join(f"«{name}»" for name in lacking)
            raise PageChanged(f"La lista de movimientos ya no trae {words}; {nearest(lacking, list(totals))}.")
        if counted is None:
            raise PageChanged("La lista de movimientos ya no trae el recuento «Cargados … movimientos».")
        opening, credits, debits, closing = (spanish.amount(totals[name]) for name in names)
        control = Control(
            count=int(counted[2].replace(".", "")), opening=opening, closing=closing, credits=credits, debits=debits
        )
        return control, int(counted[1].replace(".", ""))

    # Files

    def _fetch(self, account: PortalAccount, since: date, until: date, folder: Path) -> Path:
        kind = self.settings.formato or self.formats[0]
        if kind not in FORMATS:
            raise QueryRefused(f"Banco Ejemplo no da el formato «{kind}» (se admiten: {', '.join(FORMATS)}).")
        self._search(account, since, until)
        page = self.session.page
        (button,) = require(page, DOWNLOAD)
        button.click()
        (dialog,) = require(page, DIALOG)
        option, generate = require(dialog, anchor("radio", FORMATS[kind]), GENERATE)
        option.check()
        link = self._generate(dialog, generate)
        with page.expect_download() as waiting:
            link.click()
        download = waiting.value
        failure = download.failure()
        if failure:
            raise files.BadDownload(f"La descarga del extracto se ha cortado ({failure}).")
        target = folder / f"{account.number}_{since:%Y%m%d}_{until:%Y%m%d}{Path(download.suggested_filename).suffix}"
        download.save_as(target)
        CLOSE.within(dialog).click()
        return files.accept(target, kind)

    def _generate(self, dialog: Locator, button: Locator) -> Locator:
        """Have the file made; asking twice makes it twice and does no harm."""
        left = self.limits.descarga_segundos
        tries = self.limits.reintentos
        button.click()
        while True:
            link = SAVE.within(dialog)
            if link.count():
                return link.first
            situation = self._situation()
            if situation in (Situation.FAULT, Situation.BUSY) and tries:
                tries -= 1
                self._pause(1)
                self.session.step("Pulsar «Generar» otra vez")
                button.click()
            elif situation is not None and situation is not Situation.HOME:
                self._object(situation)
            if left <= 0:
                raise PortalTimeout(f"El fichero sigue en preparación tras {self.limits.descarga_segundos:.0f} s.")
            self._pause(0.2)
            left -= 0.2


def _grouped(number: str) -> str:
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))
