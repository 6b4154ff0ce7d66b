"""The matching run itself, on records: rounds over the payments of one part of the data, then proof and explanation.

Payments are read in the order of their booking day, in four rounds: first those that name what they pay and whose
amount is explained, then the ones that name it loosely, then single documents of a known payer, last the sets. A
document is never used beyond what is open of it at any moment. "Nothing" is a hypothesis like the others, and what a
person has allocated stands.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cobranza.kernel.errors import CobranzaError
from cobranza.reconciliation import clear
from cobranza.reconciliation.balances import Balances, Moment
from cobranza.reconciliation.board import Board
from cobranza.reconciliation.candidates import Depth, hypotheses, settled_mentions
from cobranza.reconciliation.confidence import NOTHING, NOTHING_SAID, judge, weigh
from cobranza.reconciliation.customers import CustomerIndex
from cobranza.reconciliation.explanations import explain
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.rates import Rates
from cobranza.reconciliation.records import Customer, Document, Hypothesis, Line, Payment
from cobranza.reconciliation.references import DocumentIndex

_SURE = 0.9  # least confidence of what is accepted first
_SHOWN = 3  # rivals kept with a match, and candidates with what stays unmatched


class ConservationError(CobranzaError):
    """Money appeared or vanished: a defect of ours; nothing of the result may be used."""

    code = "COB-CON-900"
    remedy = "No aplique nada de este resultado y avise a soporte con los ficheros de entrada."


class Linked(NamedTuple):
    """One payment and one document that it settles; money in hundredths, signed, currency of the document."""

    payment: int
    invoice_id: str
    applied: int
    withheld: int
    fee: int
    discount: int
    confidence: str
    rule: str
    explanation: str


class Unmatched(NamedTuple):
    """A payment that nothing explains well enough; `candidates` is JSON, empty when it was not asked for."""

    payment: int
    reason: str
    candidates: str


class Unapplied(NamedTuple):
    """Money of a matched payment that settles nothing, hundredths of the payment's currency."""

    payment: int
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run found, in the order of booking day and payment id; `payment` is the index of the payment's record."""

    links: list[Linked]
    unmatched: list[Unmatched]
    unapplied: list[Unapplied]


class Standing(NamedTuple):
    """An allocation that is not ours to change: the payment (None when it is not among ours) and the document."""

    payment: int | None
    doc: int | None
    applied: int


def run(
    payments: list[Payment],
    documents: list[Document],
    customers: list[Customer],
    rates: Rates,
    policy: Policy,
    *,
    fixed: Iterable[Standing] = (),
    candidates: bool = True,
) -> Outcome:
    """Match payments with documents.

    Args:
        payments: In the order of their ids; `index` is the position.
        documents: Likewise.
        customers: Likewise.
        rates: Reference exchange rates.
        policy: The company's thresholds and tolerances.
        fixed: What stands: those payments are not read again, their amounts are taken off what is open.
        candidates: Also write out the candidates of what stays unmatched.

    Raises:
        ConservationError: the result does not add up (a defect).
    """
    return _Run(payments, documents, customers, rates, policy, fixed).outcome(candidates)


class _Accepted(NamedTuple):
    """What is kept of a settled payment; `converted` when its money is in another currency than its lines."""

    lines: tuple[Line, ...]
    cash: int
    converted: bool
    rule: str
    confidence: float
    text: str


class _Considered(NamedTuple):
    """The likeliest readings of a payment, and the state of the balances that they were made from."""

    state: tuple[int, ...]
    judged: Sequence[tuple[Hypothesis, float]]


class _Run:
    def __init__(
        self,
        payments: list[Payment],
        documents: list[Document],
        customers: list[Customer],
        rates: Rates,
        policy: Policy,
        fixed: Iterable[Standing],
    ) -> None:
        self.policy = policy
        self.board = Board(
            payments=payments,
            documents=documents,
            customers=customers,
            rates=rates,
            policy=policy,
            index=DocumentIndex(documents),
            people=CustomerIndex(customers),
            balances=Balances(documents),
        )
        self.order = sorted(payments, key=lambda payment: (payment.booked, payment.id))
        self.moments: dict[int, Moment] = {
            payment.index: (payment.booked, number) for number, payment in enumerate(self.order)
        }
        self.least = float(policy.umbral_propuesta)
        self.accepted: dict[int, _Accepted] = {}
        self.considered: dict[int, _Considered] = {}
        self.alone: dict[tuple[float, float, float, str], float] = {}
        self.standing: dict[int, int] = defaultdict(int)
        self.fixed_payments = self._take_fixed(fixed)

    def _take_fixed(self, fixed: Iterable[Standing]) -> frozenset[int]:
        done = set()
        for payment, doc, applied in fixed:
            if payment is not None:
                done.add(payment)
            if doc is not None:
                moment = self.moments[payment] if payment is not None else (0, 0)
                self.board.balances.apply(doc, moment, applied)
                self.standing[doc] += applied
        return frozenset(done)

    def outcome(self, candidates: bool) -> Outcome:
        waiting = [payment for payment in self.order if payment.index not in self.fixed_payments]
        for number in range(4):
            waiting = [payment for payment in waiting if not self._settles(payment, number)]
        self._prove()
        return Outcome(
            links=self._links(),
            unmatched=[self._unmatched(payment, candidates) for payment in waiting],
            unapplied=self._unapplied(),
        )

    def _settles(self, payment: Payment, number: int) -> bool:
        """Read a payment; whether it is settled in this round."""
        if not payment.cents:
            return False
        if number == 0 and payment.cents > 0 and (payment.currency, payment.cents) not in self.board.batches:
            if self._is_clear(payment):
                return True
            if not clear.hopeful(self.board, payment, self.moments[payment.index]):
                return False
        if number == 2:
            judged = self._weighed(payment, Depth.SINGLE)
            if not self._taken(judged, number):
                return False  # sets could only make it less likely, and none is taken in this round
            if self.board.left_out:
                judged = self._judged(payment, Depth.ALL)
        else:
            judged = self._judged(payment, Depth.NAMED if number < 2 else Depth.ALL)
        if not self._taken(judged, number):
            return False
        best, confidence = judged[0]
        self._accept(payment, best, confidence, [hypothesis for hypothesis, _ in judged[1:]])
        return True

    def _is_clear(self, payment: Payment) -> bool:
        """Whether the payment says it all, and is settled; what it names is kept for it otherwise."""
        moment = self.moments[payment.index]
        reading = clear.reading(self.board, payment, moment)
        if reading is not None:
            confidence = self._alone(reading, NOTHING_SAID if self.board.at_sight(payment).nothing else NOTHING)
            if confidence >= max(self.least, _SURE):
                self._accept(payment, reading, confidence, [])
                return True
        clear.claim(self.board, payment, moment)
        return False

    def _alone(self, reading: Hypothesis, nothing: float) -> float:
        """The confidence in a reading without rivals; most have one of a few scores."""
        key = (reading.score, nothing, reading.capped, reading.rule)
        held = self.alone.get(key)
        if held is None:
            held = self.alone[key] = judge(reading, weigh([key[0]], nothing)[0])
        return held

    def _taken(self, judged: Sequence[tuple[Hypothesis, float]], number: int) -> bool:
        """Whether the likeliest reading is likely enough, and of a kind that this round takes."""
        if not judged:
            return False
        best, confidence = judged[0]
        return confidence >= self.least and _round(best, confidence) <= number

    def _judged(self, payment: Payment, depth: Depth) -> Sequence[tuple[Hypothesis, float]]:
        """The likeliest readings with their confidence; as before where no balance that matters has changed."""
        board = self.board
        clues = board.clues_of(payment)
        state = (depth, *(board.balances.version(customer) for customer in clues.concerned))
        held = self.considered.get(payment.index)
        if held is not None and held.state == state and clues.concerned and "deposit" not in clues.hints:
            return held.judged
        judged = self._weighed(payment, depth)
        self.considered[payment.index] = _Considered(state, judged)
        return judged

    def _weighed(self, payment: Payment, depth: Depth) -> Sequence[tuple[Hypothesis, float]]:
        found = hypotheses(self.board, payment, self.moments[payment.index], depth)
        nothing = NOTHING_SAID if self.board.clues_of(payment).nothing else NOTHING
        raw = weigh([hypothesis.score for hypothesis in found], nothing)
        return [(hypothesis, judge(hypothesis, share)) for hypothesis, share in zip(found, raw, strict=True)][
            : 1 + _SHOWN
        ]

    def _accept(self, payment: Payment, best: Hypothesis, confidence: float, rivals: Sequence[Hypothesis]) -> None:
        board, moment = self.board, self.moments[payment.index]
        text = explain(board, payment, best, rivals)
        self.accepted[payment.index] = _Accepted(
            best.lines, best.cash, best.rule == "fx", _rule(best), confidence, text
        )
        board.decided.add(payment.index)
        self.considered.pop(payment.index, None)
        board.forget(payment)
        for line in best.lines:
            board.balances.apply(line.doc, moment, line.applied)
            if best.rule == "return":
                board.returned.add(line.doc)
                board.charges[line.doc] = line.fee
            if best.rule == "deposit":
                self._await_deposit(line.doc, moment)

    def _await_deposit(self, doc: int, moment: Moment) -> None:
        """After the main part under a deposit scheme, exactly the rest is expected from the depositary."""
        rest = self.board.balances.free(doc, moment)
        if rest:  # one that has come in is not taken out: nothing is open of it any more
            self.board.awaited.setdefault(rest, set()).add(doc)

    def _links(self) -> list[Linked]:
        documents = self.board.documents
        links = []
        for payment in self.order:
            held = self.accepted.get(payment.index)
            if held is None:
                continue
            sure = f"{held.confidence:.4f}"
            for line in held.lines:
                links.append(
                    Linked(
                        payment.index,
                        documents[line.doc].id,
                        line.applied,
                        line.withheld,
                        line.fee,
                        line.discount,
                        sure,
                        held.rule,
                        held.text,
                    )
                )
        return links

    def _unapplied(self) -> list[Unapplied]:
        held = ((payment, self.accepted.get(payment.index)) for payment in self.order)
        rests = ((payment, payment.cents - found.cash) for payment, found in held if found is not None)
        return [Unapplied(payment.index, rest) for payment, rest in rests if rest]

    def _unmatched(self, payment: Payment, candidates: bool) -> Unmatched:
        held = self.considered.get(payment.index)
        judged = held.judged[:_SHOWN] if held is not None else []
        shown = [
            {
                "invoices": [self.board.documents[doc].id for doc in hypothesis.key],
                "confidence": f"{confidence:.4f}",
                "explanation": explain(self.board, payment, hypothesis, []),
            }
            for hypothesis, confidence in (judged if candidates else ())
        ]
        reason = self._reason(payment, judged)
        return Unmatched(payment.index, reason, json.dumps(shown, ensure_ascii=False) if candidates else "")

    def _reason(self, payment: Payment, judged: Sequence[tuple[Hypothesis, float]]) -> str:
        clues = self.board.clues_of(payment)
        settled = settled_mentions(self.board, payment, self.moments[payment.index])
        if payment.cents > 0 and settled:
            numbers = ", ".join(dict.fromkeys(self.board.documents[doc].number for doc in settled[:3]))
            return f"Nombra {numbers}, que ya está cobrada: posible pago duplicado."
        if clues.nothing:
            return "El concepto indica un movimiento que no paga facturas."
        if len(judged) > 1 and judged[0][1] - judged[1][1] < 0.2:
            return "Hay varias lecturas igual de buenas: decida usted."
        if judged:
            return "Ninguna lectura es bastante segura."
        if payment.cents < 0:
            return "Cargo que no corresponde a ningún cobro anterior."
        if not clues.evidence:
            return "No se reconoce al ordenante ni ningún número de documento."
        return "Se reconoce al cliente, pero ningún documento abierto explica el importe."

    def _prove(self) -> None:
        """Conservation: a payment's lines and rest are its amount; no document is applied beyond its open."""
        used: dict[int, int] = defaultdict(int)
        for index, chosen in self.accepted.items():
            payment = self.board.payments[index]
            rest = payment.cents - chosen.cash
            if (rest < 0) != (payment.cents < 0) and rest:
                raise ConservationError(f"El cobro {payment.id} reparte más de lo que trae.")
            if not chosen.converted and sum(line.cash for line in chosen.lines) != chosen.cash:
                raise ConservationError(f"Las líneas del cobro {payment.id} no suman su importe.")
            for line in chosen.lines:
                used[line.doc] += line.applied
        for doc, applied in used.items():
            open_amount = self.board.documents[doc].open
            applied += self.standing.get(doc, 0)  # a return may reopen what a person had allocated
            if not min(0, open_amount) <= applied <= max(0, open_amount):
                raise ConservationError(f"El documento {self.board.documents[doc].number} recibe más de lo que debe.")


def _round(hypothesis: Hypothesis, confidence: float) -> int:
    """In which round a reading may be accepted: the surer its kind, the earlier."""
    if hypothesis.how == "named" and hypothesis.rule in clear.EXACT and confidence >= _SURE:
        return 0
    if hypothesis.how in {"named", "completed"} and confidence >= 0.7:
        return 1
    if hypothesis.rule in clear.EXACT:
        return 2
    return 3


def _rule(hypothesis: Hypothesis) -> str:
    """The rule as written out: the amount's explanation, and how the documents were found."""
    several = "+varias" if len(hypothesis.lines) > 1 and hypothesis.rule not in {"set", "netted", "batch"} else ""
    how = {"named": "referencia", "completed": "referencia_incompleta", "account": "sin_referencia"}[hypothesis.how]
    return f"{hypothesis.rule}{several}/{how}"
