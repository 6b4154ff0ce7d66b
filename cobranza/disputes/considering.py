"""What a mail that begins something comes to: category, documents, hold, answer, ticket. Pure: nobody is asked.

`opening` gives it what the judge and the ledger say, and writes down what comes out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cobranza.disputes import answering, holding, linking, policy, ticketing
from cobranza.disputes.holding import Planned
from cobranza.disputes.linking import Linked
from cobranza.disputes.policy import Review
from cobranza.disputes.ports import Category, Hold, Judgement, ReadMail

STRANGER = "Cita un hilo en el que no ha escrito nadie de su empresa: compruebe quién es"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What the company brings to every mail.

    Attributes:
        categories: What a mail may be about.
        signature: Whose name stands under what is answered.
        fallback: Address of ours, as requester of a mail without sender.
        today: In the creditor's zone.
    """

    categories: Mapping[str, Category]
    signature: str
    fallback: str
    today: date

    @property
    def names(self) -> dict[str, str]:
        """Spanish names of the categories."""
        return {slug: entry.name for slug, entry in self.categories.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Considered:
    """What a mail comes to.

    Attributes:
        linked: Debtor and documents.
        judgement: What counts, see `policy.outrank`.
        entry: Its category.
        review: Why a person has to look.
        held: What is not to be claimed.
        due: By when somebody must have answered.
        reply: The suggested one.
        request: The ticket to ask for, see `ticketing.ask`.
    """

    linked: Linked
    judgement: Judgement
    entry: Category
    review: Review
    held: tuple[Planned, ...]
    due: datetime | None
    reply: str
    request: dict[str, Any]


def consider(
    read: ReadMail,
    linked: Linked,
    first: Judgement,
    known: Collection[str],
    office: Office,
    *,
    received: datetime,
    stranger: bool = False,
) -> Considered:
    """What comes of a mail, from what the judge said of it and what the ledger ties it to.

    Args:
        read: As read.
        linked: Debtor and documents.
        first: What the judge said.
        known: Account numbers that are ours or that the debtor has paid from.
        office: The company.
        received: When it came in, aware.
        stranger: It cites a thread of people whom it does not belong to.

    Raises:
        UnknownCategory: the judge names one that has no file.
    """
    judgement = policy.outrank(first, policy.new_accounts(read, known), office.categories)
    entry = policy.category(office.categories, judgement.label)
    review = policy.review(judgement, entry, linked, office.names)
    if stranger:
        review = replace(review, reasons=(*review.reasons, STRANGER))
    held = holding.plan(_hold(judgement, entry, office.categories), _surely(judgement, linked), read)
    due = policy.due(received, entry)
    named = [one.document for one in linked.named if one.how != "only" or entry.hold is not Hold.NONE]
    reply = answering.suggest(
        read, entry, named, known=linked.party is not None, today=office.today, signature=office.signature
    )
    request = ticketing.ask(
        read, judgement, entry, linked, held, review, names=office.names, reply=reply, due=due,
        fallback=office.fallback, today=office.today,
    )  # fmt: skip
    return Considered(
        linked=linked, judgement=judgement, entry=entry, review=review, held=held, due=due, reply=reply, request=request
    )


def _hold(judgement: Judgement, entry: Category, categories: Mapping[str, Category]) -> Hold:
    """What to hold: of a mail that nobody is sure of, what any of its likely categories would, until a person looks."""
    if not judgement.abstain:
        return entry.hold
    likely = {categories[one.label].hold for one in judgement.alternatives if one.label in categories}
    return Hold.DISPUTED_AMOUNT if likely - {Hold.NONE} else Hold.NONE


def _surely(judgement: Judgement, linked: Linked) -> list[linking.Named]:
    """Documents to hold: where the category is a guess, a guessed document is not held on top."""
    return [one for one in linked.named if not judgement.abstain or one.sure]
