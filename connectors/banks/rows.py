"""Turns the cells of a movements table into booked movements; what is none of the known kinds of row is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cobranza.kernel import spanish
from cobranza.kernel.spanish import FormatError
from cobranza.ledger.statements import BankMovement
from cobranza.reconciliation.ports import PageChanged
from connectors.banks.pages import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Which titles the columns of a bank go by.

    Attributes:
        titles: Key to known titles. Needed: booked_on, value_on, text, balance and either amount or credit and
            debit; optional: reference, counterparty.
        pending: What a row that is not booked yet shows as its balance.
        totals: What the totals row shows in one of its cells.
    """

    titles: Mapping[str, Sequence[str]]
    pending: str = "Pendiente"
    totals: str = "Totales"

    def movements(self, table: Table, currency: str, where: str = "") -> tuple[BankMovement, ...]:
        """The booked rows of `table` in its order; pending rows and totals are left out.

        Args:
            table: As read.
            currency: Of the account.
            where: Page of the list, for the movements' `position`.

        Raises:
            PageChanged: a column is missing, or a row is no movement, pending row or totals row.
        """
        places = self.places(table)
        found = []
        for number, cells in enumerate(table.rows, 1):
            position = f"{where} fila {number}".strip()
            movement = self.movement({key: cells[place] for key, place in places.items()}, cells, currency, position)
            if movement is not None:
                found.append(movement)
        return tuple(found)

    def places(self, table: Table) -> dict[str, int]:
        """Where each column stands in `table`; raises `PageChanged`."""
        return table.columns(self.titles)

    def movement(
        self, cell: Mapping[str, str], cells: Sequence[str], currency: str, position: str
    ) -> BankMovement | None:
        """One row; None for a pending row and for the totals."""
        if self.totals in cells and not cell["booked_on"]:
            return None
        if self.totals == cell["booked_on"]:
            return None
        if cell["balance"] == self.pending:
            return None
        try:
            return BankMovement(
                booked_on=spanish.day(cell["booked_on"]),
                value_on=spanish.day(cell["value_on"]),
                amount=_amount(cell),
                currency=currency,
                text=cell["text"],
                reference=cell.get("reference", ""),
                counterparty_name=cell.get("counterparty", ""),
                balance_after=spanish.amount(cell["balance"]),
                position=position,
            )
        except FormatError as exc:
            raise PageChanged(f"Una fila de la tabla no se entiende ({exc.message}): {list(cells)}.") from exc


def _amount(cell: Mapping[str, str]) -> Decimal:
    if "amount" in cell:
        return spanish.amount(cell["amount"])
    credit, debit = cell["credit"], cell["debit"]
    if bool(credit) == bool(debit):
        raise FormatError(f"Cargo «{debit}» y abono «{credit}»: se esperaba uno de los dos.")
    return spanish.amount(credit) if credit else -abs(spanish.amount(debit))
