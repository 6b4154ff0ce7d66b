"""Lines that follow rules of their own: whole direct-debit batches, returns, deposits at a third party."""

from __future__ import annotations

import re
from functools import partial

from cobranza.reconciliation.amounts import is_tariff
from cobranza.reconciliation.balances import Moment
from cobranza.reconciliation.board import Board, Clues, View
from cobranza.reconciliation.hundredths import written
from cobranza.reconciliation.records import Hypothesis, Line, Payment
from cobranza.reconciliation.references import Quality, best_of
from cobranza.reconciliation.sets import hypothesis as set_hypothesis
from cobranza.reconciliation.text import compact
from cobranza.reconciliation.weights import ASK, REFERENCE, VETO, payer_part
from cobranza.regimes.payments import regime

_EVER: Moment = (1 << 30, 0)
# Days between the main part of a document and its deposit: due by the fifth working day of the month after it.
_APART = 45
# What stands before the number of the document that a bank says came back, as `Token.before` holds it.
_RETURNED_DOCUMENT = re.compile(
    r"(?:ADEUDO|ADEUDOSEPA|RECIBO|IMPAGADO|DEVOLUCION|FACTURA|FRA|FACT|FAC|FV|NUM|DOMICILIACION|COBRANZA)$"
)


def batches(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    """A whole direct-debit batch collected in one line."""
    alike = board.batches.get((payment.currency, payment.cents))
    if alike is None:
        return []
    text = compact(payment.text)
    numbers = {int(token.digits) for token in clues.tokens if token.field == "remittance"}
    found = []
    for remesa in alike:
        docs = [doc for doc in board.batch_docs[remesa] if board.documents[doc].currency == payment.currency]
        free = {doc: board.balances.free(doc, moment) for doc in docs}
        if sum(free.values()) != payment.cents or not all(free.values()):
            continue
        named = compact(remesa) in text or int("0" + "".join(ch for ch in remesa if ch.isdigit())[-5:]) in numbers
        said = "batch" in clues.hints
        if not named and not said and len(docs) < 3:
            continue
        view = View(board, payment, clues, moment, board.documents[docs[0]].customer, True, free)
        hypothesis = set_hypothesis(view, docs, "named" if named or said else "account", None)
        hypothesis.rule = "batch"
        hypothesis.capped = 1.0
        hypothesis.parts = {"importe": 8.0, "referencia": 5.0 if named else 2.0 if said else 0.0}
        hypothesis.notes.append(f"remesa {remesa} completa, {len(docs)} recibos")
        found.append(hypothesis)
    return found


def deposits(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    """A deposit that a partial payment announced: the depositary pays exactly what is awaited of a document."""
    if "deposit" not in clues.hints:
        return []
    tail = compact(payment.text)
    found = []
    amount = payment.cents
    for doc in sorted(board.awaited.get(amount, ())):
        document = board.documents[doc]
        if document.currency != payment.currency or board.balances.free(doc, moment) != amount:
            continue
        main = board.balances.last_collection(doc, _EVER)
        apart = abs(payment.booked - main[0]) if main else 0
        if apart > _APART or document.issued > payment.booked + board.policy.adelanto_dias:
            continue
        number = document.prefix + document.serial
        cut = any(tail.endswith(number[:size]) for size in range(4, len(number)))
        other_number = not cut and any(
            token.glued or len(token.digits) >= 5 for token in clues.tokens if token.field == "remittance"
        )
        found.append(
            Hypothesis(
                lines=(Line(doc=doc, applied=amount),),
                rule="deposit",
                how="completed" if cut else "account",
                customer=document.customer,
                cash=amount,
                parts={
                    "importe": 6.5,
                    "referencia": 2.0 if cut else -2.0 if other_number else 0.0,
                    "cliente": max(0.0, payer_part(board, clues, document.customer)),
                    "fechas": -apart / 7,
                },
                told=partial("depósito pendiente de {}: {}".format, document.number, written(amount)),
            )
        )
    return found


def returns(board: Board, payment: Payment, clues: Clues, moment: Moment) -> list[Hypothesis]:
    """Money going out: a direct debit or transfer that came back reopens what it had settled."""
    cash = -payment.cents
    rules = regime(payment.country)
    cap = rules.fee_cap
    named: dict[int, tuple[Quality, int]] = {}
    for mention in clues.mentions:
        held = named.get(mention.doc)
        if held is None or mention.quality > held[0]:
            named[mention.doc] = (mention.quality, mention.token)
    candidates = set(named)
    for customer in clues.evidence:
        paid = [doc for doc in board.balances.moved(customer) if board.balances.collected(doc, moment) > 0]
        candidates.update(paid)
        for mention in best_of(board.weak_hits(clues, customer), paid):
            named.setdefault(mention.doc, (mention.quality, mention.token))
    said = "return" in clues.hints
    numbers = {
        place for place, token in clues.said if len(token.digits) >= 4 and _RETURNED_DOCUMENT.search(token.before)
    }
    found = []
    for doc in sorted(candidates):
        document = board.documents[doc]
        collected = board.balances.collected(doc, moment)
        last = board.balances.last_collection(doc, moment)
        charge = cash - collected
        if (
            collected <= 0
            or last is None
            or board.balances.returnable(doc, moment) < collected
            or document.currency != payment.currency
            or not 0 <= charge <= min(cap, collected)
        ):
            continue
        age = payment.booked - last[0]
        quality, token = named.get(doc, (None, -1))
        if age > board.policy.devolucion_dias or (quality is None and (not said or charge * 4 > cap)):
            continue
        charged = f" − {written(charge)} de gastos = −{written(cash)}" if charge else ""
        other = quality is None and bool(numbers)
        found.append(
            Hypothesis(
                lines=(Line(doc=doc, applied=-collected, fee=charge),),
                rule="return",
                # The bank names what came back, and it is not this one: an equal amount may be chance, so ask.
                capped=ASK if other else 1.0,
                how="named" if quality else "account",
                customer=document.customer,
                cash=payment.cents,
                parts={
                    "importe": 6.0 if charge == 0 else 3.5 if is_tariff(charge, rules) else 1.0,
                    "referencia": REFERENCE[quality] if quality else 0.0,
                    "cliente": payer_part(board, clues, document.customer),
                    "otra referencia": -_named_instead(clues, doc) - (VETO[Quality.TAIL] if other else 0.0),
                    "devolución": (3.0 if said else -3.0)
                    + (1.0 if age <= 15 else 0.5 if age <= 60 else -1.0)
                    + (1.0 if document.remesa else 0.0),
                },
                told=partial("−{}{}".format, written(collected), charged),
                mentions=(token,) if quality else (),
            )
        )
    return found


def _named_instead(clues: Clues, doc: int) -> float:
    """What it costs to reopen a document while the text surely names others."""
    elsewhere: dict[int, Quality] = {}
    mine = {mention.token for mention in clues.mentions if mention.doc == doc}
    for mention in clues.mentions:
        if mention.token not in mine and mention.quality >= Quality.STRIPPED:
            elsewhere[mention.token] = max(mention.quality, elsewhere.get(mention.token, Quality.SUFFIX))
    return sum([VETO[quality] for quality in elsewhere.values()], 0.0)
