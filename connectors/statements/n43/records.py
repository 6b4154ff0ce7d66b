"""The records of a Norma 43 file, in order, with every total that they declare."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from cobranza.ledger.statements import BankMovement, Statement, StatementError
from connectors.statements.source import compact_day, decode, load, one_line

WIDTH = 80
_CURRENCIES = {
    "978": "EUR", "840": "USD", "826": "GBP", "756": "CHF", "392": "JPY", "752": "SEK", "578": "NOK", "208": "DKK",
    "985": "PLN", "124": "CAD", "036": "AUD", "484": "MXN", "170": "COP", "604": "PEN", "152": "CLP", "032": "ARS",
    "986": "BRL", "858": "UYU", "504": "MAD", "156": "CNY", "949": "TRY", "203": "CZK", "348": "HUF", "946": "RON",
}  # fmt: skip
"""ISO 4217 numeric to alphabetic, for the currencies that Spanish and Latin American accounts are held in."""


@dataclass(slots=True)
class _Draft:
    """A record 22 with the texts that follow it."""

    line: int
    booked_on: date
    value_on: date
    amount: Decimal
    bank_code: str
    reference: str
    texts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Account:
    """From a record 11 to its record 33."""

    number: str
    currency: str
    opening: Decimal
    drafts: list[_Draft] = field(default_factory=list)


def read(file: Path) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """The statements of the file and what it says against itself.

    Raises:
        StatementError: a record that is unknown, out of place, unreadable or cut in half.
    """
    text = decode(load(file)).rstrip("\x1a\x00")
    reader = _Reader()
    lines = _lines(text)
    for index, line in enumerate(lines, 1):
        if line.strip("\x1a\x00 "):
            reader.take(line, index)
    return reader.finish(whole_last_line=text.endswith(("\n", "\r")) or len(lines[-1]) >= WIDTH)


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if len(lines) == 1 and len(text) > WIDTH and len(text) % WIDTH == 0:
        return [text[start : start + WIDTH] for start in range(0, len(text), WIDTH)]
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


class _Reader:
    def __init__(self) -> None:
        self.statements: list[Statement] = []
        self.objections: list[str] = []
        self.account: _Account | None = None
        self.draft: _Draft | None = None
        self.count = 0
        self.ended = False

    def take(self, line: str, index: int) -> None:
        kind = line[:2]
        if kind == "23":
            self._text(line, index)
        elif kind == "22":
            self._movement(line, index)
        elif kind == "11":
            self._open(line, index)
        elif kind == "33":
            self._close(line, index)
        elif kind == "88":
            self._end(line, index)
            return
        elif kind == "24":
            if self.draft is None:
                raise StatementError(f"Línea {index}: registro 24 sin un movimiento delante.")
        else:
            raise StatementError(f"Línea {index}: «{kind}» no es un registro de Norma 43.")
        self.count += 1

    def _open(self, line: str, index: int) -> None:
        if self.account is not None:
            raise StatementError(f"Línea {index}: empieza una cuenta y la {self.account.number} no tiene registro 33.")
        _need(line, 47, index)
        self.ended = False
        opening = _cents(line[33:47], index)
        self.account = _Account(
            number=line[2:20].strip(),
            currency=_currency(line[47:50], index),
            opening=-opening if line[32] == "1" else opening,
        )
        self.draft = None

    def _movement(self, line: str, index: int) -> None:
        if self.account is None:
            raise StatementError(f"Línea {index}: movimiento fuera de una cuenta (falta el registro 11).")
        _need(line, 42, index)
        amount = _cents(line[28:42], index)
        self.draft = _Draft(
            line=index,
            booked_on=_day(line[10:16], index),
            value_on=_day(line[16:22], index),
            amount=-amount if line[27] == "1" else amount,
            bank_code=f"{line[22:24]}/{line[24:27]}",
            reference=_reference(line),
        )
        self.account.drafts.append(self.draft)

    def _text(self, line: str, index: int) -> None:
        if self.draft is None:
            raise StatementError(f"Línea {index}: registro 23 sin un movimiento delante.")
        self.draft.texts.append(line[4:42])
        self.draft.texts.append(line[42:80])

    def _close(self, line: str, index: int) -> None:
        account = self.account
        if account is None:
            raise StatementError(f"Línea {index}: registro 33 sin su registro 11.")
        _need(line, 73, index)
        closing = _cents(line[59:73], index)
        self._settle(account, -closing if line[58] == "1" else closing)
        debits = [draft.amount for draft in account.drafts if draft.amount < 0]
        credits = [draft.amount for draft in account.drafts if draft.amount > 0]
        nil = len(account.drafts) - len(debits) - len(credits)
        self._compare(f"cuenta {account.number}: cargos", line[20:25], line[25:39], debits, nil, index)
        self._compare(f"cuenta {account.number}: abonos", line[39:44], line[44:58], credits, nil, index)
        if line[2:20].strip() != account.number:
            self.objections.append(f"el registro 33 es de la cuenta {line[2:20]} y el 11 de la {account.number}")

    def _compare(self, what: str, count: str, total: str, amounts: list[Decimal], nil: int, index: int) -> None:
        declared, reached = _cents(total, index), abs(sum(amounts, Decimal(0)))
        if declared != reached:
            self.objections.append(f"{what}: el registro 33 declara {declared} y suman {reached}")
        # A movement of 0.00 has no direction, so the bank may count it on either side.
        if not (count.isdigit() and len(amounts) <= int(count) <= len(amounts) + nil):
            self.objections.append(f"{what}: el registro 33 declara {count} apuntes y hay {len(amounts)}")

    def _end(self, line: str, index: int) -> None:
        if self.account is not None:
            raise StatementError(f"Línea {index}: fin de fichero y la cuenta {self.account.number} sin registro 33.")
        declared = line[20:26].strip()
        if not declared.isdigit() or int(declared) not in {self.count, self.count + 1}:
            self.objections.append(f"el registro 88 declara {declared or '?'} registros y hay {self.count}")
        self.count, self.ended = 0, True

    def finish(self, *, whole_last_line: bool) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
        if self.account is not None:
            if not whole_last_line:
                raise StatementError("El fichero está cortado a mitad de un registro.")
            self.objections.append(f"el fichero está cortado: la cuenta {self.account.number} no tiene registro 33")
            self._settle(self.account, None)
        elif not self.ended:
            self.objections.append("el fichero está cortado: falta el registro 88 de fin de fichero")
        if not self.statements:
            raise StatementError("El fichero no contiene ninguna cuenta.")
        return tuple(self.statements), tuple(self.objections)

    def _settle(self, account: _Account, closing: Decimal | None) -> None:
        self.statements.append(
            Statement(
                account=account.number,
                currency=account.currency,
                opening=account.opening,
                closing=closing,
                movements=tuple(_built(draft, account.currency) for draft in account.drafts),
            )
        )
        self.account = self.draft = None


def _built(draft: _Draft, currency: str) -> BankMovement:
    return BankMovement(
        booked_on=draft.booked_on,
        value_on=draft.value_on,
        amount=draft.amount,
        currency=currency,
        text=one_line(*draft.texts),
        reference=draft.reference,
        bank_code=draft.bank_code,
        position=f"línea {draft.line}",
    )


def _reference(line: str) -> str:
    """References 1 and 2, or the document number. Banks that put words there run both fields together."""
    first, second = line[52:64], line[64:80]
    if first.strip() and not first.strip().isdigit():
        return one_line(first + second)
    return one_line(_unpadded(first), _unpadded(second)) or _unpadded(line[42:52])


def _unpadded(digits: str) -> str:
    """Numbers come filled with zeros on the left; words are left alone."""
    bare = digits.strip()
    return bare.lstrip("0") if bare.isdigit() else bare


def _need(line: str, width: int, index: int) -> None:
    if len(line) < width:
        raise StatementError(f"Línea {index}: registro {line[:2]} cortado ({len(line)} de {width} posiciones).")


def _cents(digits: str, index: int) -> Decimal:
    if not (digits.isascii() and digits.isdigit()):
        raise StatementError(f"Línea {index}: «{digits}» no es un importe.")
    return Decimal(f"{digits[:-2]}.{digits[-2:]}")


def _day(digits: str, index: int) -> date:
    found = compact_day(digits)
    if found is None:
        raise StatementError(f"Línea {index}: «{digits}» no es una fecha.")
    return found


def _currency(code: str, index: int) -> str:
    if not code.strip():
        return "EUR"
    if code in _CURRENCIES:
        return _CURRENCIES[code]
    if code.isalpha() and code.isupper() and len(code) == 3:
        return code
    raise StatementError(f"Línea {index}: la divisa «{code}» no es un código ISO 4217 conocido.")
