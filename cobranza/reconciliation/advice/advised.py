"""Tied advices as matches: each line finds its document and its sum, or says why a person has to look.

Pure: frames and advices in, frames out. What comes out is taken as given by `matching.match` (`Advised.reserved` goes
into its `fixed`), because the payer's own word about a payment outranks what the engine can guess from amounts. Only
when every line resolves, the lines close on the movement's amount to the cent and the payer agrees is the confidence
high; a line that does not resolve caps it, so that the whole goes to review with the reason.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from cobranza.kernel.spanish import write_day
from cobranza.reconciliation import frames
from cobranza.reconciliation.advice.lines_applied import Applied, apply_line
from cobranza.reconciliation.advice.records import RemittanceAdvice
from cobranza.reconciliation.advice.resolving import Resolver, cents
from cobranza.reconciliation.customers import WEIGHTS, Evidence, is_agent
from cobranza.reconciliation.hundredths import written
from cobranza.reconciliation.matching import ConservationError, Result
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.records import Document, Payment

RULE = "advice/aviso"
DOUBTFUL = 0.60
"""Most confidence of a reading in which anything is left open; below every sensible threshold of automatic posting."""
NEAR = WEIGHTS["near"]
"""Least evidence that says who pays; a few words of a name do not."""
_TOLD = 3

# What each thing that could be wrong takes off the confidence. A judgement in the order that an accountant would rank
# them, kept small enough that only the last two keep a payment from being posted at the usual threshold of 0.95.
RISKS = {"tied": 0.001, "silent_tie": 0.01, "no_payer": 0.01, "no_payer_single": 0.03}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tied:
    """An advice and the movement that it tells about.

    Attributes:
        payment_id: The movement's id in the payments' frame.
        evidence: How they were tied, in Spanish.
        by_person: A person tied them.
        sure: The payer or the payment's number agrees, not only amount and day.
    """

    payment_id: str
    advice: RemittanceAdvice
    evidence: str = ""
    by_person: bool = False
    sure: bool = True


@dataclass(frozen=True)
class Advised:
    """What tied advices say, in the columns of `matching.Result`.

    Attributes:
        links: As in `matching.Result`.
        unmatched: Payments whose advice resolves nothing that could be proposed, with the reason.
        unapplied: As in `matching.Result`.
        reserved: Columns `frames.FIXED_COLUMNS`: what `match` has to take as given.
    """

    links: pd.DataFrame
    unmatched: pd.DataFrame
    unapplied: pd.DataFrame
    reserved: pd.DataFrame

    def fixed_with(self, fixed: pd.DataFrame) -> pd.DataFrame:
        """`fixed` and what the advices reserve, for `matching.match`."""
        return fixed if not len(self.reserved) else pd.concat([fixed, self.reserved], ignore_index=True)

    def merged(self, result: Result) -> Result:
        """The engine's result over the rest, with what the advices say put before it."""
        if not len(self.reserved):
            return result
        return Result(
            links=pd.concat([self.links, result.links], ignore_index=True),
            unmatched=pd.concat([self.unmatched, result.unmatched], ignore_index=True),
            unapplied=pd.concat([self.unapplied, result.unapplied], ignore_index=True),
        )


@dataclass(slots=True)
class _Whole:
    """One payment with its advice, as far as it is worked out."""

    payment: Payment
    tied: Tied
    find: Resolver
    applied: list[Applied] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    risk: float = 0.0
    payer: str = ""

    @property
    def cash(self) -> int:
        return sum(part.cash for part in self.applied)

    @property
    def confidence(self) -> float:
        sure = max(0.0, 1.0 - self.risk - sum(part.risk for part in self.applied))
        return min(sure, DOUBTFUL) if self.problems else sure


def advised(
    payments: pd.DataFrame,
    invoices: pd.DataFrame,
    customers: pd.DataFrame,
    advices: Sequence[Tied],
    *,
    fixed: pd.DataFrame | None = None,
    policy: Policy | None = None,
    resolver: Resolver | None = None,
) -> Advised:
    """Apply tied advices line by line. The order of rows and advices does not matter.

    Args:
        payments: Columns `frames.PAYMENT_COLUMNS`.
        invoices: Columns `frames.INVOICE_COLUMNS`; `open_amount` before `fixed` is taken off.
        customers: Columns `frames.CUSTOMER_COLUMNS`.
        advices: At most one for each payment. One whose payment is not in `payments`, or stands in `fixed`, is left
            out: it is decided already.
        fixed: Columns `frames.FIXED_COLUMNS`, as for `matching.match`.
        policy: The company's tolerances.
        resolver: Over the same frames, when there is one already.
    """
    rules = policy or Policy()
    if not advices:  # most nights: no index is built for nothing
        return _frames(())
    find = resolver or Resolver(invoices, customers)
    taken: dict[int, int] = defaultdict(int)
    decided = set()
    if fixed is not None and len(fixed):
        table = frames.Table(fixed, "fixed", frames.FIXED_COLUMNS)
        position = {document.id: document.index for document in find.documents}
        for payment_id, invoice_id, sum_ in zip(
            table.texts("payment_id"), table.texts("invoice_id"), table.amounts("applied"), strict=True
        ):
            decided.add(payment_id)
            if invoice_id in position:
                taken[position[invoice_id]] += sum_
    wanted = {tied.payment_id: tied for tied in advices if tied.payment_id not in decided}
    mine = payments[payments["payment_id"].isin(list(wanted))]
    found = sorted(frames.payments(mine), key=lambda payment: (payment.booked, payment.id))
    wholes = []
    for payment in found:
        whole = _work_out(payment, wanted[payment.id], find, taken, rules)
        for part in whole.applied:
            taken[part.doc] += part.applied
        wholes.append(whole)
    return _frames(wholes)


def _work_out(payment: Payment, tied: Tied, find: Resolver, taken: dict[int, int], rules: Policy) -> _Whole:
    whole = _Whole(payment, tied, find)
    advice = tied.advice
    if payment.cents != cents(advice.total):
        whole.problems.append(f"el aviso es de {written(cents(advice.total))} y el cobro de {written(payment.cents)}")
    if advice.currency and advice.currency != payment.currency:
        whole.problems.append(f"el aviso es en {advice.currency} y el cobro en {payment.currency}")
    whole.problems += list(advice.objections)
    known = {owner: evidence for owner, evidence in find.customers_of(payment).items() if evidence.weight >= NEAR}
    payers = find.payers_of(advice)
    owners = find.group([*known, *payers]) if known or payers else find.customer_by_documents(advice, payment.booked)
    by_doc: dict[int, Applied] = {}
    for line in advice.lines:
        if not line.paid and not line.gross:
            continue
        outcome = apply_line(line, payment, find, owners, taken, by_doc, rules)
        if isinstance(outcome, str):
            whole.problems.append(f"{line.where}, «{line.document or line.text or 'sin documento'}»: {outcome}")
        else:
            by_doc[outcome.doc] = outcome
    whole.applied = sorted(by_doc.values(), key=lambda part: part.doc)
    _judge_payer(whole, find, known, payers)
    if whole.cash != payment.cents and not whole.problems:
        whole.problems.append(f"las líneas suman {written(whole.cash)} y el cobro trae {written(payment.cents)}")
    if not tied.by_person:
        whole.risk += RISKS["tied"] if tied.sure else RISKS["silent_tie"]
    return whole


def _judge_payer(whole: _Whole, find: Resolver, known: dict[int, Evidence], payers: dict[int, Evidence]) -> None:
    """Does the payer of the movement own the documents that the advice names?"""
    docs = [find.documents[part.doc] for part in whole.applied]
    owners = sorted({document.customer for document in docs})
    if not owners:
        return
    family = find.group(owners[:1])
    if not set(owners) <= family:
        names = ", ".join(find.customers[owner].legal_name for owner in owners[:_TOLD])
        whole.problems.append(f"las facturas son de clientes distintos ({names})")
    name = find.customers[owners[0]].legal_name
    agreeing = [evidence.why for customer, evidence in sorted(known.items()) if customer in family]
    by_advice = [evidence.why for customer, evidence in sorted(payers.items()) if customer in family]
    if agreeing:
        whole.payer = f"cliente {name} por {agreeing[0]}"
    elif known and not is_agent(whole.payment.name):
        other = find.customers[next(iter(known))].legal_name
        whole.problems.append(f"el banco dice que paga {other} y las facturas son de {name}")
    elif by_advice:
        whole.payer = f"cliente {name} por {by_advice[0]} del aviso"
    else:
        whole.risk += RISKS["no_payer"] if len(docs) > 1 else RISKS["no_payer_single"]
        whole.payer = f"cliente {name} por sus facturas"


# ---- out


def _frames(wholes: Sequence[_Whole]) -> Advised:
    links: list[tuple[str, ...]] = []
    unmatched: list[tuple[str, ...]] = []
    unapplied: list[tuple[str, ...]] = []
    reserved: list[tuple[str, ...]] = []
    for whole in wholes:
        payment = whole.payment
        fits = whole.applied and 0 < whole.cash <= payment.cents
        if not fits:
            unmatched.append((payment.id, _reason(whole), _candidates(whole)))
            reserved.append((payment.id, "", "0.00"))
            continue
        _prove(whole)
        for number, part in enumerate(whole.applied):
            document = whole.find.documents[part.doc]
            money = [frames.write_cents(value) for value in (part.applied, part.withheld, part.fee, part.discount)]
            text = _explained(whole, part, document, first=number == 0)
            links.append((payment.id, document.id, *money, f"{whole.confidence:.4f}", RULE, text))
            reserved.append((payment.id, document.id, frames.write_cents(part.applied)))
        if payment.cents != whole.cash:
            unapplied.append((payment.id, payment.currency, frames.write_cents(payment.cents - whole.cash)))
    return Advised(
        links=frames.text_frame(frames.LINK_COLUMNS, links),
        unmatched=frames.text_frame(frames.UNMATCHED_COLUMNS, unmatched),
        unapplied=frames.text_frame(frames.UNAPPLIED_COLUMNS, unapplied),
        reserved=frames.text_frame(frames.FIXED_COLUMNS, reserved),
    )


def _prove(whole: _Whole) -> None:
    for part in whole.applied:
        open_amount = whole.find.documents[part.doc].open
        if not min(0, open_amount) <= part.applied <= max(0, open_amount):
            raise ConservationError(f"El aviso aplica a {whole.find.documents[part.doc].number} más de lo que debe.")


def _explained(whole: _Whole, part: Applied, document: Document, *, first: bool) -> str:
    advice = whole.tied.advice
    source = f"aviso de pago «{advice.file_name or 'sin nombre'}»"
    if advice.sha256:
        source += f" (SHA-256 {advice.sha256[:8]}…)"
    places = " y ".join(part.places)
    sentences = [f"{source}, {places}: «{part.written}» → {document.number}", part.arithmetic, *part.notes]
    if first:
        sentences += _summary(whole)
    elif not whole.problems:
        sentences.append(f"las {len(advice.lines)} líneas suman {written(whole.payment.cents)}, lo abonado")
    return _sentences(sentences)


def _summary(whole: _Whole) -> list[str]:
    advice = whole.tied.advice
    told = []
    if whole.problems:
        told += whole.problems[:_TOLD]
        if len(whole.problems) > _TOLD:
            told.append(f"y {len(whole.problems) - _TOLD} motivos más para revisarlo")
    else:
        count = len(advice.lines)
        lines = "la única línea es" if count == 1 else f"las {count} líneas suman"
        told.append(f"{lines} {written(whole.payment.cents)} = lo abonado el {_day(whole.payment)}")
    if whole.payer:
        told.append(whole.payer)
    if whole.tied.evidence:
        told.append(whole.tied.evidence.rstrip("."))
    return told


def _day(payment: Payment) -> str:
    return write_day(date.fromordinal(payment.booked))


def _reason(whole: _Whole) -> str:
    file = whole.tied.advice.file_name or "sin nombre"
    if whole.cash > whole.payment.cents:
        whole.problems.insert(
            0, f"lo que se reconoce suma {written(whole.cash)} y el cobro trae {written(whole.payment.cents)}"
        )
    return _sentences([f"hay un aviso de pago, «{file}», que no se puede aplicar solo", *whole.problems[:_TOLD]])


def _candidates(whole: _Whole) -> str:
    if not whole.applied:
        return "[]"
    found = [
        {
            "invoices": [whole.find.documents[part.doc].id for part in whole.applied],
            "confidence": f"{min(whole.confidence, DOUBTFUL):.4f}",
            "explanation": _explained(whole, whole.applied[0], whole.find.documents[whole.applied[0].doc], first=True),
        }
    ]
    return json.dumps(found, ensure_ascii=False)


def _sentences(parts: Sequence[str]) -> str:
    return ". ".join(part[0].upper() + part[1:].rstrip(".") for part in parts if part) + "."
