"""The account of a claim, invoice by invoice: principal, interest, fixed compensation, and what was waived by whom.

Every total is the sum of the rows shown. Nothing is left out in silence: an invoice paid late keeps its interest and
its compensation until a person waives them, with name and reason, and a waived amount stays on the sheet. Payments
cover interest and principal, never the compensation; what is left over is told (`InvoiceSheet.unapplied`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_amount, write_day
from cobranza.legal.arithmetic import Base
from cobranza.legal.interest import (
    ClaimDataError,
    ConsumerError,
    Line,
    Payment,
    Statement,
    calculate,
    first_bearing_day,
    require_plausible,
    write_percent,
)
from cobranza.regimes.interest import Agreement, Debtor, Imputation, RateBook, Recovery, Regime
from cobranza.regimes.interest_errors import MissingRateError

Concept = Literal[
    "principal",
    "principal_held",
    "principal_paid",
    "interest",
    "interest_paid",
    "interest_waived",
    "recovery",
    "recovery_waived",
]

_WAIVED_INTEREST = "Intereses: se renuncia a ellos"
_WAIVED_RECOVERY = "Indemnización: se renuncia a ella"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A person's decision not to claim something.

    Attributes:
        by: Who decided.
        why: Reason.
        on: Day of the decision.
    """

    by: str
    why: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One invoice of the claim and what was decided about it.

    Attributes:
        reference: Number, unique in the sheet.
        principal: Total of the invoice, taxes included.
        due: Last day to pay on time.
        held: Part of the principal that is not claimed here (a dispute, a plan); it bears no interest here either.
        payments: On account of this invoice.
        regime: Slug; "" takes the country's own for the kind of debtor.
        demanded: Day on which the debtor was asked to pay, where interest counts from it.
        ruled: Day of the ruling, where interest counts from it.
        agreed: A contract's rate.
        interest_waiver: None keeps the interest.
        recovery_waiver: None keeps the fixed compensation.
    """

    reference: str
    principal: Money
    due: date
    payments: tuple[Payment, ...] = ()
    regime: str = ""
    demanded: date | None = None
    ruled: date | None = None
    agreed: Agreement | None = None
    interest_waiver: Waiver | None = None
    recovery_waiver: Waiver | None = None
    held: Money | None = None

    @property
    def claimed(self) -> Money:
        """The principal that is claimed, before payments."""
        return self.principal if self.held is None else self.principal - self.held


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One amount of the sheet; what lowers the claim is negative.

    Attributes:
        concept: What it is.
        text: As shown, in Spanish.
        money: Signed.
        note: Who decided it and why, for the house alone: what is filed never says it.
    """

    concept: Concept
    text: str
    money: Money
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSheet:
    """The rows of one invoice.

    Attributes:
        invoice: What was asked.
        regime: What was applied.
        statement: Its interest; None when not one day has borne any.
        rows: In order; their sum is `total`.
    """

    invoice: Invoice
    regime: Regime
    statement: Statement | None
    rows: tuple[Row, ...]

    def sum_of(self, *concepts: Concept) -> Money:
        """Sum of the rows of `concepts`."""
        return _sum(self.invoice.principal.currency, (row for row in self.rows if row.concept in concepts))

    @property
    def principal(self) -> Money:
        """Principal that is claimed."""
        return self.sum_of("principal", "principal_held", "principal_paid")

    @property
    def interest(self) -> Money:
        """Interest that is claimed."""
        return self.sum_of("interest", "interest_paid", "interest_waived")

    @property
    def recovery(self) -> Money:
        """Fixed compensation that is claimed."""
        return self.sum_of("recovery", "recovery_waived")

    @property
    def waived(self) -> Money:
        """What a person gave up, positive."""
        return -self.sum_of("interest_waived", "recovery_waived")

    @property
    def unapplied(self) -> Money:
        """What was paid beyond principal and interest: on account of something else, or to be given back."""
        paid = Money.total(self.invoice.principal.currency, (each.money for each in self.invoice.payments))
        return paid + self.sum_of("principal_paid", "interest_paid")

    @property
    def total(self) -> Money:
        """What is claimed for the invoice: the sum of its rows."""
        return _sum(self.invoice.principal.currency, self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The whole account.

    Attributes:
        until: Last day that bears interest.
        debtor: Business or consumer.
        currency: Of every amount.
        invoices: In the order given.
    """

    until: date
    debtor: Debtor
    currency: str
    invoices: tuple[InvoiceSheet, ...]

    @property
    def principal(self) -> Money:
        """Principal of all invoices."""
        return Money.total(self.currency, (each.principal for each in self.invoices))

    @property
    def interest(self) -> Money:
        """Interest of all invoices."""
        return Money.total(self.currency, (each.interest for each in self.invoices))

    @property
    def recovery(self) -> Money:
        """Fixed compensation of all invoices."""
        return Money.total(self.currency, (each.recovery for each in self.invoices))

    @property
    def waived(self) -> Money:
        """What was given up, positive; no part of `total`."""
        return Money.total(self.currency, (each.waived for each in self.invoices))

    @property
    def total(self) -> Money:
        """What is claimed: the sum of every row of every invoice."""
        return Money.total(self.currency, (each.total for each in self.invoices))

    @property
    def unverified(self) -> tuple[str, ...]:
        """References of the invoices with a rate that nobody has read in its source."""
        return tuple(each.invoice.reference for each in self.invoices if each.statement and each.statement.unverified)


def prepare(
    book: RateBook,
    invoices: Iterable[Invoice],
    *,
    country: str,
    until: date,
    debtor: Debtor = "business",
    base: Base = "365",
    imputation: Imputation | None = None,
) -> Sheet:
    """The account of `invoices` up to `until`, that day counted.

    Args:
        book: Rates.
        invoices: At least one, all in one currency.
        country: ISO alpha-2, whose regime applies to those that name none.
        until: Last day that bears interest; no payment may come after it.
        debtor: A consumer never owes interest between businesses nor the fixed compensation.
        base: See `calculate`.
        imputation: See `calculate`.

    Raises:
        ClaimDataError: no invoice, one twice, two currencies, a waiver without name or reason, a day that is missing.
        ConsumerError: an invoice names a regime between businesses and the debtor is a consumer.
        MissingRateError: days without a rate, and interest is not waived.
        UnknownRegimeError: no such regime, or none for that country and debtor.
    """
    asked = tuple(invoices)
    _check(asked)
    sheets = [_sheet(book, each, country, until, debtor, base, imputation) for each in asked]
    return Sheet(until=until, debtor=debtor, currency=asked[0].principal.currency, invoices=tuple(sheets))


def _sheet(
    book: RateBook,
    invoice: Invoice,
    country: str,
    until: date,
    debtor: Debtor,
    base: Base,
    imputation: Imputation | None,
) -> InvoiceSheet:
    regime = book.regime(invoice.regime) if invoice.regime else book.default(country, debtor)
    if debtor == "consumer" and regime.parties == "business":
        raise ConsumerError(f"{invoice.reference}: «{regime.name}» ({regime.slug}) no se aplica a consumidores.")
    first = first_bearing_day(regime, due=invoice.due, demanded=invoice.demanded, ruled=invoice.ruled)
    if first is None:
        event = "el requerimiento de pago" if regime.start == "after_demand" else "la resolución judicial"
        raise ClaimDataError(
            f"{invoice.reference}: «{regime.name}» ({regime.slug}) cuenta desde {event}, y no consta su fecha.",
            remedy=f"Anote la fecha en que consta {event}, o elija otro régimen.",
        )
    statement = None
    unpriced = False
    if first <= until:
        try:
            statement = calculate(
                book,
                regime.slug,
                invoice.claimed,
                first,
                until,
                base=base,
                payments=invoice.payments,
                imputation=imputation,
                debtor=debtor,
                agreed=invoice.agreed,
            )
        except MissingRateError:
            # Who gives interest up needs no rate to say how much; with one that is unknown nothing else may be said.
            if invoice.interest_waiver is None:
                raise
            unpriced = True
    rows = [Row(concept="principal", text=f"Factura {invoice.reference}", money=invoice.principal)]
    if invoice.held is not None:
        rows.append(Row(concept="principal_held", text="Parte que no se reclama aquí", money=-invoice.held))
    rows += _settled(invoice, until) if statement is None else _interest(invoice, statement)
    if unpriced and invoice.interest_waiver is not None:
        nothing = Money(invoice.principal.currency, Decimal(0))
        note = f"{_decided(invoice.interest_waiver)}; sin liquidar: falta un tipo"
        rows.append(Row(concept="interest_waived", text=_WAIVED_INTEREST, money=nothing, note=note))
    late = unpriced or (statement is not None and bool(statement.lines))
    if late and debtor == "business" and regime.recovery is not None and first >= regime.recovery.since:
        rows += _recovery(invoice, regime.recovery)
    return InvoiceSheet(invoice=invoice, regime=regime, statement=statement, rows=tuple(rows))


def _interest(invoice: Invoice, statement: Statement) -> list[Row]:
    rows = [
        Row(
            concept="principal_paid",
            text=f"Pago del {write_day(each.on)}, a principal",
            money=-each.to_principal,
        )
        for each in statement.payments
        if each.to_principal
    ]
    rows += [Row(concept="interest", text=_line_told(line), money=line.money) for line in statement.lines]
    rows += [
        Row(concept="interest_paid", text=f"Pago del {write_day(each.on)}, a intereses", money=-each.to_interest)
        for each in statement.payments
        if each.to_interest
    ]
    if invoice.interest_waiver is not None and statement.interest_left:
        rows.append(
            Row(
                concept="interest_waived",
                text=_WAIVED_INTEREST,
                money=-statement.interest_left,
                note=_decided(invoice.interest_waiver),
            )
        )
    return rows


def _recovery(invoice: Invoice, recovery: Recovery) -> list[Row]:
    rows = [Row(concept="recovery", text=f"Indemnización por costes de cobro ({recovery.norm})", money=recovery.money)]
    if invoice.recovery_waiver is not None:
        note = _decided(invoice.recovery_waiver)
        rows.append(Row(concept="recovery_waived", text=_WAIVED_RECOVERY, money=-recovery.money, note=note))
    return rows


def _settled(invoice: Invoice, until: date) -> list[Row]:
    """Payments of an invoice that has not borne a day of interest."""
    left = invoice.claimed
    rows: list[Row] = []
    for payment in sorted(invoice.payments, key=lambda each: each.on):
        if payment.on > until:
            raise ClaimDataError(f"{invoice.reference}: hay un pago posterior al {write_day(until)}.")
        used = min(payment.money, left)
        left = left - used
        if used:
            text = f"Pago del {write_day(payment.on)}, a principal"
            rows.append(Row(concept="principal_paid", text=text, money=-used))
    return rows


def _line_told(line: Line) -> str:
    days = "1 día" if line.days == 1 else f"{line.days} días"
    told = (
        f"Intereses del {write_day(line.first)} al {write_day(line.last)}: {days} de "
        f"{write_amount(line.principal.amount)} al {write_percent(line.percent)} %"
    )
    if line.method == "effective":
        told += " efectivo anual"
    return told if line.base == 365 else f"{told}, año de {line.base} días"


def _decided(waiver: Waiver) -> str:
    return f"Renuncia de {waiver.by} el {write_day(waiver.on)} ({waiver.why})"


def _check(invoices: tuple[Invoice, ...]) -> None:
    if not invoices:
        raise ClaimDataError("La reclamación no tiene ninguna factura.")
    seen: set[str] = set()
    for each in invoices:
        require_plausible(each.due, f"El vencimiento de {each.reference}")
        if each.reference in seen:
            raise ClaimDataError(f"La factura {each.reference} está dos veces.")
        seen.add(each.reference)
        if each.principal.currency != invoices[0].principal.currency:
            raise ClaimDataError(f"La factura {each.reference} está en otra moneda: haga una cuenta por moneda.")
        if each.held is not None and not Decimal(0) < each.held.amount < each.principal.amount:
            raise ClaimDataError(f"{each.reference}: lo que no se reclama ha de ser una parte de la factura.")
        for waiver in (each.interest_waiver, each.recovery_waiver):
            if waiver is not None and not (waiver.by.strip() and waiver.why.strip()):
                raise ClaimDataError(f"{each.reference}: una renuncia dice quién la decide y por qué.")


def _sum(currency: str, rows: Iterable[Row]) -> Money:
    return Money.total(currency, (row.money for row in rows))
