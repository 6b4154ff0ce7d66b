"""Whether agreements are kept, night by night: money fills instalments, the debtor is reminded, people are called in.

Money is an allocation to a covered invoice booked since the acceptance, or a gateway payment of one that the bank has
not brought yet; each counts once, and never more than the agreement covers of the invoice. What somebody says closes
nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, Sum

from cobranza.agreements import schedule
from cobranza.agreements.following import Act, Does, Following, Received, Standing, follow
from cobranza.agreements.models import Change
from cobranza.agreements.settings import agreement_settings
from cobranza.agreements.terms import Instalment as Term
from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money
from cobranza.ledger import agreements, conversation, holds, tasks
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Agreement, Allocation, Creditor, Debtor, Instalment, Task, Wanted
from cobranza.payments import holding
from cobranza.payments import workflow as payments_workflow
from cobranza.payments.models import Charge

ROBOT = Actor.robot("seguimiento_de_acuerdos")
DEFAULT_ZONE = clock.MADRID
_REMINDER = "cuota"
"""Template of `config/templates/`, in each language."""


def follow_up(creditor: Creditor, today: date) -> Counter[str]:
    """The nightly round over a company's running agreements; twice on a day does what one does.

    Returns:
        How many were "followed", and of what was done now: "paid" instalments, reminders asked for ("reminded"), tasks
        to "call" and for a "person", agreements "kept" and "broken".
    """
    payments_workflow.reconcile(creditor)
    told = Counter[str]()
    rows = Agreement.objects.filter(creditor=creditor, ended_at=None).order_by("pk")
    for pk in list(rows.values_list("pk", flat=True)):
        told += _follow(pk, today)
    return told


def standing_of(agreement: Agreement, today: date) -> Following:
    """Where an agreement stands at the end of `today`; changes nothing."""
    terms = tuple(_term(row, agreement.currency) for row in agreement.instalments.order_by("number"))
    return follow(
        agreement.key,
        terms,
        received(agreement),
        today=today,
        country=agreement.debtor.country or agreement.creditor.country,
        watch=agreement_settings().watch(),
        wants_change=Change.objects.filter(agreement=agreement, settled_at=None).exists(),
    )


def received(agreement: Agreement) -> list[Received]:
    """Money for an agreement, each once: booked at the bank, or paid at a gateway and not at the bank yet."""
    accepted = agreement.accepted_at
    first = accepted.astimezone(DEFAULT_ZONE).date()
    found: list[Received] = []
    for cover in agreement.covers.select_related("invoice"):
        left = cover.amount
        booked = Allocation.objects.filter(
            Q(reversed_at=None), invoice=cover.invoice_id, decided_at__gte=accepted
        ).select_related("movement")
        for row in booked.order_by("movement__value_on", "pk"):
            amount = min(left, row.applied - _paid_before(row, accepted))
            left -= amount
            if amount:
                on = max(row.movement.value_on, first)
                found.append(_received(f"aplicacion:{row.pk}", on, amount, agreement))
        for charge, amount in _at_gateway(cover.invoice_id, accepted):
            amount = min(left, amount)
            left -= amount
            if amount and charge.paid_at is not None:
                on = charge.paid_at.astimezone(DEFAULT_ZONE).date()
                key = f"pasarela:{charge.pk}:{cover.invoice_id}"
                found.append(_received(key, max(on, first), amount, agreement))
    return found


def to_pay(agreement: Agreement) -> dict[int, Decimal]:
    """What pays the next open instalment: invoice's id → amount, of what is free of each, oldest first.

    Empty when nothing of the agreement is open, or all of it is paid and on its way.
    """
    following = standing_of(agreement, clock.now().astimezone(DEFAULT_ZONE).date())
    row = next((each for each in following.rows if each.open.amount), None)
    if row is None:
        return {}
    left, found = row.open.amount, {}
    for cover in agreement.covers.select_related("invoice").order_by("invoice__due_on", "invoice__number"):
        free = min(cover.amount, cover.invoice.open - holds.held(cover.invoice), left)
        if free > 0:
            found[cover.invoice_id] = free
            left -= free
    return found


def wants_change(agreement: Agreement, *, said: str, actor: Actor) -> Change:
    """The debtor wants it changed: a person decides, and until then no robot reminds of it. Twice is one."""
    with transaction.atomic():
        locked = Agreement.objects.select_for_update(no_key=True).select_related("debtor").get(pk=agreement.pk)
        change, new = Change.objects.get_or_create(agreement=locked, defaults={"said": said[:2000], "at": clock.now()})
        if not new and change.settled_at is not None:
            change.said, change.at, change.settled_at, change.settled_by = said[:2000], clock.now(), None, ""
            change.save()
            new = True
        if new:
            payload = {"key": locked.key}
            record("agreement.change_wished", locked.debtor, payload, actor, creditor=locked.creditor_id)
            tasks.open_task(
                locked.debtor,
                f"{locked.key}:cambio:{change.at.timestamp():.0f}",
                kind="negociar",
                due_on=_next_day(locked.debtor, clock.now().astimezone(DEFAULT_ZONE).date()),
                why="Quiere cambiar su acuerdo de pago.",
                source=source_of(locked),
                actor=actor,
            )
    return change


def settle_change(agreement: Agreement, *, actor: Actor) -> bool:
    """A person decided that the agreement goes on as it is; False when nobody had asked."""
    rows = Change.objects.filter(agreement=agreement, settled_at=None)
    return bool(rows.update(settled_at=clock.now(), settled_by=actor.name))


def source_of(agreement: Agreement) -> str:
    """How tasks and messages refer to an agreement."""
    return f"acuerdo:{agreement.pk}"


def _follow(pk: int, today: date) -> Counter[str]:
    told = Counter(followed=1)
    with transaction.atomic():
        debtor_pk = Agreement.objects.values_list("debtor", flat=True).get(pk=pk)
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor_pk)
        agreement = Agreement.objects.select_related("debtor__creditor", "creditor").get(pk=pk)
        if agreement.ended_at is not None:
            return told
        following = standing_of(agreement, today)
        told["paid"] += _fill(agreement, following)
        for act in following.acts:
            told += _do(agreement, following, act, today)
        if following.standing is Standing.BROKEN:
            reason = f"{following.misses} pagos sin cumplir."
            told["broken"] += 1
            agreements.stand(agreement, "incumplido", reason=reason, actor=ROBOT)
        elif following.standing is Standing.KEPT:
            told["kept"] += 1
            agreements.stand(agreement, "cumplido", reason="Está todo pagado.", actor=ROBOT)
        else:
            agreements.stand(agreement, following.standing.value, reason="", actor=ROBOT)
    return told


def _fill(agreement: Agreement, following: Following) -> int:
    """Write what is paid of each instalment; how many were closed now."""
    closed = 0
    rows = {row.number: row for row in agreement.instalments.select_for_update()}
    for filled in following.rows:
        row = rows[filled.number]
        if (row.paid, row.closed_on) == (filled.paid.amount, filled.closed_on):
            continue
        closed += row.closed_on is None and filled.closed_on is not None
        row.paid, row.closed_on = filled.paid.amount, filled.closed_on
        row.save(update_fields=["paid", "closed_on"])
        payload = {"agreement": agreement.key, "number": row.number, "paid": row.paid, "closed_on": row.closed_on}
        record("instalment.paid", f"debtor:{agreement.debtor_id}", payload, ROBOT, creditor=agreement.creditor_id)
    return closed


def _do(agreement: Agreement, following: Following, act: Act, today: date) -> Counter[str]:
    debtor, source = agreement.debtor, source_of(agreement)
    if act.does is Does.REMIND:
        return Counter(reminded=_remind(agreement, following, act))
    if act.does is Does.CALL:
        why = f"No ha llegado el pago {act.number} de {len(following.rows)} de su acuerdo: {_owed(following, act)}."
        return Counter(call=_task(debtor, act.key, "llamar", why, source, today))
    if act.does is Does.PERSON:
        why = f"Acuerdo por revisar: {act.why}."
        if act.number == 0:
            return Counter()  # the wish to change opened its own task
        return Counter(person=_task(debtor, act.key, "negociar", why, source, today))
    waived = agreement.waived_principal + agreement.waived_interest + agreement.waived_costs
    if waived:
        money = write_money(Money(agreement.currency, _cut(waived)))
        covers = agreement.covers.select_related("invoice").order_by("invoice__number")
        numbers = ", ".join(row.invoice.number for row in covers)
        why = (
            f"Acuerdo cumplido: abone en el ERP la quita de {money} ({numbers}); hasta entonces consta como pendiente."
        )
        return Counter(person=_task(debtor, act.key, "revisar", why, source, today))
    return Counter()


def _remind(agreement: Agreement, following: Following, act: Act) -> int:
    due = following.rows[act.number - 1].instalment.due
    if Wanted.objects.filter(key=act.key).exists():
        return 0
    conversation.want(
        agreement.debtor,
        act.key,
        purpose="instalment",
        source=source_of(agreement),
        currency=agreement.currency,
        template=_REMINDER,
        values={"vence": write_day(due)},  # the amount is that of the second of sending
        expires_at=datetime.combine(due, time(23, 59), tzinfo=DEFAULT_ZONE),
    )
    return 1


def _task(debtor: Debtor, key: str, kind: str, why: str, source: str, today: date) -> int:
    if Task.objects.filter(key=key).exists():
        return 0
    tasks.open_task(debtor, key, kind=kind, due_on=_next_day(debtor, today), why=why, source=source, actor=ROBOT)
    return 1


def _next_day(debtor: Debtor, today: date) -> date:
    return schedule.working_day(today + timedelta(days=1), debtor.country or debtor.creditor.country)


def _owed(following: Following, act: Act) -> str:
    row = following.rows[act.number - 1]
    return f"{write_money(row.open)}, que vencía el {write_day(row.instalment.due)}"


def _at_gateway(invoice: int, since: datetime) -> Iterator[tuple[Charge, Decimal]]:
    rows = Charge.objects.filter(parts__invoice=invoice, settled_at=None, paid__gt=0, known_at__gte=since)
    for charge in rows.order_by("paid_at", "pk"):
        yield charge, sum((amount for part, amount in holding.unbooked(charge) if part.invoice_id == invoice), ZERO)


def _paid_before(row: Allocation, accepted: datetime) -> Decimal:
    """What of an allocation was known as paid at a gateway when the agreement was made, and so is not part of it."""
    known = row.bookings.filter(void_at=None, part__charge__known_at__lt=accepted)
    return known.aggregate(sum=Sum("amount"))["sum"] or ZERO


def _received(key: str, on: date, amount: Decimal, agreement: Agreement) -> Received:
    return Received(key=key, on=on, money=Money(agreement.currency, _cut(amount)))


def _term(row: Instalment, currency: str) -> Term:
    def money(amount: Decimal) -> Money:
        return Money(currency, _cut(amount))

    return Term(
        due=row.due_on,
        amount=money(row.amount),
        principal=money(row.principal),
        interest=money(row.interest),
        costs=money(row.costs),
        deferral=money(row.deferral),
    )


def _cut(amount: Decimal) -> Decimal:
    """Without the zeros that the columns keep beyond the currency's own decimals."""
    return amount.quantize(Decimal("0.01")) if amount == amount.quantize(Decimal("0.01")) else amount
