"""Statement files as the banks hand them out, and the ways in which a download goes wrong."""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from cobranza.demo.banks import writing
from cobranza.demo.banks.invented import COMPANY
from cobranza.demo.banks.world import Extract, Movement, WorldError

_N43_CURRENCY = {"EUR": "978", "USD": "840", "GBP": "826"}
_N43_TEXT = 38  # columns of one text; two in a record 23
_N43_TEXTS = 10  # at most five records 23 per movement


@dataclass(frozen=True, slots=True)
class Format:
    """A file format that a bank offers."""

    slug: str
    label: str
    extension: str
    media_type: str
    render: Callable[[Extract], bytes]


def has_norma43(iban: str, currency: str) -> bool:
    """Whether an account can be written in Norma 43: Spanish, in a currency that the format has a code for here."""
    return iban.startswith("ES") and len(iban) == 24 and iban[2:].isdigit() and currency in _N43_CURRENCY


def norma43(extract: Extract) -> bytes:
    """Norma 43, latin-1, 80 columns, CRLF.

    Source: AEB, Cuaderno 43 "Información normalizada de cuenta corriente", records 11, 22, 23, 33 and 88.
    """
    iban = extract.account.iban
    if not has_norma43(iban, extract.account.currency):
        raise WorldError(f"La cuenta {iban} ({extract.account.currency}) no cabe en Norma 43.")
    place = iban[4:12] + iban[14:24]  # entity, branch and number; the control digits are not part of it
    currency = _N43_CURRENCY[extract.account.currency]
    lines = [
        f"11{place}{extract.start:%y%m%d}{extract.end:%y%m%d}{_side(extract.opening)}{_cents(extract.opening)}"
        f"{currency}3{_flat(COMPANY):<26.26}   "
    ]
    for movement in extract.movements:
        common, _, own = (movement.bank_code or "99/999").partition("/")
        value = movement.value_on or movement.booked_on
        lines.append(
            f"22    {iban[8:12]}{movement.booked_on:%y%m%d}{value:%y%m%d}{common:0>2.2}{own:0>3.3}"
            f"{_side(movement.amount)}{_cents(movement.amount)}{movement.id % 10**10:010d}"
            f"{'':0<12}{_flat(movement.reference):<16.16}"
        )
        text = [part for line in movement.text for part in textwrap.wrap(line, _N43_TEXT)][:_N43_TEXTS]
        for number, start in enumerate(range(0, len(text), 2), 1):
            pair = [*text[start : start + 2], ""]
            lines.append(f"23{number:02d}{pair[0]:<{_N43_TEXT}}{pair[1]:<{_N43_TEXT}}")
    debits = [movement.amount for movement in extract.movements if movement.amount < 0]
    credits_ = [movement.amount for movement in extract.movements if movement.amount >= 0]
    lines.append(
        f"33{place}{len(debits):05d}{_cents(extract.debits)}{len(credits_):05d}{_cents(extract.credits)}"
        f"{_side(extract.closing)}{_cents(extract.closing)}{currency}    "
    )
    lines.append(f"88{'9' * 18}{len(lines):06d}{'':54}")
    return "".join(f"{line:<80.80}\r\n" for line in lines).encode("latin-1", "replace")


def semicolons(extract: Extract) -> bytes:
    """CSV of Caja Demo: latin-1, semicolons, decimal comma, oldest first, balances before and after."""
    out = io.StringIO(newline="")
    sheet = csv.writer(out, delimiter=";", lineterminator="\r\n")
    sheet.writerow(["Cuenta", extract.account.iban])
    sheet.writerow(["Titular", COMPANY])
    sheet.writerow(["Periodo", f"{writing.day(extract.start, 'dmy')} - {writing.day(extract.end, 'dmy')}"])
    sheet.writerow(["Divisa", extract.account.currency])
    sheet.writerow(["Saldo inicial", writing.amount(extract.opening, "es")])
    sheet.writerow([])
    sheet.writerow(["Fecha operación", "Fecha valor", "Concepto", "Referencia", "Importe", "Saldo"])
    for movement, balance in extract.with_balances():
        sheet.writerow(
            [
                writing.day(movement.booked_on, "dmy"),
                writing.day(movement.value_on or movement.booked_on, "dmy"),
                movement.concept,
                movement.reference,
                writing.amount(movement.amount, "es"),
                writing.amount(balance, "es"),
            ]
        )
    sheet.writerow(["Saldo final", "", "", "", "", writing.amount(extract.closing, "es")])
    return out.getvalue().encode("latin-1", "replace")


def camt053(extract: Extract) -> bytes:
    """camt.053.001.08, UTF-8. Source: ISO 20022, message definition BankToCustomerStatementV08."""
    account = extract.account
    stamp = f"{extract.end.isoformat()}T21:00:00+01:00"
    number = f"{account.id}-{extract.start:%Y%m%d}-{extract.end:%Y%m%d}"
    entries = "".join(_entry(movement, account.currency) for movement in extract.movements)
    inn = [movement.amount for movement in extract.movements if movement.amount >= 0]
    out = [movement.amount for movement in extract.movements if movement.amount < 0]
    net = sum(inn + out, Decimal(0))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">\n<BkToCstmrStmt>\n'
        f"<GrpHdr><MsgId>{number}</MsgId><CreDtTm>{stamp}</CreDtTm></GrpHdr>\n"
        f"<Stmt><Id>{number}</Id><CreDtTm>{stamp}</CreDtTm>"
        f"<FrToDt><FrDtTm>{extract.start}T00:00:00+01:00</FrDtTm><ToDtTm>{extract.end}T23:59:59+01:00</ToDtTm></FrToDt>\n"
        f"<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>{account.currency}</Ccy>"
        f"<Ownr><Nm>{escape(COMPANY)}</Nm></Ownr></Acct>\n"
        f"{_balance('OPBD', extract.opening, extract.start, account.currency)}"
        f"{_balance('CLBD', extract.closing, extract.end, account.currency)}"
        f"<TxsSummry><TtlNtries><NbOfNtries>{len(extract.movements)}</NbOfNtries><Sum>{sum(inn) - sum(out)}</Sum>"
        f"<TtlNetNtry><Amt>{abs(net)}</Amt><CdtDbtInd>{_indicator(net)}</CdtDbtInd></TtlNetNtry></TtlNtries>"
        f"<TtlCdtNtries><NbOfNtries>{len(inn)}</NbOfNtries><Sum>{extract.credits}</Sum></TtlCdtNtries>"
        f"<TtlDbtNtries><NbOfNtries>{len(out)}</NbOfNtries><Sum>{-extract.debits}</Sum></TtlDbtNtries></TxsSummry>\n"
        f"{entries}</Stmt>\n</BkToCstmrStmt>\n</Document>\n"
    ).encode()


def workbook(extract: Extract) -> bytes:
    """XLSX of Banco Ejemplo: a heading, real dates and numbers, debit and credit in one signed column."""
    from openpyxl import Workbook  # brings numpy and Pillow along: half of a bank's start, for one format of one bank
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    if sheet is None:  # pragma: no cover - openpyxl always makes one
        raise RuntimeError("openpyxl made no sheet")
    sheet.title = "Movimientos"
    sheet.append(["Banco Ejemplo"])
    sheet.append(["Cuenta", extract.account.iban])
    sheet.append(["Divisa", extract.account.currency])
    sheet.append(["Periodo", f"{writing.day(extract.start, 'dmy')} - {writing.day(extract.end, 'dmy')}"])
    sheet.append(["Saldo inicial", extract.opening])
    sheet.append([])
    sheet.append(["Fecha", "Fecha valor", "Concepto", "Ordenante", "Referencia", "Importe", "Saldo"])
    for movement, balance in extract.with_balances():
        sheet.append(
            [
                movement.booked_on,
                movement.value_on or movement.booked_on,
                movement.concept,
                movement.counterparty_name,
                movement.reference,
                movement.amount,
                balance,
            ]
        )
    sheet.append(["Saldo final", None, None, None, None, None, extract.closing])
    for cell in (*sheet["A"][:1], *sheet[7]):
        cell.font = Font(bold=True)
    for column, width in zip("ABCDEFG", (13, 13, 52, 34, 20, 13, 13), strict=True):
        sheet.column_dimensions[column].width = width
    for row in sheet.iter_rows(min_row=8):
        for cell in row[5:7]:
            cell.number_format = "#,##0.00"
        for cell in row[0:2]:
            cell.number_format = "dd/mm/yyyy"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


FORMATS = {
    "n43": Format("n43", "Norma 43", "n43", "application/octet-stream", norma43),
    "csv": Format("csv", "CSV", "csv", "text/csv; charset=iso-8859-1", semicolons),
    "camt": Format("camt", "camt.053 (XML)", "xml", "application/xml", camt053),
    "xlsx": Format(
        "xlsx",
        "Excel (XLSX)",
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        workbook,
    ),
}


def cut(content: bytes) -> bytes:
    """The first two thirds of a file, never ending with a whole line."""
    part = content[: len(content) * 2 // 3]
    return part.rstrip(b"\r\n")[:-5]


def _entry(movement: Movement, currency: str) -> str:
    value = movement.value_on or movement.booked_on
    side = _indicator(movement.amount)
    party = ""
    if movement.counterparty_name:
        who = "Dbtr" if side == "CRDT" else "Cdtr"
        tax = (
            f"<Id><OrgId><Othr><Id>{escape(movement.counterparty_tax_id)}</Id></Othr></OrgId></Id>"
            if movement.counterparty_tax_id
            else ""
        )
        iban = (
            f"<{who}Acct><Id><IBAN>{escape(movement.counterparty_account)}</IBAN></Id></{who}Acct>"
            if movement.counterparty_account
            else ""
        )
        party = (
            f"<RltdPties><{who}><Pty><Nm>{escape(movement.counterparty_name)}</Nm>{tax}</Pty></{who}>{iban}</RltdPties>"
        )
    lines = "".join(f"<Ustrd>{escape(line)}</Ustrd>" for line in movement.text)
    common, _, own = (movement.bank_code or "99/999").partition("/")
    amount = f'<Amt Ccy="{currency}">{abs(movement.amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
    return (
        f"<Ntry><NtryRef>{movement.id}</NtryRef>{amount}"
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{movement.booked_on}</Dt></BookgDt><ValDt><Dt>{value}</Dt></ValDt>"
        f"<AcctSvcrRef>BE{movement.id:010d}</AcctSvcrRef>"
        f"<BkTxCd><Prtry><Cd>{common}/{own}</Cd><Issr>AEB</Issr></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{escape(movement.reference[:35] or 'NOTPROVIDED')}</EndToEndId></Refs>"
        f"{amount}{party}"
        f"{f'<RmtInf>{lines}</RmtInf>' if lines else ''}</TxDtls></NtryDtls></Ntry>\n"
    )


def _balance(kind: str, value: Decimal, day: date, currency: str) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{abs(value)}</Amt>'
        f"<CdtDbtInd>{_indicator(value)}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>\n"
    )


def _indicator(value: Decimal) -> str:
    return "DBIT" if value < 0 else "CRDT"


def _side(value: Decimal) -> str:
    return "1" if value < 0 else "2"


def _cents(value: Decimal) -> str:
    return f"{int(abs(value) * 100):014d}"


def _flat(text: str) -> str:
    return " ".join(text.split())
