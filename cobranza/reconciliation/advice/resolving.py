"""Which documents an advice's lines name: the creditor's own numbers, however the payer writes them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from cobranza.reconciliation import frames
from cobranza.reconciliation.advice.records import RemittanceAdvice, RemittanceLine
from cobranza.reconciliation.customers import WEIGHTS, CustomerIndex, Evidence
from cobranza.reconciliation.records import Customer, Document, Payment
from cobranza.reconciliation.references import DocumentIndex, Mention, Quality, tokens
from cobranza.reconciliation.text import compact

_WHOLE = Quality.FULL


@dataclass(frozen=True, slots=True)
class Named:
    """The document that a line names.

    Attributes:
        doc: Index of the document.
        written: The reference that named it.
        quality: How exactly.
    """

    doc: int
    written: str
    quality: Quality


class Resolver:
    """Finds the documents of advices among those of a creditor."""

    def __init__(self, invoices: pd.DataFrame, customers: pd.DataFrame) -> None:
        self.customers: list[Customer] = frames.customers(customers)
        self.documents: list[Document] = frames.documents(invoices, self.customers)
        self.index = DocumentIndex(self.documents)
        self.people = CustomerIndex(self.customers)
        self._exact: dict[str, list[int]] = defaultdict(list)
        for document in self.documents:
            for reference in (document.number, document.payment_ref, document.order):
                key = compact(reference)
                if len(key) >= 3:
                    self._exact[key].append(document.index)

    def customers_of(self, payment: Payment) -> dict[int, Evidence]:
        """The customers that a movement's payer data point to."""
        return self.people.evidence(payment)

    def payers_of(self, advice: RemittanceAdvice) -> dict[int, Evidence]:
        """The customers that the advice's own payer data point to."""
        if not advice.payer_name and not advice.payer_tax_id and not advice.tax_ids:
            return {}
        found = self.people.evidence(
            blank(name=advice.payer_name, tax_id=advice.payer_tax_id, text=" ".join(advice.tax_ids))
        )
        return {customer: evidence for customer, evidence in found.items() if evidence.weight >= WEIGHTS["near"]}

    def group(self, customers: Sequence[int]) -> frozenset[int]:
        """These customers and the others of their groups."""
        return frozenset(customers) | {other for customer in customers for other in self.people.group_of(customer)}

    def mentions(self, line: RemittanceLine, day: int) -> list[Named]:
        """Every document that the line may name; whole numbers alone when one is named whole."""
        found: dict[int, Named] = {}
        for written in (line.document, *line.others):
            for doc in self._exact.get(compact(written), ()):
                found.setdefault(doc, Named(doc, written, Quality.FULL))
            if any(named.quality >= _WHOLE for named in found.values()):
                break  # the payer's own references come after the document's
            for mention in self._scanned(written, day):
                held = found.get(mention.doc)
                if held is None or mention.quality > held.quality:
                    found[mention.doc] = Named(mention.doc, written, mention.quality)
        whole = [named for named in found.values() if named.quality >= _WHOLE]
        return sorted(whole or found.values(), key=lambda named: (-named.quality, named.doc))

    def _scanned(self, written: str, day: int) -> list[Mention]:
        payment = blank(text=written, booked=day)
        return self.index.anywhere(tokens(payment), payment)

    def weaker(self, line: RemittanceLine, candidates: Sequence[int], day: int) -> list[Named]:
        """Documents among `candidates` that the line names with a slip or cut short."""
        found = []
        for written in (line.document, *line.others):
            payment = blank(text=written, booked=day)
            read = tokens(payment)
            found += [
                Named(mention.doc, written, mention.quality)
                for mention in self.index.within(read, candidates, frozenset())
            ]
        return found

    def customer_by_documents(self, advice: RemittanceAdvice, day: int) -> frozenset[int]:
        """The customer whose documents most lines name; empty when two share the first place."""
        votes: Counter[int] = Counter()
        for line in advice.lines:
            named = self.mentions(line, day)
            best = named[0].quality if named else Quality.SUFFIX
            owners = {self.documents[each.doc].customer for each in named if each.quality == best}
            exact = {
                self.documents[each.doc].customer
                for each in named
                if each.quality == best and fits(line, self.documents[each.doc])
            }
            for owner in exact or owners:
                votes[owner] += 1
        order = votes.most_common(2)
        if not order or (len(order) > 1 and order[0][1] == order[1][1]):
            return frozenset()
        return frozenset({order[0][0]})


def fits(line: RemittanceLine, document: Document) -> bool:
    """Whether the line's figures are the document's own."""
    figures = {cents(value) for value in (line.gross, line.paid, line.paid + line.withheld) if value is not None}
    return bool(figures & {document.gross, document.open})


def cents(value: Decimal) -> int:
    """An exact amount as hundredths, half a cent away from zero."""
    return int((value * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def blank(*, name: str = "", tax_id: str = "", text: str = "", booked: int = 10**6) -> Payment:
    """A payment that says nothing but this, for the indexes that take one."""
    return Payment(
        index=-1,
        id="",
        country="",
        booked=booked,
        cents=0,
        currency="",
        name=name,
        account="",
        tax_id=tax_id,
        text=text,
        structured="",
        end_to_end="",
        bank_code="",
        channel="",
    )
