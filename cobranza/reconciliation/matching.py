"""Match payments with open documents: one pure function from data frames to data frames.

Payments are read in the order of their booking day, in four rounds: first those that name what they pay and whose
amount is explained, then the ones that name it loosely, then single documents of a known payer, last the sets. A
document is never used beyond what is open of it at any moment. "Nothing" is a hypothesis like the others, and what a
person has allocated (`fixed`) is taken as given.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cobranza.kernel.errors import CobranzaError
from cobranza.reconciliation import frames
from cobranza.reconciliation.balances import Balances, Moment
from cobranza.reconciliation.board import Board
from cobranza.reconciliation.candidates import hypotheses, settled_mentions
from cobranza.reconciliation.confidence import NOTHING, NOTHING_SAID, calibrate, weigh
from cobranza.reconciliation.customers import CustomerIndex
from cobranza.reconciliation.explanations import explain
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.records import Hypothesis, Payment
from cobranza.reconciliation.references import DocumentIndex

EXACT = frozenset({"equal", "withholding", "rounding", "discount", "deposit", "charge", "batch", "fx", "return"})


class ConservationError(CobranzaError):
    """Money appeared or vanished: a defect of ours; nothing of the result may be used."""

    code = "COB-CON-900"
    remedy = "No aplique nada de este resultado y avise a soporte con los ficheros de entrada."


@dataclass(frozen=True)
class Result:
    """What `match` returns. Every frame holds Arrow strings; amounts are written "1234.56".

    Attributes:
        links: One row per payment and document: payment_id, invoice_id, applied, withheld, fee, discount (signed,
            currency of the document; applied - withheld - fee - discount is the cash of the line), confidence
            ("0.9731", that the payment's whole set is right), rule, explanation (Spanish).
        unmatched: payment_id, reason (Spanish), candidates: JSON list of up to three objects with `invoices` (ids),
            `confidence` and `explanation`.
        unapplied: payment_id, currency, amount: money of matched payments that settles nothing (overpayments).
    """

    links: pd.DataFrame
    unmatched: pd.DataFrame
    unapplied: pd.DataFrame


def match(
    payments: pd.DataFrame,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    fx: pd.DataFrame,
    *,
    policy: Policy | None = None,
    fixed: pd.DataFrame | None = None,
) -> Result:
    """Match payments with documents. Same rows in any order give the same result.

    Args:
        payments: Columns `frames.PAYMENT_COLUMNS`; amount signed, text or Decimal, never float.
        invoices: Columns `frames.INVOICE_COLUMNS`; credit notes carry negative amounts.
        customers: Columns `frames.CUSTOMER_COLUMNS`.
        fx: Columns `frames.FX_COLUMNS`, units of a currency for one US dollar.
        policy: The company's thresholds and tolerances.
        fixed: Columns `frames.FIXED_COLUMNS`: allocations that stand (a person's, or posted before). Their payments
            are not read again and their amounts are taken off what is open.

    Raises:
        TableError: a column is missing or a cell cannot be read.
        ConservationError: the result does not add up (a defect).
    """
    return _Run(payments, invoices, customers, fx, policy or Policy(), fixed).result()


class _Run:
    def __init__(
        self,
        payments: pd.DataFrame,
        invoices: pd.DataFrame,
        customers: pd.DataFrame,
        fx: pd.DataFrame,
        policy: Policy,
        fixed: pd.DataFrame | None,
    ) -> None:
        payments = payments.sort_values("payment_id", kind="stable") if "payment_id" in payments else payments
        invoices = invoices.sort_values("invoice_id", kind="stable") if "invoice_id" in invoices else invoices
        customers = customers.sort_values("customer_id", kind="stable") if "customer_id" in customers else customers
        people = frames.customers(customers)
        documents = frames.documents(invoices, people)
        self.policy = policy
        self.board = Board(
            payments=frames.payments(payments),
            documents=documents,
            customers=people,
            rates=frames.Rates(fx),
            policy=policy,
            index=DocumentIndex(documents),
            people=CustomerIndex(people),
            balances=Balances(documents),
        )
        self.order = sorted(self.board.payments, key=lambda payment: (payment.booked, payment.id))
        self.moments: dict[int, Moment] = {
            payment.index: (payment.booked, number) for number, payment in enumerate(self.order)
        }
        self.accepted: dict[int, tuple[Hypothesis, float, list[Hypothesis]]] = {}
        self.considered: dict[int, list[tuple[Hypothesis, float]]] = {}
        self.standing: dict[int, int] = defaultdict(int)
        self.fixed_payments = self._take_fixed(fixed)

    def _take_fixed(self, fixed: pd.DataFrame | None) -> frozenset[int]:
        if fixed is None or not len(fixed):
            return frozenset()
        table = frames.Table(fixed, "fixed", frames.FIXED_COLUMNS)
        by_payment = {payment.id: payment for payment in self.board.payments}
        by_document = {document.id: document.index for document in self.board.documents}
        done = set()
        rows = zip(table.texts("payment_id"), table.texts("invoice_id"), table.amounts("applied"), strict=True)
        for row, (payment_id, document_id, applied) in enumerate(rows):
            payment = by_payment.get(payment_id)
            if payment is not None:
                done.add(payment.index)
            if document_id and document_id not in by_document:
                raise table.error(row, "invoice_id", document_id, "no está en invoices")
            if document_id:
                moment = self.moments[payment.index] if payment is not None else (0, 0)
                self.board.balances.apply(by_document[document_id], moment, applied)
                self.standing[by_document[document_id]] += applied
        return frozenset(done)

    def result(self) -> Result:
        for number in range(4):
            for payment in self.order:
                if payment.index not in self.accepted and payment.index not in self.fixed_payments:
                    self._consider(payment, number)
        return self._frames()

    def _consider(self, payment: Payment, number: int) -> None:
        moment = self.moments[payment.index]
        found = hypotheses(self.board, payment, moment, deep=number >= 2) if payment.cents else []
        clues = self.board.clues_of(payment)
        nothing = NOTHING_SAID if clues.nothing else NOTHING
        raw = weigh([hypothesis.score for hypothesis in found], nothing)
        judged = [
            (hypothesis, min(hypothesis.capped, calibrate(share))) for hypothesis, share in zip(found, raw, strict=True)
        ]
        self.considered[payment.index] = judged
        if not judged:
            return
        best, confidence = judged[0]
        if confidence < float(self.policy.umbral_propuesta) or _round(best, confidence) > number:
            return
        self.accepted[payment.index] = (best, confidence, [hypothesis for hypothesis, _ in judged[1:4]])
        self.board.decided.add(payment.index)
        for line in best.lines:
            self.board.balances.apply(line.doc, moment, line.applied)
            if best.rule == "return":
                self.board.returned.add(line.doc)
                self.board.charges[line.doc] = line.fee
            if best.rule == "deposit":
                self._await_deposit(line.doc, moment)

    def _await_deposit(self, doc: int, moment: Moment) -> None:
        """After the main part under a deposit scheme, exactly the rest is expected from the depositary."""
        rest = self.board.balances.free(doc, moment)
        if rest:
            self.board.awaited[doc] = rest
        else:
            self.board.awaited.pop(doc, None)

    def _frames(self) -> Result:
        self._prove()
        links: list[tuple[str, ...]] = []
        unmatched: list[tuple[str, ...]] = []
        unapplied: list[tuple[str, ...]] = []
        for payment in self.order:
            held = self.accepted.get(payment.index)
            if held is None:
                if payment.index not in self.fixed_payments:
                    unmatched.append(self._unmatched(payment))
                continue
            chosen, confidence, rivals = held
            text = explain(self.board, payment, chosen, rivals)
            for line in chosen.lines:
                money = [frames.write_cents(value) for value in (line.applied, line.withheld, line.fee, line.discount)]
                links.append(
                    (payment.id, self.board.documents[line.doc].id, *money, f"{confidence:.4f}", _rule(chosen), text)
                )
            rest = payment.cents - chosen.cash
            if rest:
                unapplied.append((payment.id, payment.currency, frames.write_cents(rest)))
        return Result(
            links=frames.text_frame(frames.LINK_COLUMNS, links),
            unmatched=frames.text_frame(frames.UNMATCHED_COLUMNS, unmatched),
            unapplied=frames.text_frame(frames.UNAPPLIED_COLUMNS, unapplied),
        )

    def _unmatched(self, payment: Payment) -> tuple[str, str, str]:
        judged = self.considered.get(payment.index, [])
        candidates = [
            {
                "invoices": [self.board.documents[doc].id for doc in hypothesis.key],
                "confidence": f"{confidence:.4f}",
                "explanation": explain(self.board, payment, hypothesis, []),
            }
            for hypothesis, confidence in judged[:3]
        ]
        return payment.id, self._reason(payment, judged), json.dumps(candidates, ensure_ascii=False)

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
        for index, (chosen, _, _) in self.accepted.items():
            payment = self.board.payments[index]
            rest = payment.cents - chosen.cash
            if (rest < 0) != (payment.cents < 0) and rest:
                raise ConservationError(f"El cobro {payment.id} reparte más de lo que trae.")
            if chosen.rule != "fx" and sum(line.cash for line in chosen.lines) != chosen.cash:
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
    if hypothesis.how == "named" and hypothesis.rule in EXACT and confidence >= 0.9:
        return 0
    if hypothesis.how in {"named", "completed"} and confidence >= 0.7:
        return 1
    if hypothesis.rule in EXACT:
        return 2
    return 3


def _rule(hypothesis: Hypothesis) -> str:
    """The rule as written out: the amount's explanation, and how the documents were found."""
    several = "+varias" if len(hypothesis.lines) > 1 and hypothesis.rule not in {"set", "netted", "batch"} else ""
    how = {"named": "referencia", "completed": "referencia_incompleta", "account": "sin_referencia"}[hypothesis.how]
    return f"{hypothesis.rule}{several}/{how}"
