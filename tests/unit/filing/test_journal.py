"""The journal in the database: the same protocol, and what the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from cobranza.legal.filing.journal import DatabaseJournal
from cobranza.legal.filing.machine import NEXT, State
from cobranza.legal.filing.models import CourtFiling, FilingLease, FilingStep
from cobranza.legal.filing.protocol import Filer
from cobranza.legal.filing.records import AlreadyFiled, Claim, FenceLost, FilingBusy
from cobranza.legal.requirements import Waiting
from tests.unit.filing.conftest import POLICY, Robot, W

pytestmark = pytest.mark.django_db

Make = Callable[..., Claim]


@pytest.fixture
def journal(robot: Robot) -> DatabaseJournal:
    return DatabaseJournal(timedelta(seconds=60), now=robot.clock)


@pytest.fixture
def filer(robot: Robot, journal: DatabaseJournal) -> Filer:
    return Filer(
        robot.court,
        journal,
        waiting=Waiting(fuente="prueba", espera_incierto=W),
        policy=POLICY,
        evidence=robot.folder / "out",
        approved=lambda case, package: True,
        now=robot.clock,
        sleep=robot.clock.sleep,
    )


def test_a_filing_from_the_package_to_the_receipt(filer: Filer, robot: Robot, a_claim: Make) -> None:
    robot.fails(submit=["fail"])
    claim = a_claim()
    progress = filer.file(claim)
    while not progress.settled:
        assert progress.due_at is not None
        assert filer.file(claim).due_at == progress.due_at, "nothing is done before its time"
        robot.clock.at = progress.due_at
        progress = filer.file(claim)

    row = CourtFiling.objects.get()
    assert (row.state, row.sends, row.registry) == ("presentado", 2, robot.court.filings[0].registry)
    states = list(FilingStep.objects.values_list("state", flat=True))
    assert states[0] == "preparado"
    assert [state for state, after in zip(states, [*states[1:], ""], strict=True) if state != after] == [
        "preparado", "borrador", "subido", "listo", "enviando", "incierto", "no_consta", "listo", "enviando",
        "presentado",
    ]  # fmt: skip
    assert FilingStep.objects.filter(state="incierto")[0].proof_sha256


def test_another_process_is_kept_out_until_the_lease_runs_out(journal: DatabaseJournal, a_claim: Make) -> None:
    one, other = journal.open(a_claim(1)), journal.open(a_claim(2))
    with journal.hold(one.id):
        with pytest.raises(FilingBusy), journal.hold(one.id):
            pass
        with pytest.raises(FilingBusy, match="credencial"), journal.hold(other.id):
            pass
    with journal.hold(other.id):
        pass


def test_who_was_away_too_long_writes_nothing_more(journal: DatabaseJournal, a_claim: Make) -> None:
    entry = journal.open(a_claim())
    with journal.hold(entry.id) as late:
        FilingLease.objects.update(until="2020-01-01T00:00:00Z")
        with journal.hold(entry.id) as now:
            now.move(State.DRAFT, "Del que sigue.", draft="D1")
            with pytest.raises(FenceLost):
                late.move(State.DRAFT, "Del que se quedó atrás.", draft="D2")
            with pytest.raises(FenceLost):
                late.guard()
    assert journal.read(entry.id).draft == "D1"


def test_one_claim_one_filing(journal: DatabaseJournal, a_claim: Make) -> None:
    claim = a_claim()
    entry = journal.open(claim)
    assert journal.open(claim) == entry
    with pytest.raises(AlreadyFiled, match="EXP-2026-000001"):
        journal.open(replace(claim, package=replace(claim.package, case="EXP-2026-000099")))
    row = CourtFiling.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        CourtFiling.objects.create(
            case="EXP-2026-000098", court=row.court, credential="x", package_hash="x", fingerprint=row.fingerprint,
            reference="x", folder="x", created_at=row.created_at,
        )  # fmt: skip


def test_a_package_signed_again_takes_the_place_of_one_that_was_never_sent(
    journal: DatabaseJournal, a_claim: Make
) -> None:
    first, second = a_claim(1, 2), a_claim(1, 3)
    old = journal.open(first)
    new = journal.open(second)
    assert new.id != old.id
    assert journal.read(old.id).state is State.WITHDRAWN
    with journal.hold(new.id) as held:
        for state in (State.DRAFT, State.UPLOADED, State.READY):
            held.move(state, "Paso.")
        held.move(State.SENDING, "Se envía.", sends=1)
    with pytest.raises(AlreadyFiled, match="en curso"):
        journal.open(a_claim(1, 4))


def test_the_database_knows_the_same_moves_as_the_machine(journal: DatabaseJournal, a_claim: Make) -> None:
    proof = {"registry": "R1", "receipt_sha256": "x", "filed_at": journal._now()}
    for number, (now, to) in enumerate(product(State, State), 1):
        entry = journal.open(a_claim(number))
        row = CourtFiling.objects.filter(pk=entry.id)
        for state in _way(now):
            row.update(state=state.value, **proof)
        allowed = to is now or to in NEXT[now]
        try:
            with transaction.atomic():
                row.update(state=to.value, **proof)
        except DatabaseError as exc:
            assert not allowed, (now, to)
            assert "no pasa de" in str(exc)
        else:
            assert allowed, (now, to)


def _way(to: State) -> list[State]:
    """Some allowed way from the beginning to a state."""
    ways: dict[State, list[State]] = {State.PREPARED: []}
    while to not in ways:
        for state, way in list(ways.items()):
            for after in NEXT[state]:
                ways.setdefault(after, [*way, after])
    return ways[to]


def test_the_database_keeps_what_was_signed_and_the_history(journal: DatabaseJournal, a_claim: Make) -> None:
    journal.open(a_claim())
    for change in ({"package_hash": "x"}, {"fingerprint": "x"}, {"reference": "x"}, {"sends": 1}):
        with pytest.raises(DatabaseError), transaction.atomic():
            CourtFiling.objects.update(**change)
    for act in (FilingStep.objects.all().delete, CourtFiling.objects.all().delete):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()
    with pytest.raises(DatabaseError), transaction.atomic():
        FilingStep.objects.update(why="otra cosa")
    with pytest.raises(IntegrityError, match="filing_filed_is_proved"), transaction.atomic():
        CourtFiling.objects.update(state="presentado")
