"""Each fault of a portal ends in the truth or in its named state with evidence; never in fewer movements."""

from __future__ import annotations

from typing import Any

import pytest

from cobranza.kernel.errors import CobranzaError
from cobranza.reconciliation.ports import IncompleteRead, PageChanged, PortalMaintenance, PortalTimeout, SessionExpired
from tests.journeys.banks.conftest import SINCE, TODAY, Bank, read_rows, truth_rows

pytestmark = pytest.mark.browser

RECOVERS: dict[str, dict[str, Any]] = {
    "slow": {"slow": 0.2},
    "one server error in four": {"error_500_every_n": 4},
    "too many requests": {"rate_limit_429": 5},
    "lost connections": {"connection_reset": 2},
    "session ended while paging": {"session_expires_mid_paging": 1},
    "a movement arrives": {"repeated_row": 1},
}
ENDS: dict[str, tuple[dict[str, Any], type[CobranzaError]]] = {
    "maintenance inside": ({"maintenance": "content"}, PortalMaintenance),
    "session ends again and again": ({"session_expires_mid_paging": 9}, SessionExpired),
    "a row is missing": ({"missing_row": 2}, IncompleteRead),
    "pages end early": ({"silent_end": 2}, IncompleteRead),
    "movements keep arriving": ({"repeated_row": 99}, IncompleteRead),
    "server errors only": ({"error_500_every_n": 1}, PortalTimeout),
    "no connection": ({"connection_reset": 99}, PortalTimeout),
    "columns are gone": ({"layout": "v3"}, PageChanged),
}
VIRTUAL = ("a row is missing", "pages end early", "movements keep arriving", "columns are gone")


@pytest.mark.parametrize("case", RECOVERS)
def test_recovers_with_the_whole_truth(bank: Bank, case: str) -> None:
    account = bank.account()
    with bank.opened() as portal:
        portal.accounts()
        bank.faults(**RECOVERS[case])
        statement = portal.movements(account, SINCE, TODAY)
    truth = bank.server.truth()
    assert set(truth["fired"]) & set(RECOVERS[case]), "the fault never acted"
    assert read_rows(statement) == truth_rows(truth, account, SINCE, TODAY)
    assert not bank.failures()


def test_slow_from_the_very_login_on_is_not_a_changed_page(bank: Bank) -> None:
    bank.faults(slow=0.5)
    with bank.opened() as portal:
        assert len(portal.accounts()) == 2


def test_a_script_that_never_comes_does_not_matter(bank: Bank) -> None:
    bank.faults(cdn_never_answers="async")
    account = bank.account()
    with bank.opened() as portal:
        statement = portal.movements(account, SINCE, TODAY)
        assert "/cdn/" in portal.session.page.content()
    assert read_rows(statement) == truth_rows(bank.server.truth(), account, SINCE, TODAY)


@pytest.mark.parametrize("case", ENDS)
def test_ends_in_its_named_state(bank: Bank, case: str) -> None:
    ends_as(bank, *ENDS[case])


@pytest.mark.parametrize("case", VIRTUAL)
@pytest.mark.parametrize("bank", ["banco_ejemplo"], indirect=True)
def test_virtualised_list_ends_in_its_named_state(bank: Bank, case: str) -> None:
    faults, error = ENDS[case]
    ends_as(bank, faults | {"table": "virtual"}, error)


def ends_as(bank: Bank, faults: dict[str, Any], error: type[CobranzaError]) -> None:
    account = bank.account()
    bank.limits["reintentos"] = 2
    with bank.opened() as portal:
        portal.accounts()
        bank.faults(**faults)
        if bank.slug == "banco_ejemplo" and {"layout", "table"} & faults.keys():
            portal.session.page.reload()  # this bank takes its dress when the page loads
        with pytest.raises(error) as caught:
            portal.movements(account, SINCE, TODAY)
    folder = bank.failures()[-1]
    assert any(str(folder) in note for note in caught.value.__notes__)
    assert (folder / "screenshot.png").stat().st_size > 3000
    assert {"page.html", "aria.yml", "trace.zip", "failure.json"} <= {file.name for file in folder.iterdir()}
