"""The ledger as the features see it: everything with the day on which it became known."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from django.db import connection

from cobranza.kernel import clock
from cobranza.ledger import allocations, holds
from cobranza.ledger.intake import import_ledger
from cobranza.ledger.models import Allocation, Creditor, Debtor, Invoice, Movement
from cobranza.risk import reading, series
from cobranza.risk.features import table
from cobranza.risk.features.history import number
from tests.journeys.ledger.conftest import ROBOT, document, line, listed

Rows = Callable[..., list[Invoice]]
Lines = Callable[..., list[Movement]]
BOOKED = date(2026, 3, 20)


def _allocated(movement: Movement, invoice: Invoice) -> Allocation:
    return Allocation.objects.create(
        key=f"{movement.pk}:{invoice.pk}", movement=movement, invoice=invoice, applied=invoice.gross,
        cash=invoice.gross, rule="prueba", confidence=Decimal(1), explanation="", decided_by="robot",
        decided_by_name="banco",
    )  # fmt: skip


def test_a_payment_of_the_first_load_counts_from_its_booking(creditor: Creditor, owed: Rows, paid: Lines) -> None:
    first, second = owed(document("1", "100.00"), document("2", "50.00"))
    [movement] = paid(line("100.00", day=BOOKED))
    _allocated(movement, first)

    history = reading.read([first.debtor_id])

    [row] = history.settlements.to_dict("records")
    assert (row["invoice"], row["amount"], row["day"], row["known"]) == (first.pk, 100, number(BOOKED), number(BOOKED))
    found = table(history, date(2026, 3, 31)).iloc[0]
    assert (found["paid_count"], found["overdue_count"], found["delay_last"]) == (1, 1, 18)
    before = table(history, BOOKED - timedelta(days=1)).iloc[0]
    assert (before["paid_count"], before["overdue_count"]) == (0, 2)
    assert second.debtor_id == first.debtor_id


def test_after_the_first_load_it_counts_from_when_it_was_written_down(
    creditor: Creditor, owed: Rows, paid: Lines
) -> None:
    [first] = owed(document("1", "100.00"))
    [movement] = paid(line("100.00", day=BOOKED))
    made = _allocated(movement, first)
    today = number(clock.now().astimezone(clock.MADRID).date())
    Creditor.objects.filter(pk=creditor.pk).update(created_at=clock.now() - timedelta(days=60))

    history = reading.read([first.debtor_id])

    assert history.settlements["known"].tolist() == [today]
    assert history.settlements["day"].tolist() == [number(BOOKED)]
    assert history.invoices["known"].tolist() == [today]
    assert made.pk


def test_what_the_erp_settles_itself_counts_from_that_reading(creditor: Creditor, owed: Rows) -> None:
    [first, _] = owed(document("1", "100.00"), document("2", "50.00"))
    import_ledger(creditor, "tryton", listed(document("2", "50.00", opens="20.00")), actor=ROBOT)
    today = number(clock.now().astimezone(clock.MADRID).date())

    found = reading.read([first.debtor_id]).settlements

    assert sorted(found["amount"]) == [30, 100]
    assert set(found["known"]) == {today}


def test_an_undone_allocation_is_open_again_from_then_on(creditor: Creditor, owed: Rows, paid: Lines) -> None:
    [first] = owed(document("1", "100.00"))
    [movement] = paid(line("100.00", day=BOOKED))
    made = _allocated(movement, first)
    allocations.reverse(made, reason="No era suya.", actor=ROBOT)

    history = reading.read([first.debtor_id])

    assert sorted(history.settlements["amount"]) == [-100, 100]
    assert not history.settlements["returned"].any()
    today = clock.now().astimezone(clock.MADRID).date()
    assert table(history, today).iloc[0]["overdue_count"] == 1
    assert table(history, today).iloc[0]["returned_year"] == 0


def test_only_disputes_are_disputes(creditor: Creditor, owed: Rows) -> None:
    [first] = owed(document("1", "100.00"))
    holds.put(first, source="disputa:7", reason="Faltan piezas.", actor=ROBOT, amount=Decimal("40"))
    holds.put(first, source="plan:1", reason="Hay un plan.", actor=ROBOT)

    history = reading.read([first.debtor_id])

    assert history.disputes["amount"].tolist() == [40]
    assert table(history, clock.now().date()).iloc[0]["disputed_share"] == pytest.approx(0.4)


def test_one_debtor_or_many_is_the_same(creditor: Creditor, owed: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    owed(document("1", "100.00"), document("2", "-10.00"))
    stranger = Debtor.objects.create(creditor=creditor, erp="tryton", erp_key="c2", name="Otro, S.L.")
    ids = [row.pk for row in Debtor.objects.order_by("pk")]
    day = date(2026, 3, 31)
    whole = table(reading.read(ids), day)
    monkeypatch.setattr(reading, "_ONE_BY_ONE", 0)

    ranged = table(reading.read(ids), day)

    assert whole.equals(ranged)
    assert table(reading.read([ids[0]]), day).equals(whole.loc[[ids[0]]])
    assert [part.tolist() for part in reading.batches(creditor, size=1)] == [[each] for each in ids]
    assert np.isnan(whole["tenure"].to_dict()[stranger.pk])


def test_a_million_words_or_none_no_query_asks_row_by_row(
    creditor: Creditor, owed: Rows, django_assert_max_num_queries: Callable[..., object]
) -> None:
    [first] = owed(document("1", "100.00"))

    with django_assert_max_num_queries(len(reading._QUERIES), connection=connection):  # type: ignore[attr-defined]
        reading.read([first.debtor_id])

    assert {"words", "bureau", "agreements"} <= reading._QUERIES.keys()


def test_files_beside_the_ledger(creditor: Creditor, owed: Rows, tmp_path: Path) -> None:
    [first] = owed(document("1", "100.00"))
    (tmp_path / "s.csv").write_text(
        "serie;clave;dia;publicado;valor\n"
        "morosidad;F43;2026-03-31;2026-05-15;0.061\n"
        "morosidad;ES;2025-12-31;2026-02-15;0.04\n"
    )
    (tmp_path / "l.csv").write_text("deudor;desde;limite\nc1;2026-01-01;200.00\n")
    (tmp_path / "d.csv").write_text("deudor;sector\nc1;F43\n")
    extras = series.Extras(
        series=series.read_series(tmp_path / "s.csv"),
        limits=series.read_limits(tmp_path / "l.csv"),
        sectors=series.read_sectors(tmp_path / "d.csv"),
    )

    history = reading.read([first.debtor_id], extras=extras)

    early, late = (table(history, day).iloc[0] for day in (date(2026, 4, 30), date(2026, 5, 15)))
    assert early["limit_use"] == 0.5
    assert (early["sector_arrears"], late["sector_arrears"]) == (0.04, 0.061)  # not out yet in April


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("serie;clave;dia;valor\n", "publicado"),
        ("serie;clave;dia;publicado;valor\nmorosidad;ES;2026-03-31;2026-03-01;1\n", "línea 2"),
        ("serie;clave;dia;publicado;valor\notra;ES;2026-03-31;2026-05-01;1\n", "línea 2"),
    ],
)
def test_a_wrong_file_is_refused_by_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(text)

    with pytest.raises(series.SeriesError, match=says):
        series.read_series(tmp_path / "s.csv")
