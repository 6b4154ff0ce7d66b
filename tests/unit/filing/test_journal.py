"""The journal in the database: the same protocol, and what the database itself refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from cobranza.legal.filing import recall
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


def test_who_was_slow_goes_on_when_nobody_took_its_place(journal: DatabaseJournal, a_claim: Make) -> None:
    entry = journal.open(a_claim())
    with journal.hold(entry.id) as slow:
        FilingLease.objects.update(until="2020-01-01T00:00:00Z")
        slow.move(State.DRAFT, "Tardó en subir.", draft="D1")
        with pytest.raises(FilingBusy), journal.hold(entry.id):
            pass
    assert journal.read(entry.id).draft == "D1"


def test_who_was_slow_cannot_go_on_with_what_gave_way(journal: DatabaseJournal, a_claim: Make) -> None:
    old = journal.open(a_claim(1, 2))
    with journal.hold(old.id) as slow:
        FilingLease.objects.update(until="2020-01-01T00:00:00Z")
        journal.open(a_claim(1, 3))
        with pytest.raises(FenceLost):
            slow.guard()
    assert journal.read(old.id).state is State.WITHDRAWN


def test_what_another_changed_is_not_written_over(journal: DatabaseJournal, a_claim: Make) -> None:
    entry = journal.open(a_claim())
    with journal.hold(entry.id) as held:
        CourtFiling.objects.update(state=State.WITHDRAWN.value)
        with pytest.raises(FenceLost, match="Retirado"):
            held.note("Sigue.", troubles=1)


def _ready(journal: DatabaseJournal, claim: Claim) -> int:
    entry = journal.open(claim)
    with journal.hold(entry.id) as held:
        for state in (State.DRAFT, State.UPLOADED, State.READY):
            held.move(state, "Paso.")
    return entry.id


def test_a_signature_can_be_taken_back_until_it_is_sent(journal: DatabaseJournal, a_claim: Make) -> None:
    claim = a_claim()
    filing = _ready(journal, claim)
    with transaction.atomic():
        recall.hold_back(claim.package.case)
    with journal.hold(filing) as held:
        assert not held.launch("Se envía.", approved=lambda: False, sends=1)
        assert journal.read(filing).state is State.READY
        assert held.launch("Se envía.", approved=lambda: True, sends=1)
        for state, told in ((State.SENDING, "Enviando"), (State.UNCERTAIN, "Incierto")):
            if held.entry.state is not state:
                held.move(state, "Sin acuse.")
            with pytest.raises(recall.OnItsWay, match=told), transaction.atomic():
                recall.hold_back(claim.package.case)
        held.move(State.NOT_FILED, "No consta.")
        with transaction.atomic():
            recall.hold_back(claim.package.case)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", ["robot", "person"])
def test_of_sending_and_taking_back_one_comes_first(journal: DatabaseJournal, a_claim: Make, first: str) -> None:
    """Two connections at the same moment: who comes second sees what the first has done."""
    claim = a_claim()
    filing = _ready(journal, claim)
    inside, go = threading.Event(), threading.Event()
    revoked = threading.Event()
    told: list[bool | str] = []

    def robot() -> None:
        with closing(connection), journal.hold(filing) as held:
            told.append(held.launch("Se envía.", approved=asked, sends=1))

    def asked() -> bool:
        if first == "robot":
            inside.set()
            go.wait(20)
        return not revoked.is_set()

    def person() -> None:
        with closing(connection):
            try:
                with transaction.atomic():
                    recall.hold_back(claim.package.case)
                    if first == "person":
                        inside.set()
                        go.wait(20)
                    revoked.set()
            except recall.OnItsWay as exc:
                told.append(exc.code)

    leading, following = (robot, person) if first == "robot" else (person, robot)
    threads = [threading.Thread(target=each, daemon=True) for each in (leading, following)]
    threads[0].start()
    assert inside.wait(20)
    threads[1].start()
    threads[1].join(0.3)
    assert threads[1].is_alive(), "the second waits for the first"
    go.set()
    for each in threads:
        each.join(20)
    assert told == ([True, "COB-PRE-013"] if first == "robot" else [False])
    assert journal.read(filing).state is (State.SENDING if first == "robot" else State.READY)


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
