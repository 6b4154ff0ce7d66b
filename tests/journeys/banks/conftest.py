"""The demo banks as running portals, one Chromium for all, and what the truth endpoint says a reading must be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cobranza import suite
from cobranza.demo.banks.portal import DEFAULTS
from cobranza.demo.banks.server import RunningPortal, running
from cobranza.ledger.statements import Statement
from connectors.banks.opening import BankConnector, open_session
from connectors.banks.portal import CodeSource
from connectors.banks.settings import Limits, PortalSettings
from connectors.browser import Browser

TODAY = date(2026, 11, 21)
SINCE = TODAY - timedelta(days=45)
BANKS = sorted(suite.adapters("connectors.banks"))


@dataclass
class Bank:
    """A running demo bank with the adapter that visits it."""

    slug: str
    server: RunningPortal
    browser: Browser
    evidence: Path
    monkeypatch: pytest.MonkeyPatch
    limits: dict[str, Any] = field(default_factory=dict)

    @property
    def connector(self) -> BankConnector:
        adapter: Any = suite.adapters("connectors.banks")[self.slug]
        return adapter  # type: ignore[no-any-return]

    def settings(self, **changes: Any) -> PortalSettings:
        user, password, totp = DEFAULTS[self.slug]
        self.monkeypatch.setenv("PRUEBA_URL", self.server.url)
        self.monkeypatch.setenv("PRUEBA_CLAVE", password)
        self.monkeypatch.setenv("PRUEBA_TOTP", totp)
        values: dict[str, Any] = {
            "conector": self.slug,
            "url": "env:PRUEBA_URL",
            "usuario": user,
            "clave": "env:PRUEBA_CLAVE",
            "totp": "env:PRUEBA_TOTP",
            "limites": Limits(**({"espera_segundos": 8, "descarga_segundos": 8} | self.limits)),
        }
        return PortalSettings(**(values | changes))

    def closed(self, **changes: Any) -> Any:
        """A portal not logged in yet."""
        interactive = changes.pop("interactive", False)
        ask_code: CodeSource | None = changes.pop("ask_code", None)
        return self.connector.open(
            self.settings(**changes),
            browser=self.browser,
            evidence=self.evidence,
            interactive=interactive,
            ask_code=ask_code,
        )

    def opened(self, **changes: Any) -> Any:
        """A portal logged in."""
        return open_session(self.settings(**changes), self.connector, browser=self.browser, evidence=self.evidence)

    def faults(self, **orders: Any) -> None:
        self.server.faults({"otp_reusable": True} | orders)

    def account(self) -> str:
        return str(self.server.truth()["accounts"][0]["iban"])

    def failures(self) -> list[Path]:
        return sorted(self.evidence.glob("failure-*"))


Row = tuple[date, date, Decimal, str, Decimal | None]


def truth_rows(truth: Any, iban: str, since: date, until: date) -> list[Row]:
    """Booked movements of the truth endpoint, oldest first, in the words that every bank shows."""
    (account,) = [account for account in truth["accounts"] if account["iban"] == iban]
    return [
        (
            date.fromisoformat(movement["booked_on"]),
            date.fromisoformat(movement["value_on"]),
            Decimal(movement["amount"]),
            " ".join(line.strip() for line in movement["text"] if line.strip()),
            Decimal(movement["balance_after"]),
        )
        for movement in account["movements"]
        if not movement["pending"] and since <= date.fromisoformat(movement["booked_on"]) <= until
    ]


def read_rows(statement: Statement) -> list[Row]:
    return [(m.booked_on, m.value_on, m.amount, m.text, m.balance_after) for m in statement.movements]


def parsed_rows(file: Path) -> list[tuple[date, date, Decimal]] | None:
    """Days and amounts of a downloaded file, oldest first, as our own readers see it; None without a reader for it."""
    head = file.read_bytes()[:4096]
    formats: dict[str, Any] = suite.adapters("connectors.statements")
    for reader in formats.values():
        if reader.recognises(head, file.name):
            (statement,) = reader.read(file).statements
            rows = [(m.booked_on, m.value_on, m.amount) for m in statement.movements]
            return rows if rows == sorted(rows, key=lambda row: row[0]) else rows[::-1]
    return None


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with Browser() as chromium:
        yield chromium


@pytest.fixture(scope="session")
def servers() -> Iterator[dict[str, RunningPortal]]:
    with ExitStack() as stack:
        yield {slug: stack.enter_context(running(slug, seed=1, today=TODAY)) for slug in BANKS}


@pytest.fixture(params=BANKS)
def bank(
    request: pytest.FixtureRequest,
    servers: dict[str, RunningPortal],
    browser: Browser,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Bank:
    """A demo bank as new: fresh world, no locks, no faults, a one-time code may be used again."""
    server = servers[request.param]
    server.reset(seed=1)
    found = Bank(request.param, server, browser, tmp_path / "pruebas", monkeypatch)
    found.faults()
    return found
