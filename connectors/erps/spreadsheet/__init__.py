"""The ledger that most small teams have: an Excel or CSV file with one row per invoice, behind the `Erp` port.

The file is only read. What we apply goes to a copy beside it, so that nobody's work is ever overwritten.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from cobranza import suite
from cobranza.kernel.config import ConfigError, Strict
from cobranza.reconciliation.ports import Erp
from connectors.erps.settings import place
from connectors.erps.spreadsheet.ledger import SpreadsheetLedger


class Columns(Strict):
    """Heading of each column in the team's file; those that are left empty do not exist there.

    Attributes:
        numero: Document number; unique.
        cliente: Customer's name.
        vencimiento: Due day.
        pendiente: What is still to pay.
        emision: Issue day; the due day when there is none.
        total: Gross amount; the open one when there is none.
        base: Taxable base; the total when there is none.
        impuesto: Taxes; total less base when there is none.
        moneda: ISO 4217; `SpreadsheetSettings.moneda` when there is none.
        codigo_cliente: The team's own customer code; the tax id or the name when there is none.
        nif: Tax id.
        cuenta: Bank account they pay from.
        email: E-mail of the contact.
        telefono: Phone of the contact.
        referencia_pago: Structured reference printed for the payer.
        pedido: The customer's order number.
        remesa: Direct-debit batch.
    """

    numero: str = Field(min_length=1)
    cliente: str = Field(min_length=1)
    vencimiento: str = Field(min_length=1)
    pendiente: str = Field(min_length=1)
    emision: str = ""
    total: str = ""
    base: str = ""
    impuesto: str = ""
    moneda: str = ""
    codigo_cliente: str = ""
    nif: str = ""
    cuenta: str = ""
    email: str = ""
    telefono: str = ""
    referencia_pago: str = ""
    pedido: str = ""
    remesa: str = ""


class SpreadsheetSettings(Strict):
    """An entry of `config/erps.toml` with ``conector = "spreadsheet"``.

    Attributes:
        conector: Folder in connectors/erps/.
        fichero: The file (.xlsx, .xls, .csv), relative to the suite root, or ``env:NAME``.
        columnas: Which heading holds what.
        hoja: Name of the worksheet; the first one when empty.
        fila_cabecera: Row of the headings, counted from 1.
        moneda: Currency of the documents when the file has no such column.
        pais: Country of the customers, ISO alpha-2.
        decimal: Decimal sign of amounts written as text.
        separador: Of a CSV file.
        codificacion: Of a CSV file.
        palabra_total: A row whose first cell starts with this word is a total, not a document.
        copia: Where applied cash is written (.xlsx); ``<fichero>.cobros.xlsx`` beside the file when empty.
    """

    FILE: ClassVar[str] = "erps.toml"
    TABLE: ClassVar[str] = "erps.<nombre>"

    conector: Literal["spreadsheet"]
    fichero: str = Field(min_length=1)
    columnas: Columns
    hoja: str = ""
    fila_cabecera: int = Field(default=1, ge=1, le=1000)
    moneda: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    pais: str = Field(default="ES", pattern=r"^[A-Z]{2}$")
    decimal: Literal[",", "."] = ","
    separador: Literal[";", ",", "\t", "|"] = ";"
    codificacion: Literal["utf-8", "cp1252", "latin-1"] = "utf-8"
    palabra_total: str = "TOTAL"
    copia: str = ""


class Spreadsheet:
    """Opens a spreadsheet ledger."""

    slug = "spreadsheet"
    Settings = SpreadsheetSettings

    def open(self, settings: SpreadsheetSettings, *, evidence: Path, mode: str | None = None, **_: Any) -> Erp:
        """See `connectors.erps.settings.ErpConnector.open`; there is one mode, "file"."""
        if mode not in (None, "file"):
            raise ConfigError(f"La hoja de cálculo no tiene el modo «{mode}» (se admite: file).")
        file = suite.root() / place(settings.fichero)
        copy = suite.root() / settings.copia if settings.copia else file.with_name(f"{file.stem}.cobros.xlsx")
        if copy == file or copy.suffix.lower() != ".xlsx":
            raise ConfigError(f"«copia» = {copy.name}: tiene que ser otro fichero .xlsx, distinto del original.")
        return SpreadsheetLedger(file, copy, settings)


ADAPTER = Spreadsheet()
