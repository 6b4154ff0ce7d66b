"""What a debtor owes that can be agreed about, read from the ledger at this second."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from cobranza.agreements.models import Dialogue
from cobranza.agreements.settings import AgreementSettings, agreement_settings
from cobranza.agreements.terms import AgreementError, Debt, DebtorType, Risk
from cobranza.kernel import clock
from cobranza.kernel.money import Money, minor_units
from cobranza.ledger import holds, ratings
from cobranza.ledger.columns import ZERO
from cobranza.ledger.models import Agreement, Cover, Debtor, Invoice
from cobranza.ledger.tables_ratings import Bands, Segments
from cobranza.regimes.interest import Regime, book
from cobranza.regimes.interest_errors import MissingRateError, UnknownRegimeError
from cobranza.regimes.persons import holder

_YEAR = Decimal(36500)


class NothingToAgree(AgreementError):
    """Nothing is overdue that nobody disputes, is paying already, or has agreed on."""

    code = "COB-ACU-002"
    remedy = "Compruebe el saldo: puede estar pagado, en disputa, retenido o ya en un acuerdo."


class RateMissing(AgreementError):
    """The house claims interest, and the law's rate for a day of it is not on record: nothing is agreed without it."""

    code = "COB-ACU-006"
    remedy = "Anote el tipo en config/interest.toml con su fuente, o quite «intereses» de config/agreements.toml."


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A debt and what it is made of.

    Attributes:
        debt: With interest and costs where the house claims them.
        covers: Invoice's id → what an agreement settles of it, in major units; they sum to the undisputed principal.
    """

    debt: Debt
    covers: Mapping[int, Decimal]


def owed_by(debtor: Debtor, currency: str, today: date) -> Owed:
    """What is overdue, less what is held (disputed, paid by gateway), covered by credit, or agreed already.

    Raises:
        NothingToAgree: nothing of it is left.
        RateMissing: the house claims interest and its rate is not on record.
    """
    settings = agreement_settings()
    agreed = Cover.objects.filter(agreement__debtor=debtor, agreement__ended_at=None).values("invoice")
    rows = Invoice.objects.filter(
        debtor=debtor, currency=currency, kind="invoice", vanished_at=None, due_on__lt=today, open__gt=0
    ).exclude(pk__in=agreed)
    credit = _credit(debtor, currency)
    covers: dict[int, Decimal] = {}
    disputed, bases = ZERO, []
    for invoice in rows.order_by("due_on", "number"):
        held = holds.held(invoice)
        free = invoice.open - held
        noted = min(free, credit)
        credit -= noted
        disputed += held
        if free - noted > 0:
            covers[invoice.pk] = free - noted
            bases.append((free - noted, invoice.due_on))
    if not covers:
        raise NothingToAgree(f"{debtor.name} no tiene deuda vencida en {currency} sobre la que acordar.")
    country = debtor.country or debtor.creditor.country
    kind: DebtorType = "business" if holder(debtor.tax_id, country) == "business" else "consumer"
    interest, costs = _extras(bases, country, kind, currency, today, settings)
    said = Dialogue.objects.filter(debtor=debtor, currency=currency).first()
    debt = Debt(
        country=country,
        debtor=kind,
        as_of=today,
        principal=Money(currency, _trim(sum(covers.values(), ZERO) + disputed, currency)),
        interest=interest,
        costs=costs,
        disputed=Money(currency, _trim(disputed, currency)),
        capacity=None if said is None or said.capacity is None else Money(currency, _trim(said.capacity, currency)),
        pay_day=None if said is None else said.pay_day,
        risk=_risk(debtor, today),
        broken=_broken(debtor, settings),
    )
    return Owed(debt=debt, covers=covers)


def _credit(debtor: Debtor, currency: str) -> Decimal:
    notes = Invoice.objects.filter(debtor=debtor, currency=currency, kind="credit_note", vanished_at=None, open__lt=0)
    return -sum((each.open for each in notes), ZERO)


def _risk(debtor: Debtor, today: date) -> Risk:
    """The score's band; "medio" before the first score, and "alto" for whom a person has made a legal case."""
    standing = ratings.standing(debtor, today=today)
    if standing is None:
        return "medio"
    if standing.segment == Segments.LEGAL or standing.band == Bands.HIGH:
        return "alto"
    return "bajo" if standing.band == Bands.LOW else "medio"


def _broken(debtor: Debtor, settings: AgreementSettings) -> int:
    since = clock.now() - timedelta(days=settings.memoria_dias)
    return Agreement.objects.filter(debtor=debtor, standing="incumplido", ended_at__gte=since).count()


def _extras(
    bases: list[tuple[Decimal, date]],
    country: str,
    kind: DebtorType,
    currency: str,
    today: date,
    settings: AgreementSettings,
) -> tuple[Money, Money]:
    """Interest until today and fixed compensation, by the law's own regime for such a debtor."""
    none = Money(currency, ZERO)
    if not settings.intereses and not settings.compensacion:
        return none, none
    try:
        regime = book().default(country, kind)
        interest = none
        if settings.intereses and regime.start == "after_due":
            interest = Money.total(currency, (_interest(regime, base, due, today, currency) for base, due in bases))
    except (MissingRateError, UnknownRegimeError) as exc:
        raise RateMissing(exc.message) from exc
    recovery = regime.recovery
    costs = none
    if settings.compensacion and recovery is not None and recovery.money.currency == currency:
        count = sum(due + timedelta(days=1) >= recovery.since for _, due in bases)
        costs = Money(currency, recovery.money.amount * count)
    return interest, costs


def _interest(regime: Regime, base: Decimal, due: date, today: date, currency: str) -> Money:
    """Each stretch rounded by itself, half up, both ends counted, as a claim is worked out."""
    unit = Decimal(1).scaleb(-minor_units(currency))
    total = ZERO
    for stretch in book().stretches(regime.slug, due + timedelta(days=1), today):
        days = (stretch.last - stretch.first).days + 1
        if regime.method == "simple":
            earned = base * stretch.percent * days / _YEAR
        else:
            earned = base * ((1 + stretch.percent / 100) ** (Decimal(days) / 365) - 1)
        total += earned.quantize(unit, ROUND_HALF_UP)
    return Money(currency, total)


def _trim(amount: Decimal, currency: str) -> Decimal:
    """At the currency's own precision; the columns keep three decimals."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)))
