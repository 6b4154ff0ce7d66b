"""Two people never have the same movement in front of them: a lease with an end, given out by the database.

Reading the page takes the lease, a poll of the page renews it, and a decision takes it again inside its own
transaction, so that somebody whose turn has passed to another cannot decide any more. All times are the database's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Movement
from cobranza.reconciliation.workbench.models import Lease
from cobranza.screens import formats

TERM = timedelta(minutes=5)
LONGEST = timedelta(minutes=20)
RENEW_SECONDS = 60

_TAKE = """
INSERT INTO workbench_lease AS held (movement_id, person, taken_at, expires_at)
SELECT movement, %(person)s, clock_timestamp(), clock_timestamp() + %(term)s
FROM unnest(%(movements)s::bigint[]) AS movement ORDER BY movement
ON CONFLICT (movement_id) DO UPDATE SET
    person = EXCLUDED.person,
    taken_at = CASE WHEN held.person = EXCLUDED.person AND NOT %(fresh)s THEN held.taken_at ELSE EXCLUDED.taken_at END,
    expires_at = EXCLUDED.expires_at
WHERE held.person = EXCLUDED.person OR held.expires_at <= clock_timestamp() OR %(force)s
RETURNING movement_id, taken_at, expires_at
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """A lease as people see it."""

    movement: int
    person: str
    until: datetime


class HeldByAnother(BusinessError):
    """Somebody else has this movement in front of them."""

    code = "COB-MES-001"
    remedy = "Siga con otro cobro; este quedará libre cuando termine o pase la hora. Supervisión puede tomar el relevo."

    def __init__(self, turn: Turn) -> None:
        super().__init__(f"Lo tiene {turn.person} hasta las {until(turn)}.")
        self.turn = turn


def until(turn: Turn) -> str:
    """The hour at which a turn ends, in the zone of the instance."""
    return formats.instant(turn.until)[-5:]


def take(movement: int, person: str, *, fresh: bool = False) -> Turn:
    """Take or renew the lease; inside a transaction the row stays locked until its end.

    Args:
        movement: Which.
        person: Who.
        fresh: They have just opened it: `LONGEST` counts from now.

    Raises:
        HeldByAnother: it is somebody else's and has not run out.
    """
    taken = _take([movement], person, fresh=fresh)
    if movement in taken:
        return taken[movement]
    turn = holder(movement)
    # Given up between the two statements: ask once more, and believe the answer.
    if turn is None or turn.person == person:
        taken = _take([movement], person)
        turn = taken.get(movement) or holder(movement)
    if turn is None:
        turn = Turn(movement, "otra persona", clock.now())
    if turn.person != person:
        raise HeldByAnother(turn)
    return turn


def renew(movement: int, person: str) -> Turn:
    """Renew the lease of a page that is open, as long as nobody has left it open over lunch.

    Returns:
        The turn, not longer than before once `LONGEST` has passed.

    Raises:
        HeldByAnother: it is somebody else's by now.
    """
    row = Lease.objects.filter(pk=movement).first()
    if row is not None and row.person == person and clock.now() - row.taken_at > LONGEST:
        return _turn(row)
    return take(movement, person)


@contextmanager
def turn(movement: int, person: str) -> Iterator[Turn]:
    """A transaction in which the movement is this person's; free again when it ends well."""
    with transaction.atomic():
        yield take(movement, person)
        give_up(movement, person)


def take_all(movements: Iterable[int], person: str) -> dict[int, Turn]:
    """Take the leases of many movements in one order; returns those that somebody else has."""
    wanted = sorted(set(movements))
    taken = _take(wanted, person)
    return {turn.movement: turn for turn in live(set(wanted) - set(taken)) if turn.person != person}


def take_over(movement: int, supervisor: str, *, keep: bool) -> Turn | None:
    """Supervision takes a movement from whoever has it; returns who had it. It is in the record.

    Args:
        movement: Which.
        supervisor: Who takes it.
        keep: Hold it from now on (somebody who may decide); otherwise it is simply free again.
    """
    with transaction.atomic():
        row = Lease.objects.select_for_update().filter(pk=movement).first()
        before = _turn(row) if row is not None else None
        if keep:
            _take([movement], supervisor, force=True)
        elif row is not None:
            row.delete()
        if before is not None and before.person != supervisor:
            creditor = Movement.objects.select_related("account").get(pk=movement).account.creditor_id
            record(
                "reconciliation.taken_over",
                f"movement:{movement}",
                {"from": before.person, "until": before.until},
                Actor.person(supervisor),
                creditor=creditor,
            )
    return before


def give_up(movement: int, person: str) -> None:
    """Free a movement that the person has; somebody else's stays."""
    Lease.objects.filter(movement=movement, person=person).delete()


def give_up_all_but(movement: int | None, person: str) -> None:
    """Free whatever else the person has: one works on one movement at a time."""
    rows = Lease.objects.filter(person=person)
    (rows.exclude(movement=movement) if movement is not None else rows).delete()


def holder(movement: int) -> Turn | None:
    """Who has it now, None when it is free."""
    return next(iter(live([movement])), None)


def live(movements: Iterable[int]) -> list[Turn]:
    """The leases among `movements` that have not run out."""
    rows = Lease.objects.filter(movement__in=list(movements), expires_at__gt=clock.now())
    return [_turn(row) for row in rows]


def held_by_others(person: str) -> list[int]:
    """Movements that other people have now."""
    rows = Lease.objects.filter(expires_at__gt=clock.now()).exclude(person=person)
    return list(rows.values_list("movement", flat=True))


def _turn(row: Lease) -> Turn:
    return Turn(row.movement_id, row.person, row.expires_at)


def _take(movements: list[int], person: str, *, force: bool = False, fresh: bool = False) -> dict[int, Turn]:
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {
            "movements": movements,
            "person": person,
            "term": TERM,
            "force": force,
            "fresh": fresh,
        }
        cursor.execute(_TAKE, wanted)
        return {pk: Turn(pk, person, expires) for pk, _taken, expires in cursor.fetchall()}
