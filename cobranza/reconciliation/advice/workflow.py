"""What happens to an advice, step by step: taken in, tied to its movement, applied by the next reconciliation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Movement
from cobranza.reconciliation import frames, ledger_frames
from cobranza.reconciliation.advice import reading, storing
from cobranza.reconciliation.advice.advised import NEAR, Advised, Tied, advised
from cobranza.reconciliation.advice.models import Advice, Tie
from cobranza.reconciliation.advice.records import RemittanceAdvice
from cobranza.reconciliation.advice.resolving import Resolver
from cobranza.reconciliation.advice.tying import Arrival, Pair, Strength, Waiting, candidates, tie
from cobranza.reconciliation.ledger_frames import LedgerFrames
from cobranza.reconciliation.models import PostingIntent, Proposal
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.text import compact

_States = Advice.States


class TieError(BusinessError):
    """An advice and a movement that cannot be tied (any more), or a tie that cannot be undone."""

    code = "COB-AVI-010"
    remedy = "Vuelva a cargar la página: alguien, o el robot, ha trabajado ya con este aviso o con este cobro."


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one advice of a file.

    Attributes:
        advice: Its row.
        new: It was not known.
        tie: The movement that it is tied to, None while it waits.
        candidates: Movements that a person has to choose from; empty when tied or none fits.
    """

    advice: Advice
    new: bool
    tie: Tie | None
    candidates: tuple[Pair, ...] = ()


def take(raw: bytes, name: str, source: str, *, creditor: Creditor, actor: Actor | None = None) -> list[Taken]:
    """Take in a file, an attachment or the body of a message, and tie what it says where that is beyond doubt.

    The same advice again changes nothing. An advice that comes before its movement waits; the next reconciliation
    ties it.

    Args:
        raw: The bytes as received.
        name: File name; for a body, ``cuerpo.txt`` or ``cuerpo.html``.
        source: Where it comes from, for people and for the record: "correo <id>", "ana", "línea de órdenes".
        creditor: Whose debtors pay.
        actor: Who takes it in.

    Raises:
        AdviceError: it cannot be read as an advice; see `reading.read`. Nothing is stored.
    """
    who = actor or Actor.robot("avisos")
    kept = [storing.store(creditor, advice, source=source, actor=who) for advice in reading.read(raw, name)]
    asked: dict[int, tuple[Pair, ...]] = {}
    if any(each.advice.state in Advice.OPEN for each in kept):
        asked = tie_waiting(creditor, actor=who)
    result = []
    for each in kept:
        each.advice.refresh_from_db()
        result.append(
            Taken(
                advice=each.advice,
                new=each.new,
                tie=each.advice.ties.filter(undone_at=None).first(),
                candidates=asked.get(each.advice.pk, ()),
            )
        )
    return result


def guide(creditor: Creditor, told: LedgerFrames, *, policy: Policy, actor: Actor) -> Advised:
    """What the advices say about the movements of a reconciliation: tie those that wait, then apply the tied ones.

    Give `Advised.fixed_with(told.fixed)` to `matching.match`, and its result to `Advised.merged`.
    """
    tie_waiting(creditor, told, actor=actor)
    return advised(told.payments, told.invoices, told.customers, _tied(creditor, told), fixed=told.fixed, policy=policy)


def tie_waiting(
    creditor: Creditor, told: LedgerFrames | None = None, *, actor: Actor, resolver: Resolver | None = None
) -> dict[int, tuple[Pair, ...]]:
    """Tie what is beyond doubt; returns, by advice, the candidates among which a person has to choose.

    Args:
        creditor: Whose.
        told: The ledger, when it has been read already; it is read only when some movement has a fitting amount.
        actor: Who ties.
        resolver: Over `told`, when there is one already.
    """
    waiting, arrivals = _both_sides(creditor, told, resolver)
    found = tie(waiting, arrivals)
    for pair in found.tied:
        try:
            _tie(pair.advice, pair.movement, pair.strength, pair.told, actor)
        except TieError:
            continue  # another process was first; the next round sees it
    return found.asked


def candidates_of(advice: Advice) -> list[tuple[Pair, Movement]]:
    """The movements that an advice may tell about, best first, for the person who chooses."""
    waiting, arrivals = _both_sides(advice.creditor, None, None, only=advice)
    pairs = candidates(waiting, arrivals)
    rows = Movement.objects.select_related("account").in_bulk([pair.movement for pair in pairs])
    return [(pair, rows[pair.movement]) for pair in pairs]


def tie_by_hand(advice: int, movement: int, *, person: str, note: str = "") -> Tie:
    """A person says which movement an advice tells about.

    Raises:
        TieError: either is tied already, the movement has money applied, or the totals differ.
    """
    row = Advice.objects.get(pk=advice)
    money = Movement.objects.select_related("account").get(pk=movement)
    if money.account.creditor_id != row.creditor_id:
        raise TieError("El cobro es de otra empresa.")
    if money.remaining != money.amount:
        raise TieError("El cobro ya está aplicado, del todo o en parte.")
    if money.amount != row.total:
        raise TieError(
            f"El aviso es de {row.total} y el cobro de {money.amount}.",
            remedy="Reparta el cobro a mano con el aviso delante.",
        )
    return _tie(advice, movement, Strength.AGREES, note or f"Lo ató {person}.", Actor.person(person))


def untie(advice: int, *, person: str, reason: str = "") -> Advice:
    """A person takes a tie back, while nothing of the movement is applied or on its way into the ERP."""
    actor = Actor.person(person)
    with transaction.atomic():
        row = Advice.objects.select_for_update(no_key=True).get(pk=advice)
        found = Tie.objects.select_for_update(no_key=True).filter(advice=row, undone_at=None).first()
        if found is None:
            raise TieError("El aviso no está atado a ningún cobro.")
        money = Movement.objects.get(pk=found.movement_id)
        going = PostingIntent.objects.filter(movement=money, state__in=PostingIntent.LIVE).exists()
        decided = Proposal.objects.filter(movement=money, state__in=(Proposal.States.ACCEPTED, Proposal.States.POSTED))
        if going or decided.exists() or money.remaining != money.amount:
            raise TieError("El cobro de este aviso ya está aceptado, registrado o en camino.")
        found.undone_at = clock.now()
        found.undone_by_name = person
        found.undone_reason = reason
        found.save(update_fields=["undone_at", "undone_by_name", "undone_reason"])
        row.state = _States.OBJECTED if row.objections else _States.WAITING
        row.save(update_fields=["state"])
        payload = {"movement": found.movement_id, "reason": reason}
        record("advice.untied", row, payload, actor, creditor=row.creditor_id, seals=[found])
    return row


def dismiss(advice: int, *, person: str, reason: str = "") -> Advice:
    """A person says that an advice is not to be used."""
    with transaction.atomic():
        row = Advice.objects.select_for_update(no_key=True).get(pk=advice)
        if row.state not in Advice.OPEN:
            raise TieError(f"El aviso está «{row.get_state_display()}».")
        row.state = _States.DISMISSED
        row.save(update_fields=["state"])
        record("advice.dismissed", row, {"reason": reason}, Actor.person(person), creditor=row.creditor_id)
    return row


def _tie(advice: int, movement: int, strength: Strength, evidence: str, actor: Actor) -> Tie:
    try:
        with transaction.atomic():
            row = Advice.objects.select_for_update(no_key=True).get(pk=advice)
            if row.state not in Advice.OPEN:
                raise TieError(f"El aviso está «{row.get_state_display()}».")
            made = Tie.objects.create(
                advice=row,
                movement_id=movement,
                strength=int(strength),
                evidence=evidence,
                decided_by=actor.kind,
                decided_by_name=actor.name,
                at=clock.now(),
            )
            row.state = _States.TIED
            row.save(update_fields=["state"])
            payload = {"movement": movement, "evidence": evidence, "strength": int(strength)}
            record("advice.tied", row, payload, actor, creditor=row.creditor_id, seals=[made])
    except IntegrityError as exc:
        raise TieError("El cobro ya está atado a otro aviso.") from exc
    return made


# ---- what the pure parts take


def _tied(creditor: Creditor, told: LedgerFrames) -> list[Tied]:
    shown = set(told.payments["payment_id"].tolist()) - set(told.fixed["payment_id"].tolist())
    ties = (
        Tie.objects.filter(advice__creditor=creditor, undone_at=None)
        .filter(movement__in=[ledger_frames.movement_of(key) for key in shown])
        .select_related("advice")
        .prefetch_related("advice__lines", "advice__files")
        .order_by("pk")
    )
    return [
        Tied(
            payment_id=ledger_frames.payment_id(each.movement_id),
            advice=_without_ours(storing.load(each.advice), creditor),
            evidence=each.evidence,
            by_person=each.decided_by == "person",
            sure=each.strength >= Strength.AGREES,
        )
        for each in ties
    ]


def _both_sides(
    creditor: Creditor, told: LedgerFrames | None, resolver: Resolver | None, *, only: Advice | None = None
) -> tuple[list[Waiting], list[Arrival]]:
    open_ = Advice.objects.filter(creditor=creditor, state__in=Advice.OPEN)
    if only is not None:
        open_ = open_.filter(pk=only.pk)
    free = _free(creditor, open_)
    if not free:
        return [], []
    ledger = told or ledger_frames.frames(creditor)
    find = resolver or Resolver(ledger.invoices, ledger.customers)
    totals = {row.amount for row in free}
    rows = open_.filter(total__in=totals).prefetch_related("lines", "files").order_by("pk")
    return [_waiting(row, creditor, find) for row in rows], _arrivals(ledger, free, find)


def _free(creditor: Creditor, advices: QuerySet[Advice]) -> list[Movement]:
    """Movements with nothing applied, not tied, that bring exactly what one of these advices tells."""
    rows = (
        Movement.objects.filter(account__creditor=creditor, amount__in=advices.values("total"), amount__gt=0)
        .filter(remaining=F("amount"))
        .exclude(advice_ties__in=Tie.objects.filter(undone_at=None))
        .order_by("pk")
    )
    return list(rows)


def _waiting(row: Advice, creditor: Creditor, find: Resolver) -> Waiting:
    advice = _without_ours(storing.load(row), creditor)
    day = row.received_at.astimezone(clock.MADRID).date()
    owners = find.group([*find.payers_of(advice)])
    if not owners:
        owners = find.group([*find.customer_by_documents(advice, day.toordinal())])
    return Waiting(key=row.pk, advice=advice, received_on=day, customers=_ids(owners, find))


def _without_ours(advice: RemittanceAdvice, creditor: Creditor) -> RemittanceAdvice:
    """Our own tax id stands in most advices, as the payee's; it says nothing about who pays."""
    ours = compact(creditor.tax_id)
    if not ours:
        return advice
    others = tuple(tax_id for tax_id in advice.tax_ids if tax_id != ours)
    own = advice.payer_tax_id if advice.payer_tax_id != ours else others[0] if len(others) == 1 else ""
    return replace(advice, tax_ids=others, payer_tax_id=own)


def _arrivals(told: LedgerFrames, free: Sequence[Movement], find: Resolver) -> list[Arrival]:
    """Those of `free` about which nobody has decided."""
    rows = {ledger_frames.payment_id(row.pk): row for row in free}
    mine = told.payments["payment_id"].isin(list(rows)) & ~told.payments["payment_id"].isin(told.fixed["payment_id"])
    result = []
    for payment in frames.payments(told.payments[mine]):
        row = rows[payment.id]
        known = {owner: evidence for owner, evidence in find.customers_of(payment).items() if evidence.weight >= NEAR}
        result.append(
            Arrival(
                key=row.pk,
                amount=row.amount,
                currency=row.currency,
                booked_on=row.booked_on,
                name=payment.name,
                tax_id=payment.tax_id,
                text=" ".join((payment.text, payment.structured, payment.end_to_end, row.reference)),
                customers=_ids(find.group([*known]), find),
                identified=any(evidence.identity for evidence in known.values()),
            )
        )
    return result


def _ids(owners: Sequence[int] | frozenset[int], find: Resolver) -> frozenset[str]:
    return frozenset(find.customers[owner].id for owner in owners)
