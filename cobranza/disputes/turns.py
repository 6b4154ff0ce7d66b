"""Two people never have the same case in front of them: a turn with an end, given out by the database.

Opening the page takes the turn, a poll renews it, and a decision takes it again inside its own transaction, so that
somebody whose turn has passed to another cannot decide any more. All times are the database's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from cobranza.disputes.models import Dispute, Turn
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.screens import formats

TERM = timedelta(minutes=5)
LONGEST = timedelta(minutes=20)
RENEW_SECONDS = 60

_TAKE = """
INSERT INTO disputes_turn AS held (dispute_id, person, taken_at, expires_at)
VALUES (%(dispute)s, %(person)s, clock_timestamp(), clock_timestamp() + %(term)s)
ON CONFLICT (dispute_id) DO UPDATE SET
    person = EXCLUDED.person,
    taken_at = CASE WHEN held.person = EXCLUDED.person AND NOT %(fresh)s THEN held.taken_at ELSE EXCLUDED.taken_at END,
    expires_at = EXCLUDED.expires_at
WHERE held.person = EXCLUDED.person OR held.expires_at <= clock_timestamp() OR %(force)s
RETURNING expires_at
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A turn as people see it."""

    dispute: int
    person: str
    until: datetime

    @property
    def hour(self) -> str:
        """When it ends, in the zone of the instance."""
        return formats.instant(self.until)[-5:]


class HeldByAnother(BusinessError):
    """Somebody else has this case in front of them."""

    code = "COB-DIS-015"
    remedy = "Siga con otro caso; este quedará libre cuando termine o pase la hora. Supervisión puede tomar el relevo."

    def __init__(self, held: Held) -> None:
        super().__init__(f"Lo tiene {held.person} hasta las {held.hour}.")
        self.held = held


def take(dispute: int, person: str, *, fresh: bool = False) -> Held:
    """Take or renew the turn; inside a transaction the row stays locked until its end.

    Args:
        dispute: Which case.
        person: Who.
        fresh: They have just opened it: `LONGEST` counts from now.

    Raises:
        HeldByAnother: it is somebody else's and has not run out.
    """
    for _ in range(2):  # given up between the two statements: ask once more
        until = _take(dispute, person, fresh=fresh)
        if until is not None:
            return Held(dispute, person, until)
        held = holder(dispute)
        if held is not None and held.person != person:
            raise HeldByAnother(held)
    raise HeldByAnother(Held(dispute, "otra persona", clock.now()))


def renew(dispute: int, person: str) -> Held:
    """Renew the turn of a page that is open, as long as nobody has left it open over lunch.

    Raises:
        HeldByAnother: it is somebody else's by now.
    """
    row = Turn.objects.filter(pk=dispute).first()
    if row is not None and row.person == person and clock.now() - row.taken_at > LONGEST:
        return Held(dispute, row.person, row.expires_at)
    return take(dispute, person)


@contextmanager
def turn(dispute: int, person: str) -> Iterator[Held]:
    """A transaction in which the case is this person's; free again when it ends well."""
    with transaction.atomic():
        yield take(dispute, person)
        give_up(dispute, person)


def take_over(dispute: int, supervisor: str, *, keep: bool) -> Held | None:
    """Supervision takes a case from whoever has it; returns who had it. It is in the record.

    Args:
        dispute: Which case.
        supervisor: Who takes it.
        keep: Hold it from now on (somebody who may decide); otherwise it is simply free again.
    """
    with transaction.atomic():
        row = Turn.objects.select_for_update().filter(pk=dispute).first()
        before = Held(dispute, row.person, row.expires_at) if row is not None else None
        if keep:
            _take(dispute, supervisor, force=True)
        elif row is not None:
            row.delete()
        if before is not None and before.person != supervisor:
            case = Dispute.objects.get(pk=dispute)
            payload = {"from": before.person, "until": before.until}
            record("dispute.taken_over", case, payload, Actor.person(supervisor), creditor=case.creditor_id)
    return before


def give_up(dispute: int, person: str) -> None:
    """Free a case that the person has; somebody else's stays."""
    Turn.objects.filter(dispute=dispute, person=person).delete()


def give_up_all_but(dispute: int | None, person: str) -> None:
    """Free whatever else the person has: one works on one case at a time."""
    rows = Turn.objects.filter(person=person)
    (rows.exclude(dispute=dispute) if dispute is not None else rows).delete()


def holder(dispute: int) -> Held | None:
    """Who has it now, None when it is free."""
    return live([dispute]).get(dispute)


def live(disputes: Iterable[int]) -> dict[int, Held]:
    """The turns among `disputes` that have not run out."""
    rows = Turn.objects.filter(dispute__in=list(disputes), expires_at__gt=clock.now())
    return {row.dispute_id: Held(row.dispute_id, row.person, row.expires_at) for row in rows}


def held_by_others(person: str) -> list[int]:
    """Cases that other people have now."""
    rows = Turn.objects.filter(expires_at__gt=clock.now()).exclude(person=person)
    return list(rows.values_list("dispute", flat=True))


def _take(dispute: int, person: str, *, force: bool = False, fresh: bool = False) -> datetime | None:
    with connection.cursor() as cursor:
        wanted: dict[str, Any] = {"dispute": dispute, "person": person, "term": TERM, "force": force, "fresh": fresh}
        cursor.execute(_TAKE, wanted)
        row = cursor.fetchone()
        return row[0] if row else None
