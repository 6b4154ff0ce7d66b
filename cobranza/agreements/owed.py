"""What a debtor owes that can be agreed about, read from the ledger at this second.

Only what an invoice asks for can be agreed: an instalment is closed by money that was applied to a document, so that
interest, compensation or the interest of a plan without one would leave the last instalment open for ever. Who wants
them in a plan invoices them in the ERP first (a debit note is an invoice like any other); `config/agreements.toml`
refuses the rest by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from cobranza.agreements.models import Dialogue
from cobranza.agreements.settings import AgreementSettings, agreement_settings
from cobranza.agreements.terms import AgreementError, Debt, DebtorType, Risk
from cobranza.kernel import clock
from cobranza.kernel.money import Money, minor_units
from cobranza.ledger import holds, ratings
from cobranza.ledger.columns import ZERO
from cobranza.ledger.models import Agreement, Cover, Debtor, Invoice
from cobranza.ledger.tables_ratings import Bands, Segments
from cobranza.regimes.persons import holder


class NothingToAgree(AgreementError):
    """Nothing is overdue that nobody disputes, is paying already, or has agreed on."""

    code = "COB-ACU-002"
    remedy = "Compruebe el saldo: puede estar pagado, en disputa, retenido o ya en un acuerdo."


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A debt and what it is made of.

    Attributes:
        debt: Of invoices alone, see the module.
        covers: Invoice's id → what an agreement settles of it, in major units; they sum to the undisputed principal.
    """

    debt: Debt
    covers: Mapping[int, Decimal]


def owed_by(debtor: Debtor, currency: str, today: date) -> Owed:
    """What is overdue, less what is held (disputed, paid by gateway), covered by credit, or agreed already.

    Raises:
        NothingToAgree: nothing of it is left.
    """
    settings = agreement_settings()
    agreed = Cover.objects.filter(agreement__debtor=debtor, agreement__ended_at=None).values("invoice")
    rows = Invoice.objects.filter(
        debtor=debtor, currency=currency, kind="invoice", vanished_at=None, due_on__lt=today, open__gt=0
    ).exclude(pk__in=agreed)
    credit = _credit(debtor, currency)
    covers: dict[int, Decimal] = {}
    disputed = ZERO
    for invoice in rows.order_by("due_on", "number"):
        held = holds.held(invoice)
        free = invoice.open - held
        noted = min(free, credit)
        credit -= noted
        disputed += held
        if free - noted > 0:
            covers[invoice.pk] = free - noted
    if not covers:
        raise NothingToAgree(f"{debtor.name} no tiene deuda vencida en {currency} sobre la que acordar.")
    country = debtor.country or debtor.creditor.country
    kind: DebtorType = "business" if holder(debtor.tax_id, country) == "business" else "consumer"
    nothing = Money(currency, ZERO)
    said = Dialogue.objects.filter(debtor=debtor, currency=currency).first()
    debt = Debt(
        country=country,
        debtor=kind,
        as_of=today,
        principal=Money(currency, _trim(sum(covers.values(), ZERO) + disputed, currency)),
        interest=nothing,
        costs=nothing,
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


def _trim(amount: Decimal, currency: str) -> Decimal:
    """At the currency's own precision; the columns keep three decimals."""
    return amount.quantize(Decimal(1).scaleb(-minor_units(currency)))
