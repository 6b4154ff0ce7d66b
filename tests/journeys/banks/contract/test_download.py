"""Statement files of every bank: whole and equal to the screen, or refused by name; never a bad file accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cobranza.reconciliation.ports import PortalTimeout
from connectors.banks.files import BadDownload
from connectors.banks.portal import QueryRefused
from tests.journeys.banks.conftest import SINCE, TODAY, Bank, parsed_rows, truth_rows

pytestmark = pytest.mark.browser

BAD: dict[str, dict[str, Any]] = {
    "empty": {"download_empty": True},
    "cut": {"download_truncated": True},
    "a web page": {"download_html": True},
}


def formats(bank: Bank) -> tuple[str, ...]:
    return bank.connector.formats


@pytest.mark.parametrize("place", [0, 1])
def test_file_equals_the_screen(bank: Bank, place: int, tmp_path: Path) -> None:
    account = bank.account()
    with bank.opened(formato=formats(bank)[place]) as portal:
        statement = portal.movements(account, SINCE, TODAY)
        bank.faults(download_wrong_extension=True, download_delayed=0.5)
        file = portal.download(account, SINCE, TODAY, tmp_path / "ficheros")
    assert file.suffix == {"n43": ".n43", "csv": ".csv", "camt": ".xml", "xlsx": ".xlsx"}[formats(bank)[place]]
    parsed = parsed_rows(file)
    if parsed is None:
        pytest.skip(f"no statement reader for {file.suffix} yet")
    assert parsed == [(m.booked_on, m.value_on, m.amount) for m in statement.movements]
    assert parsed == [row[:3] for row in truth_rows(bank.server.truth(), account, SINCE, TODAY)]


@pytest.mark.parametrize("case", BAD)
def test_bad_file_is_never_accepted(bank: Bank, case: str, tmp_path: Path) -> None:
    account = bank.account()
    bank.faults(**BAD[case])
    with bank.opened() as portal:
        for name in formats(bank):
            portal.settings = bank.settings(formato=name)
            with pytest.raises(BadDownload):
                portal.download(account, SINCE, TODAY, tmp_path / name)
    assert len(bank.failures()) == len(formats(bank))


def test_file_that_is_never_ready(bank: Bank, tmp_path: Path) -> None:
    bank.limits["descarga_segundos"] = 1.5
    account = bank.account()
    with bank.opened() as portal:
        bank.faults(download_never_ready=True)
        with pytest.raises(PortalTimeout, match="preparación"):
            portal.download(account, SINCE, TODAY, tmp_path)
    assert list(tmp_path.glob("*.*")) == []


def test_lost_answer_to_the_request_ends_in_one_good_file(bank: Bank, tmp_path: Path) -> None:
    account = bank.account()
    with bank.opened() as portal:
        portal.accounts()
        bank.faults(connection_reset_after_post=1)
        assert portal.download(account, SINCE, TODAY, tmp_path / "ficheros").stat().st_size > 1000
    truth = bank.server.truth()
    assert truth["fired"]["connection_reset_after_post"] == 1
    # Chromium itself may repeat a POST whose connection it had used before, and Banco Ejemplo keeps no list to look in.
    assert truth["counters"]["documents"] <= 2


def test_unknown_format_is_refused(bank: Bank, tmp_path: Path) -> None:
    with bank.opened(formato="pdf") as portal, pytest.raises(QueryRefused, match="pdf"):
        portal.download(bank.account(), SINCE, TODAY, tmp_path)
