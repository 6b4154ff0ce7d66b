"""Work items: pieces of work that robots on any number of machines share, each done once.

    items.add("cobros", "F2026-00007", {"importe": "120.50"})         # again: changes nothing

    for item in items.work("cobros"):
        with item:                                                     # settles the item by how the block ends
            receipt = item.once(look_up=lambda: erp.find(item.reference), act=lambda: erp.post(item.payload))
            item.complete(result={"recibo": receipt}, effect=lambda: Allocation.objects.create(…))

How the block ends decides: normally → `hecho`; `BusinessError` → `error_negocio`, never again; `NeedsPerson` → parked
with a question, and goes on with the same item when `answer` is called; anything else → again after a pause, until
`max_attempts` is used up (`error_tecnico`, the dead letters). Attempts are counted when an item is taken, so an item
that kills its robot gets there too.

An item in progress is leased and fenced: a thread renews the lease, every write carries the item's token, and an owner
that lost it gets `LeaseLost` instead of writing. `HeldItem.once` is for acts outside the database: the intent is
committed first, and after a crash the act is looked up before anything is repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from cobranza.kernel.errors import BusinessError, CobranzaError, NeedsPerson
from cobranza.runs import alerts, context
from cobranza.runs.config import Engine, settings
from cobranza.runs.errors import DeadlinePassed, ItemUnknown, LeaseLost, RobotFailed, TooManyAttempts
from cobranza.runs.keeper import KEEPER, Lease
from cobranza.runs.models import AlertKind, ItemState, Run, WorkItem
from cobranza.runs.persistence import Now, patiently

Result = TypeVar("Result")
_DEFAULT_ATTEMPTS = 3
_MAX_TEXT = 4000

_CLAIM = """
update runs_workitem
   set state = 'en_curso', attempts = attempts + 1, token = %(token)s, run_id = %(run)s,
       lease_until = statement_timestamp() + make_interval(secs => %(lease)s), updated_at = statement_timestamp()
 where id = (
    select id from runs_workitem
     where queue = %(queue)s and state = 'nuevo'
       and (not_before is null or not_before <= statement_timestamp())
       and (deadline is null or deadline > statement_timestamp())
     order by priority desc, id
       for update skip locked limit 1)
returning id
"""


def add(
    queue: str,
    reference: str,
    payload: Any = None,
    *,
    priority: int = 0,
    max_attempts: int = _DEFAULT_ATTEMPTS,
    not_before: datetime | None = None,
    deadline: datetime | None = None,
    parent: WorkItem | None = None,
) -> WorkItem:
    """Put work into a queue. The same reference again returns the first item, whatever became of it, unchanged."""
    item, _ = WorkItem.objects.get_or_create(
        queue=queue,
        reference=reference,
        defaults={
            "payload": {} if payload is None else payload,
            "priority": priority,
            "max_attempts": max_attempts,
            "not_before": not_before,
            "deadline": deadline,
            "parent": parent,
        },
    )
    return item


def claim(queue: str) -> HeldItem | None:
    """Take the next item that may be worked on now; None when there is none."""
    engine = settings().motor
    token = uuid4()
    lease = KEEPER.lease(token, engine)
    values = {
        "token": token,
        "run": context.current().run_id,
        "lease": engine.arriendo,
        "queue": queue,
    }

    def take() -> WorkItem | None:
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, values)
            row = cursor.fetchone()
        # A commit whose answer got lost is found by its token.
        return WorkItem.objects.filter(pk=row[0]).first() if row else WorkItem.objects.filter(token=token).first()

    row = patiently(take, seconds=engine.arriendo)
    if row is None:
        return None
    KEEPER.keep(lease)
    return HeldItem(row, lease, engine)


def work(queue: str | None = None, *, limit: int | None = None) -> Iterator[HeldItem]:
    """Items one after another, until none may be worked on now.

    Put the body in ``with item:``; an item that was neither settled nor in a ``with`` block when the next one is asked
    for is completed.

    Args:
        queue: The robot's own (its metadata ``Cola``) by default.
        limit: Most items to take.
    """
    name = queue or context.current().queue
    if not name:
        raise ItemUnknown("El robot no declara ninguna cola de trabajo («Cola» en sus metadatos).")
    taken = 0
    while limit is None or taken < limit:
        item = claim(name)
        if item is None:
            return
        taken += 1
        yield item
        if not item.settled:
            item.complete()


class HeldItem:
    """An item that this process holds.

    Attributes:
        payload: What to do; change it with `save`.
        attempts: 1 the first time.
        intent: What an earlier attempt was about to do outside, None when it did not get there.
        answer: What a person answered to the question of an earlier attempt, "" when nobody was asked.
        settled: A final word was written, or the item is another's.
    """

    def __init__(self, row: WorkItem, lease: Lease, engine: Engine) -> None:
        self.id: int = row.pk
        self.queue = row.queue
        self.reference = row.reference
        self.payload: Any = row.payload
        self.attempts = row.attempts
        self.max_attempts = row.max_attempts
        self.intent: Any = row.intent
        self.answer = row.answer
        self.answered_by = row.answered_by
        self.settled = False
        self._lease = lease
        self._engine = engine

    def __repr__(self) -> str:
        return f"HeldItem({self.queue}/{self.reference}, attempt {self.attempts})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        """Settle by how the block ended. Errors that belong to the item end here; a stop of the robot goes on up."""
        if self.settled:
            return isinstance(error, LeaseLost)
        if error is None:
            self.complete()
            return True
        if isinstance(error, LeaseLost):
            self._drop()
            return True
        self.fail(error)
        return isinstance(error, Exception) and not _stops_the_robot(error)

    @property
    def token(self) -> UUID:
        """The fence of this attempt."""
        return self._lease.token

    def guard(self) -> None:
        """Check, right before an act that cannot be undone, that the item is ours for long enough to act.

        Raises:
            LeaseLost: it is not, or we have not been able to renew it.
        """
        if not self._lease.holds():
            raise LeaseLost(f"«{self.reference}» ya no es de este proceso.")

    def declare(self, intent: Any) -> None:
        """Commit what is about to be done outside, so that a later attempt looks before it repeats."""
        self._write(intent=intent)
        self.intent = intent

    def once(
        self, look_up: Callable[[], Result | None], act: Callable[[], Result], intent: Mapping[str, Any] | None = None
    ) -> Result:
        """Act outside, once even when processes die.

        Args:
            look_up: Searches the outside for an earlier attempt's act; None means that it surely is not there. Raise
                `OutcomeUnknown` or `NeedsPerson` when that cannot be told.
            act: Does it and returns its receipt.
            intent: JSON to keep beside the item; the reference by default.

        Raises:
            LeaseLost: the item is not surely ours any more; nothing was done.
        """
        if self.intent is not None:
            found = look_up()
            if found is not None:
                return found
        self.declare(dict(intent) if intent is not None else {"reference": self.reference})
        self.guard()
        return act()

    def save(self, payload: Any) -> None:
        """Keep a changed payload."""
        self._write(payload=payload)
        self.payload = payload

    def complete(self, result: Any = None, effect: Callable[[], object] | None = None) -> None:
        """Finish the item and, in the same transaction, its `effect` in our database.

        Raises:
            LeaseLost: the item is another's; the effect was not applied.
        """

        def both() -> None:
            with transaction.atomic():
                self._write(state=ItemState.DONE, result=result, **_FREE, ended_at=Now(), **_NO_ERROR)
                if effect is not None:
                    effect()

        self._settle(both)

    def fail(self, error: BaseException) -> None:
        """Settle by the class of `error`; see the module. An item that is another's is dropped in silence."""
        try:
            if isinstance(error, NeedsPerson):
                self.ask(error.message, error)
            elif isinstance(error, BusinessError):
                self._end(ItemState.BUSINESS_ERROR, error)
            elif self.attempts >= self.max_attempts:
                self._end(ItemState.TECHNICAL_ERROR, error)
            else:
                pause = timedelta(seconds=self._engine.pause(self.attempts))
                values = _explain(error)
                self._settle(lambda: self._write(state=ItemState.NEW, not_before=Now() + pause, **_FREE, **values))
        except LeaseLost:
            self._drop()

    def ask(self, question: str, error: NeedsPerson | None = None) -> None:
        """Park the item until a person answers `question`. The wait uses up no attempt."""

        def park() -> None:
            with transaction.atomic():
                values = _explain(error) if error else _NO_ERROR
                self._write(
                    state=ItemState.NEEDS_PERSON,
                    question=question,
                    answer="",
                    attempts=F("attempts") - 1,
                    **_FREE,
                    **values,
                )
                alerts.open_alert(
                    AlertKind.NEEDS_PERSON,
                    key=f"persona:{self.id}:{self.token}",
                    message=f"«{self.reference}» ({self.queue}) espera una respuesta: {question}",
                    run_id=context.current().run_id,
                )

        self._settle(park)

    def defer(self, until: datetime) -> None:
        """Put the item off, not before `until`. Uses up no attempt."""
        self._settle(lambda: self._write(state=ItemState.NEW, not_before=until, attempts=F("attempts") - 1, **_FREE))

    def _end(self, state: ItemState, error: BaseException) -> None:
        values = _explain(error)
        self._settle(lambda: self._write(state=state, **_FREE, ended_at=Now(), **values))

    def _write(self, **values: Any) -> None:
        rows = WorkItem.objects.filter(pk=self.id, token=self.token, state=ItemState.IN_PROGRESS)
        if not rows.update(updated_at=Now(), **values):
            raise LeaseLost(f"«{self.reference}» ya no es de este proceso.")

    def _settle(self, write: Callable[[], None]) -> None:
        """Do the last write, patiently when the caller's transaction allows it."""
        if connection.in_atomic_block:
            write()
        else:
            patiently(write, seconds=self._engine.arriendo)
        self._drop()

    def _drop(self) -> None:
        self.settled = True
        KEEPER.drop(self._lease)


def complete(item: HeldItem, effect: Callable[[], object] | None = None, result: Any = None) -> None:
    """See `HeldItem.complete`."""
    item.complete(result=result, effect=effect)


def fail(item: HeldItem, error: BaseException) -> None:
    """See `HeldItem.fail`."""
    item.fail(error)


def answer(item_id: int, text: str, *, by: str) -> WorkItem:
    """Answer the question of a parked item: the same item goes on, and its robot is started for it.

    Raises:
        ItemUnknown: no such item, or it does not wait for an answer (any more).
    """
    from cobranza.runs import engine

    with transaction.atomic():
        written = WorkItem.objects.filter(pk=item_id, state=ItemState.NEEDS_PERSON).update(
            state=ItemState.NEW,
            answer=text,
            answered_by=by,
            answered_at=Now(),
            updated_at=Now(),
            not_before=None,
            max_attempts=Greatest(F("max_attempts"), F("attempts") + 1),
        )
        if not written:
            raise ItemUnknown(f"El elemento {item_id} no espera ninguna respuesta.")
        engine.continue_work()
    return WorkItem.objects.get(pk=item_id)


def reopen(item_id: int, *, by: str) -> WorkItem:
    """Give a failed item another try after a person has put its cause right; raises `ItemUnknown`."""
    from cobranza.runs import engine

    with transaction.atomic():
        written = WorkItem.objects.filter(
            pk=item_id, state__in=(ItemState.BUSINESS_ERROR, ItemState.TECHNICAL_ERROR)
        ).update(
            state=ItemState.NEW,
            answered_by=by,
            answered_at=Now(),
            updated_at=Now(),
            not_before=None,
            ended_at=None,
            max_attempts=Greatest(F("max_attempts"), F("attempts") + 1),
        )
        if not written:
            raise ItemUnknown(f"El elemento {item_id} no ha fallado.")
        engine.continue_work()
    return WorkItem.objects.get(pk=item_id)


def release_of(run: Run) -> int:
    """Free the items that an ended run still held; its processes are gone. Returns how many."""
    return _free(Q(run=run))


def reclaim_lost() -> int:
    """Free items whose owner has not been heard for a whole lease, and close those past their deadline."""
    late = DeadlinePassed("El trabajo esperó más allá de su plazo.")
    WorkItem.objects.filter(state=ItemState.NEW, deadline__lte=Now()).update(
        state=ItemState.BUSINESS_ERROR, ended_at=Now(), updated_at=Now(), **_explain(late)
    )
    return _free(Q(lease_until__lt=Now()))


def _free(which: Q) -> int:
    spent = TooManyAttempts("El robot murió con este trabajo entre manos tantas veces como se permite.")
    with transaction.atomic():
        held = list(
            WorkItem.objects.select_for_update(skip_locked=True)
            .filter(which, state=ItemState.IN_PROGRESS)
            .values_list("pk", flat=True)[:500]
        )
        rows = WorkItem.objects.filter(pk__in=held)
        dead = rows.filter(attempts__gte=F("max_attempts")).update(
            state=ItemState.TECHNICAL_ERROR, ended_at=Now(), updated_at=Now(), **_FREE, **_explain(spent)
        )
        back = rows.filter(state=ItemState.IN_PROGRESS).update(state=ItemState.NEW, updated_at=Now(), **_FREE)
    return dead + back


_FREE: dict[str, Any] = {"token": None, "lease_until": None}
_NO_ERROR: dict[str, Any] = {"error_code": "", "error_message": "", "error_remedy": ""}


def _explain(error: BaseException) -> dict[str, str]:
    if not isinstance(error, CobranzaError):
        error = RobotFailed(f"{type(error).__name__}: {error}")
    return {
        "error_code": error.code,
        "error_message": error.message[:_MAX_TEXT],
        "error_remedy": error.remedy[:_MAX_TEXT],
    }


def _stops_the_robot(error: BaseException) -> bool:
    """A time-out, a stop signal or a fatal error of Robot Framework concerns the robot, not just the item."""
    from robot.errors import RobotError

    return isinstance(error, RobotError) or bool(getattr(error, "ROBOT_EXIT_ON_FAILURE", False))
