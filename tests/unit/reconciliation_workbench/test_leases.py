"""Two people never hold the same movement: with real connections, at the same instant, and across a decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import TypeVar

import pytest
from django.db import connection, transaction

from cobranza.kernel import clock
from cobranza.reconciliation.models import Decision, Proposal
from cobranza.reconciliation.workbench import decisions, leases, queue, sheet
from cobranza.reconciliation.workbench.models import Lease
from cobranza.reconciliation.workbench.queue import Filters
from cobranza.reconciliation.workbench.readings import readings
from tests.journeys.reconciliation_workbench import world
from tests.unit.reconciliation_workbench.conftest import Desk

Answer = TypeVar("Answer")
PATIENCE = 60


def together(*acts: Callable[[], Answer]) -> list[Answer]:
    """Run each in a thread with a connection of its own, all starting at once."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Answer]) -> Answer:
        try:
            barrier.wait(PATIENCE)
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(PATIENCE) for future in [pool.submit(run, act) for act in acts]]


def try_take(movement: int, person: str) -> str:
    try:
        return leases.take(movement, person).person
    except leases.HeldByAnother as exc:
        return f"no: {exc.turn.person}"


@pytest.fixture
def desk_for_all(transactional_db: None) -> Iterator[Desk]:
    yield Desk(world.ledger(), world.account())


def test_of_many_who_ask_at_once_one_gets_it(desk_for_all: Desk) -> None:
    movement = desk_for_all.proposal("1210.00", "FV-26-0101").movement_id
    people = [f"p{number}" for number in range(6)]

    told = together(*(lambda person=person: try_take(movement, person) for person in people))

    [winner] = [answer for answer in told if not answer.startswith("no")]
    assert [answer for answer in told if answer.startswith("no")] == [f"no: {winner}"] * 5
    assert Lease.objects.get().person == winner


def test_the_next_one_of_each_is_another(desk_for_all: Desk) -> None:
    for number in ("0101", "0102", "0103", "0104"):
        desk_for_all.proposal("10.00", f"FV-26-{number}")

    def take(person: str) -> int:
        found = queue.next_free(Filters(), person)
        return found.movement_id if found is not None else 0

    told = together(*(lambda person=person: take(person) for person in ("ana", "luis", "eva", "sara")))

    assert len(set(told)) == 4
    assert 0 not in told


def test_a_take_over_waits_for_the_decision_and_the_decision_for_the_take_over(desk_for_all: Desk) -> None:
    """The lease is checked in the decision's own transaction: nobody slips in between check and effect."""
    proposal = desk_for_all.proposal("1210.00", "FV-26-0101")
    movement = proposal.movement_id
    free = proposal.movement.amount
    made = sheet.of_reading(proposal.movement, free, readings(proposal, free)[0])
    leases.take(movement, "ana")
    taken, go_on = Event(), Event()

    def supervise() -> str:
        with transaction.atomic():
            leases.take_over(movement, "sara", keep=True)
            taken.set()
            go_on.wait(PATIENCE)
        return "sara"

    def decide() -> str:
        taken.wait(PATIENCE)
        try:
            # Blocks on the row until the take-over is committed, and then is refused.
            with ThreadPoolExecutor(1) as helper:
                helper.submit(lambda: go_on.wait(0.5) or go_on.set())
                decisions.settle(made, proposal.pk, person="ana")
        except leases.HeldByAnother as exc:
            return exc.turn.person
        return "decided"

    assert together(supervise, decide) == ["sara", "sara"]
    assert Proposal.objects.get(pk=proposal.pk).state == "review"
    assert not Decision.objects.exists()


def test_two_who_decide_the_same_leave_one_decision(desk_for_all: Desk) -> None:
    proposal = desk_for_all.proposal("1210.00", "FV-26-0101")
    free = proposal.movement.amount
    made = sheet.of_reading(proposal.movement, free, readings(proposal, free)[0])

    def decide(person: str) -> str:
        try:
            return decisions.settle(made, proposal.pk, person=person).state
        except (leases.HeldByAnother, decisions.Moved, decisions.proposals.DecisionError) as exc:
            return type(exc).__name__

    told = together(lambda: decide("ana"), lambda: decide("luis"))

    assert told.count("accepted") == 1
    assert Decision.objects.count() == 1


def test_a_lease_that_ran_out_goes_to_the_next_and_comes_back_to_nobody(desk: Desk) -> None:
    movement = desk.proposal("1210.00", "FV-26-0101").movement_id
    leases.take(movement, "ana")
    Lease.objects.update(expires_at=clock.now() - timedelta(seconds=1))

    assert leases.holder(movement) is None
    assert try_take(movement, "luis") == "luis"
    assert try_take(movement, "ana") == "no: luis"


def test_a_lease_that_ran_out_and_nobody_took_is_still_good(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    leases.take(proposal.movement_id, "ana")
    Lease.objects.update(expires_at=clock.now() - timedelta(seconds=1))

    decisions.set_aside(proposal.pk, person="ana", reason="No es un cobro")

    assert Decision.objects.get().person == "ana"


def test_renewing_ends_when_a_page_was_left_open(desk: Desk) -> None:
    movement = desk.proposal("1210.00", "FV-26-0101").movement_id
    first = leases.take(movement, "ana")
    assert leases.renew(movement, "ana").until > first.until

    Lease.objects.update(taken_at=clock.now() - leases.LONGEST * 2)
    kept = Lease.objects.get().expires_at
    assert leases.renew(movement, "ana").until == kept
    assert leases.take(movement, "ana", fresh=True).until > kept


def test_one_works_on_one_at_a_time_and_gives_up_only_ones_own(desk: Desk) -> None:
    one, two = (desk.proposal("10.00", f"FV-26-{number}").movement_id for number in ("0101", "0102"))
    leases.take(one, "ana")
    leases.take(two, "luis")

    leases.give_up(two, "ana")
    assert leases.held_by_others("ana") == [two]
    leases.take_over(two, "ana", keep=True)
    leases.give_up_all_but(two, "ana")
    assert list(Lease.objects.values_list("movement", "person")) == [(two, "ana")]


def test_many_are_taken_in_one_go_or_named(desk: Desk) -> None:
    rows = [desk.proposal("10.00", f"FV-26-{number}").movement_id for number in ("0101", "0102", "0103")]
    leases.take(rows[1], "luis")

    refused = leases.take_all(rows, "ana")

    assert {pk: turn.person for pk, turn in refused.items()} == {rows[1]: "luis"}
