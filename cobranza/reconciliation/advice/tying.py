"""Which bank movement an advice tells about: pure, over what waits on both sides.

Total and currency must be equal and the days near; then something must say that payer and movement belong together.
An amount alone ties nothing. One advice and one movement that have only each other are tied; anything else is asked.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum

from rapidfuzz import fuzz

from cobranza.kernel.spanish import write_amount, write_day
from cobranza.reconciliation.advice.records import RemittanceAdvice
from cobranza.reconciliation.customers import is_agent
from cobranza.reconciliation.text import compact, name_words

EARLY = timedelta(days=3)
"""A movement may be booked this long before the written day of payment (the advice is dated when it is sent)."""
LATE = timedelta(days=7)
"""…and this long after it: a transfer takes one working day inside SEPA, up to four abroad, and holidays."""
UNDATED = timedelta(days=20)
"""Around the day on which an advice without a date came in."""
_ALIKE = 90


class Strength(IntEnum):
    """What ties a pair beyond the amount."""

    UNKNOWN = 0  # the movement names a payer that says nothing
    SILENT = 1  # the movement names nobody, or a go-between; the day of payment is written
    AGREES = 2  # the payer, or the payment's number, is the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An advice that waits for its movement.

    Attributes:
        key: The advice's id.
        received_on: When it came in.
        customers: Whom its payer, or the documents that it names, belong to (with their group).
    """

    key: int
    advice: RemittanceAdvice
    received_on: date
    customers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A movement that has nothing applied.

    Attributes:
        key: The movement's id.
        text: Everything that the bank says, references included.
        customers: Whom its payer data point to.
        identified: They point by account or tax id, not by a name.
    """

    key: int
    amount: Decimal
    currency: str
    booked_on: date
    name: str = ""
    tax_id: str = ""
    text: str = ""
    customers: frozenset[str] = frozenset()
    identified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """An advice and a movement that may belong together.

    Attributes:
        advice: Id.
        movement: Id.
        strength: What ties them.
        evidence: In Spanish, what speaks for it.
    """

    advice: int
    movement: int
    strength: Strength
    evidence: tuple[str, ...]

    @property
    def told(self) -> str:
        """The evidence as one sentence."""
        text = "; ".join(self.evidence)
        return text[:1].upper() + text[1:] + "." if text else ""


@dataclass(frozen=True, slots=True)
class Tying:
    """What `tie` found.

    Attributes:
        tied: Pairs that have only each other.
        asked: By advice, the pairs that a person has to choose from, best first.
    """

    tied: tuple[Pair, ...]
    asked: dict[int, tuple[Pair, ...]]


def tie(waiting: Sequence[Waiting], arrivals: Sequence[Arrival]) -> Tying:
    """Tie what is beyond doubt and list the candidates of the rest. The order of the input does not matter."""
    pairs = candidates(waiting, arrivals)
    by_advice: dict[int, list[Pair]] = defaultdict(list)
    by_movement: dict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_advice[pair.advice].append(pair)
        by_movement[pair.movement].append(pair)
    sound = {each.key for each in waiting if not each.advice.objections}
    tied = []
    asked: dict[int, tuple[Pair, ...]] = {}
    for key in sorted(by_advice):
        mine = by_advice[key]
        chosen = _only(mine)
        if chosen is not None and key in sound and _only(by_movement[chosen.movement]) == chosen:
            tied.append(chosen)
        else:
            asked[key] = tuple(mine)
    return Tying(tuple(tied), asked)


def _only(pairs: Sequence[Pair]) -> Pair | None:
    """The pair that none of the others rivals: alone, or the only one that anything but the amount speaks for."""
    strong = [pair for pair in pairs if pair.strength is not Strength.UNKNOWN]
    return strong[0] if len(strong) == 1 else None


def candidates(waiting: Sequence[Waiting], arrivals: Sequence[Arrival]) -> list[Pair]:
    """Every pair that total, currency, days and payer allow; best first within an advice."""
    by_amount: dict[Decimal, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        if arrival.amount > 0:
            by_amount[arrival.amount.normalize()].append(arrival)
    found = []
    for each in waiting:
        for arrival in by_amount.get(each.advice.total.normalize(), ()):
            pair = _pair(each, arrival)
            if pair is not None:
                found.append(pair)
    return sorted(found, key=lambda pair: (pair.advice, -pair.strength, pair.movement))


def _pair(waiting: Waiting, arrival: Arrival) -> Pair | None:
    advice = waiting.advice
    if advice.currency and advice.currency != arrival.currency:
        return None
    evidence = [f"mismo importe, {write_amount(arrival.amount)} {arrival.currency}"]
    if advice.paid_on is not None:
        if not advice.paid_on - EARLY <= arrival.booked_on <= advice.paid_on + LATE:
            return None
        evidence.append(f"pagado el {write_day(advice.paid_on)} y abonado el {write_day(arrival.booked_on)}")
    elif abs(arrival.booked_on - waiting.received_on) > UNDATED:
        return None
    named = _reference(advice, arrival)
    payer = _payer(waiting, arrival)
    if payer is None and not named:
        return None
    strength, told = payer if payer is not None else (Strength.UNKNOWN, "")
    if named:
        strength = Strength.AGREES
        evidence.append(f"el banco trae la referencia del pago, {advice.reference}")
    if told:
        evidence.append(told)
    return Pair(advice=waiting.key, movement=arrival.key, strength=strength, evidence=tuple(evidence))


def _reference(advice: RemittanceAdvice, arrival: Arrival) -> bool:
    key = compact(advice.reference)
    return len(key) >= 5 and key in compact(arrival.text)


def _payer(waiting: Waiting, arrival: Arrival) -> tuple[Strength, str] | None:
    """How well the payers agree; None when they are two different customers of ours."""
    advice = waiting.advice
    if advice.payer_tax_id and compact(arrival.tax_id) == advice.payer_tax_id:
        return Strength.AGREES, f"misma identificación fiscal, {advice.payer_tax_id}"
    if waiting.customers and arrival.customers:
        if waiting.customers & arrival.customers:
            return Strength.AGREES, "el ordenante es el cliente del aviso"
        return None if arrival.identified else (Strength.UNKNOWN, "el ordenante parece otro cliente")
    if advice.payer_name and arrival.name and _alike(advice.payer_name, arrival.name):
        return Strength.AGREES, f"el ordenante es «{arrival.name}»"
    dated = advice.paid_on is not None
    if is_agent(arrival.name):
        return (Strength.SILENT if dated else Strength.UNKNOWN), "paga un intermediario"
    if not arrival.name.strip() and not arrival.customers:
        return (Strength.SILENT if dated else Strength.UNKNOWN), "el banco no dice quién paga"
    return Strength.UNKNOWN, f"el banco dice que paga «{arrival.name}»" if arrival.name else ""


def _alike(first: str, second: str) -> bool:
    mine, theirs = " ".join(name_words(first)), " ".join(name_words(second))
    if not mine or not theirs:
        return False
    cut = min(len(mine), len(theirs)) >= 8 and (mine.startswith(theirs) or theirs.startswith(mine))
    return cut or fuzz.token_sort_ratio(mine, theirs) >= _ALIKE
