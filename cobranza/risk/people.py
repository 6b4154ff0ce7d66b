"""What only a person decides (GDPR, art. 22): a case for the court, a refused plan, a bureau's list, a contested score.

A person is an account of the console with a role that may; a name alone is none. Robots propose.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Sum

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger import holds, ratings, tasks
from cobranza.ledger.columns import ZERO
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Event, Invoice, Rating, Task, Verdict
from cobranza.risk.models import Care, Contest, Listing
from cobranza.risk.scoring import REVIEW
from cobranza.screens.access import roles_of
from cobranza.screens.roles import Role

DECIDERS: Final = frozenset({Role.ADMINISTRATION, Role.SUPERVISION, Role.LEGAL})
OF_THE_LAW: Final = frozenset({Role.SUPERVISION, Role.LEGAL})
"""Who may make somebody a case for the court, or tell a bureau."""
LEAST_LISTED: Final = Decimal(50)
"""Principal below which nobody is listed in Spain. Source: Ley Orgánica 3/2018, disposición adicional sexta."""
OLDEST_LISTED: Final = 5
"""Years after the due day from which nobody is listed. Source: Ley Orgánica 3/2018, art. 20.1.d."""


class PersonNeeded(BusinessError):
    """Something that only a person with the role decides."""

    code = "COB-RIE-005"
    remedy = "Decídalo con su cuenta alguien de supervisión o de legal; para el trato vale también administración."


class NotListable(BusinessError):
    """A debt that may not be told to a bureau."""

    code = "COB-RIE-006"
    remedy = "Compruebe que la deuda es cierta, está vencida, no se discute y se requirió su pago avisando de esto."


def require(actor: Actor, roles: frozenset[Role], what: str) -> User:
    """The account of who decides.

    Args:
        what: Spanish, what is decided.

    Raises:
        PersonNeeded: a robot, an unknown or closed account, or one without any of the roles.
    """
    user = User.objects.filter(username=actor.name, is_active=True).first() if actor.kind == "person" else None
    if user is None or not roles_of(user) & roles:
        raise PersonNeeded(f"«{actor.name}» no puede decidir {what}.")
    return user


def decide(debtor: Debtor, segment: str, *, reason: str, actor: Actor, until: date | None = None) -> Verdict:
    """A person decides how a debtor is treated; see `ledger.ratings.decide`. Closes the review that asked for it.

    Raises:
        PersonNeeded: see `require`.
        VerdictError: no reason, no such segment, or a last day that has passed.
    """
    require(actor, OF_THE_LAW if segment == "caso_legal" else DECIDERS, f"el trato de {debtor.name}")
    with transaction.atomic():
        verdict = ratings.decide(debtor, segment, reason=reason, actor=actor, until=until)
        for task in Task.objects.filter(debtor=debtor, source=REVIEW, done_at=None):
            tasks.done(task, outcome=f"Decidido: {verdict.get_segment_display()}. {reason}"[:2000], actor=actor)
    return verdict


def withdraw(debtor: Debtor, *, reason: str, actor: Actor) -> bool:
    """A person takes the decision back, so that the score counts again; tells whether there was one."""
    require(actor, DECIDERS, f"el trato de {debtor.name}")
    if not reason.strip():
        raise PersonNeeded("Una decisión se retira con un motivo.", remedy="Diga por qué ya no vale.")
    return ratings.withdraw(debtor, reason=reason, actor=actor)


# ---- special care


def care(debtor: Debtor, *, reason: str, actor: Actor) -> Care:
    """A person says that somebody needs special care: from then on a person leads. Twice is one."""
    require(actor, DECIDERS, f"el cuidado especial de {debtor.name}")
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        there = Care.objects.filter(debtor=debtor, until=None).first()
        if there is not None:
            return there
        row = Care.objects.create(debtor=debtor, reason=reason.strip()[:120], by=actor.name, since=clock.now())
        record("care.changed", debtor, {"care": True}, actor, creditor=debtor.creditor_id, seals=[row])
    return row


def end_care(debtor: Debtor, *, actor: Actor) -> bool:
    """The special care ends; False when there was none."""
    require(actor, DECIDERS, f"el cuidado especial de {debtor.name}")
    with transaction.atomic():
        row = Care.objects.select_for_update().filter(debtor=debtor, until=None).first()
        if row is None:
            return False
        row.until, row.ended_by = clock.now(), actor.name
        row.save(update_fields=["until", "ended_by"])
        record("care.changed", debtor, {"care": False}, actor, creditor=debtor.creditor_id, seals=[row])
    return True


# ---- contested scores


def contest(debtor: Debtor, *, said: str, via: str, actor: Actor) -> Contest:
    """Somebody wants a person to look at a score again: a task for tomorrow, with the evidence. Twice is one.

    Args:
        said: What they say, "" when they only ask.
        via: Who passed it on: "portal", or the person's name.
    """
    now = clock.now()
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        there = Contest.objects.filter(debtor=debtor, answered_at=None).first()
        if there is not None:
            return there
        rating = Rating.objects.filter(debtor=debtor, current=True).first()
        row = Contest.objects.create(debtor=debtor, rating=rating, said=said.strip()[:4000], via=via, asked_at=now)
        record("rating.contested", debtor, {"rating": rating and rating.pk, "via": via}, actor,
               creditor=debtor.creditor_id, seals=[row])  # fmt: skip
        tasks.open_task(
            debtor,
            f"riesgo:revision:{row.pk}",
            kind=Task.Kinds.REVIEW.value,
            due_on=now.astimezone(clock.MADRID).date(),
            why=_evidence(rating, row.said),
            source=f"revision:{row.pk}",
            actor=actor,
        )
    return row


def answer(row: Contest, *, text: str, actor: Actor) -> Contest:
    """A person answers; the debtor is told outside of this. Twice changes nothing.

    Raises:
        PersonNeeded: see `require`; or no answer.
    """
    require(actor, DECIDERS, f"la revisión que pidió {row.debtor.name}")
    if not text.strip():
        raise PersonNeeded("Falta la respuesta a quien pidió la revisión.", remedy="Escriba qué se ha revisado.")
    with transaction.atomic():
        found = Contest.objects.select_for_update().select_related("debtor").get(pk=row.pk)
        if found.answered_at is not None:
            return found
        found.answer, found.answered_at, found.answered_by = text.strip()[:4000], clock.now(), actor.name
        found.save(update_fields=["answer", "answered_at", "answered_by"])
        creditor = found.debtor.creditor_id
        record("rating.reviewed", found.debtor, {"contest": found.pk}, actor, creditor=creditor, seals=[found])
        for task in Task.objects.filter(source=f"revision:{found.pk}", done_at=None):
            tasks.done(task, outcome=found.answer[:2000], actor=actor)
    return found


def _evidence(rating: Rating | None, said: str) -> str:
    told = (
        f"Pide que una persona revise cómo se le ha valorado. Dice: «{said}»"
        if said
        else ("Pide que una persona revise cómo se le ha valorado.")
    )
    if rating is None:
        return f"{told} No tiene valoración."
    why = "; ".join(str(each["text"]).rstrip(".") for each in rating.reasons) or "sin motivos"
    when = f"{rating.as_of:%d/%m/%Y}"
    return (
        f"{told} Valoración {rating.pk} del {when}: riesgo {rating.band}, {rating.get_segment_display().lower()}, "
        f"pago a 60 días {100 * rating.pay_60:.0f} %. Motivos: {why}."
    )[:4000]


# ---- bureaus' lists


def propose_listing(debtor: Debtor, source: str, currency: str, *, actor: Actor) -> Listing:
    """Propose to tell a bureau about what is overdue; a person decides. Twice is one.

    Raises:
        NotListable: nothing overdue that may be told.
    """
    amount = listable(debtor, currency)
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        there = Listing.objects.filter(debtor=debtor, source=source, state=Listing.States.PROPOSED).first()
        if there is not None:
            return there
        row = Listing.objects.create(
            debtor=debtor, source=source, amount=amount, currency=currency, proposed_by=actor.name, at=clock.now()
        )
        payload = {"source": source, "amount": amount, "currency": currency}
        record("listing.proposed", debtor, payload, actor, creditor=debtor.creditor_id, seals=[row])
        tasks.open_task(
            debtor,
            f"riesgo:fichero:{row.pk}",
            kind=Task.Kinds.APPROVE.value,
            due_on=clock.now().astimezone(clock.MADRID).date(),
            why=f"Se propone comunicar la deuda a «{source}»: lo decide una persona.",
            source=f"fichero:{row.pk}",
            actor=actor,
        )
    return row


def decide_listing(row: Listing, *, approve: bool, reason: str, actor: Actor) -> Listing:
    """A person says yes or no, with a reason; what is owed is looked at again. Twice changes nothing.

    Raises:
        PersonNeeded: see `require`; or no reason.
        NotListable: meanwhile it was paid, or is disputed.
    """
    require(actor, OF_THE_LAW, "qué se comunica a un fichero de solvencia")
    if not reason.strip():
        raise PersonNeeded("Falta el motivo.", remedy="Diga por qué: el deudor puede preguntarlo.")
    with transaction.atomic():
        found = Listing.objects.select_for_update().select_related("debtor").get(pk=row.pk)
        if found.state != Listing.States.PROPOSED:
            return found
        if approve:
            found.amount = listable(found.debtor, found.currency)
        found.state = Listing.States.APPROVED if approve else Listing.States.REFUSED
        found.decided_by, found.decided_kind, found.decided_at = actor.name, actor.kind, clock.now()
        found.reason = reason.strip()
        found.save()
        payload = {"source": found.source, "state": found.state, "reason": found.reason}
        creditor = found.debtor.creditor_id
        record("listing.decided", found.debtor, payload, actor, creditor=creditor, seals=[found])
        for task in Task.objects.filter(source=f"fichero:{found.pk}", done_at=None):
            tasks.done(task, outcome=f"{found.get_state_display()}. {found.reason}"[:2000], actor=actor)
    return found


def listable(debtor: Debtor, currency: str) -> Decimal:
    """What of a debt may be told to a bureau: overdue, younger than five years, undisputed, and asked for before.

    Raises:
        NotListable: nothing, or too little, or payment was never asked for.
    """
    today = clock.now().astimezone(clock.MADRID).date()
    oldest = date(today.year - OLDEST_LISTED, today.month, min(today.day, 28))
    rows = Invoice.objects.filter(
        debtor=debtor, currency=currency, vanished_at=None, due_on__lt=today, due_on__gte=oldest, open__gt=0
    )
    free = sum((max(ZERO, row.open - holds.held(row)) for row in rows), ZERO)
    if free < LEAST_LISTED:
        raise NotListable(f"De {debtor.name} no hay en {currency} {LEAST_LISTED} vencidos y sin discutir.")
    asked = Event.objects.filter(subject=f"debtor:{debtor.pk}", kind__in=("contact.made", "contact.sent", "word.said"))
    if not asked.exists():
        raise NotListable(f"No consta que se haya requerido el pago a {debtor.name}.")
    return Decimal(free)


def open_total(debtor: Debtor, currency: str) -> Decimal:
    """All that is open in a currency."""
    rows = Invoice.objects.filter(debtor=debtor, currency=currency, vanished_at=None)
    return Decimal(rows.aggregate(total=Sum("open"))["total"] or ZERO)
