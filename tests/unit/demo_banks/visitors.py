"""Somebody who uses a demo bank over HTTP, without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

import httpx
import pyotp
from lxml import html
from starlette.testclient import TestClient

from cobranza.demo.banks import server
from cobranza.demo.banks.portal import DEFAULTS, Options, Portal
from cobranza.demo.doubles.admin import HEADER

TODAY = date(2026, 11, 21)
TOKEN = "only-for-tests"


def code_of(bank: str, steps: int = 0) -> str:
    """The TOTP code of now, or of some 30 s steps away."""
    totp = pyotp.TOTP(DEFAULTS[bank][2])
    return totp.at(datetime.now(UTC) + timedelta(seconds=30 * steps))


@dataclass
class Visitor:
    """One browser's cookies in front of one bank."""

    bank: str
    client: httpx.Client
    portal: Portal

    def admin(self, method: str, path: str, orders: dict[str, Any] | None = None) -> httpx.Response:
        return self.client.request(method, path, json=orders, headers={HEADER: TOKEN})

    def faults(self, **orders: Any) -> Any:
        answer = self.admin("POST", "/__faults", orders)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def truth(self) -> Any:
        return self.admin("GET", "/__truth").json()

    def another(self) -> Self:
        """Somebody else's browser at the same bank."""
        return type(self)(self.bank, TestClient(self.client.app), self.portal)  # type: ignore[attr-defined]


class CajaVisitor(Visitor):
    """Fills the forms of Caja Demo."""

    def page(self, answer: httpx.Response) -> Any:
        return html.fromstring(answer.text)

    def heading(self, answer: httpx.Response) -> str:
        return str(self.page(answer).xpath("string(//h1)"))

    def alert(self, answer: httpx.Response) -> str:
        return str(self.page(answer).xpath("string(//*[@role='alert'])"))

    def send(self, path: str, **fields: str) -> httpx.Response:
        """Open the page of a form, then send the form."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.client.get(path).text)
        assert token is not None, path
        return self.client.post(path, data={"csrf": token[1], **fields})

    def password(self, user: str = "cobros", password: str = "Olivo-2026") -> httpx.Response:
        return self.send("/acceso", usuario=user, clave=password)

    def code(self, code: str | None = None) -> httpx.Response:
        return self.send("/acceso/codigo", codigo=code or code_of(self.bank))

    def login(self, user: str = "cobros") -> httpx.Response:
        self.faults(otp_reusable=True)
        self.password(user)
        return self.code()

    def listing(self, page: int = 1, start: str = "22/09/2026", end: str = "21/11/2026") -> httpx.Response:
        return self.client.get(f"/banca/movimientos/lista?cuenta=c1&desde={start}&hasta={end}&pagina={page}")

    def rows(self, answer: httpx.Response) -> list[list[str]]:
        lines = self.page(answer).xpath("//table[@aria-label='Movimientos']/tbody/tr")
        return [[cell.text_content().strip() for cell in line.xpath("td")] for line in lines]

    def headers(self, answer: httpx.Response) -> list[str]:
        return [cell.text_content().strip() for cell in self.page(answer).xpath("//table//th")]

    def order(self, format_: str = "n43", start: str = "22/09/2026", end: str = "21/11/2026") -> str:
        answer = self.send("/banca/documentos", cuenta="c1", desde=start, hasta=end, formato=format_)
        return answer.url.params["nuevo"]

    def fetch(self, document: str) -> httpx.Response:
        self.portal.advance(1)
        return self.client.get(f"/banca/documentos/{document}/fichero")


class EjemploVisitor(Visitor):
    """Calls the API of Banco Ejemplo as its page does."""

    def config(self) -> Any:
        return self.client.get("/api/config").json()

    def call(self, path: str, body: dict[str, Any]) -> httpx.Response:
        return self.client.post(path, json=body, headers={"X-CSRF-Token": self.config()["csrf"]})

    def login(self, user: str = "cobros", pin: str = "482915") -> Any:
        keys = self.config()
        body = {"usuario": user, "posiciones": [keys["teclado"].index(digit) for digit in pin]}
        return self.client.post("/api/acceso", json=body, headers={"X-CSRF-Token": keys["csrf"]}).json()

    def movements(self, cursor: str = "0", start: str = "2026-09-22", end: str = "2026-11-21") -> httpx.Response:
        return self.client.get(f"/api/cuentas/c1/movimientos?desde={start}&hasta={end}&cursor={cursor}")

    def order(self, format_: str = "camt", start: str = "2026-09-22", end: str = "2026-11-21") -> Any:
        body = {"cuenta": "c1", "desde": start, "hasta": end, "formato": format_}
        return self.call("/api/descargas", body).json()


def visit(bank: str, **options: Any) -> Any:
    """A fresh bank in this process and somebody in front of it."""
    app, portal = server.application(Options(bank=bank, token=TOKEN, today=TODAY, **options))
    kind = CajaVisitor if bank == "caja_demo" else EjemploVisitor
    return kind(bank, TestClient(app), portal)
