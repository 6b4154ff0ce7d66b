"""Payments that say it all: the payer is known, names open documents, and their sum explains the amount to the cent.

More than half of all payments are of this kind. What they name is read first and by itself, because no other reading
could come near it; everything else is weighed against its rivals in `candidates`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice, product

from cobranza.reconciliation.amounts import WEIGHTS
from cobranza.reconciliation.balances import Moment
from cobranza.reconciliation.board import Board, Clues, View
from cobranza.reconciliation.candidates import COMBINATIONS, MOST_KEPT_BACK
from cobranza.reconciliation.explained import COARSEST, SETTLING, explained
from cobranza.reconciliation.hundredths import written
from cobranza.reconciliation.records import Hypothesis, Line, Payment
from cobranza.reconciliation.references import Mention, Quality
from cobranza.reconciliation.sets import addition
from cobranza.reconciliation.weights import payer_part, reference_part

EXACT = SETTLING | {"batch", "return"}
_KNOWN = 3.0  # least evidence for the payer, log-odds: a name that is nearly right


def reading(board: Board, payment: Payment, moment: Moment) -> Hypothesis | None:
    """The one reading of a clear payment (money in); None where anything speaks for another, or against this one."""
    clues = board.at_sight(payment)
    if not clues.mentions or "deposit" in clues.hints:
        return None
    customer = _payer(clues)
    if customer is None:
        clues = board.clues_of(payment)
        customer = _payer(clues)
        if customer is None:
            return None
    named = _named(board, clues, customer, moment)
    if named is None:
        return None
    docs = [named[0].doc] if len(named) == 1 else list(dict.fromkeys([mention.doc for mention in named]))
    free = [board.balances.free(doc, moment) for doc in docs]
    if len(clues.by_customer) > 1 and _elsewhere(board, payment, clues, customer, named, moment):
        return None
    best = _equal(board, payment, customer, docs, free) or _nearly(board, payment, clues, moment, customer, docs, free)
    if best is None:
        return None
    best.parts["referencia"] = reference_part([mention.quality for mention in named])
    best.parts["cliente"] = payer_part(board, clues, customer)
    best.parts["otra referencia"] = 0.0
    best.mentions = tuple([mention.token for mention in named])
    return best


def _equal(board: Board, payment: Payment, customer: int, docs: list[int], free: list[int]) -> Hypothesis | None:
    """The commonest reading, made directly: the documents are paid to the cent. As `explained` gives it."""
    cents = payment.cents
    if sum(free) != cents:
        return None
    documents, currency = board.documents, payment.currency
    for doc in docs:
        if documents[doc].currency != currency:
            return None
    return Hypothesis(
        tuple([Line(doc, amount) for doc, amount in zip(docs, free, strict=True)]),
        "equal",
        "named",
        customer,
        cents,
        {"importe": WEIGHTS["equal"]},
        (lambda: f"{written(cents)} = {written(cents)}") if len(docs) == 1 else partial(addition, free),
    )


def _nearly(
    board: Board, payment: Payment, clues: Clues, moment: Moment, customer: int, docs: list[int], free: list[int]
) -> Hypothesis | None:
    """The likeliest sure explanation of a difference."""
    view = View(board, payment, clues, moment, customer, True, dict(zip(docs, free, strict=True)))
    found = [one for one in explained(view, docs, loose=False) if one.rule in SETTLING]
    return max(found, key=lambda one: (one.score, one.rule)) if found else None


def claim(board: Board, payment: Payment, moment: Moment) -> None:
    """Keep what an undecided payment names from payments that name nothing."""
    clues = board.clues_of(payment)
    for customer, mentions in clues.by_customer.items():
        least = Quality.TAIL if customer in clues.evidence else Quality.FULL
        for docs in _open_by_token(board, mentions, moment).values():
            if len(docs) == 1 and docs[0].quality >= least:
                board.claims.setdefault(docs[0].doc, set()).add(payment.index)


def hopeful(board: Board, payment: Payment, moment: Moment) -> bool:
    """Whether what an unclear payment names may explain its amount in a way that is sure: worth weighing at once."""
    clues = board.clues_of(payment)
    if "deposit" in clues.hints:
        return True
    latest = payment.booked + board.policy.adelanto_dias
    for customer in clues.parties:
        mentions = clues.by_customer.get(customer, [])
        if customer in clues.evidence or any(mention.quality >= Quality.FULL for mention in mentions):
            mentions = mentions + [
                Mention(number, doc, quality)
                for number, hits in board.weak_hits(clues, customer)
                for doc, quality in hits.items()
            ]
        if not mentions:
            continue
        free = {}
        for mention in mentions:
            if mention.doc not in free and board.documents[mention.doc].issued <= latest:
                free[mention.doc] = board.balances.free(mention.doc, moment)
        slots = list(_best_by_token(mentions, free).values())
        if slots and _explains(board, payment, clues, customer, slots, free, moment):
            return True
    return False


def _explains(
    board: Board,
    payment: Payment,
    clues: Clues,
    customer: int,
    slots: Sequence[list[int]],
    free: dict[int, int],
    moment: Moment,
) -> bool:
    """Whether one document for each number, or one document alone, explains the amount in a way that is sure."""
    view = View(board, payment, clues, moment, customer, True, free)
    tries: list[tuple[int, ...]] = list(islice(product(*slots), COMBINATIONS)) if len(slots) > 1 else []
    tries += [(doc,) for docs in slots for doc in docs]
    for docs in tries:
        owed = sum(free[doc] for doc in set(docs))
        near = payment.cents <= owed + COARSEST and owed <= MOST_KEPT_BACK * payment.cents
        odd = board.documents[docs[0]].currency != payment.currency or docs[0] in board.returned
        if (near or odd) and any(one.rule in EXACT for one in explained(view, list(dict.fromkeys(docs)), loose=False)):
            return True
    return False


def _best_by_token(mentions: Sequence[Mention], free: Mapping[int, int]) -> dict[int, list[int]]:
    """By number: the open documents that it names best, each document once."""
    best: dict[int, Quality] = {}
    for mention in mentions:
        if mention.quality > best.get(mention.token, 0):
            best[mention.token] = mention.quality
    found: dict[int, list[int]] = {}
    for mention in mentions:
        if mention.quality == best[mention.token] and free.get(mention.doc):
            docs = found.setdefault(mention.token, [])
            if mention.doc not in docs:
                docs.append(mention.doc)
    return found


def _payer(clues: Clues) -> int | None:
    """The only customer that both the payer's data and the numbers point to."""
    evidence, found = clues.evidence, None
    for customer in clues.by_customer:
        if customer in evidence:
            if found is not None:
                return None
            found = customer
    return found if found is not None and evidence[found].weight >= _KNOWN else None


def _named(board: Board, clues: Clues, customer: int, moment: Moment) -> list[Mention] | None:
    """The document of each number, when every number names exactly one that is open."""
    mentions = clues.by_customer[customer]
    if len(mentions) == 1:
        return mentions if board.balances.free(mentions[0].doc, moment) else None
    named = _open_by_token(board, mentions, moment)
    if len(named) != len({mention.token for mention in mentions}) or any(len(docs) != 1 for docs in named.values()):
        return None
    return [docs[0] for docs in named.values()]


def _open_by_token(board: Board, mentions: Sequence[Mention], moment: Moment) -> dict[int, list[Mention]]:
    """By number: the open documents among those that it names best."""
    best: dict[int, Quality] = {}
    for mention in mentions:
        if mention.quality > best.get(mention.token, 0):
            best[mention.token] = mention.quality
    named: dict[int, list[Mention]] = {}
    for mention in mentions:
        if mention.quality == best[mention.token] and board.balances.free(mention.doc, moment):
            named.setdefault(mention.token, []).append(mention)
    return named


def _elsewhere(
    board: Board, payment: Payment, clues: Clues, customer: int, named: Sequence[Mention], moment: Moment
) -> bool:
    """Whether the numbers may as well mean a document of somebody else."""
    mine = {mention.token: mention.quality for mention in named}
    documents = board.documents
    for mention in clues.mentions:
        if documents[mention.doc].customer == customer:
            continue
        if mention.quality > mine.get(mention.token, Quality.TAIL):
            return True
        if board.balances.free(mention.doc, moment) == payment.cents:
            return True
    return False
