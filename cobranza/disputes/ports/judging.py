"""What a message is about, who says so, and how the office handles it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from cobranza.disputes.ports.reading import ReadMail
from cobranza.disputes.ports.tickets import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFacts:
    """What the ledger knows about what a message names; all zero when the sender is unknown.

    Attributes:
        debtor_known: The sender is tied to a debtor.
        open: How many of the documents it names are open, and so on.
        paid: Settled.
        paid_twice: Paid more than once, or money of the debtor on account.
        disputed: Already on hold.
        unknown: Numbers that are nobody's.
        others: Numbers that belong to another debtor.
        recent_payment: Days since the debtor's last booked payment, None without one.
        overdue: Documents of the debtor past their due day.
        same_amount: Two open documents of the debtor have the same amount and near dates.
    """

    debtor_known: bool = False
    open: int = 0
    paid: int = 0
    paid_twice: int = 0
    disputed: int = 0
    unknown: int = 0
    others: int = 0
    recent_payment: int | None = None
    overdue: int = 0
    same_amount: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """A category and how likely it is, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a message is about.

    Attributes:
        label: Slug of the likeliest category.
        confidence: Calibrated probability that `label` is right.
        secondary: A second matter that needs work of its own, "" when there is none.
        alternatives: The three likeliest, best first, `label` included.
        abstain: Too unsure for this category: a person decides.
        reasons: Spanish, the strongest first: words, rules, facts of the ledger.
        model: Version that judged.
    """

    label: str
    confidence: float
    secondary: str
    alternatives: tuple[Alternative, ...]
    abstain: bool
    reasons: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One message to judge: the part of `ReadMail` that matters, and the ledger's facts."""

    mail: ReadMail
    facts: LedgerFacts = field(default_factory=LedgerFacts)


class Judge(Protocol):
    """A model of disputes; `classifiers/disputes` gives one as `ADAPTER`."""

    slug: str

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        """Judge messages, in their order; batches are cheaper than single ones."""


class Hold(StrEnum):
    """What a category of dispute keeps from being collected."""

    NONE = "none"
    DISPUTED_AMOUNT = "disputed_amount"
    NAMED_DOCUMENTS = "named_documents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """What a message may be about, and how the office handles it; one file of ``classifiers/disputes/categories/``.

    Attributes:
        slug: Name of the file, also `Judgement.label`.
        name: Spanish, for screens.
        description: Spanish: what belongs here and what does not.
        department: Slug of who handles it: `NewTicket.group`.
        form: Slug of the ticket's form.
        sla_hours: Hours until a person must have answered, 0 without a service level.
        priority: Of its tickets.
        acknowledgements: Sentence about what happens next, by language "es", "pt", "en"; empty: nothing is answered.
        hold: What stops being collected.
        never_automatic: Never closed without a person.
        needs_callback: A person must call back on a number known from before (possible fraud): flagged red.
    """

    slug: str
    name: str
    description: str
    department: str
    form: str
    sla_hours: int
    priority: Priority
    acknowledgements: Mapping[str, str]
    hold: Hold
    never_automatic: bool
    needs_callback: bool


class Categories(Protocol):
    """Every category of the suite; the `ADAPTER` of `classifiers/disputes` gives them too."""

    def categories(self) -> Mapping[str, Category]:
        """By slug, in the order of the slugs.

        Raises:
            ConfigError: a file that cannot be used, named with its key.
        """
