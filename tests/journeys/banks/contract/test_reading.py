"""What every bank's adapter reads, in every design and dress of its pages, equals the truth endpoint exactly."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from stdnum import iban

from cobranza.reconciliation.ports import PageChanged
from connectors.banks.portal import QueryRefused
from tests.journeys.banks.conftest import SINCE, TODAY, Bank, read_rows, truth_rows

pytestmark = pytest.mark.browser

DRESSES: dict[str, dict[str, Any]] = {
    "v1": {},
    "v2": {"layout": "v2"},
    "oldest first, points for commas": {"sort": "oldest", "number_format": "en"},
    "parentheses, ISO days": {"number_format": "parentheses", "date_format": "iso"},
    "signs and euros, v2": {"number_format": "plus_euro", "date_format": "mmm", "layout": "v2"},
    "thin spaces, minus behind": {"number_format": "space", "cookie_banner": True, "marketing_modal": True},
}
ONLY: dict[str, dict[str, dict[str, Any]]] = {
    "banco_ejemplo": {
        "virtualised": {"table": "virtual", "number_format": "trailing_minus"},
        "virtualised in the shadow, v2": {"table": "virtual", "shadow_dom": True, "layout": "v2"},
        "in the shadow": {"shadow_dom": True},
    },
    "caja_demo": {"minus behind": {"number_format": "trailing_minus"}},
}


def test_reads_every_dress_exactly(bank: Bank) -> None:
    account = bank.account()
    wanted = truth_rows(bank.server.truth(), account, SINCE, TODAY)
    assert max(Counter(wanted).values()) == 1  # the balance tells twins apart …
    assert max(Counter(row[:4] for row in wanted).values()) == 2  # … and nothing else does
    assert len(wanted) > 50  # more than one page everywhere
    read = {}
    with bank.opened() as portal:
        for name, dress in (DRESSES | ONLY.get(bank.slug, {})).items():
            bank.server.faults({"none": True, "otp_reusable": True, **dress})
            if bank.slug == "banco_ejemplo":
                portal.session.page.reload()  # this bank takes its dress when the page loads
            statement = portal.movements(account, SINCE, TODAY)
            read[name] = read_rows(statement)
            statement.prove()
            assert all(movement.booked for movement in statement.movements)
    assert {name: rows == wanted for name, rows in read.items()} == dict.fromkeys(read, True)
    assert not bank.failures()


def test_accounts_are_listed_with_valid_ibans(bank: Bank) -> None:
    with bank.opened() as portal:
        accounts = portal.accounts()
    truth = bank.server.truth()["accounts"]
    assert [(a.number, a.name, a.currency) for a in accounts] == [(a["iban"], a["name"], a["currency"]) for a in truth]
    assert all(iban.is_valid(account.number) for account in accounts)


def test_only_configured_accounts_and_never_an_unknown_one(bank: Bank) -> None:
    second = str(bank.server.truth()["accounts"][1]["iban"])
    grouped = " ".join(second[start : start + 4] for start in range(0, len(second), 4))
    with bank.opened(cuentas=(grouped,)) as portal:
        assert [account.number for account in portal.accounts()] == [second]
        with pytest.raises(QueryRefused, match="ES00"):
            portal.movements("ES00 1234", SINCE, TODAY)


def test_long_period_is_split_and_stitched(bank: Bank) -> None:
    account, since = bank.account(), TODAY - timedelta(days=200)
    with bank.opened() as portal:
        statement = portal.movements(account, since, TODAY)
        small = portal.movements(account, TODAY, TODAY)
    assert read_rows(statement) == truth_rows(bank.server.truth(), account, since, TODAY)
    assert statement.closing == Decimal(bank.server.truth()["accounts"][0]["closing_balance"])
    assert read_rows(small) == truth_rows(bank.server.truth(), account, TODAY, TODAY)


def test_period_without_movements_is_proved_empty(bank: Bank) -> None:
    account, day = bank.account(), date(2026, 11, 15)  # a Sunday
    assert truth_rows(bank.server.truth(), account, day, day) == []
    with bank.opened() as portal:
        statement = portal.movements(account, day, day)
    assert statement.movements == ()
    assert statement.opening == statement.closing is not None


def test_period_that_the_bank_refuses(bank: Bank) -> None:
    with bank.opened() as portal, pytest.raises(QueryRefused, match=r"futura|posterior a hoy"):
        portal.movements(bank.account(), TODAY, TODAY + timedelta(days=2))
    assert bank.failures()


def test_changed_layout_is_page_changed_and_names_what_is_missing(bank: Bank) -> None:
    bank.faults(layout="v3")
    with bank.opened() as portal, pytest.raises(PageChanged, match="ya no") as caught:
        portal.movements(bank.account(), SINCE, TODAY)
    assert "parecido" in caught.value.message
    (folder,) = bank.failures()
    assert (folder / "screenshot.png").stat().st_size > 3000
