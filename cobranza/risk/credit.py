"""A possible customer: what is given and what sources say, a band, a limit and terms. Nobody is refused by a machine.

A customer whom the bureaus do not know starts from what is usual (`USUAL`); every step from there is told with its
reason. A high band proposes payment in advance, and whether to sell at all a person decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Rating
from cobranza.risk import sources
from cobranza.risk.models import CreditCheck
from cobranza.risk.ports import Bureau, Subject
from cobranza.risk.settings import risk_settings
from cobranza.risk.sources import Answer
from cobranza.risk.treatment import HIGH, LOW, MEDIUM

USUAL: Final = 0.06
"""Probability of default within a year of a company nobody knows anything of; our own assumption."""
_BANDS: Final = ((0.05, LOW), (0.15, MEDIUM))
_TERMS: Final = {LOW: "plazo normal", MEDIUM: "plazo de 30 días como mucho", HIGH: "pago por adelantado"}
_COUNTS: Final = {LOW: Decimal(1), MEDIUM: Decimal("0.5"), HIGH: Decimal(0)}


class CreditError(BusinessError):
    """A question about nobody, or with figures that make no sense."""

    code = "COB-RIE-008"
    remedy = "Indique el NIF, el país y las compras previstas al mes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Who would buy.

    Attributes:
        monthly: Purchases expected in a month.
        years: In business; None when not known.
        references: Suppliers who say that they pay well.
        incidents: Unpaid debts that they told themselves, or that somebody knows of.
    """

    tax_id: str
    country: str
    name: str
    monthly: Money
    years: float | None = None
    references: int = 0
    incidents: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The answer.

    Attributes:
        default: Probability of not paying within a year.
        limit: Proposed.
        terms: Spanish, how to sell to them.
        reasons: Spanish, every step.
        missing: Sources that said nothing, and why.
        needs_person: A person decides before anybody is refused.
    """

    default: float
    band: str
    limit: Money
    terms: str
    reasons: tuple[str, ...]
    answers: tuple[Answer, ...]
    missing: tuple[str, ...]
    needs_person: bool


def weigh(applicant: Applicant, answers: Sequence[Answer], own: float | None, most: Money) -> Checked:
    """Work it out; pure.

    Args:
        answers: Of every source.
        own: Probability of default by our own score, when they are a customer already.
        most: The largest limit that is ever proposed.
    """
    if applicant.monthly.amount <= 0 or most.currency != applicant.monthly.currency:
        raise CreditError("Las compras previstas al mes tienen que ser un importe positivo.")
    said = sources.blended(answers)
    odds, reasons = _logit(USUAL), [f"De partida, lo habitual: {100 * USUAL:.0f} %."]
    if said is not None:
        names = ", ".join(
            f"{each.source} ({100 * each.report.default:.0f} % al {each.report.as_of:%d/%m/%Y})"
            for each in answers
            if each.report is not None
        )
        odds, reasons = _logit(said), [f"Lo que dicen las fuentes: {names}."]
    if own is not None:
        odds = (odds + 2 * _logit(own)) / 3
        reasons.append(f"Ya es cliente: nuestra propia valoración da un {100 * own:.0f} % y pesa el doble.")
    if applicant.years is not None and applicant.years < 2:
        odds += 0.7
        reasons.append("Lleva menos de dos años en el negocio.")
    elif applicant.years is not None and applicant.years >= 10:
        odds -= 0.4
        reasons.append("Lleva diez años o más en el negocio.")
    if applicant.references:
        odds -= 0.2 * min(applicant.references, 3)
        reasons.append(f"Proveedores que responden bien: {applicant.references}.")
    known = max([applicant.incidents, *(each.report.incidents for each in answers if each.report is not None)])
    if known:
        odds += 0.5 * min(known, 4)
        reasons.append(f"Constan {known} incidencias." if known > 1 else "Consta una incidencia.")
    default = 1 / (1 + math.exp(-odds))
    band = next((name for below, name in _BANDS if default < below), HIGH)
    months = Decimal(str(risk_settings().credito.meses_compras))
    share = _COUNTS[band] * (1 - Decimal(f"{default:.4f}"))
    limit = Money(most.currency, min(most.amount, applicant.monthly.amount * months * share)).rounded()
    missing = tuple(f"{each.source}: {each.missing or 'no lo conoce'}" for each in answers if each.report is None)
    if not answers:
        missing = ("ninguna fuente externa está en marcha",)
    return Checked(
        default=default,
        band=band,
        limit=limit,
        terms=_TERMS[band],
        reasons=tuple(reasons),
        answers=tuple(answers),
        missing=missing,
        needs_person=band == HIGH,
    )


def check(
    applicant: Applicant, *, actor: Actor, bureaus: Sequence[Bureau] | None = None, today: date | None = None
) -> tuple[CreditCheck, Checked]:
    """Ask the sources, weigh, and keep what came out with all that entered.

    Raises:
        CreditError: no tax id, or figures that make no sense.
    """
    if not applicant.tax_id.strip() or len(applicant.country) != 2:
        raise CreditError("Falta el NIF o el país.")
    at = clock.now()
    day = today or at.astimezone(clock.MADRID).date()
    subject = Subject(tax_id=applicant.tax_id.strip(), country=applicant.country, name=applicant.name)
    answers = sources.ask(subject, day, found=bureaus)
    for each in answers:
        if each.report is not None:
            sources.keep(each, subject.tax_id, subject.country, at)
    currency = applicant.monthly.currency
    most = Money(currency, Decimal(risk_settings().credito.limite_maximo.get(currency, "0")))
    found = weigh(applicant, answers, _own(subject.tax_id), most)
    row = CreditCheck.objects.create(
        tax_id=subject.tax_id, country=subject.country, name=applicant.name[:300], given=_given(applicant),
        reports=[_told(each) for each in answers], missing=list(found.missing),
        default=Decimal(f"{found.default:.5f}"), band=found.band, limit=found.limit.amount, currency=currency,
        terms=found.terms, reasons=list(found.reasons), asked_by=actor.name, at=at,
    )  # fmt: skip
    record("credit.checked", f"risk.creditcheck:{row.pk}", {"band": found.band, "limit": found.limit.amount}, actor,
           seals=[row])  # fmt: skip
    return row, found


def _own(tax_id: str) -> float | None:
    """Our own score of who is a customer already: the worst of those under that id."""
    debtors = Debtor.objects.filter(tax_id=tax_id)
    shares = Rating.objects.filter(debtor__in=debtors, current=True).values_list("recovery", flat=True)
    return max((1 - float(share) for share in shares), default=None)


def _given(applicant: Applicant) -> dict[str, Any]:
    return {
        "monthly": str(applicant.monthly.amount), "currency": applicant.monthly.currency,
        "years": None if applicant.years is None else str(applicant.years), "references": applicant.references,
        "incidents": applicant.incidents,
    }  # fmt: skip


def _told(answer: Answer) -> dict[str, Any]:
    report = answer.report
    return {
        "source": answer.source, "weight": str(answer.weight), "missing": answer.missing,
        "default": None if report is None else f"{report.default:.5f}",
        "as_of": None if report is None else report.as_of.isoformat(),
        "provenance": "" if report is None else report.provenance,
    }  # fmt: skip


def _logit(share: float) -> float:
    kept = min(max(share, 0.001), 0.999)
    return math.log(kept / (1 - kept))
