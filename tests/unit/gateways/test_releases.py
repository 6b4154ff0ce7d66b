"""Which withdrawal took which payments: to the cent, or not told at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cobranza.kernel.money import Money
from connectors.gateways.mercado_pago.releases import UnreadableReport, read, settled

HEAD = "DATE,SOURCE_ID,EXTERNAL_REFERENCE,RECORD_TYPE,DESCRIPTION,NET_CREDIT_AMOUNT,NET_DEBIT_AMOUNT,GROSS_AMOUNT"
START = "2026-11-01T00:00:00.000-03:00,,,initial_available_balance,,0.00,0.00,0.00"
ONE = "2026-11-02T10:00:00.000-03:00,501,k-1,release,payment,96.50,0.00,100.00"
TWO = "2026-11-02T11:00:00.000-03:00,502,k-2,release,payment,48.00,0.00,50.00"
OUT = "2026-11-03T09:00:00.000-03:00,901,,release,payout,0.00,144.50,-144.50"


def told(*lines: str, currencies: frozenset[str] = frozenset({"MXN"})) -> list[tuple[str, str, Money | None]]:
    """Key, withdrawal and fee of what is told."""
    content = "\n".join((HEAD, *lines)).encode("utf-8-sig")
    return [(each.key, each.payout, each.fee) for each in settled(read(content), currencies)]


def pesos(text: str) -> Money:
    return Money("MXN", Decimal(text))


def test_a_withdrawal_of_everything_names_its_payments() -> None:
    wanted = [("k-1", "901", pesos("3.50")), ("k-2", "901", pesos("2.00"))]
    assert told(START, ONE, TWO, OUT) == wanted
    assert told(OUT, TWO, ONE, START) == wanted, "in the order of the balance, whatever the file's"
    assert told(ONE, TWO, OUT, ONE, OUT) == wanted, "what stands in two reports counts once"


def test_the_next_withdrawal_has_what_came_since() -> None:
    third = "2026-11-04T10:00:00.000-03:00,503,k-3,release,payment,10.00,0.00,10.00"
    again = "2026-11-05T10:00:00.000-03:00,902,,release,payout,0.00,10.00,-10.00"
    assert told(ONE, TWO, OUT, third, again)[-1] == ("k-3", "902", pesos("0.00"))


@pytest.mark.parametrize(
    "lines",
    [
        (ONE, TWO, OUT.replace("144.50", "100.00")),
        (ONE, OUT),
        (ONE, TWO, "2026-11-02T12:00:00.000-03:00,503,,release,refund,0.00,0.00,0.00", OUT),
        (ONE, TWO),
    ],
    ids=["part of the balance", "money from before", "something else among them", "nothing left yet"],
)
def test_what_does_not_add_up_is_left_to_a_person(lines: tuple[str, ...]) -> None:
    assert told(*lines) == []


def test_reserves_are_mirrored_and_do_not_count() -> None:
    set_aside = "2026-11-03T08:59:00.000-03:00,901,,release,reserve_for_payout,0.00,144.50,144.50"
    assert len(told(ONE, TWO, set_aside, OUT)) == 2


def test_without_a_currency_an_account_of_several_tells_nothing() -> None:
    assert told(ONE, TWO, OUT, currencies=frozenset({"MXN", "COP"})) == []


@pytest.mark.parametrize("line", [ONE.replace("96.50", "noventa"), ONE.replace("2026-11-02T", "ayer "), "NaN,"])
def test_what_cannot_be_read_is_said(line: str) -> None:
    with pytest.raises(UnreadableReport):
        told(line.replace("NaN,", ONE.replace("96.50", "NaN")), OUT)


def test_another_report_is_no_report() -> None:
    with pytest.raises(UnreadableReport, match="DESCRIPTION"):
        list(read(b"fecha;importe\n1;2\n"))
