"""One CAMT message, read as a stream: memory holds one entry at a time, whatever the file's size.

- The direction is `CdtDbtInd` alone. `RvslInd` says that the entry undoes an earlier one of the other direction; it
  does not turn the sign again.
- Booked money is the amount of `Ntry`. A detail's amount counts only in the account's currency: `InstdAmt` and
  `CntrValAmt` are often what the payer ordered in another.
- Entries in state ``PDNG``, ``FUTR`` or ``INFO`` are announced, not booked.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import IO

from lxml import etree

from cobranza.ledger.statements import BankMovement, Statement, StatementError
from connectors.statements.camt.entry import Children, Detail, children, day, detail, movement, text
from connectors.statements.source import number

_STATEMENTS = ("{*}Stmt", "{*}Rpt", "{*}Ntfctn")
_VERSION = re.compile(r"camt\.05[234]\.001\.\d\d")
_PROLOG_BYTES = 64 * 1024
_DOCTYPE = re.compile(r"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
_ELEMENT = re.compile(r"<[A-Za-z_]")


@dataclass(frozen=True, slots=True)
class Message:
    """What one XML document holds."""

    version: str
    statements: tuple[Statement, ...]
    objections: tuple[str, ...]


@dataclass(slots=True)
class _Open:
    """The statement being read."""

    movements: list[BankMovement] = field(default_factory=list)
    undated: list[int] = field(default_factory=list)
    details: list[Detail] = field(default_factory=list)
    entries: int = 0
    total: Decimal = Decimal(0)


def read(stream: IO[bytes], label: str = "") -> Message:
    """Read one CAMT document from its start.

    Args:
        stream: Seekable.
        label: Its name inside a ZIP, to open error messages with.

    Raises:
        StatementError: a DOCTYPE, malformed or cut XML, no statement, or an entry without amount or direction.
    """
    where = f"{label}: " if label else ""
    _refuse_doctype(stream, where)
    try:
        return _read(stream, where)
    except etree.XMLSyntaxError as exc:
        raise StatementError(f"{where}el XML está cortado o mal formado ({exc.msg}).") from exc


def _refuse_doctype(stream: IO[bytes], where: str) -> None:
    head = stream.read(_PROLOG_BYTES)
    stream.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in head[:4]:
        head = head.replace(b"\x00", b"")
    prolog = head.decode("latin-1")
    root = _ELEMENT.search(prolog)
    if _DOCTYPE.search(prolog, 0, root.start() if root else len(prolog)):
        raise StatementError(f"{where}el XML declara un DOCTYPE, que ningún extracto necesita y puede ser un ataque.")


def _read(stream: IO[bytes], where: str) -> Message:
    version, current, last_page = "", None, True
    statements: list[Statement] = []
    objections: list[str] = []
    previous = None
    for event, element in _events(stream, where):
        namespace, _, name = element.tag.rpartition("}")
        if event == "start":
            if name in {"Stmt", "Rpt", "Ntfctn"}:
                current = _Open()
                version = version or _version(namespace, where)
            continue
        if name == "MsgPgntn":
            last_page = text(children(element), "LastPgInd") != "false"
        elif current is None:
            continue
        elif name == "TxDtls":
            current.details.append(detail(element, where))
            element.clear()
        elif name == "Ntry":
            _take_entry(current, element, where)
            element.clear()
            # lxml forbids dropping the current element, so drop the one before.
            parent = element.getparent()
            if previous is not None and parent is not None and previous.getparent() is parent:
                parent.remove(previous)
            previous = element
        else:
            statement, doubts = _close(current, children(element), where)
            statements.append(statement)
            objections.extend(doubts)
            element.clear()
            current = previous = None
    if not statements:
        raise StatementError(f"{where}el fichero no contiene ningún extracto CAMT.")
    if not last_page:
        objections.append(f"{where}el mensaje es una página y no la última (LastPgInd): faltan las siguientes.")
    return Message(version, tuple(statements), tuple(objections))


def _events(stream: IO[bytes], where: str) -> Iterator[tuple[str, etree._Element]]:
    context = etree.iterparse(
        stream,
        events=("start", "end"),
        tag=(*_STATEMENTS, "{*}Ntry", "{*}TxDtls", "{*}MsgPgntn"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    checked = False
    for event, element in context:
        if not checked:  # the text check above sees only encodings that contain ASCII; this sees all
            info = element.getroottree().docinfo
            if info.doctype or info.internalDTD is not None:
                raise StatementError(f"{where}el XML declara un DOCTYPE, que ningún extracto necesita.")
            checked = True
        yield event, element


def _version(namespace: str, where: str) -> str:
    found = _VERSION.search(namespace)
    if found is None:
        raise StatementError(f"{where}«{namespace.lstrip('{')[:80]}» no es un espacio de nombres de CAMT.052/053/054.")
    return found[0]


def _take_entry(current: _Open, element: etree._Element, where: str) -> None:
    current.entries += 1
    position = f"Ntry {current.entries}"
    fields = children(element)
    details, current.details = current.details, []
    built = movement(fields, details, position, f"{where}{position}")
    current.total += abs(built.amount)
    if built.booked_on == date.min:
        current.undated.append(len(current.movements))
    current.movements.append(built)


def _close(current: _Open, fields: Children, where: str) -> tuple[Statement, list[str]]:
    account = _account(fields)
    opening, closing, currency, closed_on = _balances(fields, where)
    currency = text(fields, "Acct", "Ccy") or currency or (current.movements[0].currency if current.movements else "")
    _date_undated(current, closed_on or _period_end(fields), where)
    statement = Statement(
        account=account, currency=currency, opening=opening, closing=closing, movements=tuple(current.movements)
    )
    return statement, list(_objections(current, fields, statement, f"{where}cuenta {account or '?'}: "))


def _account(fields: Children) -> str:
    identity = fields.get("Acct")
    if identity is None:
        return ""
    inner = children(identity)
    found = (
        text(inner, "Id", "IBAN")
        or text(inner, "Id", "Othr", "Id")
        or text(inner, "Id", "PrtryAcct", "Id")
        or text(inner, "Id", "BBAN")
    )
    return found.replace(" ", "")


def _balances(fields: Children, where: str) -> tuple[Decimal | None, Decimal | None, str, date | None]:
    """First opening and last closing booked balance, their currency and the closing day."""
    opening = previous = closing = closed_on = None
    currency = ""
    for element in fields.all("Bal"):
        inner = children(element)
        code = text(inner, "Tp", "CdOrPrtry", "Cd") or text(inner, "Tp", "Cd")
        amount = inner.get("Amt")
        if amount is not None:
            currency = currency or amount.get("Ccy", "")
        if code not in {"OPBD", "PRCD", "CLBD"}:
            continue
        value = number((amount.text or "").strip() if amount is not None else "", f"{where}saldo {code}")
        if text(inner, "CdtDbtInd") == "DBIT":
            value = -value
        if code == "OPBD":
            opening = value if opening is None else opening
        elif code == "PRCD":
            previous = value if previous is None else previous
        else:
            closing, closed_on = value, day(inner, "Dt")
    return opening if opening is not None else previous, closing, currency, closed_on


def _period_end(fields: Children) -> date | None:
    for path in (("FrToDt", "ToDtTm"), ("FrToDt", "ToDt"), ("CreDtTm",)):
        found = text(fields, *path)
        if found:
            try:
                return date.fromisoformat(found[:10])
            except ValueError:
                continue
    return None


def _date_undated(current: _Open, statement_day: date | None, where: str) -> None:
    if current.undated and statement_day is None:
        raise StatementError(f"{where}hay apuntes sin fecha y el extracto tampoco la tiene.")
    for index in current.undated:
        if statement_day is not None:
            current.movements[index] = replace(
                current.movements[index], booked_on=statement_day, value_on=statement_day
            )


def _objections(current: _Open, fields: Children, statement: Statement, where: str) -> Iterator[str]:
    foreign = sorted({each.currency for each in statement.movements} - {statement.currency})
    if foreign and statement.currency != "XXX":  # XXX: the bank declares no currency for the account
        yield f"{where}la cuenta es en {statement.currency} y hay apuntes en {', '.join(foreign)}."
    summary = fields.get("TxsSummry")
    total = children(summary).get("TtlNtries") if summary is not None else None
    if total is None:
        return
    inner = children(total)
    declared = text(inner, "NbOfNtries")
    if declared and declared.isdigit() and int(declared) != current.entries:
        yield f"{where}declara {declared} apuntes y contiene {current.entries}."
    declared = text(inner, "Sum")
    if declared and number(declared, f"{where}Sum") != current.total:
        yield f"{where}declara apuntes por {declared} y suman {current.total}."
