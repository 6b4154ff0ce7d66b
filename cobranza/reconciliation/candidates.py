"""Every way to read one payment: from its references, its payer and its amount. Joins by key, never cross products."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice, product

from cobranza.reconciliation import amounts, sets, special
from cobranza.reconciliation.amounts import Owed
from cobranza.reconciliation.balances import Moment
from cobranza.reconciliation.board import Board, Clues, View
from cobranza.reconciliation.explained import COARSEST, SETTLING, explained
from cobranza.reconciliation.records import Hypothesis, Payment
from cobranza.reconciliation.references import Mention, Quality, best_of
from cobranza.reconciliation.text import plain
from cobranza.reconciliation.weights import ASK, VETO, payer_part, reference_part
from cobranza.regimes.payments import PaymentRegime, regime, wording

PAID_TWICE = 6.0  # the payer names a paid document of exactly this amount: a second payment, not one of another
UNNAMED = {"fee": -1.5, "over": -0.3}  # a fee is any small difference: without a number it explains too much
SAYS_PART = -3.0  # the text says that a part is paid, a set would be paid whole
NOT_CUT = -2.0  # the text is whole and names fewer documents than the set has
COMBINATIONS = 64
MOST_KEPT_BACK = 2  # no law lets a payer withhold half
_MID_LIST = re.compile(r"(?:[,;/+&\-]|\b[YE])\s*[A-Z]{0,4}$")


@dataclass(slots=True)
class Slot:
    """One token and the documents of one customer that it may name."""

    token: int
    quality: Quality
    docs: list[int]


class Depth(IntEnum):
    """How far a payment is looked into."""

    NAMED = 0  # what the payer names, completed with other documents where it is cut short
    SINGLE = 1  # what the payer names, and single documents that it does not name
    ALL = 2  # every reading


def hypotheses(board: Board, payment: Payment, moment: Moment, depth: Depth) -> list[Hypothesis]:
    """Every reading of a payment that is possible now, best first, one per set of documents.

    Args:
        board: The run's state.
        payment: What to read.
        moment: When it was booked.
        depth: What to look for.
    """
    clues = board.clues_of(payment)
    board.left_out = False
    found = (
        special.returns(board, payment, clues, moment)
        if payment.cents < 0
        else _collections(board, payment, clues, moment, depth)
    )
    best: dict[tuple[int, ...], tuple[float, str, Hypothesis]] = {}
    for hypothesis in found:
        key, score = hypothesis.key, hypothesis.score
        other = best.get(key)
        if other is None or (score, hypothesis.rule) > other[:2]:
            best[key] = (score, hypothesis.rule, hypothesis)
    order = sorted((-score, key) for key, (score, _, _) in best.items())
    return [best[key][2] for _, key in order]


def settled_mentions(board: Board, payment: Payment, moment: Moment) -> list[int]:
    """Documents that the payment names and that nothing is open of any more: a double payment, perhaps."""
    clues = board.clues_of(payment)
    result = []
    for mention in clues.mentions:
        known = board.documents[mention.doc].customer in clues.evidence
        sure = mention.quality >= (Quality.TAIL if known else Quality.STRIPPED)
        if sure and not board.balances.free(mention.doc, moment):
            result.append(mention.doc)
    return result


def _collections(board: Board, payment: Payment, clues: Clues, moment: Moment, depth: Depth) -> list[Hypothesis]:
    found = special.batches(board, payment, clues, moment)
    if depth > Depth.NAMED:
        found += special.deposits(board, payment, clues, moment)
    strongest = max([held.weight for held in clues.evidence.values()], default=0.0)
    for customer in clues.parties:
        evidence = clues.evidence.get(customer)
        if evidence is None:
            view = _by_number_alone(board, payment, clues, moment, customer)
            if view is not None:
                found += _of_customer(view, depth, worth=False)
            continue
        if depth == Depth.NAMED and not names_any(board, clues, customer):
            continue
        view = View.of(board, payment, clues, moment, customer)
        if view.free or customer in clues.by_customer:
            found += _of_customer(view, depth, worth=evidence.weight >= strongest - 2.5)
    return found


def _by_number_alone(board: Board, payment: Payment, clues: Clues, moment: Moment, customer: int) -> View | None:
    """A view of a customer to whom only numbers point, None where these explain nothing.

    A number that is not written in full says nothing about other documents of the customer: only those that it may
    name are looked at. Many customers have a document of the same number, so most such views would be for nothing.
    """
    mentions = clues.by_customer[customer]
    if any(mention.quality >= Quality.FULL for mention in mentions):
        return View.of(board, payment, clues, moment, customer)
    free, cents, latest = {}, payment.cents, payment.booked + board.policy.adelanto_dias
    odd = "deposit" in clues.hints or any(mention.quality >= Quality.STRIPPED for mention in mentions)
    total, least = 0, 0
    for mention in mentions:
        doc = mention.doc
        amount = board.balances.free(doc, moment)
        document = board.documents[doc]
        if amount and doc not in free and document.issued <= latest:
            free[doc] = amount
            odd = odd or doc in board.returned or document.currency != payment.currency
            if amount > 0:
                total += amount
                least = min(least, amount) if least else amount
    if not odd and (total < cents - COARSEST or least > MOST_KEPT_BACK * cents):
        return None
    return View(board, payment, clues, moment, customer, False, free)


def names_any(board: Board, clues: Clues, customer: int) -> bool:
    """Whether the texts may name a document of the customer, open or not."""
    if customer in clues.by_customer:
        return True
    return customer in clues.evidence and bool(board.weak_hits(clues, customer))


def _of_customer(view: View, depth: Depth, *, worth: bool) -> list[Hypothesis]:
    mentions = list(view.clues.by_customer.get(view.customer, ()))
    if view.known or any(mention.quality >= Quality.FULL for mention in mentions):
        mentions += best_of(view.board.weak_hits(view.clues, view.customer), view.free)
    slots = _slots(view, mentions) if mentions else []
    live = [slot for slot in slots if any(view.free.get(doc) for doc in slot.docs)]
    if depth == Depth.NAMED:
        _claim(view, live)
    found = _named(view, live, depth) if live else []
    if found and view.known and not any(hypothesis.rule in SETTLING for hypothesis in found):
        _doubt(view, found)
    if depth > Depth.NAMED and worth and not any(hypothesis.rule in SETTLING for hypothesis in found):
        found += _unnamed(view, depth)
    payer = payer_part(view.board, view.clues, view.customer)
    for hypothesis in found:
        hypothesis.parts["cliente"] = payer
        hypothesis.parts["otra referencia"] = -_vetoes(view, slots, hypothesis)
    return found


def _doubt(view: View, found: Sequence[Hypothesis]) -> None:
    """The number is of one document and the amount of another: the payer may have mistaken the number, so ask."""
    cash, documents, currency = view.payment.cents, view.board.documents, view.payment.currency
    others = [doc for doc, free in view.free.items() if free == cash and documents[doc].currency == currency]
    if not others:
        return
    for hypothesis in found:
        loose = hypothesis.rule in {"over", "fee"} or (hypothesis.rule == "partial" and hypothesis.capped < 1.0)
        if loose and not any(doc in hypothesis.key for doc in others):
            hypothesis.capped = min(hypothesis.capped, ASK)
            hypothesis.notes.append(f"el importe es justo el de {documents[others[0]].number}, que el texto no nombra")


def _claim(view: View, slots: Sequence[Slot]) -> None:
    """Keep what this payment names from payments that name nothing, until it is decided."""
    for slot in slots:
        if len(slot.docs) == 1 and slot.quality >= (Quality.TAIL if view.known else Quality.FULL):
            view.board.claims.setdefault(slot.docs[0], set()).add(view.payment.index)


def _vetoes(view: View, slots: Sequence[Slot], hypothesis: Hypothesis) -> float:
    """What it costs to leave out documents that the payer names."""
    clues = view.clues
    docs = set(hypothesis.key)
    total = sum([VETO[slot.quality] for slot in slots if docs.isdisjoint(slot.docs)], 0.0)
    if hypothesis.how == "account":
        documents, cents = view.board.documents, view.payment.cents
        if any(documents[doc].open == cents and not view.free.get(doc) for slot in slots for doc in slot.docs):
            total += PAID_TWICE
    if hypothesis.how != "named":
        seen = {slot.token for slot in slots}
        elsewhere: dict[int, Quality] = {}
        for mention in clues.mentions:
            if mention.token not in seen and mention.quality >= Quality.STRIPPED and mention.doc not in docs:
                elsewhere[mention.token] = max(mention.quality, elsewhere.get(mention.token, Quality.SUFFIX))
        total += sum([VETO[quality] for quality in elsewhere.values()], 0.0)
    return total


def _slots(view: View, mentions: Sequence[Mention]) -> list[Slot]:
    """The mentions of one customer's documents by token: best quality, open ones first, each document once."""
    if len(mentions) == 1:
        only = mentions[0]
        return [Slot(only.token, only.quality, [only.doc])]
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
        if len(chosen) > 1:
            chosen = [doc for doc in chosen if view.free.get(doc)] or chosen
            chosen.sort(key=lambda doc: (view.board.documents[doc].due, doc))
        slots.append(Slot(token, best, chosen))
    if len(slots) == 1:
        return slots
    slots.sort(key=lambda slot: (-slot.quality, len(slot.docs), slot.token))
    kept: list[Slot] = []
    seen: set[int] = set()
    for slot in slots:
        if seen.isdisjoint(slot.docs):
            kept.append(slot)
            seen.update(slot.docs)
    return kept


def _named(view: View, slots: Sequence[Slot], depth: Depth) -> list[Hypothesis]:
    """Readings on what the payer names."""
    sure = max(slot.quality for slot in slots)
    loose = sure >= Quality.STRIPPED or (view.known and sure >= Quality.CUT)
    combos = list(islice(product(*[slot.docs for slot in slots]), COMBINATIONS))
    reference = reference_part([slot.quality for slot in slots])
    tokens = tuple(slot.token for slot in slots)
    found: list[Hypothesis] = []
    for combo in combos:
        for hypothesis in explained(view, list(dict.fromkeys(combo)), loose=loose):
            hypothesis.parts["referencia"] = reference
            hypothesis.mentions = tokens
            found.append(hypothesis)
    if any(hypothesis.rule in SETTLING for hypothesis in found):
        return found
    if len(slots) > 1:
        one_sure = sure >= Quality.STRIPPED and sum(slot.quality >= Quality.TAIL for slot in slots) == 1
        for slot in slots:
            for doc in slot.docs:
                for hypothesis in explained(view, [doc], loose=one_sure and slot.quality == sure):
                    hypothesis.parts["referencia"] = reference_part([slot.quality])
                    hypothesis.mentions = (slot.token,)
                    found.append(hypothesis)
    if not (view.known or sure >= Quality.FULL):
        return found
    if depth == Depth.SINGLE:
        view.board.left_out = True
    else:
        found += _completed(view, slots, combos, reference)
    return found


def _completed(
    view: View, slots: Sequence[Slot], combos: Sequence[tuple[int, ...]], reference: float
) -> list[Hypothesis]:
    """Named documents plus others of the customer (a list cut short, a credit note), or fewer of the named ones."""
    found: list[Hypothesis] = []
    pool = sets.pool(view)
    pooled = [view.free[doc] for doc in pool]
    different = len(set(pooled))
    for number, combo in enumerate(combos):
        docs = [
            doc
            for doc in dict.fromkeys(combo)
            if view.free.get(doc) and view.board.documents[doc].currency == view.payment.currency
        ]
        if not docs:
            continue
        residual = view.payment.cents - sum(view.free[doc] for doc in docs)
        extras: list[sets.Found] = []
        alike = pooled.count(residual)
        if alike and (doc := pool[pooled.index(residual)]) not in docs:
            chance = different / max(1.0, float(abs(residual)))
            extras.append(sets.Found([doc], alike, chance, 1.0 / alike))
        if not extras and number < 4:
            extras = sets.search(view, [doc for doc in pool if doc not in docs], residual)
        for extra in extras:
            found.append(sets.hypothesis(view, [*docs, *extra.docs], "completed", extra))
        if residual < 0 and len(docs) > 2 and number == 0:
            for fewer in sets.search(view, docs, view.payment.cents, most=min(6, len(docs) - 1)):
                found.append(sets.hypothesis(view, fewer.docs, "completed", fewer))
    tokens = tuple(slot.token for slot in slots)
    named = {doc for slot in slots for doc in slot.docs}
    whole = not open_ended(view.payment, view.clues)
    for hypothesis in found:
        hypothesis.parts["referencia"] = reference
        hypothesis.mentions = tokens
        if whole and any(line.doc not in named and line.applied > 0 for line in hypothesis.lines):
            hypothesis.parts["concepto completo"] = NOT_CUT
        if "partial" in view.clues.hints:
            hypothesis.parts["a cuenta"] = SAYS_PART
    return found


def open_ended(payment: Payment, clues: Clues) -> bool:
    """Whether the text may name fewer documents than are paid: cut by the bank, ending in a list, "y otras"."""
    if "others" in clues.hints:
        return True
    limit = wording().field_limits.get(payment.channel)
    text = plain(payment.text)
    if limit is not None and len(payment.text) >= limit - 1:
        return True
    return _MID_LIST.search(text) is not None


def _unnamed(view: View, depth: Depth) -> list[Hypothesis]:
    """The payer is known and names nothing that fits: one document of that amount, an explained one, a set."""
    found: list[Hypothesis] = []
    cash, documents = view.payment.cents, view.board.documents
    rules = regime(view.board.customers[view.customer].country or view.payment.country)
    day, policy, returned = view.payment.booked, view.board.policy, view.board.returned
    least = min(cash - rules.rounding, cash * 3 // 4)
    pool = sets.pool(view, None if depth == Depth.ALL else least)
    alike: dict[tuple[int, int, int], list[int]] = {}
    deposit = "deposit" in view.clues.hints
    amount_of = view.free
    for doc in [doc for doc in pool if amount_of[doc] >= least or doc in returned]:
        document = documents[doc]
        alike.setdefault((amount_of[doc], document.gross, document.net), []).append(doc)
    coin = -1  # worked out where it is asked for
    equal = False
    for (free, gross, _), docs in alike.items():
        doc = docs[0]
        if free <= 0:
            continue
        if free == cash:
            equal = True
            readings = explained(view, [doc], loose=False, how="account")
        elif free > cash:
            maybe = free < gross or min(abs(gross - 2 * cash), abs(gross - 3 * cash), abs(gross - 4 * cash)) <= 4
            part = _instalment(view, doc, free, gross) if maybe else 0
            if not (deposit or part):
                if 2 * cash <= free:
                    continue
                document = documents[doc]
                owed = Owed(free, document.net, document.tax, gross, document.due)
                if free - cash > amounts.most_kept_back(owed, rules, day, policy):
                    continue
            readings = explained(view, [doc], loose=bool(part), how="account")
            in_time = next((other for other in docs[1:] if documents[other].due >= view.payment.booked), None)
            if in_time is not None and documents[doc].due < view.payment.booked:  # a discount is for who pays in time
                early = explained(view, [in_time], loose=False, how="account")
                readings += [hypothesis for hypothesis in early if hypothesis.rule == "discount"]
        elif doc in returned or cash - free <= rules.rounding:
            readings = explained(view, [doc], loose=False, how="account")
        elif 3 * (cash - free) <= free:
            if coin < 0:
                coin = _coin(view, rules)
            if not coin or ((cash - free) % coin and cash % (10 * coin)):
                continue
            readings = [one for one in explained(view, [doc], loose=True, how="account") if one.rule == "over"]
        else:
            continue
        if len(docs) > 1:
            for hypothesis in readings:
                hypothesis.solutions = len(docs)
                hypothesis.ceiling = sets.TWIN_CAP
                hypothesis.notes.append(f"hay {len(docs)} documentos iguales; se propone el más antiguo")
        found += readings
    currency = view.payment.currency
    if any(other != currency for other in view.board.payable(view.customer)):
        for doc in view.free:
            if documents[doc].currency != currency and not documents[doc].credit:
                found += explained(view, [doc], loose=False, how="account")
    if not equal and depth == Depth.SINGLE:
        view.board.left_out = True
    elif not equal:
        answers = sets.search(view, pool, cash, most=view.board.policy.conjunto_maximo)
        answers = sets.with_run(view, answers, sets.runs(view, pool))
        found += [sets.hypothesis(view, answer.docs, "account", answer) for answer in answers if len(answer.docs) > 1]
    for hypothesis in found:
        unnamed = UNNAMED.get(hypothesis.rule, 0.0)
        if hypothesis.rule == "rounding":  # the nearer, the less by chance
            unnamed = -2.0 * abs(hypothesis.lines[0].fee) / max(1, rules.rounding)
        hypothesis.parts.setdefault("sin referencia", unnamed)
        if "fechas" not in hypothesis.parts:
            hypothesis.parts["fechas"] = -0.5 * sum([sets.unusual(view, line.doc) for line in hypothesis.lines], 0.0)
    return found


def _coin(view: View, rules: PaymentRegime) -> int:
    """The unit in which people round, 0 where every amount of the customer's is round and roundness says nothing."""
    grain = math.gcd(*view.free.values())
    return rules.rounding if 10 * grain <= rules.rounding else 0


def _instalment(view: View, doc: int, free: int, gross: int) -> int:
    """Into how many equal parts the payment splits the document (2, 3, 4), or whose earlier parts were the same."""
    cash = view.payment.cents
    for parts in (2, 3, 4):
        if abs(parts * cash - gross) <= parts:
            return parts
    if free < gross:
        collected = view.board.balances.collected(doc, view.moment)
        for parts in (1, 2, 3):
            if collected > 0 and abs(parts * cash - collected) <= parts:
                return parts + 1
    return 0
