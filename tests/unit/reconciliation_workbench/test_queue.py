"""The queue: what the address says, in which order, and who gets the next one."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.workbench import leases, queue
from cobranza.reconciliation.workbench.queue import Filters
from tests.unit.reconciliation_workbench.conftest import Desk

NAMES = [name for name in Filters.__dataclass_fields__ if name != "page"]


@given(st.dictionaries(st.sampled_from([*NAMES, "item", "otra"]), st.text(max_size=30)))
def test_any_address_is_read_and_written_back_the_same(asked: dict[str, str]) -> None:
    filters = Filters.parse(asked)

    assert Filters.parse(QueryDict(filters.query().removeprefix("?"))) == filters


@pytest.fixture
def rows(desk: Desk) -> dict[str, Proposal]:
    return {
        "sure": desk.proposal("1210.00", "FV-26-0101", confidence="0.99", text="PAGO FRA", name="Talleres", days="1"),
        "maybe": desk.proposal("302.50", "FV-26-0102", confidence="0.70", days="0"),
        "none": desk.proposal("88.88", days="2"),
        "out": desk.proposal("-12.50", state="unrelated", days="3"),
        "refused": desk.proposal("774.40", "FV-26-0107", state="refused", confidence="0.50", days="4"),
        "sent": desk.proposal("619.52", "FV-26-0119", state="accepted", days="5"),
    }


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("", ["maybe", "sure", "none", "refused"]),
        ("state=matched", ["maybe", "sure", "refused"]),
        ("state=unmatched", ["none"]),
        ("state=accepted", ["sent"]),
        ("state=unrelated", ["out"]),
        ("state=nada", ["maybe", "sure", "none", "refused"]),
        ("state=all&sort=recent", ["sent", "refused", "out", "none", "sure", "maybe"]),
        ("sure=high", ["sure"]),
        ("sure=medium", ["maybe"]),
        ("low=300&high=1.000,00", ["maybe", "refused"]),
        ("low=mucho", ["maybe", "sure", "none", "refused"]),
        ("q=FV-26-0102", ["maybe"]),
        ("q=bodegas", ["refused"]),
        ("q=Talleres", ["maybe", "sure"]),
        ("q=88,88", ["none"]),
        ("q=%00", ["maybe", "sure", "none", "refused"]),
        ("currency=USD", []),
        ("country=es&sort=amount", ["sure", "refused", "maybe", "none"]),
        ("account=999999999", []),
        ("account=x", ["maybe", "sure", "none", "refused"]),
        ("sort=sure", ["sure", "maybe", "refused", "none"]),
    ],
)
def test_filters_find_what_they_say(rows: dict[str, Proposal], asked: str, wanted: list[str]) -> None:
    names = {row.pk: name for name, row in rows.items()}

    assert [names[row.pk] for row in Filters.parse(QueryDict(asked)).rows()] == wanted


@pytest.mark.parametrize("sort", [value for value, _label in queue.SORTS])
def test_the_next_one_follows_the_order_and_comes_round(rows: dict[str, Proposal], sort: str) -> None:
    filters = Filters(sort=sort)
    order = [row.pk for row in filters.waiting()]
    met = []
    now: Proposal | None = None
    for _ in order:
        now = queue.next_free(filters, "ana", now)
        assert now is not None
        met.append(now.pk)

    assert met == order
    again = queue.next_free(filters, "ana", now)
    assert again is not None
    assert again.pk == order[0]


def test_two_people_get_two_movements(rows: dict[str, Proposal]) -> None:
    first, second = queue.next_free(Filters(), "ana"), queue.next_free(Filters(), "luis")

    assert first is not None
    assert second is not None
    assert first.movement_id != second.movement_id
    assert leases.holder(first.movement_id).person == "ana"  # type: ignore[union-attr]


def test_nothing_left_is_none(rows: dict[str, Proposal]) -> None:
    for row in rows.values():
        leases.take(row.movement_id, "luis")

    assert queue.next_free(Filters(), "ana") is None
