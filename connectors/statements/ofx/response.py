"""The statement responses of an OFX file, read tag by tag.

SGML files leave most tags open and real ones close them in the wrong order, so structure is taken only from the few
tags that matter: where a statement, a transaction and a balance begin and end.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from cobranza.ledger.statements import BankMovement, Statement, StatementError
from connectors.statements.source import compact_day, decode, load, number, one_line

_TAG = re.compile(r"<(/?)([A-Za-z0-9_.]+)[^<>]*>([^<]*)")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_VERSION = re.compile(r"\bVERSION\s*[:=]\s*[\"']?(\d)(\d+)")
_CHARSET = re.compile(rb"CHARSET:\s*([A-Za-z0-9-]+)|encoding=[\"']([A-Za-z0-9_-]+)[\"']")
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_PENDING = "BANKTRANLISTP"


@dataclass(slots=True)
class _Response:
    """One STMTRS or CCSTMTRS: its own values, its ledger balance and its transactions."""

    values: dict[str, str] = field(default_factory=dict)
    balance: dict[str, str] = field(default_factory=dict)
    transactions: list[dict[str, str]] = field(default_factory=list)


def read(file: Path) -> tuple[str, tuple[Statement, ...], tuple[str, ...]]:
    """The OFX version ("1.02", "2.03"; "" without header), the statements and what speaks against them.

    Raises:
        StatementError: no OFX, cut before ``</OFX>``, no bank or card statement, or a transaction without amount.
    """
    raw = load(file)
    text = decode(raw, _charset(raw))
    start = re.search(r"<OFX>", text, re.IGNORECASE)
    if start is None:
        raise StatementError("El fichero no contiene ningún documento OFX.")
    body = text[start.start() :]
    if "<![CDATA[" in body:
        body = _CDATA.sub(lambda found: html.escape(found[1], quote=False), body)
    responses, notice = _responses(body)
    if not re.search(r"</OFX\s*>", body, re.IGNORECASE):
        raise StatementError("El fichero OFX está cortado: falta </OFX>.")
    if not responses:
        said = f" El banco dice: «{notice}»." if notice else ""
        raise StatementError(
            f"El fichero OFX no trae ningún extracto de cuenta ni de tarjeta.{said}",
            remedy="Pida al banco el extracto de la cuenta: este fichero es de inversiones, de sesión o un aviso.",
        )
    found = _VERSION.search(text, 0, start.start())
    objections: list[str] = []
    statements = tuple(_statement(each, objections) for each in responses)
    return f"{found[1]}.{found[2]}" if found else "", statements, tuple(objections)


def _charset(raw: bytes) -> str:
    found = _CHARSET.search(raw[:1000])
    if found is None:
        return ""
    name = (found[1] or found[2]).decode("ascii")
    return f"cp{name}" if name.isdigit() else "" if name.upper() == "NONE" else name


def _responses(body: str) -> tuple[list[_Response], str]:
    """The statement responses, and the message of the last error status (banks explain a refusal there)."""
    responses: list[_Response] = []
    current: _Response | None = None
    into: dict[str, str] | None = None
    pending = False
    notice = ""
    for closing, name, value in _tags(body):
        if name == "STMTTRN":
            into = None
            if not closing and current is not None and not pending:
                into = {}
                current.transactions.append(into)
            elif current is not None:
                into = current.values
        elif name in _STATEMENTS:
            current = None
            if not closing:
                current = _Response()
                responses.append(current)
            into = current.values if current else None
        elif name == "LEDGERBAL" and current is not None:
            into = current.values if closing else current.balance
        elif name == _PENDING:
            pending = not closing
        elif name == "MESSAGE" and value and not closing:
            notice = value
        elif into is not None and not closing:
            if name in {"AVAILBAL", "BALLIST"} and current is not None:
                into = {}  # other balances must not be mistaken for the ledger's
            elif value:
                into.setdefault(name, value)
    return responses, notice


def _tags(body: str) -> Iterator[tuple[str, str, str]]:
    for found in _TAG.finditer(body):
        value = found[3].strip()
        if "&" in value:
            value = html.unescape(value)
        yield found[1], found[2].upper(), value


def _statement(response: _Response, objections: list[str]) -> Statement:
    account = response.values.get("ACCTID", "")
    where = f"cuenta {account or '?'}: "
    currency = response.values.get("CURDEF", "").upper()
    written = response.balance.get("BALAMT", "")
    as_of = _day(response.balance.get("DTASOF", "")) or _day(response.values.get("DTEND", ""))
    movements = tuple(
        _movement(each, currency, as_of, f"{where}STMTTRN {index}", index)
        for index, each in enumerate(response.transactions, 1)
    )
    undated = sum("booked_on" in each.assumed for each in movements)
    if undated:
        objections.append(f"{where}{undated} movimientos no llevan fecha o llevan una imposible")
    return Statement(
        account=account,
        currency=currency,
        opening=None,
        closing=_amount(written, f"{where}saldo") if written else None,
        movements=movements,
    )


def _movement(values: dict[str, str], currency: str, as_of: date | None, where: str, index: int) -> BankMovement:
    amount = _amount(values.get("TRNAMT", ""), where)
    posted, available = _day(values.get("DTPOSTED", "")), _day(values.get("DTAVAIL", ""))
    booked = posted or _day(values.get("DTUSER", "")) or as_of
    if booked is None:
        raise StatementError(f"{where}: el movimiento no lleva fecha y el extracto tampoco.")
    name = one_line(values.get("NAME", ""))
    memo = one_line(values.get("MEMO", ""))
    return BankMovement(
        booked_on=booked,
        value_on=available or booked,
        amount=amount,
        currency=currency,
        text=memo if name in memo else one_line(name, memo),
        reference=values.get("REFNUM") or values.get("CHECKNUM", ""),
        counterparty_name=name,
        counterparty_account=values.get("ACCTID", ""),
        bank_code=values.get("TRNTYPE", ""),
        position=f"STMTTRN {index}",
        assumed=(() if posted else ("booked_on",)) + (() if available else ("value_on",)),
    )


def _day(written: str) -> date | None:
    """The day of an OFX date-time, as written: banks give their local day and often a wrong zone."""
    return compact_day(written[:8]) if len(written) >= 8 else None


def _amount(written: str, where: str) -> Decimal:
    """OFX allows point or comma; alone it is always the decimal sign, together the last one is."""
    bare = written.replace(" ", "").replace("\u00a0", "")
    point, comma = bare.rfind("."), bare.rfind(",")
    if point >= 0 and comma >= 0:
        thousands = "," if point > comma else "."
        bare = bare.replace(thousands, "")
    return number(bare.replace(",", "."), where)
