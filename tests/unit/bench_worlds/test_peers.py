"""The figures that peers are compared by, and the reading that all of them share."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.bench import worlds
from tests.bench.peers import contest, number_and_amount, odoo_rules, tables
from tests.bench.peers.scores import score

TRUTH = """payment_id,invoice_id,applied,withheld,fee,discount,scenario,ambiguous,about
P1,I1,10.00,0.00,0.00,0.00,exact,0,
P2,I2,10.00,0.00,0.00,0.00,exact,1,
P3,I4,20.00,0.00,0.00,0.00,multi,0,
P3,I5,30.00,0.00,0.00,0.00,multi,0,
P4,,0.00,0.00,0.00,0.00,unrelated,0,
P5,,0.00,0.00,0.00,0.00,duplicate,0,I1
"""
INVOICES = """invoice_id,customer_id,gross
I1,C1,10.00
I2,C2,10.00
I3,C2,10.00
I4,C1,20.00
I5,C1,30.00
"""


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    (tmp_path / "truth.csv").write_text(TRUTH, encoding="utf-8")
    (tmp_path / "invoices.csv").write_text(INVOICES, encoding="utf-8")
    return tmp_path


def links(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["payment_id", "invoice_id", "confidence"])


def test_a_set_counts_only_whole_and_money_for_nothing_must_be_left_alone(labelled: Path) -> None:
    figures = score(labelled, links(("P1", "I1", 0.9), ("P2", "I2", 0.9), ("P3", "I4", 0.8), ("P4", "I5", 0.7)))

    assert figures.exact == pytest.approx(2 / 3)
    assert figures.none_ok == pytest.approx(1 / 2)
    assert figures.auto995 == pytest.approx(2 / 5)
    assert figures.by_scenario["multi"] == 0


def test_a_twin_counts_only_where_the_text_cannot_tell(labelled: Path) -> None:
    assert score(labelled, links(("P2", "I3", 1.0))).exact == pytest.approx(1 / 3)
    assert score(labelled, links(("P1", "I4", 1.0))).exact == 0


def test_either_of_a_double_payment_may_carry_the_invoice_once(labelled: Path) -> None:
    figures = score(labelled, links(("P5", "I1", 1.0)))

    assert figures.by_scenario["duplicate"] == 1
    assert figures.exact == pytest.approx(1 / 3)
    assert score(labelled, links(("P1", "I1", 1.0), ("P5", "I1", 1.0))).by_scenario["duplicate"] == 0


def test_calibration_error_is_what_was_said_against_what_came(labelled: Path) -> None:
    assert score(labelled, links(("P1", "I1", 0.6), ("P4", "I5", 0.6))).ece == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("name", "text", "who"),
    [
        ("PEÑA Y CIA S.L.", "", "PENA Y CIA"),
        ("", "TRF. DE LLANOS VIDRIOS SL PAGO FRA 12", "LLANOS VIDRIOS"),
        ("", "PAGO FACTURA", ""),
    ],
)
def test_peers_are_told_who_pays_even_in_the_text(name: str, text: str, who: str) -> None:
    assert tables.payer(name, text) == who


def test_simple_peers_are_right_about_half_of_the_plain_payments(tmp_path: Path) -> None:
    worlds.make(tmp_path, payments=600, profile=worlds.PROFILES["clean"], seed=11)
    world = tables.read(tmp_path)
    for peer in (number_and_amount, odoo_rules):
        figures = score(tmp_path, peer.link(world))
        assert figures.by_scenario["exact"] > 0.5
        assert figures.none_ok > 0.8


def test_a_peer_without_its_packages_says_how_to_get_them() -> None:
    ours = contest.Result(name=contest.OURS, score=None)
    absent = contest.Result(name="splink_linkage", missing=f"splink not installed: {contest.INSTALL}")

    assert "skipped: splink not installed" in contest.table([absent, ours])
