"""The state of one matching run: records, indexes, running balances, and what each payment says by itself."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from cobranza.reconciliation import ruleset
from cobranza.reconciliation.balances import Balances, Moment
from cobranza.reconciliation.customers import CustomerIndex, Evidence, is_agent
from cobranza.reconciliation.mentions import Mentions
from cobranza.reconciliation.policy import Policy
from cobranza.reconciliation.rates import Rates
from cobranza.reconciliation.records import Customer, Document, Payment
from cobranza.reconciliation.references import DocumentIndex, Mention, Token, WeakHits
from cobranza.reconciliation.text import Phrases, has_word, plain
from cobranza.regimes.payments import regime, wording


class Clues:
    """What a payment says before balances are looked at; worked out once per payment.

    Attributes:
        mentions: Documents that its texts name, of any customer.
        by_customer: The same by customer.
        hints: Kinds of explanation that the text announces.
        agent: The payer pays for others (factoring, confirming, a depositary).
        nothing: The text says that no invoice is paid.
        evidence: Customers that the payer's data point to.
        concerned: Customers whose balances matter to its readings.
        parties: Customers worth looking at, by payer and by reference, surest first; empty until it was searched.
        searched: The payer was searched for by name too; until then `evidence` is what stands there at sight.
        weak: By customer: what `Board.weak_hits` found.
    """

    __slots__ = (
        "_found", "_payment", "_said", "_tokens", "agent", "by_customer", "concerned", "evidence", "hints", "mentions",
        "nothing", "parties", "searched", "weak",
    )  # fmt: skip

    def __init__(
        self,
        payment: Payment,
        found: Mentions,
        mentions: list[Mention],
        by_customer: dict[int, list[Mention]],
        hints: frozenset[str],
        *,
        agent: bool,
        nothing: bool,
    ) -> None:
        self._payment, self._found = payment, found
        self._tokens: list[Token] | None = None
        self._said: list[tuple[int, Token]] | None = None
        self.mentions = mentions
        self.by_customer = by_customer
        self.hints = hints
        self.agent = agent
        self.nothing = nothing
        self.evidence: dict[int, Evidence] = {}
        self.concerned: tuple[int, ...] = ()
        self.parties: tuple[int, ...] = ()
        self.searched = False
        self.weak: dict[int, WeakHits] = {}

    @property
    def tokens(self) -> list[Token]:
        """Runs of digits in its texts."""
        if self._tokens is None:
            self._tokens = self._found.tokens(self._payment)
        return self._tokens

    @property
    def said(self) -> list[tuple[int, Token]]:
        """Those of the remittance, with their place among all."""
        if self._said is None:
            self._said = self._found.said(self._payment)
        return self._said

    def quoted(self, number: int) -> tuple[str, str, int]:
        """Of one of `tokens`: its field, digits and first position; cheap where nothing else is asked for."""
        return self._found.quoted(self._payment, number)


class Payable(NamedTuple):
    """Documents, oldest due day first, and the due day of each."""

    dues: list[int]
    docs: list[int]


@dataclass(slots=True)
class Board:
    """Everything that a run knows.

    Attributes:
        charges: Bank charge of the last return, by document: the payer may pay it back with the document.
        awaited: Documents whose deposit (detracción) is still to come, by its amount.
        returned: Documents whose collection came back.
        claims: Payments, by document, that name it and were not decided when they were first read.
        decided: Payments that have been accepted: their claims are void.
        left_out: The last look at a payment left out sets of documents that could also be meant.
        signature: The rules that this run follows, as explanations end with them.
        batched: Documents in a direct-debit batch.
    """

    payments: list[Payment]
    documents: list[Document]
    customers: list[Customer]
    rates: Rates
    policy: Policy
    index: DocumentIndex
    people: CustomerIndex
    balances: Balances
    charges: dict[int, int] = field(default_factory=dict)
    awaited: dict[int, set[int]] = field(default_factory=dict)
    returned: set[int] = field(default_factory=set)
    claims: dict[int, set[int]] = field(default_factory=dict)
    decided: set[int] = field(default_factory=set)
    left_out: bool = False
    signature: str = ""
    batches: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    batch_docs: dict[str, list[int]] = field(default_factory=dict)
    batched: frozenset[int] = frozenset()
    mentions: Mentions = field(init=False)
    _clues: dict[int, Clues] = field(default_factory=dict)
    _names: dict[str, tuple[bool, bool]] = field(default_factory=dict)
    _payable: dict[int, dict[str, Payable]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.mentions = Mentions(self.payments, self.index)
        self.signature = str(ruleset.current(self.policy))
        sums: dict[tuple[str, str], int] = defaultdict(int)
        docs: dict[str, list[int]] = defaultdict(list)
        for document in self.documents:
            if document.remesa:
                docs[document.remesa].append(document.index)
                sums[document.remesa, document.currency] += document.open
        self.batch_docs = dict(docs)
        self.batched = frozenset([doc for several in docs.values() for doc in several])
        for (remesa, currency), total in sorted(sums.items()):
            self.batches.setdefault((currency, total), []).append(remesa)

    def clues_of(self, payment: Payment) -> Clues:
        """The payment's clues, computed once."""
        held = self._clues.get(payment.index)
        if held is None:
            held = self._clues[payment.index] = self._look(payment)
        if not held.searched:
            held.evidence = self.people.evidence(payment)
            held.concerned = tuple(sorted({*held.evidence, *held.by_customer}))
            held.parties = _parties(held.evidence, held.by_customer)
            held.searched = True
        return held

    def at_sight(self, payment: Payment) -> Clues:
        """The same before the payer is searched for by name: what a clear payment needs."""
        held = self._clues.get(payment.index)
        if held is None:
            held = self._clues[payment.index] = self._look(payment)
            held.evidence = self.people.at_sight(payment)
        return held

    def forget(self, payment: Payment) -> None:
        """Drop the clues of a payment that is done with."""
        self._clues.pop(payment.index, None)

    def payable(self, customer: int) -> dict[str, Payable]:
        """The customer's documents by currency, those of which anything was open at first."""
        held = self._payable.get(customer)
        if held is None:
            by_currency: dict[str, list[tuple[int, int]]] = {}
            for doc in self.balances.ever_open(customer):
                document = self.documents[doc]
                by_currency.setdefault(document.currency, []).append((document.due, doc))
            held = self._payable[customer] = {
                currency: Payable([due for due, _ in papers], [doc for _, doc in papers])
                for currency, papers in zip(by_currency, map(sorted, by_currency.values()), strict=True)
            }
        return held

    def weak_hits(self, clues: Clues, customer: int) -> WeakHits:
        """What the texts name incompletely or with a slip among a customer's documents, open or not."""
        held = clues.weak.get(customer)
        if held is None:
            taken = frozenset([mention.token for mention in clues.by_customer.get(customer, ())])
            held = clues.weak[customer] = self.index.weak_hits(clues.said, customer, taken)
        return held

    def _look(self, payment: Payment) -> Clues:
        text = plain(payment.text)
        hints = _said().kinds(text)
        nothing, agent = self._of_name(payment.name)
        if _NOTHING in hints:
            hints.discard(_NOTHING)
            nothing = True
        deposit = regime(payment.country).deposit
        if deposit and (has_word(plain(payment.name), deposit.payers) or has_word(text, deposit.words)):
            hints.add("deposit")
        mentions = self.mentions.of(payment)
        by_customer: dict[int, list[Mention]] = {}
        for mention in mentions:
            customer = self.documents[mention.doc].customer
            if customer in by_customer:
                by_customer[customer].append(mention)
            else:
                by_customer[customer] = [mention]
        kinds = frozenset(hints) if hints else _NONE
        return Clues(payment, self.mentions, mentions, by_customer, kinds, agent=agent, nothing=nothing)

    def _of_name(self, name: str) -> tuple[bool, bool]:
        """Whether the payer's name says that no invoice is paid, and that the payer pays for others."""
        held = self._names.get(name)
        if held is None:
            held = self._names[name] = _NOTHING in _said().kinds(plain(name)), is_agent(name)
        return held


def _parties(evidence: dict[int, Evidence], by_customer: dict[int, list[Mention]]) -> tuple[int, ...]:
    """The surest twelve customers; more when many are sure."""
    rank: dict[int, float] = {customer: held.weight for customer, held in evidence.items()}
    for customer, mentions in by_customer.items():
        rank[customer] = rank.get(customer, 0.0) + float(max([mention.quality for mention in mentions]))
    order = sorted(rank, key=lambda customer: (-rank[customer], customer))
    sure = sum([rank[customer] >= 5.0 for customer in order])
    return tuple(order[: max(12, min(sure, 30))])


@cache
def _said() -> Phrases:
    """What texts announce: every kind of hint, and that no invoice is paid."""
    return Phrases(wording().hints | {_NOTHING: wording().nothing})


_NOTHING = "·"  # no kind of hint is called so
_NONE: frozenset[str] = frozenset()


class View:
    """One payment looked at from one customer's open documents.

    Attributes:
        free: What may be applied to each of the customer's open documents at the moment, oldest issue first.
        known: The payer's data point to this customer.
        pool: What `sets.pool` found, once it was asked for everything.
    """

    __slots__ = ("board", "clues", "customer", "free", "known", "moment", "payment", "pool")

    def __init__(
        self,
        board: Board,
        payment: Payment,
        clues: Clues,
        moment: Moment,
        customer: int,
        known: bool,
        free: dict[int, int],
    ) -> None:
        self.board = board
        self.payment = payment
        self.clues = clues
        self.moment = moment
        self.customer = customer
        self.known = known
        self.free = free
        self.pool: list[int] | None = None

    @classmethod
    def of(cls, board: Board, payment: Payment, clues: Clues, moment: Moment, customer: int) -> View:
        """Collect what is open of the customer."""
        free = board.balances.open_of(customer, moment, payment.booked + board.policy.adelanto_dias)
        return cls(board, payment, clues, moment, customer, customer in clues.evidence, free)
