"""What debtors owe, as an ERP tells it. Pure types shared by connectors, the ledger and reconciliation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

DocumentKind = Literal["invoice", "credit_note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A debtor as the ERP knows it.

    Attributes:
        key: The ERP's own stable id of the customer.
        name: Legal name.
        trade_name: Commercial name, "" when none.
        tax_id: NIF, RFC, NIT … as written, "" when unknown.
        country: ISO 3166 alpha-2, "" when unknown.
        accounts: Bank accounts that they pay from (IBAN or national numbers).
        email: First e-mail contact, "" when none.
        phone: First phone contact, "" when none.
        group: Key of the group of companies it belongs to, "" when none.
    """

    key: str
    name: str
    trade_name: str = ""
    tax_id: str = ""
    country: str = ""
    accounts: tuple[str, ...] = ()
    email: str = ""
    phone: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDocument:
    """An invoice or credit note that is not settled yet.

    Attributes:
        key: The ERP's own stable id of the document (never its position).
        number: What the customer sees and quotes, "F2026-00002".
        customer: The customer's `Customer.key`.
        kind: "invoice" or "credit_note".
        issued_on: Issue date.
        due_on: Earliest unpaid due date.
        currency: ISO 4217.
        net: Taxable base, negative on credit notes.
        tax: Taxes, same sign as `net`.
        gross: `net` + `tax`.
        open: What is still to pay, same sign as `gross`.
        payment_reference: Structured reference printed for the payer (RF…), "" when none.
        customer_reference: The customer's own order number, "" when none.
        mandate: Direct-debit mandate, "" when none.
        remittance: Direct-debit batch it was collected in, "" when none.
    """

    key: str
    number: str
    customer: str
    kind: DocumentKind
    issued_on: date
    due_on: date
    currency: str
    net: Decimal
    tax: Decimal
    gross: Decimal
    open: Decimal
    payment_reference: str = ""
    customer_reference: str = ""
    mandate: str = ""
    remittance: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLedger:
    """Every open customer document of a company, with the proof that none is missing.

    Attributes:
        customers: Each customer that a document names.
        documents: In the ERP's order.
        control_count: How many documents the ERP itself says there are, from a source other than the list
            (a count call, the badge of the screen, the export's totals row).
        control_source: What gave the count, in Spanish, for the evidence.
        issues: Rows that could not be read, one Spanish line each ("Hoja 1, fila 7: …"). Never dropped in silence.
    """

    customers: tuple[Customer, ...]
    documents: tuple[OpenDocument, ...]
    control_count: int
    control_source: str
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """A payment to post against one document of the ERP.

    Attributes:
        key: Our idempotency key, unique for ever; it is written into the ERP with the payment.
        document: `OpenDocument.key`.
        number: `OpenDocument.number`, read again before posting as a cross-check.
        amount: Positive, in `currency`; cash received that is applied to the document.
        currency: ISO 4217 of the document.
        paid_on: Value date at the bank.
        text: Why, in Spanish, for the ERP's description.
    """

    key: str
    document: str
    number: str
    amount: Decimal
    currency: str
    paid_on: date
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedPayment:
    """What the ERP says after posting.

    Attributes:
        key: The order's key.
        reference: The ERP's own id of the payment.
        open_before: The document's open amount read before.
        open_after: The document's open amount read after, from the ERP.
        already_there: The payment had been posted before (by us, in a run that died): nothing was done now.
    """

    key: str
    reference: str
    open_before: Decimal
    open_after: Decimal
    already_there: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversalOrder:
    """A posted payment of ours that is to leave the ERP again.

    Attributes:
        key: Our idempotency key of the reversal, unique for ever; it is written into the ERP with it.
        payment: `PaymentOrder.key` of the payment.
        reference: `PostedPayment.reference` of the payment, "" when it was never told.
        document: `OpenDocument.key` that the payment settled.
        number: `OpenDocument.number`, read again before reversing as a cross-check.
        amount: What was posted, positive, in `currency`; the ERP must hold exactly this.
        currency: ISO 4217 of the document.
        reverse_on: The day it came back, or the payment's own when it never should have been posted. An ERP that dates
            a reversal like its payment ignores it.
        text: Why, in Spanish, for the ERP's description. Never names `payment`.
    """

    key: str
    payment: str
    reference: str
    document: str
    number: str
    amount: Decimal
    currency: str
    reverse_on: date
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReversedPayment:
    """What the ERP says after reversing. `open_after` is what `open_before` was plus the payment's amount.

    Attributes:
        key: The reversal's key.
        reference: The ERP's own id of the reversal.
        open_before: The document's open amount read before; what is open now when it was there already.
        open_after: The document's open amount read after, from the ERP.
        already_there: It had been reversed before (by us, in a run that died): nothing was done now.
    """

    key: str
    reference: str
    open_before: Decimal
    open_after: Decimal
    already_there: bool = False
