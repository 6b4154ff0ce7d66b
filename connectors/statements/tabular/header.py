"""Finds the header row and gives each column its role. Words of Spanish, Latin American and neighbouring banks."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from cobranza.kernel.spanish import plain
from connectors.statements.tabular.sheets import Row, Table

_ROWS_SEARCHED = 60
_NOISE = re.compile(r"[^A-Z/ ]+")
_CODE = re.compile(r"\b(EUR|USD|GBP|CHF|MXN|COP|PEN|CLP|ARS|BRL|UYU)\b")


class Role(StrEnum):
    """What a column holds."""

    BOOKED = "booked"
    VALUE = "value"
    AMOUNT = "amount"
    DEBIT = "debit"
    CREDIT = "credit"
    BALANCE = "balance"
    TEXT = "text"
    REFERENCE = "reference"
    CURRENCY = "currency"
    MARK = "mark"
    PARTY = "party"
    PARTY_ACCOUNT = "party_account"
    ACCOUNT = "account"
    IGNORED = "ignored"


_PATTERNS = (
    (Role.IGNORED, r"AMOUNT CURRENCY|IMPORTE (EN )?DIVISA|IMPORTE ORIGINAL|MONTO ORIGINAL|ORIGINAL AMOUNT|"
                   r"(DIVISA|MONEDA|CURRENCY) (ORIGINAL|ORIGEN)|TIPO DE CAMBIO|EXCHANGE RATE|COMISION(ES)?|HORA|"
                   r"SUCURSAL|OFICINA|CODIGO|CATEGORIA|SUBCATEGORIA|CATEGORY"),
    (Role.VALUE, r"F ?VALOR|FECHA (DE )?VALOR|FEC(H)? ?VALOR|VALUE DATE|DATE (DE )?VALEUR|VALUTA( ?DATUM)?|DATA VALOR|"
                 r"WERTSTELLUNG|VALUE"),
    (Role.BOOKED, r"F(ECHA)?( (DE )?(LA )?(OPERACION|OPER|OP|CONTABLE|CONTABILIZACION|MOVIMIENTO|TRANSACCION|APUNTE|"
                  r"REGISTRO))?|F ?(OPERACION|OPER|CONTABLE)|FEC ?(OPER|OP|CONTABLE)|DIA|(BOOKING|TRANSACTION|"
                  r"POSTING|OPERATION|POSTED|ENTRY) ?DATE|DATE( (D )?(OPERATION|COMPTABLE))?|"
                  r"DATA( (LANCAMENTO|MOV|MOVIMENTO|OPERACIO))?|"
                  r"DATUM|BUCHUNGSTAG|COMPLETED DATE"),
    (Role.BALANCE, r"SALDO( (DISPONIBLE|CONTABLE|FINAL|POSTERIOR|TRAS OPERACION|ACUMULADO|RESULTANTE))?|"
                   r"(RUNNING |ACCOUNT )?BALANCE|DISPONIBLE|SOLDE|KONTOSTAND|SALDO (EUR|EN EUROS|MXN|USD)"),
    (Role.DEBIT, r"CARGOS?|DEBE|DEBITOS?|DEBITS?|RETIROS?|SALIDAS?|EGRESOS?|WITHDRAWALS?|MONEY OUT|PAID OUT|PAGOS?|"
                 r"(IMPORTE )?CARGO|DEBIT AMOUNT|SOLL|ADEUDOS?"),
    (Role.CREDIT, r"ABONOS?|HABER|CREDITOS?|CREDITS?|DEPOSITOS?|DEPOSITS?|INGRESOS?|ENTRADAS?|MONEY IN|PAID IN|"
                  r"(IMPORTE )?ABONO|CREDIT AMOUNT|HABEN"),
    (Role.AMOUNT, r"IMPORTE( (DE (LA |EL )?(OPERACION|MOVIMIENTO|TRANSACCION)|DEL MOVIMIENTO|EUR|EUROS|EN EUROS|MXN|"
                  r"USD))?|MONTO( (DE (LA )?)?(OPERACION|TRANSACCION|MOVIMIENTO))?|"
                  r"(TRANSACTION )?AMOUNT( (EUR|USD|GBP))?|MONTANT|BETRAG|CANTIDAD|VALOR|IMPORT"),
    (Role.MARK, r"D/C|C/D|D/H|H/D|DC|CR/DR|DR/CR|CRDR|DEBE/HABER|CARGO/ABONO|SIGNO|DEBIT/CREDIT|CREDIT/DEBIT|"
                r"NATURALEZA"),
    (Role.CURRENCY, r"DIVISA|MONEDA|CURRENCY|CCY|DEVISE|WAHRUNG|MOEDA"),
    (Role.PARTY_ACCOUNT, r"BANK ACCOUNT|(CUENTA|IBAN) (ORDENANTE|BENEFICIARIO|CONTRAPARTE|DESTINO|ORIGEN|DEL? "
                         r"ORDENANTE|DEL? BENEFICIARIO)|COUNTERPARTY (ACCOUNT|IBAN)|PARTNER ACCOUNT"),
    (Role.PARTY, r"PARTNER( NAME)?|ORDENANTE(/BENEFICIARIO)?|BENEFICIARIO(/ORDENANTE)?|PAYEE|COUNTERPARTY( NAME)?|"
                 r"CONTRAPARTE|REMITENTE|NOMBRE|EMISOR"),
    (Role.REFERENCE, r"REF|REFERENCIA( \w+)?|REFERENCE( (NUMBER|NO))?|FOLIO|(N|NUM|NUMERO)( DE)? (DOCUMENTO|REFERENCIA|"
                     r"OPERACION)|DOCUMENTO|TRANSACTION ID|RASTREO|CLAVE DE RASTREO"),
    (Role.ACCOUNT, r"CUENTA|IBAN|ACCOUNT( NUMBER)?|(N|NUM|NUMERO)( DE)? CUENTA|COMPTE"),
    (Role.TEXT, r"CONCEPTO( \w+)?|DESCRIPCION( \w+)?|DETALLES?|DETALLE \w+|MOVIMIENTO|OBSERVACIONES|MAS DATOS|LABEL|"
                r"DESCRIPTION|NARRATIVE|MEMO|DETAILS?|LIBELLE|INFORMACION( \w+)?|OPERACION|TRANSACCION|NOTAS?|"
                r"VERWENDUNGSZWECK|HISTORICO|CONCEPTE|TEXTO?"),
)  # fmt: skip
_ROLES = tuple((role, re.compile(pattern)) for role, pattern in _PATTERNS)
_ENGLISH = re.compile(r"DATE|AMOUNT|BALANCE|DESCRIPTION|LABEL")


@dataclass(slots=True)
class Header:
    """Where the header stands and which column plays which role.

    Attributes:
        row: Index in the table.
        columns: First column of each role.
        texts: Every text column, in order.
        currency: Code written in a header such as ``Importe (EUR)``, "" when none.
        english: Whether the date column is named in English, where 03/04 may be the 4th of March.
    """

    row: int
    columns: dict[Role, int] = field(default_factory=dict)
    texts: list[int] = field(default_factory=list)
    currency: str = ""
    english: bool = False


def find(table: Table) -> Header | None:
    """The first row that names a date and an amount (or a debit and a credit), None when there is none."""
    for index, row in enumerate(table[:_ROWS_SEARCHED]):
        header = _header(index, row)
        if header is not None:
            return header
    return None


def _header(index: int, row: Row) -> Header | None:
    header = Header(index)
    for column, cell in enumerate(row):
        if not isinstance(cell, str) or not cell.strip() or len(cell) > 60:
            continue
        role = role_of(cell)
        if role is None:
            continue
        if role is Role.TEXT:
            header.texts.append(column)
        if role not in header.columns:
            header.columns[role] = column
        code = _CODE.search(cell.upper())
        if code and role in {Role.AMOUNT, Role.BALANCE, Role.DEBIT, Role.CREDIT}:
            header.currency = header.currency or code[1]
    columns = header.columns
    _settle_valor(row, header)
    if Role.BOOKED not in columns and Role.VALUE in columns:
        columns[Role.BOOKED] = columns.pop(Role.VALUE)
    money = Role.AMOUNT in columns or (Role.DEBIT in columns and Role.CREDIT in columns)
    if Role.BOOKED not in columns or not money:
        return None
    header.english = _ENGLISH.fullmatch(plain(str(row[columns[Role.BOOKED]])).split(" ")[-1]) is not None
    return header


def _settle_valor(row: Row, header: Header) -> None:
    """A bare ``Valor`` is the value date in Spanish and the amount in Portuguese: the other columns tell."""
    for column, cell in enumerate(row):
        if not isinstance(cell, str) or plain(cell) != "VALOR" or Role.VALUE in header.columns:
            continue
        others = [each for each, name in enumerate(row) if isinstance(name, str) and role_of(name) is Role.AMOUNT]
        others = [each for each in others if each != column]
        if others or (Role.DEBIT in header.columns and Role.CREDIT in header.columns):
            header.columns[Role.VALUE] = column
            header.columns.pop(Role.AMOUNT, None)
            if others:
                header.columns[Role.AMOUNT] = others[0]


def role_of(name: str) -> Role | None:
    """Role of a column by its name, None when the name says nothing.

    >>> role_of("F. Valor"), role_of("Importe (EUR)"), role_of("Débito")
    (<Role.VALUE: 'value'>, <Role.AMOUNT: 'amount'>, <Role.DEBIT: 'debit'>)
    """
    words = " ".join(_NOISE.sub(" ", plain(name)).split())
    for role, pattern in _ROLES:
        if pattern.fullmatch(words):
            return role
    return None
