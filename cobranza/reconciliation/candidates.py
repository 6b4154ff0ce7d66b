"""Every way to read one payment: from its references, its payer and its amount. Joins by key, never cross products."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice, product

from cobranza.reconciliation import amounts
from cobranza.reconciliation.amounts import Owed, Reading, share_out
from cobranza.reconciliation.balances import Balances, Moment
from cobranza.reconciliation.customers import CustomerIndex, Evidence, is_agent
from cobranza.reconciliation.frames import Rates
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.records import Customer, Document, Hypothesis, Line, Payment
from cobranza.reconciliation.references import DocumentIndex, Mention, Quality, Token, tokens
from cobranza.reconciliation.subsets import subsets_summing_to
from cobranza.reconciliation.text import has_word, plain
from cobranza.regimes.payments import regime, wording

REFERENCE_WEIGHTS = {
    Quality.SUFFIX: 1.5,
    Quality.SLIP: 3.0,
    Quality.CUT: 3.0,
    Quality.TAIL: 4.0,
    Quality.STRIPPED: 5.0,
    Quality.FULL: 7.0,
    Quality.STRUCTURED: 8.0,
}
# What a hypothesis loses for each document that the payer names and it leaves out.
VETO = {
    Quality.SUFFIX: 0.5,
    Quality.SLIP: 0.5,
    Quality.CUT: 0.5,
    Quality.TAIL: 3.0,
    Quality.STRIPPED: 5.0,
    Quality.FULL: 8.0,
    Quality.STRUCTURED: 8.0,
}
NO_PAYER = -0.5
OTHER_PAYER = -3.0
TWIN_CAP = 0.90  # equal documents of one customer: the oldest is proposed, a person confirms


@dataclass(slots=True)
class Slot:
    """One token and the documents of one customer that it may name."""

    token: int
    quality: Quality
    docs: list[int]


@dataclass(slots=True)
class Clues:
    """What a payment says, before balances are looked at; worked out once per payment."""

    tokens: list[Token]
    mentions: list[Mention]
    evidence: dict[int, Evidence]
    hints: frozenset[str]
    agent: bool
    nothing: bool
    by_customer: dict[int, list[Mention]] = field(default_factory=dict)
    concerned: tuple[int, ...] = ()
    remembered: tuple[tuple[int, ...], list[Hypothesis]] | None = None


@dataclass(slots=True)
class Board:
    """The whole state of a run: records, indexes, balances and what was learnt on the way."""

    payments: list[Payment]
    documents: list[Document]
    customers: list[Customer]
    rates: Rates
    policy: Policy
    index: DocumentIndex
    people: CustomerIndex
    balances: Balances
    charges: dict[int, int] = field(default_factory=dict)
    remesas: dict[str, list[int]] = field(default_factory=dict)
    returned: set[int] = field(default_factory=set)
    clues: dict[int, Clues] = field(default_factory=dict)

    def clues_of(self, payment: Payment) -> Clues:
        """The payment's clues, computed once."""
        held = self.clues.get(payment.index)
        if held is None:
            held = self._clues(payment)
            self.clues[payment.index] = held
        return held

    def _clues(self, payment: Payment) -> Clues:
        words = wording()
        text = plain(payment.text)
        both = f"{text} {plain(payment.name)}"
        hints = {kind for kind, needles in words.hints.items() if has_word(text, needles)}
        deposit = regime(payment.country).deposit
        if deposit and (has_word(plain(payment.name), deposit.payers) or has_word(text, deposit.words)):
            hints.add("deposit")
        found = tokens(payment)
        mentions = self.index.anywhere(found, payment)
        by_customer: dict[int, list[Mention]] = defaultdict(list)
        for mention in mentions:
            by_customer[self.documents[mention.doc].customer].append(mention)
        evidence = self.people.evidence(payment)
        return Clues(
            tokens=found,
            mentions=mentions,
            evidence=evidence,
            hints=frozenset(hints),
            agent=is_agent(payment.name),
            nothing=has_word(both, words.nothing),
            by_customer=dict(by_customer),
            concerned=tuple(sorted({*evidence, *by_customer})),
        )


def hypotheses(board: Board, payment: Payment, moment: Moment) -> list[Hypothesis]:
    """Every reading of a payment that is possible now, best first, one per set of documents.

    Remembered as long as no balance of the customers concerned has changed.
    """
    clues = board.clues_of(payment)
    seen = tuple(board.balances.version(customer) for customer in clues.concerned)
    if clues.remembered is None or clues.remembered[0] != seen or "batch" in clues.hints or not clues.concerned:
        clues.remembered = (seen, _read(board, payment, clues, moment))
    return clues.remembered[1]


def _read(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    found = (
        _returns(board, payment, clues, moment) if payment.cents < 0 else _collections(board, payment, clues, moment)
    )
    best: dict[tuple[int, ...], Hypothesis] = {}
    for hypothesis in found:
        held = best.get(hypothesis.key)
        if held is None or (hypothesis.score, hypothesis.rule) > (held.score, held.rule):
            best[hypothesis.key] = hypothesis
    return sorted(best.values(), key=lambda hypothesis: (-hypothesis.score, hypothesis.key))


def settled_mentions(board: Board, payment: Payment, moment: Moment) -> list[int]:
    """Documents that the payment names surely enough and that nothing is open of any more: a double payment, perhaps."""
    clues = board.clues_of(payment)
    return [
        mention.doc
        for mention in clues.mentions
        if mention.quality
        >= (Quality.TAIL if board.documents[mention.doc].customer in clues.evidence else Quality.STRIPPED)
        and not board.balances.free(mention.doc, moment)
    ]


def _collections(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    found: list[Hypothesis] = []
    if not clues.evidence or "batch" in clues.hints:
        found += _batches(board, payment, clues, moment)
    for customer in _parties(clues):
        found += _of_customer(board, payment, clues, moment, customer)
    return found


def _parties(clues: Clues) -> list[int]:
    """Customers worth looking at, by payer and by reference; the surest twelve."""
    rank: dict[int, float] = {customer: evidence.weight for customer, evidence in clues.evidence.items()}
    for customer, mentions in clues.by_customer.items():
        rank[customer] = rank.get(customer, 0.0) + max(REFERENCE_WEIGHTS[mention.quality] for mention in mentions)
    order = sorted(rank, key=lambda customer: (-rank[customer], customer))
    sure = [customer for customer in order if rank[customer] >= 5.0]
    return order[: max(12, min(len(sure), 30))]


def _payer_part(board: Board, clues: Clues, customer: int) -> float:
    evidence = clues.evidence.get(customer)
    if evidence is not None:
        return evidence.weight
    firm = [other for other, held in clues.evidence.items() if held.weight >= 3.0]
    if any(other in clues.evidence for other in board.people.group_of(customer)):
        return 1.0
    return OTHER_PAYER if firm and not clues.agent else NO_PAYER


def _of_customer(board: Board, payment: Payment, clues: Clues, moment: Moment, customer: int) -> list[Hypothesis]:
    payer = _payer_part(board, clues, customer)
    known = customer in clues.evidence
    mentions = list(clues.by_customer.get(customer, ()))
    own = board.balances.open_of(customer, moment, payment.booked + board.policy.adelanto_dias)
    if known:
        taken = frozenset(mention.token for mention in mentions)
        mentions += board.index.within(clues.tokens, own, taken)
    slots = _slots(board, mentions, moment)
    live = [slot for slot in slots if any(board.balances.free(doc, moment) for doc in slot.docs)]
    found: list[Hypothesis] = []
    if live:
        found += _named(board, payment, clues, moment, customer, live, own, known)
    exact = any(hypothesis.rule in {"equal", "withholding", "rounding", "discount", "deposit"} for hypothesis in found)
    if known and not exact:
        found += _unnamed(board, payment, clues, moment, customer, own)
    for hypothesis in found:
        hypothesis.parts["cliente"] = payer
        hypothesis.parts["otra referencia"] = -_vetoes(board, clues, slots, hypothesis)
    return found


def _vetoes(board: Board, clues: Clues, slots: Sequence[Slot], hypothesis: Hypothesis) -> float:
    docs = set(hypothesis.key)
    total = 0.0
    tokens_done: set[int] = set()
    for slot in slots:
        tokens_done.add(slot.token)
        if not docs & set(slot.docs):
            total += VETO[slot.quality]
    if hypothesis.how != "named":
        elsewhere: dict[int, Quality] = {}
        for mention in clues.mentions:
            if mention.token not in tokens_done and mention.quality >= Quality.STRIPPED and mention.doc not in docs:
                elsewhere[mention.token] = max(mention.quality, elsewhere.get(mention.token, Quality.SUFFIX))
        total += sum(VETO[quality] for quality in elsewhere.values())
    return total


def _slots(board: Board, mentions: Sequence[Mention], moment: Moment) -> list[Slot]:
    by_token: dict[int, dict[int, Quality]] = defaultdict(dict)
    for mention in mentions:
        held = by_token[mention.token].get(mention.doc)
        if held is None or mention.quality > held:
            by_token[mention.token][mention.doc] = mention.quality
    slots = []
    for token in sorted(by_token):
        docs = by_token[token]
        best = max(docs.values())
        chosen = [doc for doc, quality in docs.items() if quality == best]
        opened = [doc for doc in chosen if board.balances.free(doc, moment)]
        chosen = opened or chosen
        chosen.sort(key=lambda doc: (board.documents[doc].due, doc))
        slots.append(Slot(token, best, chosen))
    slots.sort(key=lambda slot: (-slot.quality, len(slot.docs), slot.token))
    kept: list[Slot] = []
    for slot in slots:
        if not any(set(other.docs) & set(slot.docs) for other in kept):
            kept.append(slot)
    return kept


def _named(
    board: Board,
    payment: Payment,
    clues: Clues,
    moment: Moment,
    customer: int,
    slots: Sequence[Slot],
    own: Sequence[int],
    known: bool,
) -> list[Hypothesis]:
    found: list[Hypothesis] = []
    live = [slot for slot in slots if any(board.balances.free(doc, moment) for doc in slot.docs)]
    sure = max(slot.quality for slot in live)
    loose = known or sure >= Quality.STRIPPED
    combos = list(islice(product(*[slot.docs for slot in live]), 64))
    reference = _reference_part(live)
    for combo in combos:
        docs = list(dict.fromkeys(combo))
        for hypothesis in _explained(board, payment, clues, moment, customer, docs, loose=loose):
            hypothesis.parts["referencia"] = reference - math.log(len(combos)) * 0.5
            hypothesis.mentions = tuple(slot.token for slot in live)
            found.append(hypothesis)
    if any(
        hypothesis.rule in {"equal", "withholding", "rounding", "discount", "deposit", "charge"} for hypothesis in found
    ):
        return found
    if len(live) > 1:
        for slot in live:
            for doc in slot.docs:
                for hypothesis in _explained(board, payment, clues, moment, customer, [doc], loose=False):
                    hypothesis.parts["referencia"] = REFERENCE_WEIGHTS[slot.quality]
                    hypothesis.mentions = (slot.token,)
                    found.append(hypothesis)
    if known or sure >= Quality.FULL:
        found += _completed(board, payment, clues, moment, customer, live, combos[0], own)
    return found


def _reference_part(slots: Sequence[Slot]) -> float:
    weights = [REFERENCE_WEIGHTS[slot.quality] for slot in slots]
    return max(weights) + min(3.0, 0.5 * (len(weights) - 1))


def _owed(board: Board, docs: Sequence[int], moment: Moment) -> Owed:
    documents = [board.documents[doc] for doc in docs]
    return Owed(
        open=sum(board.balances.free(doc, moment) for doc in docs),
        net=sum(document.net for document in documents),
        tax=sum(document.tax for document in documents),
        gross=sum(document.gross for document in documents),
        due=max(document.due for document in documents),
    )


def _explained(
    board: Board,
    payment: Payment,
    clues: Clues,
    moment: Moment,
    customer: int,
    docs: Sequence[int],
    *,
    loose: bool,
    how: str = "named",
) -> list[Hypothesis]:
    """Readings of a payment against exactly these documents."""
    currencies = {board.documents[doc].currency for doc in docs}
    if len(currencies) != 1:
        return []
    currency = currencies.pop()
    docs = [doc for doc in docs if board.balances.free(doc, moment)]
    if not docs or any(board.documents[doc].issued > payment.booked + board.policy.adelanto_dias for doc in docs):
        return []
    owed = _owed(board, docs, moment)
    if owed.open <= 0:
        return []
    if currency != payment.currency:
        return _foreign(board, payment, moment, customer, docs, owed, currency, how)
    country = board.customers[customer].country or payment.country
    readings = amounts.explain(
        owed, payment.cents, country, payment.booked, clues.hints, board.policy, loose=loose and len(docs) == 1
    )
    if len(docs) == 1 and payment.cents > owed.open:
        charge = _charge(board, docs[0], payment.cents, owed)
        if charge:
            readings.insert(0, charge)
    result = []
    for reading in readings:
        lines = _lines(board, docs, moment, reading)
        if lines is None:
            continue
        result.append(
            Hypothesis(
                lines=lines,
                rule=reading.rule,
                how=how,
                customer=customer,
                cash=sum(line.cash for line in lines),
                parts={"importe": reading.weight},
                arithmetic=_sum_text(board, docs, moment, reading),
            )
        )
    return result


def _charge(board: Board, doc: int, cash: int, owed: Owed) -> Reading | None:
    """A returned document paid again together with the bank's charge for the return."""
    charge = board.charges.get(doc, 0)
    if not charge or cash - owed.open != charge:
        return None
    return Reading(
        rule="charge",
        applied=owed.open,
        fee=-charge,
        weight=5.5,
        arithmetic=f"{amounts._money(owed.open)} + {amounts._money(charge)} de gastos de devolución = {amounts._money(cash)}",
    )


def _foreign(
    board: Board,
    payment: Payment,
    moment: Moment,
    customer: int,
    docs: Sequence[int],
    owed: Owed,
    currency: str,
    how: str,
) -> list[Hypothesis]:
    rate = board.rates.rate(currency, payment.currency, payment.booked)
    if rate is None:
        return []
    reading = amounts.explain_fx(owed.open, currency, payment.cents, payment.currency, rate, board.policy)
    if reading is None:
        return []
    lines = tuple(Line(doc=doc, applied=board.balances.free(doc, moment)) for doc in docs)
    return [
        Hypothesis(
            lines=lines,
            rule="fx",
            how=how,
            customer=customer,
            cash=payment.cents,
            parts={"importe": reading.weight},
            arithmetic=reading.arithmetic,
        )
    ]


def _lines(board: Board, docs: Sequence[int], moment: Moment, reading: Reading) -> tuple[Line, ...] | None:
    """Spread a reading over its documents, to the cent."""
    if len(docs) == 1:
        return (
            Line(
                doc=docs[0],
                applied=reading.applied,
                withheld=reading.withheld,
                fee=reading.fee,
                discount=reading.discount,
            ),
        )
    free = [board.balances.free(doc, moment) for doc in docs]
    if reading.applied != sum(free):
        return None
    positive = [max(0, amount) for amount in free]
    withheld, fee, discount = (
        share_out(total, positive) for total in (reading.withheld, reading.fee, reading.discount)
    )
    return tuple(
        Line(doc=doc, applied=free[number], withheld=withheld[number], fee=fee[number], discount=discount[number])
        for number, doc in enumerate(docs)
    )


def _sum_text(board: Board, docs: Sequence[int], moment: Moment, reading: Reading) -> str:
    if len(docs) == 1:
        return reading.arithmetic
    parts = " + ".join(amounts._money(board.balances.free(doc, moment)) for doc in docs[:8]).replace("+ -", "− ")
    more = f" + … ({len(docs)} documentos)" if len(docs) > 8 else ""
    return f"{parts}{more} = {amounts._money(sum(board.balances.free(doc, moment) for doc in docs))}" + (
        "" if reading.rule == "equal" else f"; {reading.arithmetic}"
    )


def _completed(
    board: Board,
    payment: Payment,
    clues: Clues,
    moment: Moment,
    customer: int,
    slots: Sequence[Slot],
    combo: Sequence[int],
    own: Sequence[int],
) -> list[Hypothesis]:
    """Named documents plus others of the customer (a list cut short, a credit note), or fewer of the named ones."""
    docs = [
        doc
        for doc in dict.fromkeys(combo)
        if board.documents[doc].currency == payment.currency and board.balances.free(doc, moment)
    ]
    if not docs:
        return []
    named = sum(board.balances.free(doc, moment) for doc in docs)
    pool = _pool(board, payment, moment, [doc for doc in own if doc not in set(docs)])
    found: list[Hypothesis] = []
    residual = payment.cents - named
    reference = _reference_part(slots)
    sums = _search(board, moment, pool, residual, most=5)
    for extra, solutions, weight in sums:
        hypothesis = _set(board, payment, moment, customer, [*docs, *extra], "completed", solutions, weight)
        hypothesis.parts["referencia"] = reference
        hypothesis.mentions = tuple(slot.token for slot in slots)
        found.append(hypothesis)
    if residual < 0 and len(docs) > 2 and not found:
        for fewer, solutions, weight in _search(board, moment, docs, payment.cents, most=min(6, len(docs) - 1)):
            hypothesis = _set(board, payment, moment, customer, list(fewer), "completed", solutions, weight)
            hypothesis.parts["referencia"] = reference
            found.append(hypothesis)
    return found


def _pool(board: Board, payment: Payment, moment: Moment, docs: Sequence[int]) -> list[int]:
    """Documents that an unnamed payment may settle: same currency, not in a batch, not too old; oldest due first."""
    oldest = payment.booked - board.policy.ventana_dias
    chosen = [
        doc
        for doc in docs
        if board.documents[doc].currency == payment.currency
        and (not board.documents[doc].remesa or doc in board.returned)
        and board.documents[doc].due >= oldest
    ]
    return sorted(chosen, key=lambda doc: (board.documents[doc].due, doc))


def _search(
    board: Board, moment: Moment, pool: Sequence[int], target: int, *, most: int
) -> list[tuple[list[int], int, float]]:
    """Sets of `pool` that add up to `target`: (documents, how many sets do, log-odds that it is no chance)."""
    pool = _nearest(board, moment, pool, target)
    if not pool or target == 0:
        return []
    values = [board.balances.free(doc, moment) for doc in pool]
    sums = subsets_summing_to(values, target, most=most)
    if not sums.count:
        return []
    grain = reduce(math.gcd, [abs(value) for value in values], abs(target)) or 1
    spread = sum(abs(value) for value in values) / grain
    result = []
    for chosen in sums.found[:4]:
        tried = sum(math.comb(len(values), size) for size in range(1, len(chosen) + 1))
        weight = max(-2.0, min(6.0, math.log(max(1.0, spread / tried))))
        result.append(([pool[position] for position in chosen], sums.count, weight))
    return result


def _nearest(board: Board, moment: Moment, pool: Sequence[int], target: int) -> list[int]:
    """The part of the pool that set search looks at: nothing above the target when there are no credits, oldest due."""
    credits_ = [doc for doc in pool if board.documents[doc].credit]
    relief = -sum(board.balances.free(doc, moment) for doc in credits_)
    usable = [doc for doc in pool if board.documents[doc].credit or board.balances.free(doc, moment) <= target + relief]
    return usable[: board.policy.candidatos_maximo]


def _set(
    board: Board,
    payment: Payment,
    moment: Moment,
    customer: int,
    docs: Sequence[int],
    how: str,
    solutions: int,
    weight: float,
) -> Hypothesis:
    lines = tuple(Line(doc=doc, applied=board.balances.free(doc, moment)) for doc in docs)
    reading = Reading(rule="equal", applied=payment.cents, weight=weight, arithmetic="")
    return Hypothesis(
        lines=lines,
        rule="netted" if any(board.documents[doc].credit for doc in docs) else "set",
        how=how,
        customer=customer,
        cash=sum(line.applied for line in lines),
        parts={"importe": weight - math.log(solutions)},
        arithmetic=_sum_text(board, docs, moment, reading),
        solutions=solutions,
    )


def _unnamed(
    board: Board, payment: Payment, clues: Clues, moment: Moment, customer: int, own: Sequence[int]
) -> list[Hypothesis]:
    """The payer is known and names nothing that fits: one document of that amount, an explained one, a set."""
    found: list[Hypothesis] = []
    pool = _pool(board, payment, moment, own)
    equal = [doc for doc in pool if board.balances.free(doc, moment) == payment.cents]
    if equal:
        for hypothesis in _explained(board, payment, clues, moment, customer, equal[:1], loose=False, how="account"):
            hypothesis.solutions = len(equal)
            if len(equal) > 1:
                hypothesis.capped = TWIN_CAP
                hypothesis.notes.append(f"hay {len(equal)} documentos iguales; se propone el más antiguo")
            found.append(hypothesis)
    deposit = "deposit" in clues.hints
    for doc in pool:
        free = board.balances.free(doc, moment)
        if doc in equal[:1] or free <= 0:
            continue
        if deposit or 2 * payment.cents > free >= payment.cents or 0 < payment.cents - free <= free // 20:
            found += _explained(board, payment, clues, moment, customer, [doc], loose=False, how="account")
        if abs(board.documents[doc].gross - 2 * payment.cents) <= 2:
            found += [
                hypothesis
                for hypothesis in _explained(board, payment, clues, moment, customer, [doc], loose=True, how="account")
                if hypothesis.rule == "partial"
            ]
    for doc in own:
        if board.documents[doc].currency != payment.currency:
            found += _explained(board, payment, clues, moment, customer, [doc], loose=False, how="account")
    if not equal:
        found += _sets(board, payment, moment, customer, pool)
    return found


def _sets(board: Board, payment: Payment, moment: Moment, customer: int, pool: Sequence[int]) -> list[Hypothesis]:
    found = []
    for docs, solutions, weight in _search(board, moment, pool, payment.cents, most=board.policy.conjunto_maximo):
        if len(docs) > 1:
            found.append(_set(board, payment, moment, customer, docs, "account", solutions, weight))
    if not found:
        for run in _runs(board, moment, pool, payment.cents):
            found.append(_set(board, payment, moment, customer, run, "account", 1, 4.0))
    return found


def _runs(board: Board, moment: Moment, pool: Sequence[int], target: int) -> list[list[int]]:
    """Unbroken runs of documents, by due day or by number, that add up to the target: a statement paid whole."""
    for order in (
        list(pool),
        sorted(pool, key=lambda doc: (board.documents[doc].issued, board.documents[doc].serial_int, doc)),
    ):
        first_at = {0: 0}
        total = 0
        for position, doc in enumerate(order):
            total += board.balances.free(doc, moment)
            start = first_at.get(total - target)
            if start is not None and position + 1 - start > 1:
                return [order[start : position + 1]]
            first_at.setdefault(total, position + 1)
    return []


def _batches(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    """A whole direct-debit batch collected in one line."""
    text = plain(payment.text)
    numbers = {int(token.digits) for token in clues.tokens if token.field == "remittance"}
    found = []
    for remesa, docs in board.remesas.items():
        open_docs = [
            doc
            for doc in docs
            if board.documents[doc].currency == payment.currency and board.balances.free(doc, moment)
        ]
        total = sum(board.balances.free(doc, moment) for doc in open_docs)
        if total != payment.cents or not open_docs:
            continue
        named = plain(remesa) in text or int("0" + "".join(ch for ch in remesa if ch.isdigit())[-5:]) in numbers
        said = "batch" in clues.hints
        if not named and not said and len(open_docs) < 3:
            continue
        hypothesis = _set(
            board,
            payment,
            moment,
            board.documents[open_docs[0]].customer,
            open_docs,
            "named" if named else "account",
            1,
            8.0,
        )
        hypothesis.rule = "batch"
        hypothesis.parts["referencia"] = 5.0 if named else 2.0 if said else 0.0
        hypothesis.notes.append(f"remesa {remesa} completa, {len(open_docs)} recibos")
        found.append(hypothesis)
    return found


def _returns(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    """Money going out: a direct debit or transfer that came back reopens what it had settled."""
    cash = -payment.cents
    cap = regime(payment.country).fee_cap
    named: dict[int, tuple[Quality, int]] = {}
    for mention in clues.mentions:
        if mention.quality > named.get(mention.doc, (Quality.SUFFIX, 0))[0]:
            named[mention.doc] = (mention.quality, mention.token)
    candidates = set(named)
    for customer in clues.evidence:
        own = board.index.of_customer(customer)
        candidates.update(own)
        taken = frozenset(mention.token for mention in clues.by_customer.get(customer, ()))
        paid = [doc for doc in own if board.balances.collected(doc, moment) > 0]
        for mention in board.index.within(clues.tokens, paid, taken):
            named.setdefault(mention.doc, (mention.quality, mention.token))
    said = "return" in clues.hints
    found = []
    for doc in sorted(candidates):
        document = board.documents[doc]
        collected = board.balances.collected(doc, moment)
        if collected <= 0 or document.currency != payment.currency:
            continue
        last = board.balances.last_collection(doc, moment)
        if last is None or payment.booked - last[0] > board.policy.devolucion_dias:
            continue
        charge = cash - collected
        if not 0 <= charge <= min(cap, collected):
            continue
        quality, token = named.get(doc, (None, -1))
        if quality is None and (not said or charge > cap // 4):
            continue
        weight = 6.0 if charge == 0 else 3.0 if charge * 5 <= collected else 1.5
        age = payment.booked - last[0]
        hypothesis = Hypothesis(
            lines=(Line(doc=doc, applied=-collected, fee=charge),),
            rule="return",
            how="named" if quality else "account",
            customer=document.customer,
            cash=payment.cents,
            parts={
                "importe": weight,
                "referencia": REFERENCE_WEIGHTS[quality] if quality else 0.0,
                "cliente": _payer_part(board, clues, document.customer),
                "devolución": (3.0 if said else -3.0)
                + (1.0 if age <= 60 else -1.0)
                + (1.0 if document.remesa else 0.0),
            },
            arithmetic=f"−{amounts._money(collected)}"
            + (f" − {amounts._money(charge)} de gastos = −{amounts._money(cash)}" if charge else ""),
            mentions=(token,) if quality else (),
        )
        found.append(hypothesis)
    return found
