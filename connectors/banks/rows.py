"""Turns the cells of a movements table into booked movements; what is none of the known kinds of row is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cobranza.kernel import spanish
from cobranza.kernel.spanish import FormatError
from cobranza.ledger.statements import BankMovement
from cobranza.reconciliation.ports import PageChanged
from connectors.banks.listing import ChangedWhileReading, Control
from connectors.banks.pages import Table

_TOTALLED = ("amount", "credit", "debit", "balance")


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

    def check_totals(self, table: Table, control: Control) -> None:
        """Hold the table's totals row against the controls that the page announces elsewhere.

        Raises:
            PageChanged: there is not exactly one totals row.
            ChangedWhileReading: it says something else, so one of both is already newer.
        """
        places = self.places(table)
        rows = [row for row in table.rows if self._is_totals(row, row[places["booked_on"]])]
        if len(rows) != 1:
            raise PageChanged(f"La tabla trae {len(rows)} filas «{self.totals}» y se esperaba una.")
        said = {key: spanish.amount(rows[0][places[key]]) for key in _TOTALLED if key in places}
        net = (control.credits or Decimal(0)) + (control.debits or Decimal(0))
        wanted = {"amount": net, "credit": control.credits, "debit": control.debits, "balance": control.closing}
        if any(value != wanted[key] for key, value in said.items()):
            raise ChangedWhileReading("La fila de totales no coincide con el resumen de la página.")

    def _is_totals(self, cells: Sequence[str], booked_on: str) -> bool:
        return self.totals in cells and booked_on in ("", self.totals)

    def places(self, table: Table) -> dict[str, int]:
        """Where each column stands in `table`; raises `PageChanged`."""
        return table.columns(self.titles)

    def movement(
        self, cell: Mapping[str, str], cells: Sequence[str], currency: str, position: str
    ) -> BankMovement | None:
        """One row; None for a pending row and for the totals."""
        if cell["balance"] == self.pending or self._is_totals(cells, cell["booked_on"]):
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
