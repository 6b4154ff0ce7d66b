"""One movement: field 61 and the field 86 that follows it."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from cobranza.ledger.statements import BankMovement, StatementError
from connectors.statements.source import compact_day, number, one_line

_LINE = re.compile(
    r"\s*(?P<value>\d{6})(?:(?P<entry>\d{4})|[ ]{4})?\s*"
    r"(?P<mark>R[CD]|E[CD]|[CD])[A-Z]?\s*"
    r"(?P<amount>\d+(?:[,.]\d*)?)\s*"
    r"(?P<type>[NFS][A-Z0-9][A-Z0-9 ]{2})?(?P<rest>[^\n]*)"
)
_DEBITS = frozenset({"D", "RC", "ED"})
"""RC undoes a credit, so it takes money away; RD undoes a debit, so it brings it back."""
_REVERSALS = frozenset({"RC", "RD"})

_GERMAN = re.compile(r"(\d{3})([?<>^~|+#@])(?=\d{2})")
_SEPA = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC|COAM|OAMT|RTRN|PURP)[+:] ?")
_DUTCH_KEYS = (
    "TRTP|IBAN|BIC|NAME|REMI|EREF|ORDP|BENM|CNTP|MARF|CSID|RTRN|PREF|KREF|PURP|ID|ADDR|ISDT|CDTRREFTP|CDTRREF|ULTD|"
    "ULTC|SVCL|CD|CODE|TRCD|ULTB|ULTR|UDTR|UCRD|ACCT"
)
_DUTCH = re.compile(rf"(?:^|/)({_DUTCH_KEYS})/")
_NO_REFERENCE = frozenset(
    {"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "EREF", "KREF", "MARF", "PREF", "KREF+", "EREF+"}
)


@dataclass(frozen=True, slots=True)
class _Note:
    """What field 86 says."""

    text: str
    reference: str = ""
    name: str = ""
    account: str = ""


def movement(lines: list[str], notes: list[str], currency: str, at: int, closes: date | None) -> BankMovement:
    """Read one field 61 with its field 86.

    Args:
        lines: Field 61: the first line, then supplementary details.
        notes: Lines of field 86, none when it has none.
        currency: Of the account.
        at: Line number in the file.
        closes: Day of the closing balance, to place an entry day (MMDD) in its year when the value day is bad.

    Raises:
        StatementError: field 61 does not follow its grammar.
    """
    first, rest = lines[0], lines[1:]
    found = _LINE.match(first)
    if found is None and rest:  # some banks break the line before the amount
        found, rest = _LINE.match(first + rest[0]), rest[1:]
    if found is None:
        raise StatementError(f"Línea {at}: «{first[:60]}» no es un movimiento (campo 61).")
    value_on = _value_day(found["value"], at)
    booked_on = _entry_day(found["entry"], value_on) if found["entry"] else value_on
    amount = number(found["amount"].replace(",", "."), f"Línea {at}")
    customer, _, _bank = found["rest"].strip().partition("//")
    note = read_note(notes)
    extra = one_line(*rest)
    text = note.text if note.text else extra
    if note.text and extra and extra not in note.text:
        text = f"{note.text} {extra}"
    customer = customer.strip()
    kind = (found["type"] or "").strip()
    return BankMovement(
        booked_on=booked_on,
        value_on=value_on,
        amount=-amount if found["mark"] in _DEBITS else amount,
        currency=currency,
        text=text,
        reference=note.reference or ("" if customer.upper() in _NO_REFERENCE else customer),
        counterparty_name=note.name,
        counterparty_account=note.account,
        bank_code="/".join(filter(None, (found["mark"] if found["mark"] in _REVERSALS else "", kind))),
        position=f"línea {at}",
    )


def balance_day(text: str) -> date | None:
    """The day inside a balance field, None when there is none."""
    found = re.match(r"\s*[CD]\s*(\d{6})", text)
    return compact_day(found[1]) if found else None


def _value_day(digits: str, at: int) -> date:
    found = compact_day(digits) or _end_of_month(digits)
    if found is None:
        raise StatementError(f"Línea {at}: «{digits}» no es una fecha.")
    return found


def _end_of_month(digits: str) -> date | None:
    """Banks that count months of 30 days write 30 February: it is the month's last day."""
    year, month, day = 2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    if not (1 <= month <= 12 and 29 <= day <= 31):
        return None
    return date(year, month, calendar.monthrange(year, month)[1])


@lru_cache(maxsize=4096)
def _entry_day(digits: str, value_on: date) -> date:
    """The entry day (MMDD) in the year that brings it closest to the value day."""
    month, day = int(digits[:2]), int(digits[2:])
    candidates = []
    for year in (value_on.year - 1, value_on.year, value_on.year + 1):
        if 1 <= month <= 12 and 1 <= day <= 31:
            candidates.append(date(year, month, min(day, calendar.monthrange(year, month)[1])))
    return min(candidates, key=lambda each: abs((each - value_on).days), default=value_on)


def read_note(lines: list[str]) -> _Note:
    """Field 86, in whichever of the three ways it is written."""
    if not lines:
        return _Note("")
    head = lines[0].lstrip()
    german = _GERMAN.match(head)
    if german is not None:
        return _german("".join(lines).lstrip()[3:], german[2])
    if head.startswith("/") and _DUTCH.match(head):
        return _dutch("".join(lines))
    return _Note(one_line(*lines))


def _german(body: str, separator: str) -> _Note:
    posting, name, account = "", "", ""
    purpose: list[str] = []
    for part in body.split(separator)[1:]:
        code, value = part[:2], part[2:]
        if not code.isdigit():
            if purpose:  # the separator inside a text
                purpose[-1] += separator + part
        elif code == "00":
            posting = value
        elif "20" <= code <= "29" or "60" <= code <= "63":
            purpose.append(value)
        elif code == "31":
            account = value.strip()
        elif code in {"32", "33"}:
            name += value
    joined = "".join(each if len(each) >= 27 else each + " " for each in purpose)
    return _Note(
        text=one_line(joined, "" if purpose else posting) or one_line(posting),
        reference=_sepa("".join(purpose)).get("EREF", ""),
        name=one_line(name),
        account=account,
    )


def _sepa(purpose: str) -> dict[str, str]:
    pieces = _SEPA.split(purpose)
    found: dict[str, str] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        value = one_line(value)
        if value.upper() not in _NO_REFERENCE:
            found.setdefault(key, value)
    return found


def _dutch(body: str) -> _Note:
    pieces = _DUTCH.split(body)
    found: dict[str, str] = {}
    for key, value in zip(pieces[1::2], pieces[2::2], strict=True):
        found.setdefault(key, value.strip("/").strip())
    party = found.get("CNTP", "").split("/")
    reference = found.get("EREF", "")
    remittance = re.sub(r"^(?:USTD//|STRD/)", "", found.get("REMI", ""))
    return _Note(
        text=one_line(remittance, *(found[key] for key in ("CDTRREF", "RTRN") if key in found)) or one_line(body),
        reference="" if reference.upper() in _NO_REFERENCE else reference,
        name=one_line(found.get("NAME") or (party[2] if len(party) > 2 else "")),
        account=(found.get("IBAN") or party[0]).replace(" ", ""),
    )
