"""The copy that applied cash is written to: one row per payment or undone payment, found again by its key.

The copy is replaced as a whole file.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from RPA.Excel.Files import Files

from cobranza.kernel.sheets import harmless
from cobranza.ledger.receivables import PaymentOrder, ReversalOrder
from cobranza.reconciliation.ports import ErpUnavailable, PostingUnknown
from connectors.erps.spreadsheet import table

SHEET = "Cobros aplicados"
HEADINGS = (
    "Clave", "Documento", "Número", "Importe", "Moneda", "Fecha valor", "Pendiente en el original", "Pendiente después",
    "Texto", "Anula",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One applied payment, or one that was undone.

    Attributes:
        key: The order's idempotency key.
        document: Key of the document in the team's file.
        amount: What was applied; negative when it was undone.
        currency: ISO 4217.
        original: What the team's file said was open when it was applied.
        after: What remained open after it.
        row: Row in the copy.
        undoes: Key of the payment that this row undoes, "" when it is a payment.
    """

    key: str
    document: str
    amount: Decimal
    currency: str
    original: Decimal
    after: Decimal
    row: int
    undoes: str = ""


class Receipts:
    """The applied and undone payments in the copy of the team's file."""

    def __init__(self, file: Path, original: Path) -> None:
        self.file = file
        self._original = original

    def read(self) -> dict[str, Receipt]:
        """Every row by key.

        Raises:
            PostingUnknown: the copy cannot be read or holds a row that somebody damaged: what was applied is unknown.
        """
        if not self.file.exists():
            return {}
        try:
            rows = table.read(self.file, sheet=SHEET, separator=";", encoding="utf-8").rows
        except table.LedgerFileError as exc:
            raise PostingUnknown(f"No se puede leer lo ya aplicado: {exc.message}") from exc
        found: dict[str, Receipt] = {}
        for number, cells in rows[1:]:
            try:
                key = table.text(cells[0])
                receipt = Receipt(
                    key=key,
                    document=table.text(cells[1]),
                    amount=table.amount(cells[3], ","),
                    currency=table.text(cells[4]),
                    original=table.amount(cells[6], ","),
                    after=table.amount(cells[7], ","),
                    row=number,
                    undoes=table.text(cells[9]) if len(cells) > 9 else "",
                )
            except (table.CellError, IndexError) as exc:
                raise PostingUnknown(f"{self.file.name}, «{SHEET}», fila {number}: {exc}.") from exc
            if key in found:
                raise PostingUnknown(f"{self.file.name}: la clave {key} está en las filas {found[key].row} y {number}.")
            found[key] = receipt
        return found

    def add(self, order: PaymentOrder | ReversalOrder, original: Decimal, after: Decimal) -> None:
        """Write one more row: the whole copy is replaced at once, so that a crash leaves the old or the new one.

        Raises:
            ErpUnavailable: the copy cannot be written (open elsewhere, no permission); nothing changed.
        """
        if isinstance(order, ReversalOrder):
            amount, day, undoes = -order.amount, order.reverse_on, order.payment
        else:
            amount, day, undoes = order.amount, order.paid_on, ""
        row = [
            harmless(order.key), harmless(order.document), harmless(order.number), amount, order.currency,
            day, original, after, harmless(order.text), harmless(undoes),
        ]  # fmt: skip
        try:
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.stem}.", suffix=".xlsx")
            os.close(handle)
            temporary = Path(name)
            try:
                self._write(temporary, row)
                temporary.chmod(0o644)
                temporary.replace(self.file)
            finally:
                temporary.unlink(missing_ok=True)
        except OSError as exc:
            raise ErpUnavailable(f"No se puede escribir {self.file} ({exc.strerror}).") from exc

    def _write(self, temporary: Path, row: list[object]) -> None:
        book = Files()
        try:
            if self.file.exists():
                shutil.copyfile(self.file, temporary)
                book.open_workbook(str(temporary))
            elif self._original.suffix.lower() == ".xlsx":
                shutil.copyfile(self._original, temporary)
                book.open_workbook(str(temporary))
            else:
                book.create_workbook(str(temporary), sheet_name=SHEET)
                book.append_rows_to_worksheet([list(HEADINGS)], name=SHEET)
            if SHEET not in book.list_worksheets():
                book.create_worksheet(SHEET, content=[list(HEADINGS)])
            book.append_rows_to_worksheet([row], name=SHEET)
            book.save_workbook(str(temporary))
        finally:
            book.close_workbook()
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
