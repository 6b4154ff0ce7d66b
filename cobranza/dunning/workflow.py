"""The steps of staged contact: propose, queue what the gate does not deny, send. The only file that joins them all.

Queueing and sending are two acts: a run shows what it would do; somebody (or a schedule that a person switched on) then
queues it. The gate is asked both times, and its word is kept with the message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from cobranza import suite
from cobranza.dunning import config, facts, wishes, wording
from cobranza.dunning.asking import act, ask
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Channel, Delivery
from cobranza.dunning.rows import STRATEGY_TASK
from cobranza.dunning.sending import Sender
from cobranza.dunning.settings import LANGUAGE, strategy
from cobranza.dunning.store import StoredOutbox
from cobranza.dunning.strategy import TASKS, Nothing, Proposal, Strategy, answerable, propose
from cobranza.dunning.trial import arm
from cobranza.gate.acts import Decision, Purpose, Verdict
from cobranza.gate.days import open_day
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.spanish import write_money
from cobranza.ledger import tasks
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Debtor, Invoice, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be done for one account, and what the gate says of it now.

    Attributes:
        stands: State of the message with the proposal's key, "" when there is none: queued before, or taken back.
        language: Of the text.
    """

    debtor: int
    name: str
    currency: str
    found: Proposal | Nothing
    arm: str
    decision: Decision | None = None
    address: str = ""
    stands: str = ""
    language: str = LANGUAGE
    today: date = date.min

    @property
    def goes(self) -> bool:
        """It would be queued."""
        if self.decision is None or self.arm == "holdout" or self.stands not in {"", Delivery.SUPPRESSED.value}:
            return False
        return self.decision.verdict is not Verdict.DENY

    @property
    def task(self) -> str:
        """Kind of the task that a person would get, "" for none."""
        if isinstance(self.found, Nothing) or self.arm == "holdout":
            return ""
        return TASKS.get(self.found.does, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What one run put into the outbox and gave to people.

    Attributes:
        queued: Planned accounts whose message is in the outbox now.
        tasks: Planned accounts that a person has a task for now.
        held: The others, with the reason.
        wishes: Messages that other processes, or people, asked for.
    """

    queued: tuple[Planned, ...] = ()
    tasks: tuple[Planned, ...] = ()
    held: tuple[Planned, ...] = ()
    wishes: tuple[Message, ...] = field(default=())


def plan(
    creditor: Creditor, now: datetime | None = None, *, debtors: Collection[int] | None = None
) -> Iterator[Planned]:
    """What today's strategy would do, account by account; reads only.

    Args:
        debtors: Only these (primary keys); None all.
    """
    at = now or clock.now()
    entry = config.company(creditor.key)
    trial = entry.ensayo.trial() if entry.ensayo else None
    pairs = accounts(creditor, debtors)
    chosen = {
        name: answerable(strategy(name)) for name in {entry.estrategia, trial.pilot if trial is not None else ""} - {""}
    }
    batch: list[Planned] = []
    for (debtor, currency), known in zip(pairs, facts.read_many(pairs, at), strict=True):
        lot = arm(trial, known.account.key, known.today) if trial is not None else "current"
        name = entry.estrategia
        if lot == "pilot" and trial is not None and not trial.shadow:
            name = trial.pilot
        planned = judge(known, chosen[name], at)
        batch.append(replace(planned, debtor=debtor.pk, name=debtor.name, currency=currency, arm=lot))
        if len(batch) == _BATCH:
            yield from _standing(batch)
            batch = []
    yield from _standing(batch)


def judge(known: facts.Facts, chosen: Strategy, at: datetime) -> Planned:
    """What `chosen` proposes for one account and the gate's word on it at `at`. Pure."""
    law = facts.law(known.country)

    def permitted(day: date, channel: str) -> bool:
        return is_open(known.country, day, known.debtor_type, channel)

    found = propose(known.account, chosen, known.today, permitted)
    planned = Planned(debtor=0, name="", currency="", found=found, arm="current", today=known.today)
    if isinstance(found, Nothing) or found.does in TASKS:
        return planned
    address = known.addresses[found.channel]
    question = act(known, found.channel, address, at, found.key, Purpose.CLAIM, found.anchor)
    language = known.account.language
    return replace(
        planned,
        decision=decide(question, known.state, law),
        address=address,
        language=language if found.template in _templates(language) else LANGUAGE,
    )


def queue(creditor: Creditor, planned: Planned, *, actor: Actor, now: datetime | None = None) -> Message | None:
    """Put one planned message into the outbox; None when it is there already, or does not go.

    One that the gate held back at the second of sending never left: it goes back to the queue when it may go again.

    Args:
        actor: Who queues it.
    """
    found, decision = planned.found, planned.decision
    if isinstance(found, Nothing) or decision is None or not planned.goes:
        return None
    at = now or clock.now()
    with transaction.atomic():
        debtor = Debtor.objects.select_for_update(no_key=True, of=("self",)).select_related("creditor").get(
            pk=planned.debtor
        )  # fmt: skip
        law = facts.law(debtor.country or debtor.creditor.country)
        there = Message.objects.select_for_update(no_key=True).filter(key=found.key).first()
        if there is not None and there.state != Delivery.SUPPRESSED.value:
            return None
        message = there or Message(key=found.key, creditor=creditor, debtor=debtor, step=found.step)
        message.currency = planned.currency
        message.strategy, message.arm, message.anchor = found.strategy, planned.arm, found.anchor
        message.channel, message.address = found.channel, planned.address
        message.template, message.language = found.template, planned.language
        message.state, message.not_before, message.reason = Delivery.QUEUED.value, decision.until or at, found.why
        message.rules = list(decision.rules)
        message.decisions = [*message.decisions, decision.as_dict(law)][-20:]
        message.save()
        payload = {"key": found.key, "step": found.step, "channel": found.channel, "strategy": found.strategy}
        record("message.queued", debtor, payload, actor, creditor=creditor.pk)
    return message


def hand_over(planned: Planned, *, actor: Actor) -> Task | None:
    """Give a person the task that a strategy proposes; None when it proposes none. The same proposal is one task."""
    found = planned.found
    if isinstance(found, Nothing) or not planned.task:
        return None
    debtor = Debtor.objects.get(pk=planned.debtor)
    numbers = ", ".join(item.number for item in found.items[:5])
    why = f"{found.why.capitalize()}: {write_money(found.amount)} ({numbers})."
    return tasks.open_task(
        debtor,
        found.key,
        kind=planned.task,
        due_on=planned.today,
        why=why,
        source=f"{STRATEGY_TASK}{found.strategy}"[:120],
        actor=actor,
    )


def queue_all(creditor: Creditor, *, actor: Actor, now: datetime | None = None) -> Day:
    """Queue the whole day: first what was asked for, then what the strategy proposes; people get their tasks.

    Repeating it on the same day adds nothing.
    """
    asked = wishes.take_up(creditor, actor=actor, now=now)
    queued, given, held = [], [], []
    planned = plan(creditor, now)
    while some := list(islice(planned, _COMMIT)):
        with transaction.atomic():  # a commit for each message would be most of the night's time
            for each in some:
                if each.task:
                    hand_over(each, actor=actor)
                    given.append(each)
                elif queue(creditor, each, actor=actor, now=now) is not None:
                    queued.append(each)
                else:
                    held.append(each)
    return Day(queued=tuple(queued), tasks=tuple(given), held=tuple(held), wishes=tuple(asked))


def send(creditor: Creditor, *, limit: int = 500, now: Callable[[], datetime] | None = None) -> Counter[Delivery]:
    """Send what is due, each message with the gate's word of that second.

    Args:
        now: The clock; the real one by default.
    """
    entry = config.company(creditor.key)
    return Sender(StoredOutbox(creditor.pk), _channels(entry), ask, now=now or clock.now).run(limit)


def say_now(debtor: Debtor, *, actor: Actor) -> Counter[Delivery]:
    """Take up what is wanted said to one debtor and send it at once: an answer is not to wait for the next round."""
    creditor = debtor.creditor
    wishes.take_up(creditor, actor=actor, debtor=debtor)
    entry = config.company(creditor.key)
    return Sender(_OfDebtor(debtor), _channels(entry), ask, now=clock.now).run()


class _OfDebtor(StoredOutbox):
    """What waits for one debtor and somebody asked for; the strategy's own messages keep their round."""

    def __init__(self, debtor: Debtor) -> None:
        super().__init__(debtor.creditor_id)
        self._debtor = debtor

    def _mine(self) -> Any:
        return super()._mine().filter(debtor=self._debtor, step=wishes.STEP)


def cancel(message: Message, *, reason: str, actor: Actor) -> bool:
    """Take a message out of the queue for good; False when it is not there any more."""
    with transaction.atomic():
        found = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
        if found.state != Delivery.QUEUED.value:
            return False
        found.state, found.reason = Delivery.CANCELLED.value, reason
        found.save(update_fields=["state", "reason"])
        record(
            "message.cancelled", found.debtor, {"key": found.key, "reason": reason}, actor, creditor=found.creditor_id
        )
    return True


_BATCH = 500
_COMMIT = 100


def _standing(batch: list[Planned]) -> Iterator[Planned]:
    keys = {each.found.key for each in batch if isinstance(each.found, Proposal)}
    there = dict(Message.objects.filter(key__in=keys).values_list("key", "state"))
    for each in batch:
        known = there.get(each.found.key, "") if isinstance(each.found, Proposal) else ""
        yield replace(each, stands=known) if known else each


def accounts(creditor: Creditor, debtors: Collection[int] | None = None) -> list[tuple[Debtor, str]]:
    """Debtors with something open and the currency they owe it in: one account for each pair."""
    rows: QuerySet[Invoice] = Invoice.objects.filter(creditor=creditor, kind="invoice", vanished_at=None)
    if debtors is not None:
        rows = rows.filter(debtor__in=list(debtors))
    pairs = sorted(set(rows.exclude(open=0).values_list("debtor_id", "currency")))
    known = {each.pk: each for each in Debtor.objects.filter(pk__in={pk for pk, _ in pairs})}
    for each in known.values():
        each.creditor = creditor
    return [(known[pk], currency) for pk, currency in pairs]


def _channels(entry: config.CompanyEntry) -> Mapping[str, Channel]:
    adapters = suite.adapters("connectors.channels")
    found: dict[str, Channel] = {}
    for channel, slug in entry.canales.items():
        adapter = adapters.get(slug)
        if adapter is None:
            raise BusinessError(
                f"No hay un conector «{slug}» en connectors/channels/ (hay: {', '.join(adapters) or 'ninguno'}).",
                remedy="Corrija [empresas.*.canales] en config/dunning.toml.",
            )
        found[channel] = adapter  # type: ignore[assignment]
    return found


def _templates(language: str) -> frozenset[str]:
    return wording.known(language)


@lru_cache(maxsize=65536)
def is_open(country: str, day: date, debtor_type: str, channel: str) -> bool:
    """Whether a day has any hour at which something may leave; asked for every account of a night."""
    return open_day(facts.law(country), day, debtor_type=debtor_type, channel=channel)
