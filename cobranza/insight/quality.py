"""The review of contacts: which are drawn, how a form is graded, and what the sample says of everybody's. Pure.

Each author and channel is a stratum of a week; within it every contact is as likely to be drawn as any other, by a hash
of the week and the contact: nobody chooses, and anybody can draw the same sample again. Estimates weigh each review by
how many contacts it stands for.

Source: W. G. Cochran, *Sampling Techniques*, 3rd ed., ch. 5 (stratified samples); Wilson's interval.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cobranza.insight.settings import Criterion, Quality
from cobranza.kernel.errors import BusinessError

Answer = Literal["cumple", "no", "no_aplica"]
ANSWERS: tuple[Answer, ...] = ("cumple", "no", "no_aplica")
_Z = 1.959964


class FormError(BusinessError):
    """A form that is not whole, or answers what it does not ask."""

    code = "COB-INS-120"
    remedy = "Conteste todos los criterios del formulario."


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Something that we said, as it may be drawn.

    Attributes:
        key: Of the word.
        author: Robot or account.
        kind: "robot" or "persona".
        channel: Of it.
    """

    key: str
    author: str
    kind: str
    channel: str

    @property
    def stratum(self) -> str:
        """Author and channel."""
        return f"{self.author}/{self.channel}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A contact of the sample, with how many it stands for.

    Attributes:
        contact: It.
        size: Contacts of its stratum that week.
        drawn: Of them, in the sample.
    """

    contact: Contact
    size: int
    drawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """What a form comes to.

    Attributes:
        score: Points out of 100, over what applies.
        passed: Enough points, and nothing critical failed.
        failed: Keys of the critical criteria that failed.
    """

    score: float
    passed: bool
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A finished review, as estimates need it."""

    group: str
    stratum: str
    size: int
    drawn: int
    score: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What the sample says of one author, robot or template.

    Attributes:
        group: Its name.
        reviews: Finished.
        stands_for: Contacts that they stand for.
        score: Mean of all those contacts, 0 to 100.
        score_low: Lower end of its 95 % interval.
        score_high: Upper end.
        passed: Share of all those contacts that pass.
        passed_low: Lower end of its 95 % interval.
        passed_high: Upper end.
    """

    group: str
    reviews: int
    stands_for: int
    score: float
    score_low: float
    score_high: float
    passed: float
    passed_low: float
    passed_high: float


def form_of(criteria: Iterable[Criterion], kind: str) -> tuple[Criterion, ...]:
    """The criteria that are asked about somebody of that kind."""
    return tuple(each for each in criteria if each.solo in ("", kind))


def fingerprint(criteria: Iterable[Criterion], passing: int) -> str:
    """Which form this is: reviews by different forms are not compared."""
    text = "\n".join(f"{each.clave}|{each.pregunta}|{each.peso}|{each.critico}|{each.solo}" for each in criteria)
    return hashlib.sha256(f"{passing}\n{text}".encode()).hexdigest()[:16]


def grade(criteria: Sequence[Criterion], answers: Mapping[str, str], passing: int) -> Grade:
    """Grade a form; what does not apply counts for nobody.

    Raises:
        FormError: an answer is missing, unknown or to what is not asked, or nothing applies.
    """
    asked = {each.clave for each in criteria}
    missing = [each.clave for each in criteria if answers.get(each.clave) not in ANSWERS]
    if missing or set(answers) - asked:
        raise FormError(f"Sin respuesta, o con una que no vale: {', '.join(missing or sorted(set(answers) - asked))}.")
    applies = [each for each in criteria if answers[each.clave] != "no_aplica"]
    whole = sum(each.peso for each in applies)
    if not whole:
        raise FormError("Ningún criterio se aplica.", remedy="Descarte la revisión y diga por qué.")
    score = 100 * sum(each.peso for each in applies if answers[each.clave] == "cumple") / whole
    failed = tuple(each.clave for each in applies if each.critico and answers[each.clave] == "no")
    return Grade(score=score, passed=score >= passing and not failed, failed=failed)


def draw(contacts: Iterable[Contact], week: date, settings: Quality) -> tuple[Drawn, ...]:
    """The sample of a week: as many of each stratum, the rarest never left out before the second of another.

    Args:
        contacts: All of the week.
        week: Its Monday.
        settings: How many.
    """
    strata: dict[str, list[Contact]] = defaultdict(list)
    for each in contacts:
        strata[each.stratum].append(each)
    ranked: list[tuple[int, str, Contact]] = []
    for members in strata.values():
        lots = sorted((_lot(week, each.key), each.key, each) for each in members)
        ranked += [(rank, lot, each) for rank, (lot, _key, each) in enumerate(lots[: settings.por_estrato])]
    chosen = [each for _rank, _lot, each in sorted(ranked, key=lambda row: row[:2])[: settings.total]]
    taken: dict[str, int] = defaultdict(int)
    for each in chosen:
        taken[each.stratum] += 1
    return tuple(
        Drawn(contact=each, size=len(strata[each.stratum]), drawn=taken[each.stratum]) for each in chosen
    )  # fmt: skip


def _lot(week: date, key: str) -> str:
    return hashlib.sha256(f"calidad\n{week.isoformat()}\n{key}".encode()).hexdigest()


def estimate(reviews: Iterable[Graded]) -> tuple[Result, ...]:
    """What finished reviews say of each group, by name.

    A stratum with one review tells nothing of its own spread: it borrows the one of all reviews of its group.
    """
    groups: dict[str, list[Graded]] = defaultdict(list)
    for each in reviews:
        groups[each.group].append(each)
    return tuple(_result(name, rows) for name, rows in sorted(groups.items()))


def _result(name: str, rows: list[Graded]) -> Result:
    score, score_error, _effective, stands_for = _mean(rows, [each.score for each in rows])
    passed, _error, effective, _size = _mean(rows, [100.0 * each.passed for each in rows])
    low, high = _share(passed / 100, effective)
    reach = _Z * score_error
    return Result(
        group=name,
        reviews=len(rows),
        stands_for=stands_for,
        score=score,
        score_low=max(score - reach, 0.0) if len(rows) > 1 else 0.0,
        score_high=min(score + reach, 100.0) if len(rows) > 1 else 100.0,
        passed=passed / 100,
        passed_low=low,
        passed_high=high,
    )


def _mean(rows: list[Graded], values: list[float]) -> tuple[float, float, float, int]:
    """Stratified mean, its standard error, the effective number of reviews, and how many contacts they stand for."""
    strata: dict[tuple[str, int], list[float]] = defaultdict(list)
    for each, value in zip(rows, values, strict=True):
        strata[each.stratum, each.size].append(value)
    whole = sum(size for _name, size in strata)
    common = sum(values) / len(values)
    spread = sum((value - common) ** 2 for value in values) / (len(values) - 1) if len(values) > 1 else 0.0
    mean = variance = shares = 0.0
    for (_name, size), members in strata.items():
        weight, count = size / whole, len(members)
        centre = sum(members) / count
        own = sum((value - centre) ** 2 for value in members) / (count - 1) if count > 1 else spread
        mean += weight * centre
        variance += weight**2 * max(own, spread / 4) / count * (1 - count / size)
        shares += weight**2 / count
    return mean, math.sqrt(variance), 1 / shares, whole


def _share(share: float, effective: float) -> tuple[float, float]:
    """Wilson's interval of a share for as many independent reviews as the sample is worth."""
    square = _Z**2 / effective
    middle = (share + square / 2) / (1 + square)
    reach = _Z / (1 + square) * math.sqrt(max(share * (1 - share), 0.0) / effective + square / (4 * effective))
    return max(middle - reach, 0.0), min(middle + reach, 1.0)
