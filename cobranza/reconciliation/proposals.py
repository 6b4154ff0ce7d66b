"""Keeps what the engine proposes and what people decide about it. A run never touches what a person decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pandas as pd
from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import minor_units
from cobranza.ledger.allocations import Part, allocate
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Allocation, Creditor, Invoice, Movement
from cobranza.reconciliation import return_reasons, returns
from cobranza.reconciliation.ledger_frames import invoice_of, movement_of, payment_id
from cobranza.reconciliation.matching import Result
from cobranza.reconciliation.models import Decision, Match, PostingIntent, Proposal, ReversalIntent
from cobranza.reconciliation.workbench import on_account

ZERO = Decimal(0)
_BATCH = 1000
_RATE_STEP = Decimal("0.0000000001")
_States = Proposal.States
REST = "Resto de un cobro ya aplicado en parte."


class DecisionError(BusinessError):
    """A decision that cannot be taken (any more)."""

    code = "COB-CON-020"
    remedy = "Vuelva a cargar la página: alguien, o el robot, ha trabajado ya con este cobro."


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A movement's money for one document, as the engine or a person puts it. Figures as in `ledger.Allocation`."""

    invoice: int
    applied: Decimal
    withheld: Decimal = ZERO
    fee: Decimal = ZERO
    discount: Decimal = ZERO
    cash: Decimal | None = None
    rate: Decimal | None = None
    confidence: Decimal = Decimal(1)
    rule: str = "persona"
    explanation: str = ""

    @property
    def net(self) -> Decimal:
        """Cash in the document's currency."""
        return self.applied - self.withheld - self.fee - self.discount


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """How many proposals a run left, by what happened to them.

    Attributes:
        automatic: To be posted without a person.
        review: For a person.
        unrelated: Money that goes out and resembles no return.
        kept: The same as before, left as they were.
        untouched: Decided by a person, or on their way into the ERP: what the run says about them is ignored.
    """

    automatic: int = 0
    review: int = 0
    unrelated: int = 0
    kept: int = 0
    untouched: int = 0


@dataclass(slots=True)
class _Draft:
    movement: Movement
    state: str
    links: list[Link]
    confidence: Decimal = ZERO
    rule: str = ""
    explanation: str = ""
    candidates: list[dict[str, Any]] | None = None
    unapplied: Decimal = ZERO


def store(creditor: Creditor, result: Result, *, run: str, threshold: Decimal, actor: Actor) -> Stored:
    """Keep a result of `matching.match` over `ledger_frames.frames`, one proposal per movement.

    What an earlier run proposed is superseded when it differs and kept when it does not. A proposal is automatic when
    its confidence reaches `threshold`, every link is a payment that an ERP can take, and the ERP has not refused the
    same before.

    Args:
        creditor: Whose.
        result: Links, unmatched and unapplied.
        run: Id of the run.
        threshold: Least confidence to post without a person.
        actor: The robot.
    """
    counts = {"automatic": 0, "review": 0, "unrelated": 0, "kept": 0, "untouched": 0}
    with transaction.atomic():
        Creditor.objects.select_for_update(no_key=True).get(pk=creditor.pk)
        drafts = _drafts(creditor, result, threshold)
        live = _live([draft.movement.pk for draft in drafts])
        busy = _on_their_way([*live])
        undone = _undone_by_people([draft.movement.pk for draft in drafts])
        fresh: list[_Draft] = []
        superseded: list[int] = []
        for draft in drafts:
            before = live.get(draft.movement.pk)
            draft = _as_rest(_after_undoing(draft, undone))
            if before is not None:
                rest = before.state == _States.POSTED and _is_rest(draft.movement)
                if (before.state not in Proposal.REPLACEABLE and not rest) or draft.movement.pk in busy:
                    counts["untouched"] += 1
                    continue
                if before.state == _States.REFUSED:
                    draft = _after_refusal(draft, before)
                if _same(before, draft):
                    counts["kept"] += 1
                    continue
                superseded.append(before.pk)
            counts[draft.state] += 1
            fresh.append(draft)
        spent = Proposal.objects.filter(creditor=creditor, state__in=Proposal.REPLACEABLE, movement__remaining=0)
        superseded += spent.exclude(movement__in=[draft.movement.pk for draft in drafts]).values_list("pk", flat=True)
        Proposal.objects.filter(pk__in=superseded).update(state=_States.SUPERSEDED, updated_at=clock.now())
        _save(creditor, run, fresh)
        record(
            "reconciliation.proposed",
            creditor,
            {"run": run, "threshold": threshold, **counts},
            actor,
            creditor=creditor,
        )
    return Stored(**counts)


def accept(proposal: int, *, person: str, links: Sequence[Link] | None = None, note: str = "") -> Proposal:
    """A person confirms a proposal, or replaces its links by `links`. It is posted next; a run no longer alters it.

    Raises:
        DecisionError: it is decided, posted or on its way, or there is nothing to accept.
    """
    kind = Decision.Kinds.ACCEPTED if links is None else Decision.Kinds.CHANGED
    with transaction.atomic():
        found = _open_for_decision(proposal)
        if links is not None:
            found = _replace_links(found, links)
        if not found.matches.exists():
            raise DecisionError("La propuesta no tiene ningún documento.", remedy="Elija a qué facturas corresponde.")
        _check_not_settled(found)
        found.state = _States.ACCEPTED  # its confidence stays the engine's: the decision says that a person did it
        found.save(update_fields=["state", "updated_at"])
        decide(found, kind, person, note)
    return found


def dismiss(proposal: int, *, person: str, note: str = "") -> Proposal:
    """A person says that this movement is not for matching. No run proposes it again."""
    with transaction.atomic():
        found = _open_for_decision(proposal)
        found.state = _States.DISMISSED
        found.save(update_fields=["state", "updated_at"])
        decide(found, Decision.Kinds.DISMISSED, person, note)
    return found


def offer_rest(proposal: int, *, person: str) -> Proposal:
    """What a posted movement has left becomes a proposal of its own; what is posted stays posted.

    A movement has one proposal that counts, and from here on it is the one of the rest. Undoing it undoes the movement
    whole, the earlier parts too.

    Raises:
        DecisionError: it is not posted, it is on its way, or nothing is left.
    """
    with transaction.atomic():
        found = _open_for_decision(proposal, also=(_States.POSTED,))
        movement = Movement.objects.select_for_update(no_key=True).get(pk=found.movement_id)
        if not _is_rest(movement):
            raise DecisionError("De este cobro no queda nada por aplicar.")
        Proposal.objects.filter(pk=found.pk).update(state=_States.SUPERSEDED, updated_at=clock.now())
        fresh = Proposal.objects.create(
            creditor_id=found.creditor_id,
            movement=movement,
            run=found.run,
            state=_States.REVIEW,
            rule="resto",
            explanation=REST,
            unapplied=movement.remaining,
        )
        record(
            "reconciliation.rest_offered",
            f"movement:{movement.pk}",
            {"proposal": fresh.pk, "before": found.pk, "rest": movement.remaining},
            Actor.person(person),
            creditor=found.creditor_id,
        )
    return fresh


def reopen(proposal: int, *, person: str, note: str = "") -> Proposal:
    """A person takes a dismissal or an acceptance back, while nothing is on its way into the ERP."""
    with transaction.atomic():
        found = Proposal.objects.select_for_update(no_key=True).get(pk=proposal)
        going = PostingIntent.objects.filter(match__proposal=found).exclude(
            state__in=(PostingIntent.States.REFUSED, PostingIntent.States.REVERSED)
        )
        leaving = ReversalIntent.objects.filter(match__proposal=found).exclude(state=ReversalIntent.States.REFUSED)
        if found.state not in (_States.DISMISSED, _States.ACCEPTED) or going.exists() or leaving.exists():
            raise DecisionError(f"El cobro está «{found.get_state_display()}» y no se puede reabrir.")
        found.state = _States.REVIEW
        found.save(update_fields=["state", "updated_at"])
        decide(found, Decision.Kinds.REOPENED, person, note)
    return found


def recorded_by_hand(proposal: int, *, person: str, note: str = "") -> Proposal:
    """A person says that they have entered this proposal in the ERP themselves: it is allocated here, all or nothing.

    The way for what no `Erp` port posts: netted credit notes, returns, another currency.
    """
    actor = Actor.person(person)
    with transaction.atomic():
        found = _open_for_decision(proposal, also=(_States.ACCEPTED,))
        parts = [
            Part(
                invoice=match.invoice_id,
                applied=match.applied,
                withheld=match.withheld,
                fee=match.fee,
                discount=match.discount,
                cash=match.cash,
                rate=match.rate,
                in_erp=match.applied,
                rule=match.rule,
                confidence=match.confidence,
                explanation=match.explanation,
            )
            for match in found.matches.order_by("pk")
        ]
        if not parts:
            raise DecisionError("La propuesta no tiene ningún documento.", remedy="Elija a qué facturas corresponde.")
        made = allocate(found.movement_id, parts, actor=actor)
        for allocation in made:
            if allocation.applied < 0 < allocation.invoice.gross:
                returns.tell_returned(allocation, actor)
        found.state = _States.POSTED
        found.save(update_fields=["state", "updated_at"])
        decide(found, Decision.Kinds.ACCEPTED, person, note or "Registrado a mano en el ERP")
    return found


def _drafts(creditor: Creditor, result: Result, threshold: Decimal) -> list[_Draft]:
    links = _grouped(result.links)
    left = {row["payment_id"]: row for row in _rows(result.unmatched)}
    over = {row["payment_id"]: Decimal(row["amount"]) for row in _rows(result.unapplied)}
    ids = sorted({movement_of(key) for key in (*links, *left)})
    movements = {row.pk: row for row in Movement.objects.filter(pk__in=ids, account__creditor=creditor).order_by("pk")}
    documents = {
        row.pk: row
        for row in Invoice.objects.filter(
            creditor=creditor, pk__in={invoice_of(row["invoice_id"]) for rows in links.values() for row in rows}
        )
    }
    drafts = []
    for pk, movement in movements.items():
        key = payment_id(pk)
        if key in links:
            drafts.append(_matched(movement, links[key], documents, over.get(key, ZERO), threshold))
        else:
            drafts.append(_unmatched(movement, left[key]))
    return drafts


def _is_rest(movement: Movement) -> bool:
    """Whether a part of a payment is applied and a part is not."""
    return bool(movement.amount > 0 and movement.used and movement.remaining > 0)


def _as_rest(draft: _Draft) -> _Draft:
    """What a person left of a payment is a person's to apply: it never posts by itself."""
    if _is_rest(draft.movement):
        draft.state = _States.REVIEW
        draft.explanation = f"{REST}\n{draft.explanation}"
    return draft


def _check_not_settled(found: Proposal) -> None:
    """The ledger takes a movement's money for a document once; later the ERP would have it and we would not."""
    there = Allocation.objects.filter(
        movement=found.movement_id, invoice__in=found.matches.values("invoice"), reversed_at=None
    )
    numbers = list(there.order_by("pk").values_list("invoice__number", flat=True))
    if numbers:
        raise DecisionError(
            f"Este movimiento ya salda {', '.join(numbers)}.",
            remedy="Deshaga lo aplicado y repártalo entero, o elija otra factura.",
        )


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]
    return found


def _grouped(frame: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    grouped: dict[str, list[dict[str, Any]]] = {}
    for row in _rows(frame):
        grouped.setdefault(row["payment_id"], []).append(row)
    return grouped


def _matched(
    movement: Movement,
    rows: list[dict[str, Any]],
    documents: Mapping[int, Invoice],
    unapplied: Decimal,
    threshold: Decimal,
) -> _Draft:
    links = [
        Link(
            invoice=invoice_of(row["invoice_id"]),
            applied=Decimal(row["applied"]),
            withheld=Decimal(row["withheld"]),
            fee=Decimal(row["fee"]),
            discount=Decimal(row["discount"]),
            confidence=Decimal(row["confidence"]).quantize(Decimal("0.0001")),
            rule=row["rule"],
            explanation=row["explanation"],
        )
        for row in rows
    ]
    links = with_cash(
        movement, links, {pk: documents[pk].currency for pk in {link.invoice for link in links}}, unapplied
    )
    confidence = min(link.confidence for link in links)
    payable = all(documents[link.invoice].kind == "invoice" and link.applied > 0 and link.net > 0 for link in links)
    payable = payable or _sure_return(movement, links)
    return _Draft(
        movement=movement,
        state=_States.AUTOMATIC if payable and confidence >= threshold else _States.REVIEW,
        links=links,
        confidence=confidence,
        rule=links[0].rule,
        explanation="\n".join(dict.fromkeys(link.explanation for link in links)),
        unapplied=unapplied,
    )


def _sure_return(movement: Movement, links: Sequence[Link]) -> bool:
    """A collection that we posted ourselves, taken back whole, and the bank says that it is a return."""
    if movement.amount >= 0 or len(links) != 1 or links[0].applied >= 0:
        return False
    said = return_reasons.read(movement, links[0].cash)
    return said is not None and bool(returns.covering(links[0].invoice, -links[0].applied))


def _unmatched(movement: Movement, row: Mapping[str, Any]) -> _Draft:
    candidates = [
        candidate | {"invoices": [invoice_of(key) for key in candidate["invoices"]]}
        for candidate in json.loads(row["candidates"] or "[]")
    ]
    foreign = movement.amount < 0 and not candidates
    return _Draft(
        movement=movement,
        state=_States.UNRELATED if foreign else _States.REVIEW,
        links=[],
        explanation=row["reason"],
        candidates=candidates,
        unapplied=movement.remaining,
    )


def with_cash(
    movement: Movement, links: Sequence[Link], currencies: Mapping[int, str], unapplied: Decimal
) -> list[Link]:
    """Say what each link takes of the movement, in the movement's currency.

    In one currency it follows from the figures. Across currencies the movement's money (less what is left over) is
    shared out in proportion, to the cent: the last link takes the rest.
    """
    if all(currencies[link.invoice] == movement.currency for link in links):
        return [replace(link, cash=link.net, rate=None) for link in links]
    step = Decimal(1).scaleb(-minor_units(movement.currency))
    whole = sum((link.net for link in links), ZERO)
    rest = on_account.free(movement) - unapplied
    total, shared = rest, []
    for number, link in enumerate(links):
        share = rest if number == len(links) - 1 else (total * link.net / whole).quantize(step)
        rest -= share
        shared.append(replace(link, cash=share, rate=(share / link.net).quantize(_RATE_STEP)))
    return shared


def _live(movements: Iterable[int]) -> dict[int, Proposal]:
    rows = (
        Proposal.objects.select_for_update(no_key=True)
        .filter(movement__in=list(movements))
        .exclude(state=_States.SUPERSEDED)
        .prefetch_related("matches")
        .order_by("pk")
    )
    return {row.movement_id: row for row in rows}


def _after_refusal(draft: _Draft, before: Proposal) -> _Draft:
    """What the ERP refused once is not tried again alone."""
    refused = {match.invoice_id for match in before.matches.all()}
    if draft.state == _States.AUTOMATIC and refused & {link.invoice for link in draft.links}:
        draft.state = _States.REVIEW
        draft.explanation = f"El ERP ya rechazó este cobro una vez.\n{draft.explanation}"
    return draft


def _undone_by_people(movements: Sequence[int]) -> dict[tuple[int, int], str]:
    """Why, by movement and document, for every pair that a person has undone."""
    rows = Allocation.objects.filter(movement__in=movements, reversed_by="person").order_by("pk")
    return {
        (row.movement_id, row.invoice_id): f"{row.reversed_by_name} lo deshizo una vez: {row.reversed_reason}"
        for row in rows
    }


def _after_undoing(draft: _Draft, undone: Mapping[tuple[int, int], str]) -> _Draft:
    """What a person undid is not done again alone."""
    why = [
        undone[draft.movement.pk, link.invoice] for link in draft.links if (draft.movement.pk, link.invoice) in undone
    ]
    if draft.state == _States.AUTOMATIC and why:
        draft.state = _States.REVIEW
        draft.explanation = "\n".join(dict.fromkeys([*why, draft.explanation]))
    return draft


def _same(before: Proposal, draft: _Draft) -> bool:
    """Nothing new is said, so that a queue that nobody has looked at does not change every night."""
    told = {(m.invoice_id, m.applied, m.withheld, m.fee, m.discount, m.cash) for m in before.matches.all()}
    tells = {(x.invoice, x.applied, x.withheld, x.fee, x.discount, x.cash) for x in draft.links}
    turned_back = before.state in (_States.REFUSED, _States.REVERSED)
    same_state = before.state == draft.state or (turned_back and draft.state == _States.REVIEW)
    return (
        same_state
        and told == tells
        and before.confidence == draft.confidence
        and before.candidates == (draft.candidates or [])
        and (bool(told) or before.explanation == draft.explanation)
    )


def _save(creditor: Creditor, run: str, drafts: Sequence[_Draft]) -> None:
    proposals = [
        Proposal(
            creditor=creditor,
            movement=draft.movement,
            run=run,
            state=draft.state,
            confidence=draft.confidence,
            rule=draft.rule,
            explanation=draft.explanation,
            candidates=draft.candidates or [],
            unapplied=draft.unapplied,
        )
        for draft in drafts
    ]
    Proposal.objects.bulk_create(proposals, batch_size=_BATCH)
    Match.objects.bulk_create(
        [_match(proposal, link) for proposal, draft in zip(proposals, drafts, strict=True) for link in draft.links],
        batch_size=_BATCH,
    )


def _match(proposal: Proposal, link: Link) -> Match:
    return Match(
        proposal=proposal,
        invoice_id=link.invoice,
        applied=link.applied,
        withheld=link.withheld,
        fee=link.fee,
        discount=link.discount,
        cash=link.cash if link.cash is not None else link.net,
        rate=link.rate,
        confidence=link.confidence,
        rule=link.rule,
        explanation=link.explanation,
    )


def _open_for_decision(proposal: int, also: Sequence[str] = ()) -> Proposal:
    found = Proposal.objects.select_for_update(no_key=True).get(pk=proposal)
    if found.state not in (*Proposal.REPLACEABLE, *also):
        raise DecisionError(f"El cobro está «{found.get_state_display()}».")
    if _on_their_way([found.movement_id]):
        raise DecisionError("Este cobro está de camino al ERP.")
    return found


def _on_their_way(movements: Sequence[int]) -> set[int]:
    """Those with a payment on its way into the ERP, or a return on its way out of it."""
    posting = PostingIntent.objects.filter(movement__in=movements, state__in=PostingIntent.LIVE)
    undoing = ReversalIntent.objects.filter(match__proposal__movement__in=movements, state__in=ReversalIntent.LIVE)
    return {*posting.values_list("movement", flat=True), *undoing.values_list("match__proposal__movement", flat=True)}


def _replace_links(found: Proposal, links: Sequence[Link]) -> Proposal:
    """The old proposal stays as it was, superseded; the person's takes its place."""
    movement = Movement.objects.get(pk=found.movement_id)
    documents = {row.pk: row.currency for row in Invoice.objects.filter(pk__in=[link.invoice for link in links])}
    if len(documents) != len(links):
        raise DecisionError("Cada documento se elige una vez.", remedy="Quite el repetido.")
    complete = [link if link.cash is not None else with_cash(movement, [link], documents, ZERO)[0] for link in links]
    Proposal.objects.filter(pk=found.pk).update(state=_States.SUPERSEDED, updated_at=clock.now())
    fresh = Proposal.objects.create(
        creditor_id=found.creditor_id,
        movement_id=found.movement_id,
        run=found.run,
        state=_States.REVIEW,
        confidence=Decimal(1),
        rule="persona",
        explanation="\n".join(dict.fromkeys(link.explanation for link in complete if link.explanation)),
        unapplied=movement.remaining - sum((link.cash or ZERO for link in complete), ZERO),
    )
    Match.objects.bulk_create([_match(fresh, link) for link in complete])
    return fresh


def decide(proposal: Proposal, kind: str, person: str, note: str) -> None:
    """Keep what a person said, sealed, in the caller's transaction."""
    links = [
        {"invoice": match.invoice_id, "applied": str(match.applied), "cash": str(match.cash)}
        for match in proposal.matches.order_by("pk")
    ]
    decision = Decision.objects.create(
        proposal=proposal, kind=kind, person=person, at=clock.now(), note=note, links=links
    )
    record(
        f"reconciliation.{kind}",
        f"movement:{proposal.movement_id}",
        {"proposal": proposal.pk, "note": note, "links": links},
        Actor.person(person),
        creditor=proposal.creditor_id,
        seals=[decision],
    )
