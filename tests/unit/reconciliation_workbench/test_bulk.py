"""A group is accepted as it was shown or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cobranza.reconciliation import proposals
from cobranza.reconciliation.models import Decision, Proposal
from cobranza.reconciliation.workbench import bulk, leases
from cobranza.reconciliation.workbench.queue import Filters
from tests.unit.reconciliation_workbench.conftest import Desk

D = Decimal
ALL = Filters()


@pytest.fixture
def group(desk: Desk) -> list[Proposal]:
    return [
        desk.proposal("1210.00", "FV-26-0101", confidence="0.99"),
        desk.proposal("1590.00", "FV-26-0113", withheld="225.00", confidence="0.97"),
        desk.proposal("302.50", "FV-26-0102", confidence="0.80"),
    ]


def states() -> list[str]:
    return sorted(Proposal.objects.values_list("state", flat=True))


def test_the_preview_says_how_many_how_much_and_what_is_left_out(desk: Desk, group: list[Proposal]) -> None:
    desk.proposal("77.00")
    desk.proposal("1300.00", "FV-26-0119")
    taken = desk.proposal("774.40", "FV-26-0107")
    leases.take(taken.movement_id, "luis")
    desk.proposal("1210.00", "FV-26-0101")  # the same invoice twice
    desk.proposal("93.17", "FV-26-0112", "FV-26-0110", applied="-89.24")

    shown = bulk.preview(ALL, "ana")

    [total] = shown.totals
    assert (total.movements, total.received, total.posted, total.rest) == (3, D("3102.50"), D("3102.50"), D("225.00"))
    assert [entry.why.split(":")[0] for entry in shown.refused] == [
        "No tiene propuesta.",
        "Sobran 680,48\xa0EUR",
        shown.refused[2].why.split(":")[0],
        "FV-26-0101 solo tiene libre 0,00\xa0EUR, contando los demás del grupo.",
        "Lleva abonos o devoluciones",
    ]
    assert shown.refused[2].why.startswith("Lo tiene luis hasta las ")
    assert states() == ["review"] * 8


def test_the_filter_makes_the_group(group: list[Proposal]) -> None:
    assert [row.pk for row in bulk.preview(Filters(sure="high"), "ana").ready] == [group[0].pk, group[1].pk]


def test_what_was_shown_is_what_happens(group: list[Proposal]) -> None:
    sure = Filters(sure="high")
    shown = bulk.preview(sure, "ana")

    done = bulk.accept(sure, "ana", shown.digest)

    assert len(done.ready) == 2
    assert states() == ["accepted", "accepted", "review"]
    assert set(Decision.objects.values_list("person", "note")) == {("ana", "En bloque, 2 cobros")}
    assert leases.holder(group[0].movement_id) is None


@pytest.mark.parametrize("change", ["decided", "new", "figures", "held", "freed"])
def test_a_set_that_changed_meanwhile_is_left_alone(desk: Desk, group: list[Proposal], change: str) -> None:
    if change == "freed":
        leases.take(group[2].movement_id, "luis")
    shown = bulk.preview(ALL, "ana")
    if change == "decided":
        proposals.dismiss(group[0].pk, person="luis")
    elif change == "new":
        desk.proposal("619.52", "FV-26-0119")
    elif change == "figures":
        group[0].matches.update(applied=D("1000"))
    elif change == "held":
        leases.take(group[0].movement_id, "luis")
    else:
        leases.give_up(group[2].movement_id, "luis")
    before = states()

    with pytest.raises(bulk.SetChanged, match="ha cambiado"):
        bulk.accept(ALL, "ana", shown.digest)

    assert states() == before


def test_what_somebody_took_back_is_not_accepted_with_the_crowd(group: list[Proposal]) -> None:
    proposals.accept(group[0].pk, person="luis")
    proposals.reopen(group[0].pk, person="luis", note="No era")

    shown = bulk.preview(ALL, "ana")

    assert [row.pk for row in shown.ready] == [group[1].pk, group[2].pk]
    assert shown.refused[0].why.startswith("Alguien lo deshizo")


def test_confirming_twice_does_nothing_the_second_time(group: list[Proposal]) -> None:
    shown = bulk.preview(ALL, "ana")
    bulk.accept(ALL, "ana", shown.digest)

    with pytest.raises(bulk.SetChanged):
        bulk.accept(ALL, "ana", shown.digest)

    assert Decision.objects.count() == 3
