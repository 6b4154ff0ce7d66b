"""Whether a later mail belongs to a case. Pure.

The chain of References says which thread a mail claims; anybody can write any References, so the sender must also be
of the case: somebody who wrote in it before, the same company, or a known contact of its debtor.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cobranza.disputes.linking import domain_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A mail (or an answer of ours) that a later one refers to.

    Attributes:
        case: Its case; None while it has none.
        waits: Its case is still being made: the later one has to wait.
        people: Addresses of the case: who wrote in it and the contacts of its debtor, lower case.
    """

    case: int | None
    waits: bool
    people: frozenset[str]


def welcome(sender: str, people: Collection[str]) -> bool:
    """Whether a sender is of a case.

    >>> welcome("jefe@pepa.example", {"pagos@pepa.example"}), welcome("otro@gmail.com", {"pepa@gmail.com"})
    (True, False)
    """
    if not sender:
        return False
    own = domain_of(sender)
    return sender in people or (bool(own) and any(domain_of(one) == own for one in people))


@dataclass(frozen=True, slots=True)
class Answer:
    """Where a mail goes: into `case`, nowhere yet (`wait`), or into a case of its own.

    Attributes:
        case: The case that it joins; None for none.
        wait: The case that it may join is being made.
        stranger: It cites a thread that its sender is not of.
    """

    case: int | None = None
    wait: bool = False
    stranger: bool = False


def place(sender: str, earlier: Sequence[Earlier]) -> Answer:
    """Where a mail goes, by what it refers to, latest first."""
    for one in earlier:
        if one.case is not None and welcome(sender, one.people):
            return Answer(case=one.case)
    if any(one.waits and (not one.people or welcome(sender, one.people)) for one in earlier):
        return Answer(wait=True)
    return Answer(stranger=any(one.case is not None for one in earlier))
