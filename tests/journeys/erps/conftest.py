from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from cobranza.demo.erp import server
from cobranza.demo.erp.server import RunningErp
from cobranza.reconciliation.ports import Erp
from connectors.erps import settings
from tests.journeys.erps.weather import Weather

CACHE = Path(__file__).parents[2] / ".cache" / "tools" / "tryton"


class Books:
    """The ERP's own numbers, asked in plain JSON-RPC: none of the connector's code is in the way."""

    def __init__(self, erp: RunningErp) -> None:
        self._erp = erp
        self._headers: dict[str, str] = {}

    def ask(self, method: str, *params: Any) -> Any:
        if not self._headers:
            import base64

            user, token, *_ = self._post("common.db.login", self._erp.user, {"password": self._erp.password}, "es")
            session = base64.b64encode(f"{self._erp.user}:{user}:{token}".encode()).decode()
            self._headers = {"Authorization": f"Session {session}"}
        return self._post(method, *params)

    def _post(self, method: str, *params: Any) -> Any:
        answer = self._send(method, *params)
        assert "result" in answer, answer
        return answer["result"]

    def _send(self, method: str, *params: Any) -> Any:
        body = {"id": 1, "method": method, "params": list(params)}
        address = f"{self._erp.url}/{self._erp.database}/rpc/"
        return httpx.post(address, json=body, headers=self._headers, timeout=60, trust_env=False).json()

    def invoice(self, key: str) -> tuple[str, str]:
        """State and open amount of a document."""
        row = self.ask("model.account.invoice.read", [int(key)], ["state", "amount_to_pay"], {"company": 1})[0]
        return row["state"], row["amount_to_pay"]["decimal"] if row["amount_to_pay"] else "0"

    def open_documents(self) -> dict[str, str]:
        """Open amount of every open document, by id."""
        domain = [["type", "=", "out"], ["state", "=", "posted"]]
        method, fields = "model.account.invoice.search_read", ["amount_to_pay"]
        rows = self.ask(method, domain, 0, None, None, fields, {"company": 1})
        return {str(row["id"]): row["amount_to_pay"]["decimal"] for row in rows}

    def payments(self, document: str) -> list[str]:
        """Descriptions of the accounting moves that pay a document, ours and others'."""
        domain = [["origin", "=", f"account.invoice,{document}"], ["journal.type", "=", "cash"]]
        rows = self.ask("model.account.move.search_read", domain, 0, None, None, ["description"], {"company": 1})
        return [row["description"] or "" for row in rows]

    def with_key(self, key: str) -> int:
        """How many accounting moves carry a key, on whatever document."""
        domain = [["description", "ilike", f"%{key}%"]]
        return int(self.ask("model.account.move.search_count", domain, 0, None, {"company": 1}))

    def cancelled(self, key: str) -> int:
        """How many moves cancel the payment with a key."""
        company = {"company": 1}
        domain = [["description", "ilike", f"%{key}%"]]
        found = self.ask("model.account.move.search_read", domain, 0, None, None, ["id"], company)
        origins = [f"account.move,{move['id']}" for move in found]
        return int(self.ask("model.account.move.search_count", [["origin", "in", origins]], 0, None, company))

    def cancel(self, key: str) -> None:
        """Cancel the move of a payment that is not reconciled, as an accountant does, with a text of their own."""
        domain, company = [["description", "ilike", f"%{key}%"]], {"company": 1}
        [move] = self.ask("model.account.move.search_read", domain, 0, None, None, ["id"], company)
        active = company | {"active_model": "account.move", "active_id": move["id"], "active_ids": [move["id"]]}
        forms = {"default": {"description": "Error del banco", "reversal": True}}
        wizard = "wizard.account.move.cancel"
        for _ in range(2):  # the first time it warns that the invoice is not settled
            session, *_ = self.ask(f"{wizard}.create", active)
            answer = self._send(f"{wizard}.execute", session, forms, "cancel", active)
            if "result" in answer:
                return
            self.ask("model.res.user.warning.skip", answer["error"][1][0], False, company)
        raise AssertionError(answer)

    @contextmanager
    def closed_period(self, day: date) -> Iterator[None]:
        """The accounting period of a day, closed meanwhile."""
        # the robot's user may not, and that is right: written where the accountant's click would end
        change = "update account_period set state = ? where start_date <= ? and end_date >= ? and type = 'standard'"
        where = (day.isoformat(), day.isoformat())
        with closing(sqlite3.connect(self._erp.folder / f"{self._erp.database}.sqlite", timeout=30)) as file:
            with file:
                assert file.execute(change, ("closed", *where)).rowcount == 1
            try:
                yield
            finally:
                with file:
                    file.execute(change, ("open", *where))


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningErp]:
    """A freshly seeded ERP; each test takes documents that no other took."""
    with server.running(tmp_path_factory.mktemp("erp con espacio"), cache=CACHE) as running:
        yield running


@pytest.fixture(scope="session")
def books(erp: RunningErp) -> Books:
    return Books(erp)


@pytest.fixture(scope="session")
def weather(erp: RunningErp) -> Iterator[Weather]:
    forwarder = Weather(erp.url)
    yield forwarder
    forwarder.close()


@pytest.fixture(scope="session")
def config(erp: RunningErp, weather: Weather, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An erps.toml that reaches the ERP through the weather."""
    os.environ["COBRANZA_TEST_ERP_CLAVE"] = erp.password
    file = tmp_path_factory.mktemp("config") / "erps.toml"
    file.write_text(
        f"""
        [erps.prueba]
        conector = "tryton"
        url = "{weather.url}"
        base = "{erp.database}"
        usuario = "{erp.user}"
        clave = "env:COBRANZA_TEST_ERP_CLAVE"
        metodo_pago = "Transferencia bancaria"
        espera_s = 90
        paciencia_s = 60
        """,
        encoding="utf-8",
    )
    return file


@pytest.fixture(scope="module", params=["api", pytest.param("web", marks=pytest.mark.browser)])
def way(request: pytest.FixtureRequest, erp: RunningErp) -> str:
    if request.param == "web" and not erp.has_web:
        pytest.skip(erp.tools.web_missing)
    return str(request.param)


@pytest.fixture(scope="module")
def port(way: str, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    """The ERP behind the port, one way and then the other."""
    opened = settings.open_erp("prueba", mode=way, evidence=tmp_path_factory.mktemp("pruebas"), file=config)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def fresh(erp: RunningErp) -> Iterator[dict[str, Any]]:
    """Open invoices of the seed with one due date and nothing paid, largest first; each is taken once."""
    open_ = [
        one
        for one in erp.truth["documents"]
        if one["state"] == "posted"
        and one["kind"] == "invoice"
        and len(one["due"]) == 1
        and one["open"] == one["gross"]
    ]
    return iter(sorted(open_, key=lambda one: -float(one["open"])))
