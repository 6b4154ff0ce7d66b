"""Writes statement files of every format from plain movements, to read them back and to measure with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

IBAN = "ES7921000813610123456789"


@dataclass(frozen=True)
class Line:
    """One invented movement."""

    day: date
    amount: Decimal
    text: str
    reference: str = ""


def many(count: int) -> list[Line]:
    """`count` invented movements of both signs, 200 a day, never two equal texts."""
    return [
        Line(
            date(2026, 1, 1) + timedelta(days=index // 200),
            Decimal((index * 7919) % 1_000_000 + 1) / 100 * (-1 if index % 3 == 0 else 1),
            f"TRANSFERENCIA DE CLIENTE INVENTADO {index:06d} SL FACTURA F2026-{index:06d}",
            f"F2026-{index:06d}",
        )
        for index in range(count)
    ]


def camt(lines: Sequence[Line], opening: Decimal = Decimal(0)) -> bytes:
    """CAMT.053.001.08, one TxDtls for each entry."""
    closing = opening + sum((line.amount for line in lines), Decimal(0))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        "<GrpHdr><MsgId>1</MsgId><CreDtTm>2026-03-31T23:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>1</Id><Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_camt_balance('OPBD', opening)}{_camt_balance('CLBD', closing)}"
        + "".join(_camt_entry(line) for line in lines)
        + "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _side(amount: Decimal) -> str:
    return "DBIT" if amount < 0 else "CRDT"


def _camt_balance(code: str, amount: Decimal) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{_side(amount)}</CdtDbtInd><Dt><Dt>2026-03-31</Dt></Dt></Bal>"
    )


def _camt_entry(line: Line) -> str:
    party = "Dbtr" if line.amount >= 0 else "Cdtr"
    return f"""
      <Ntry>
        <NtryRef>{line.reference}</NtryRef>
        <Amt Ccy="EUR">{abs(line.amount)}</Amt>
        <CdtDbtInd>{_side(line.amount)}</CdtDbtInd>
        <Sts><Cd>BOOK</Cd></Sts>
        <BookgDt><Dt>{line.day}</Dt></BookgDt>
        <ValDt><Dt>{line.day}</Dt></ValDt>
        <AcctSvcrRef>BANCO-{line.reference}</AcctSvcrRef>
        <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
        <NtryDtls>
          <TxDtls>
            <Refs><EndToEndId>{line.reference}</EndToEndId><TxId>TX{line.reference}</TxId></Refs>
            <Amt Ccy="EUR">{abs(line.amount)}</Amt>
            <CdtDbtInd>{_side(line.amount)}</CdtDbtInd>
            <RltdPties>
              <{party}><Pty><Nm>Cliente Inventado, S.L.</Nm><PstlAdr><Ctry>ES</Ctry></PstlAdr></Pty></{party}>
              <{party}Acct><Id><IBAN>ES9121000418450200051332</IBAN></Id></{party}Acct>
            </RltdPties>
            <RltdAgts><DbtrAgt><FinInstnId><BICFI>DEMOESMMXXX</BICFI></FinInstnId></DbtrAgt></RltdAgts>
            <RmtInf><Ustrd>{line.text}</Ustrd></RmtInf>
          </TxDtls>
        </NtryDtls>
      </Ntry>"""


def mt940(lines: Sequence[Line], opening: Decimal = Decimal(0)) -> bytes:
    """MT940 with German subfields."""
    closing = opening + sum((line.amount for line in lines), Decimal(0))
    body = [":20:STARTUMS", f":25:{IBAN}", ":28C:1/1", f":60F:{_swift_balance(opening)}"]
    for line in lines:
        body.append(
            f":61:{line.day:%y%m%d%m%d}{'D' if line.amount < 0 else 'C'}{_comma(abs(line.amount))}NTRF"
            f"{line.reference or 'NONREF'}"
        )
        body.append(f":86:166?00GUTSCHRIFT?20EREF+{line.reference or 'NOTPROVIDED'}?21SVWZ+{line.text[:22]}")
        if line.text[22:]:
            body.append(f"?22{line.text[22:49]}?23{line.text[49:76]}?31ES9121000418450200051332?32Cliente Inventado")
    body += [f":62F:{_swift_balance(closing)}", "-"]
    return ("\r\n".join(body) + "\r\n").encode("latin-1", errors="replace")


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def _swift_balance(amount: Decimal) -> str:
    return f"{'D' if amount < 0 else 'C'}260331EUR{_comma(abs(amount))}"


def n43(lines: Sequence[Line], opening: Decimal = Decimal(0)) -> bytes:
    """Norma 43, one account, every total right."""
    closing = opening + sum((line.amount for line in lines), Decimal(0))
    debits = [line.amount for line in lines if line.amount < 0]
    credits = [line.amount for line in lines if line.amount >= 0]
    account = "210008130123456789"
    rows = [f"11{account}260101261231{_n43_signed(opening)}9783{'EJEMPLO DE COBROS SL':<26}"]
    for line in lines:
        rows.append(
            f"22    0813{line.day:%y%m%d}{line.day:%y%m%d}04007{_n43_signed(line.amount)}{0:010d}{0:012d}"
            f"{line.reference[:16]:<16}"
        )
        rows.append(f"2301{line.text[:38]:<38}{line.text[38:76]:<38}")
    rows.append(
        f"33{account}{len(debits):05d}{_cents(sum(debits, Decimal(0)))}{len(credits):05d}"
        f"{_cents(sum(credits, Decimal(0)))}{_n43_signed(closing)}978"
    )
    rows.append(f"88{'9' * 18}{len(rows):06d}")
    return "".join(f"{row:<80}\r\n" for row in rows).encode("latin-1")


def _cents(amount: Decimal) -> str:
    return f"{int(abs(amount) * 100):014d}"


def _n43_signed(amount: Decimal) -> str:
    return f"{'1' if amount < 0 else '2'}{_cents(amount)}"


def ofx(lines: Sequence[Line], closing: Decimal = Decimal(0)) -> bytes:
    """OFX 1.02, most tags open."""
    body = "".join(
        f"<STMTTRN>\n<TRNTYPE>{'DEBIT' if line.amount < 0 else 'CREDIT'}\n<DTPOSTED>{line.day:%Y%m%d}120000[+1:CET]\n"
        f"<TRNAMT>{line.amount}\n<FITID>{index}\n<REFNUM>{line.reference}\n<NAME>Cliente Inventado, S.L.\n"
        f"<MEMO>{line.text}\n</STMTTRN>\n"
        for index, line in enumerate(lines)
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n<OFX>\n<BANKMSGSRSV1><STMTTRNRS>"
        "<STMTRS>\n<CURDEF>EUR\n<BANKACCTFROM><BANKID>2100<ACCTID>0123456789<ACCTTYPE>CHECKING</BANKACCTFROM>\n"
        f"<BANKTRANLIST>\n<DTSTART>20260101<DTEND>20261231\n{body}</BANKTRANLIST>\n"
        f"<LEDGERBAL><BALAMT>{closing}<DTASOF>20261231</LEDGERBAL>\n</STMTRS></STMTTRNRS></BANKMSGSRSV1>\n</OFX>\n"
    ).encode("cp1252")


def spanish_csv(
    lines: Sequence[Line], opening: Decimal = Decimal(0), *, newest_first: bool = False, inverted: bool = False
) -> bytes:
    """A bank's CSV: semicolons, decimal comma, running balance."""
    balance = opening
    rows = []
    for line in lines:
        balance += line.amount
        written = -line.amount if inverted else line.amount
        rows.append(
            f"{line.day:%d/%m/%Y};{line.day:%d/%m/%Y};{line.text};{line.reference};{_spanish(written)};EUR;"
            f"{_spanish(balance)}"
        )
    if newest_first:
        rows.reverse()
    return "\r\n".join(["Fecha operación;Fecha valor;Concepto;Referencia;Importe;Divisa;Saldo", *rows, ""]).encode(
        "cp1252", errors="replace"
    )


def _spanish(amount: Decimal) -> str:
    return f"{amount:,.2f}".replace(",", "\0").replace(".", ",").replace("\0", ".")
