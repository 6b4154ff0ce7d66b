"""A movement's stored explanation is printed and made again, before and after the ledger changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from cobranza.cli.reconcile_explain import explain
from cobranza.ledger.models import Creditor, Invoice, Movement
from cobranza.reconciliation.ledger_reproduction import NoSuchMovementError
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.proposals import accept
from cobranza.reconciliation.workflow import match_ledger
from tests.journeys.ledger.conftest import ROBOT, document, line

pytestmark = pytest.mark.usefixtures("account")


def _told(movement: Movement) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(explain, [str(movement.pk), "--json"], catch_exceptions=False)
    return result.exit_code, json.loads(result.stdout)


def test_what_was_proposed_comes_out_again(
    creditor: Creditor, owed: Callable[..., list[Invoice]], paid: Callable[..., list[Movement]]
) -> None:
    owed(document("2026-00101", "1210.00"), document("2026-00102", "84.70"))
    [movement] = paid(line("1210.00", "PAGO FRA 2026-00101"))
    match_ledger(creditor, run="r1", actor=ROBOT)
    proposal = Proposal.objects.get(movement=movement)

    code, told = _told(movement)

    assert (code, told["same"]) == (0, True)
    assert told["stored"]["explanation"] == proposal.matches.get().explanation
    assert told["state"] == str(proposal.get_state_display())

    accept(proposal.pk, person="ana")
    code, told = _told(movement)

    assert (code, told["differences"]) == (0, [])
    assert any("ana" in decision for decision in told["people"])


def test_what_no_longer_comes_out_says_why(
    creditor: Creditor, owed: Callable[..., list[Invoice]], paid: Callable[..., list[Movement]]
) -> None:
    [invoice, _] = owed(document("2026-00101", "1210.00"), document("2026-00102", "84.70"))
    [movement] = paid(line("1210.00", "PAGO FRA 2026-00101"))
    match_ledger(creditor, run="r1", actor=ROBOT)
    Invoice.objects.filter(pk=invoice.pk).update(number="2026-99999")

    code, told = _told(movement)

    assert (code, told["same"]) == (5, False)
    assert told["differences"]
    assert "han cambiado los datos" in told["causes"][0]


def test_a_movement_that_nobody_has_read_is_refused(paid: Callable[..., list[Movement]]) -> None:
    [movement] = paid(line("5.00", "NADA"))

    with pytest.raises(NoSuchMovementError, match="Ninguna ejecución"):
        CliRunner().invoke(explain, [str(movement.pk)], catch_exceptions=False)
    with pytest.raises(NoSuchMovementError, match="No hay ningún movimiento"):
        CliRunner().invoke(explain, ["987654321"], catch_exceptions=False)
