"""What a remittance advice says, once read, and what speaks against it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cobranza.kernel.errors import BusinessError
from cobranza.reconciliation.text import compact

ZERO = Decimal(0)


class AdviceError(BusinessError):
    """A file or text that cannot be read as a remittance advice at all."""

    code = "COB-AVI-001"
    remedy = "Pida al cliente el detalle del pago en PDF con texto, Excel o CSV, o reparta el cobro a mano."


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceLine:
    """One line of an advice, in the advice's currency; negative when it is a credit note that the payer takes off.

    ``paid = gross - withheld - discount - fee - deposited - short``, where `short` is what the payer leaves unpaid
    without a name for it (a payment on account).

    Attributes:
        document: The document as the payer writes it, "" when the line names none.
        others: Further references of the same line (the payer's own entry, an order).
        issued_on: The document's date, None when the line has none.
        gross: Total of the document or what was due of it, None when the line only says what is paid.
        withheld: Kept back on account of our taxes; signed like `paid`.
        discount: Early-payment discount.
        fee: Kept by the payer or its bank as a charge.
        deposited: Paid apart into a deposit account of ours (Peru's detracción); arrives as another movement.
        paid: What this payment brings for the document.
        text: What else the line says.
        page: Sheet, page or part of the file.
        row: Row in it, from 1.
    """

    document: str
    others: tuple[str, ...] = ()
    issued_on: date | None = None
    gross: Decimal | None = None
    withheld: Decimal = ZERO
    discount: Decimal = ZERO
    fee: Decimal = ZERO
    deposited: Decimal = ZERO
    paid: Decimal
    text: str = ""
    page: str = ""
    row: int = 0

    @property
    def credit(self) -> bool:
        """The line takes money off: a credit note, a charge of the payer."""
        return self.paid < 0

    @property
    def short(self) -> Decimal:
        """What is left of `gross` and has no name."""
        if self.gross is None:
            return ZERO
        return self.gross - self.withheld - self.discount - self.fee - self.deposited - self.paid

    @property
    def where(self) -> str:
        """Page and row for people."""
        return f"{self.page}, fila {self.row}" if self.page else f"fila {self.row}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemittanceAdvice:
    """What one payment pays, by the payer's word.

    Attributes:
        payer_name: As written, "" when it is not.
        payer_tax_id: The one written beside the payer, else the only one in the text; letters and digits.
        tax_ids: Every tax id found, the payee's perhaps among them.
        paid_on: Day of payment, None when it is not written.
        currency: ISO 4217, "" when it is not written.
        total: What is paid: the stated total, else the sum of the lines.
        total_stated: Whether the advice itself states `total`; the lines then add up to it or there is an objection.
        method: "transferencia", "confirming"…, as written; "" when it is not.
        reference: The payer's or the bank's number of the payment.
        lines: In file order.
        file_name: Where it came from.
        sha256: Of the file's bytes.
        format: Slug of the reader.
        layout: How the table was read, in Spanish, for the person who checks it.
        objections: Why it may not be used without a person, in Spanish; empty when it is sound.
    """

    payer_name: str = ""
    payer_tax_id: str = ""
    tax_ids: tuple[str, ...] = ()
    paid_on: date | None = None
    currency: str = ""
    total: Decimal
    total_stated: bool = False
    method: str = ""
    reference: str = ""
    lines: tuple[RemittanceLine, ...]
    file_name: str = ""
    sha256: str = ""
    format: str = ""
    layout: str = ""
    objections: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """SHA-256 of what is paid, whatever the file: the same advice as PDF and as Excel has one identity.

        An advice without lines has nothing but its file.
        """
        if not self.lines:
            return self.sha256
        parts = [self.currency, _plain(self.total)]
        parts += sorted(f"{compact(line.document or line.text)}={_plain(line.paid)}" for line in self.lines)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _plain(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01')):f}"
