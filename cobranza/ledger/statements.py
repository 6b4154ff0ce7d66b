"""What a bank statement says, whatever its file format or portal. Pure types and the proof that a statement closes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cobranza.kernel.errors import BusinessError
from cobranza.kernel.spanish import plain


class StatementError(BusinessError):
    """A statement that contradicts itself, is cut short or is none."""

    code = "COB-EXT-001"
    remedy = "Descargue de nuevo el extracto y vuelva a lanzar la conciliación."


@dataclass(frozen=True, slots=True, kw_only=True)
class MovementDetail:
    """One transaction inside a batch movement (CAMT `TxDtls`, a remittance's line).

    Attributes:
        amount: In the account's currency, signed like a movement (a batch may hold both signs); None when the file
            gives it only in another.
        end_to_end: End-to-end reference, None when absent or ``NOTPROVIDED``.
        party: Name of the other side.
        account: Account of the other side (IBAN or national number).
        unstructured: Free text lines.
        creditor_reference: Structured references (ISO 11649, QR, …).
        return_reason: ISO return reason code (``AC04``, ``MD06`` …), when it is a return.
    """

    amount: Decimal | None = None
    end_to_end: str | None = None
    party: str | None = None
    account: str | None = None
    unstructured: tuple[str, ...] = ()
    creditor_reference: tuple[str, ...] = ()
    return_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMovement:
    """One booked line of a bank statement.

    Attributes:
        booked_on: Operation date, in the bank's local calendar.
        value_on: Value date: the day from which interest counts.
        amount: Signed, in the account's currency: positive when we are paid (abono), negative when we pay (cargo).
        currency: ISO 4217 code of `amount`.
        text: All that the bank and the payer wrote, lines joined with one space, stripped. May be empty.
        reference: The reference field proper (N43 reference, EndToEndId, MT940 subfield), "" when none.
        counterparty_name: Payer or payee, "" when unknown.
        counterparty_account: IBAN or national number, "" when unknown.
        counterparty_tax_id: Fiscal id of the other side, "" when unknown.
        bank_code: The bank's own operation code (N43 "04/007", CAMT "PMNT/RCDT/ESCT", MT940 "NTRF", "RC/NRTI"
            when it reverses another), "" when none.
        balance_after: Running balance, when the source prints one per line.
        details: The transactions inside a batch.
        position: "página 2 fila 7", "línea 31": where it stood in the source, for evidence. Not part of identity.
        assumed: Names of the fields that the source leaves out and the reader filled in: ``value_on`` with the day of
            booking, ``booked_on`` with the value day or the statement's own. Empty for nearly every movement.
        booked: False when the bank only announces it (pending, informative). `statement_files.read` leaves those out.
    """

    booked_on: date
    value_on: date
    amount: Decimal
    currency: str
    text: str = ""
    reference: str = ""
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_tax_id: str = ""
    bank_code: str = ""
    balance_after: Decimal | None = None
    details: tuple[MovementDetail, ...] = ()
    position: str = ""
    assumed: tuple[str, ...] = ()
    booked: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One account's movements over one period, in the source's own order (newest first where the bank writes so).

    Attributes:
        account: As the source names it: IBAN where given, else the national number. "" only if the source has none.
        currency: ISO 4217. "" only if the source has none.
        opening: Signed balance before the first movement, None when the source has none (CAMT.054, OFX).
        closing: Signed balance after the last movement, None when the source has none.
        movements: Booked movements; announced ones (`BankMovement.booked` false) only while a person looks at a file.
    """

    account: str
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    movements: tuple[BankMovement, ...]

    def prove(self, where: str = "") -> None:
        """Check that opening + movements = closing, where both balances are known.

        Raises:
            StatementError: they differ; the message gives the three figures.
        """
        if self.opening is None or self.closing is None:
            return
        booked = [movement.amount for movement in self.movements if movement.booked]
        reached = self.opening + sum(booked, Decimal(0))
        if reached != self.closing:
            place = f"{where}: " if where else ""
            raise StatementError(
                f"{place}el saldo inicial {self.opening} y {len(booked)} movimientos dan {reached}, "
                f"pero el saldo final declarado es {self.closing}."
            )


def fingerprint(account: str, movement: BankMovement) -> str:
    """SHA-256 (hex) over what identifies a movement: account, days, amount, texts and reference.

    Two formats may word a movement differently, so identity holds within one source; use `identities` to tell twins
    apart.
    """
    parts = (
        account.replace(" ", "").upper(),
        movement.booked_on.isoformat(),
        movement.value_on.isoformat(),
        f"{movement.amount.normalize():f}",
        movement.currency,
        plain(movement.text),
        plain(movement.reference),
        plain(movement.counterparty_name),
    )
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def identities(account: str, movements: Iterable[BankMovement]) -> tuple[tuple[str, int], ...]:
    """Occurrence-aware identity of each movement: (fingerprint, how many equal ones came before it that day).

    The same statement read twice gives the same identities; two genuinely equal movements get occurrence 0 and 1.
    Valid only over complete days (a whole statement), never over single pages.
    """
    seen: Counter[str] = Counter()
    result = []
    for movement in movements:
        key = fingerprint(account, movement)
        result.append((key, seen[key]))
        seen[key] += 1
    return tuple(result)
