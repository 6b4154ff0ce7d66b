"""Reads what people decided about proposals, and what became of automatic postings, as examples to learn from.

Only a person's word teaches names, accounts and habits. How far the engine is to be believed is also learned from its
own postings, or it would never hear of the confidence at which nobody looks: one that a person undid was wrong, one
that stood long enough was right.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Prefetch, Q

from cobranza.kernel import clock
from cobranza.ledger.accounts import bare
from cobranza.ledger.models import Allocation, Creditor, Movement
from cobranza.ledger.models import Debtor as DebtorRow
from cobranza.reconciliation.learning.facts import Confirmation, Debtor, PaidLine
from cobranza.reconciliation.learning.models import Score, Tombstone
from cobranza.reconciliation.learning.policy import LearningPolicy
from cobranza.reconciliation.learning.trials import Example
from cobranza.reconciliation.models import Decision, Match, Proposal

BY_HAND = "persona"
NOT_ENGINE = ("persona", "advice/")  # beginnings of rules: a person's own links, and what a payer's advice says
_MONTH = timedelta(days=365) / 12
_BATCH = 5000
_CONFIRMED = frozenset({"accepted", "changed"})
_DENIED = frozenset({"dismissed"})
_TAKEN_BACK = frozenset({"reopened", "undone"})
_UNDONE = "undone"
Links = frozenset[tuple[int, Decimal]]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What a creditor's history holds.

    Attributes:
        confirmations: One per movement that a person decided and did not take back.
        examples: One per proposal of the engine whose truth is known.
        debtors: Everybody that the confirmations name.
    """

    confirmations: list[Confirmation]
    examples: list[Example]
    debtors: dict[int, Debtor]


@dataclass(slots=True)
class _Word:
    """The last word on a movement; `undone` says that a person took back what stood."""

    decision: Decision | None = None
    undone: Decision | None = None


def gather(creditor: Creditor, policy: LearningPolicy) -> Gathered:
    """Read everything that a creditor's people and postings teach, without the debtors that were to be forgotten."""
    since = clock.now() - _MONTH * policy.meses
    words = _words(creditor, since)
    proposals = _proposals(creditor, words)
    movements = Movement.objects.in_bulk(list(words), field_name="pk") if words else {}
    forgotten = set(
        Tombstone.objects.filter(creditor=creditor, kind="", lifted_at=None).values_list("debtor_id", flat=True)
    )
    raw = dict(Score.objects.filter(proposal__creditor=creditor).values_list("proposal_id", "raw"))
    confirmations, examples = [], []
    for pk, word in sorted(words.items()):
        theirs = proposals.get(pk, [])
        engine = _of_engine(theirs, word)
        if forgotten & _debtors_in(theirs):
            continue
        if word.decision is not None:
            confirmations.append(_confirmation(movements[pk], word.decision, engine))
        example = _example(movements[pk], word, engine, raw, creditor)
        if example is not None:
            examples.append(example)
    examples += _unattended(creditor, since, set(words), forgotten, raw, policy)
    return Gathered(confirmations, examples, _known(confirmations))


def _words(creditor: Creditor, since: datetime) -> dict[int, _Word]:
    words: dict[int, _Word] = defaultdict(_Word)
    rows = (
        Decision.objects.filter(proposal__creditor=creditor, at__gte=since)
        .select_related("proposal")
        .prefetch_related(Prefetch("proposal__matches", Match.objects.select_related("invoice").order_by("pk")))
        .order_by("pk")
    )
    for row in rows.iterator(chunk_size=_BATCH):
        word = words[row.proposal.movement_id]
        if row.kind in _CONFIRMED | _DENIED:
            word.decision, word.undone = row, None
        elif row.kind in _TAKEN_BACK:
            word.decision, word.undone = None, row if row.kind == _UNDONE else None
    return dict(words)


def _proposals(creditor: Creditor, words: Mapping[int, _Word]) -> dict[int, list[Proposal]]:
    found: dict[int, list[Proposal]] = defaultdict(list)
    ids = sorted(words)
    for start in range(0, len(ids), _BATCH):
        rows = Proposal.objects.filter(creditor=creditor, movement__in=ids[start : start + _BATCH]).order_by("pk")
        for row in rows.prefetch_related(Prefetch("matches", Match.objects.select_related("invoice").order_by("pk"))):
            found[row.movement_id].append(row)
    return found


def _of_engine(proposals: Sequence[Proposal], word: _Word) -> Proposal | None:
    """What the engine had said when the person spoke; None when it proposed nothing."""
    spoken = word.decision or word.undone
    if spoken is None:
        return None
    before = [row for row in proposals if row.pk <= spoken.proposal_id and row.rule != BY_HAND]
    last = before[-1] if before else None
    return last if last is not None and last.matches.all() and not last.rule.startswith(NOT_ENGINE) else None


def _debtors_in(proposals: Iterable[Proposal]) -> set[int]:
    return {match.invoice.debtor_id for row in proposals for match in row.matches.all()}


def _links(proposal: Proposal) -> Links:
    return frozenset((match.invoice_id, match.applied) for match in proposal.matches.all())


def _confirmation(movement: Movement, decision: Decision, engine: Proposal | None) -> Confirmation:
    confirmed = decision.kind in _CONFIRMED
    matches = list(decision.proposal.matches.all()) if confirmed else []
    debtors = {match.invoice.debtor_id for match in matches}
    proposed = {match.invoice.debtor_id for match in engine.matches.all()} if engine is not None else set()
    return Confirmation(
        movement=movement.pk,
        decision=decision.pk,
        on=movement.booked_on,
        name=movement.counterparty_name,
        account=movement.counterparty_account,
        text=f"{movement.text} {movement.reference}",
        customer=debtors.pop() if len(debtors) == 1 and movement.amount > 0 else None,
        denied=tuple(sorted(proposed - {match.invoice.debtor_id for match in matches})),
        lines=tuple(
            PaidLine(
                number=match.invoice.number,
                due_on=match.invoice.due_on,
                applied=match.applied,
                withheld=match.withheld,
                fee=match.fee,
                discount=match.discount,
            )
            for match in matches
        ),
    )


def _example(
    movement: Movement, word: _Word, engine: Proposal | None, raw: Mapping[int, Decimal], creditor: Creditor
) -> Example | None:
    """Whether the engine was right: to the document and the cent. None when it said nothing, or nobody decided."""
    spoken = word.decision or word.undone
    if engine is None or spoken is None:
        return None
    right = (
        word.decision is not None
        and word.decision.kind in _CONFIRMED
        and _links(engine) == _links(word.decision.proposal)
    )
    return Example(
        key=_identity(creditor, movement.fingerprint, movement.occurrence),
        raw=float(_said(engine, raw)),
        right=right,
        at=spoken.at,
        source="person" if word.decision is not None else "corrected",
    )


def _said(proposal: Proposal, raw: Mapping[int, Decimal]) -> Decimal:
    """The engine's own confidence: of the links, for what a person put together themselves has none."""
    if proposal.pk in raw:
        return raw[proposal.pk]
    return min(match.confidence for match in proposal.matches.all())


def _identity(creditor: Creditor, fingerprint: str, occurrence: int) -> str:
    return hashlib.sha256(f"{creditor.key}|{fingerprint}|{occurrence}".encode()).hexdigest()


def _unattended(
    creditor: Creditor,
    since: datetime,
    decided: set[int],
    forgotten: set[int],
    raw: Mapping[int, Decimal],
    policy: LearningPolicy,
) -> list[Example]:
    """What was posted without a person: wrong when a person undid it, right when it stood long enough."""
    ripe = clock.now() - timedelta(days=policy.maduracion_dias)
    rows = (
        Allocation.objects.filter(
            invoice__creditor=creditor, decided_by="robot", decided_at__gte=since, intent__isnull=False
        )
        .exclude(_by_others())
        .order_by("intent__match__proposal", "pk")
        .values_list(
            "intent__match__proposal",
            "intent__match__confidence",
            "movement_id",
            "movement__fingerprint",
            "movement__occurrence",
            "invoice__debtor_id",
            "decided_at",
            "reversed_at",
            "reversed_by",
        )
    )
    parts: dict[int, list[tuple[Decimal, int, str, int, int, datetime, datetime | None, str]]] = defaultdict(list)
    for proposal, *rest in rows.iterator(chunk_size=_BATCH):
        parts[proposal].append(tuple(rest))  # type: ignore[arg-type]
    examples = []
    for proposal, lines in parts.items():
        confidence, movement, fingerprint, occurrence, _, posted, _, _ = lines[0]
        undone = [line[6] for line in lines if line[6] is not None and line[7] == "person"]
        stands = all(line[6] is None for line in lines) and max(line[5] for line in lines) <= ripe
        if movement in decided or forgotten & {line[4] for line in lines} or not (undone or stands):
            continue
        examples.append(
            Example(
                key=_identity(creditor, fingerprint, occurrence),
                raw=float(raw.get(proposal, confidence)),
                right=not undone,
                at=min(undone) if undone else posted + timedelta(days=policy.maduracion_dias),
                source="corrected" if undone else "matured",
            )
        )
    return examples


def _by_others() -> Q:
    whole = Q()
    for beginning in NOT_ENGINE:
        whole |= Q(rule__startswith=beginning)
    return whole


def _known(confirmations: Iterable[Confirmation]) -> dict[int, Debtor]:
    wanted = {row.customer for row in confirmations if row.customer is not None}
    wanted |= {debtor for row in confirmations for debtor in row.denied}
    rows = DebtorRow.objects.filter(pk__in=wanted).prefetch_related("payer_accounts")
    return {
        row.pk: Debtor(
            names=tuple(name for name in (row.name, row.trade_name) if name),
            accounts=frozenset(bare(account.number) for account in row.payer_accounts.all()),
            group=row.group_key,
        )
        for row in rows
    }
