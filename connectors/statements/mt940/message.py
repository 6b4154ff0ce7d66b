"""From the fields of a file to its statements, one per message.

A message that opens (20 and 60) must close (62); when the file simply stops there, it was cut and is refused. A block
that a bank finished on purpose (``-`` or an empty line after it) without field 62, and fragments without their
header, are read and objected to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from cobranza.ledger.statements import BankMovement, Statement, StatementError
from connectors.statements.mt940.movement import balance_day, movement
from connectors.statements.source import decode, load, number

_TAG = re.compile(r":(20|21|25|28C?|60[FM]|61|62[FM]|64F?|65F?|86|34F|13D?|90[CD]):")
_BALANCE = re.compile(r"\s*([CD])\s*(\d{6})\s*([A-Z]{3})\s*([\d.,]+)")
_COUNT = re.compile(r"\s*(\d{1,6})\s*([A-Z]{3})\s*([\d.,]+)")


@dataclass(slots=True)
class _Block:
    """The fields of one message."""

    fields: list[tuple[str, list[str], int]] = field(default_factory=list)
    ended: bool = False
    first: dict[str, str] = field(default_factory=dict)

    def add(self, tag: str, text: str, line: int) -> None:
        self.fields.append((tag, [text], line))
        self.first.setdefault(tag, text)
        self.ended = False

    def has(self, *tags: str) -> bool:
        return any(tag in self.first for tag in tags)


def read(file: Path) -> tuple[str, tuple[Statement, ...], tuple[str, ...]]:
    """The version (MT940 or MT942), the statements and what the file says against itself.

    Raises:
        StatementError: no field at all, a line 61 or a balance that cannot be read, or a message that is cut.
    """
    blocks = list(_blocks(decode(load(file))))
    if not blocks:
        raise StatementError("El fichero no contiene ningún campo de MT940.")
    objections: list[str] = []
    statements = [_statement(block, objections) for block in blocks]
    _check_pages(blocks, statements, objections)
    interim = any(block.has("34F", "13D", "90C", "90D") for block in blocks)
    return "MT942" if interim else "MT940", tuple(statements), tuple(objections)


def _blocks(text: str) -> Iterator[_Block]:
    block = _Block()
    for index, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[: _stop(text)], 1):
        if line[:1] == ":" and (found := _TAG.match(line)) is not None:
            tag = found[1]
            if _starts_message(block, tag):
                yield block
                block = _Block()
            if tag == "25" and block.has("61"):  # some banks mistype 86 as 25: an account never follows a movement
                tag = "86"
            block.add(tag, line[found.end() :], index)
        elif (line[:1] in "-" and _is_end(line)) or line[:1] == "{":
            block.ended = block.ended or bool(block.fields)
        elif block.fields and not block.ended:
            block.fields[-1][1].append(line)
    if block.fields:
        yield block


def _stop(text: str) -> int | None:
    # Without the split's own last piece: only a real empty line may end a block.
    return -1 if text.endswith(("\n", "\r")) else None


def _is_end(line: str) -> bool:
    """``-``, ``-}``, ``-XXX`` or an empty line. A text line that starts with a dash is longer."""
    bare = line.strip()
    return bare in {"", "-", "-}", "-XXX"} or bare.startswith("-}")


def _starts_message(block: _Block, tag: str) -> bool:
    if tag == "20":
        return bool(block.fields)
    return tag in {"25", "60F", "60M"} and block.has("62F", "62M")


def _statement(block: _Block, objections: list[str]) -> Statement:
    account = _account(block)
    where = f"cuenta {account or '?'}: "
    opening, opening_currency = _balance(block, ("60F", "60M"), where)
    closing, closing_currency = _balance(block, ("62F", "62M"), where)
    limit = (block.first.get("34F") or "")[:3]
    currency = opening_currency or closing_currency
    if opening_currency and closing_currency and opening_currency != closing_currency:
        objections.append(f"{where}abre en {opening_currency} y cierra en {closing_currency}")
    # Field 34F is a limit in the account's currency: enough for a movement, not a statement of the account's own.
    movements = tuple(_movements(block, currency or (limit if limit.isalpha() else "")))
    _check_complete(block, where, objections)
    _check_counts(block, movements, where, objections)
    return Statement(account=account, currency=currency, opening=opening, closing=closing, movements=movements)


def _account(block: _Block) -> str:
    return (block.first.get("25") or "").strip()


def _balance(block: _Block, tags: tuple[str, ...], where: str) -> tuple[Decimal | None, str]:
    for tag in tags:
        if tag not in block.first:
            continue
        found = _BALANCE.match(block.first[tag])
        if found is None:
            raise StatementError(f"{where}el campo {tag} «{block.first[tag][:40]}» no es un saldo.")
        value = amount(found[4], f"{where}campo {tag}")
        return -value if found[1] == "D" else value, found[3]
    return None, ""


def amount(text: str, where: str) -> Decimal:
    """An amount of MT940: decimal comma, which may end the number (``12,``). A point is taken for it."""
    return number(text.replace(",", "."), where)


def _movements(block: _Block, currency: str) -> Iterator[BankMovement]:
    line: list[str] | None = None
    notes: list[str] = []
    at = 0
    closes = balance_day(block.first.get("62F") or block.first.get("62M") or block.first.get("60F") or "")
    for tag, lines, index in block.fields:
        if tag == "86" and line is not None:
            notes.extend(lines)
            continue
        if line is not None:
            yield movement(line, notes, currency, at, closes)
            line, notes = None, []
        if tag == "61":
            line, at = lines, index
    if line is not None:
        yield movement(line, notes, currency, at, closes)


def _check_complete(block: _Block, where: str, objections: list[str]) -> None:
    if block.has("62F", "62M"):
        return
    if block.has("34F", "13D", "90C", "90D"):
        if not (block.ended or block.has("90C", "90D")):
            objections.append(f"{where}el informe MT942 no tiene cierre: puede estar cortado")
        return
    whole_header = block.has("20") and block.has("60F", "60M")
    if whole_header and not (block.ended or block.has("64", "65", "64F", "65F")):
        raise StatementError(f"{where}el extracto está cortado: falta el saldo final (campo 62F).")
    kind = "falta el saldo final (campo 62F)" if whole_header else "es un fragmento sin saldos"
    objections.append(f"{where}{kind}")


def _check_counts(block: _Block, movements: tuple[BankMovement, ...], where: str, objections: list[str]) -> None:
    for tag, sign, name in (("90D", -1, "cargos"), ("90C", 1, "abonos")):
        found = _COUNT.match(block.first.get(tag, ""))
        if found is None:
            continue
        amounts = [each.amount for each in movements if each.amount * sign > 0]
        declared, total = amount(found[3], f"{where}campo {tag}"), sum(amounts, Decimal(0)) * sign
        if int(found[1]) != len(amounts) or declared != total:
            objections.append(
                f"{where}declara {int(found[1])} {name} por {declared} y hay {len(amounts)} por {total} (campo {tag})"
            )


def _check_pages(blocks: list[_Block], statements: list[Statement], objections: list[str]) -> None:
    """An intermediate closing balance (62M) must open the next page of the same account (60M)."""
    open_pages: dict[str, Decimal | None] = {}
    for block, statement in zip(blocks, statements, strict=True):
        if "60M" in block.first:
            expected = open_pages.pop(statement.account, None)
            if expected is not None and expected != statement.opening:
                objections.append(
                    f"cuenta {statement.account}: una página cierra con {expected} y la siguiente abre con "
                    f"{statement.opening}"
                )
        if "62M" in block.first and "62F" not in block.first:
            open_pages[statement.account] = statement.closing
    objections.extend(f"cuenta {account}: falta la última página (solo hay saldo intermedio)" for account in open_pages)
