"""The door through which statement files come in: recognised by content, read, proved, or set aside with the reason.

`inspect` shows what a file says, with its objections; `read` is what every workflow uses: proved, or an error.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.statements import BankMovement, MovementDetail, Statement, StatementError
from cobranza.reconciliation.ports import StatementFile, StatementFormat

HEAD_BYTES = 4096
_CENT = Decimal("0.01")


def recognise(path: Path) -> StatementFormat:
    """The reader that takes `path`, judged by its first bytes (and its name where the bytes leave a doubt).

    Raises:
        StatementError: no format, or more than one, claims it.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError as exc:
        raise StatementError(f"No se puede leer «{path.name}» ({exc.strerror}).") from exc
    if not head.strip():
        raise StatementError(f"«{path.name}» está vacío.")
    found = suite.adapters("connectors.statements")
    takers = [cast(StatementFormat, each) for each in found.values()]
    takers = [each for each in takers if each.recognises(head, path.name)]
    if len(takers) == 1:
        return takers[0]
    if takers:
        names = ", ".join(each.slug for each in takers)
        raise StatementError(f"«{path.name}» puede ser de varios formatos ({names}).")
    raise StatementError(
        f"«{path.name}» no es de ningún formato de extracto conocido ({', '.join(found)}).",
        remedy="Descargue el extracto en Norma 43, CAMT, MT940, OFX, Excel o CSV.",
    )


def inspect(path: Path) -> StatementFile:
    """What the file says, whether or not it can be trusted: see its `objections`.

    Raises:
        StatementError: unknown format, cut, malformed, unsafe or no statement.
    """
    file = recognise(path).read(path)
    doubts = list(file.objections)
    for statement in file.statements:
        try:
            statement.prove(f"cuenta {statement.account}" if statement.account else "")
        except StatementError as exc:
            doubts.append(exc.message)
    return StatementFile(format=file.format, version=file.version, statements=file.statements, objections=tuple(doubts))


def read(path: Path) -> StatementFile:
    """Read a statement file that may be acted upon: whole, and in agreement with itself.

    Announced movements (pending, informative) are left out: only what the bank has booked is money.

    Raises:
        StatementError: as `inspect`, when the file has objections, and when it announces movements and books none;
            hand it to `quarantine`.
    """
    file = inspect(path)
    prove(file)
    announced = sum(not movement.booked for each in file.statements for movement in each.movements)
    if not announced:
        return file
    statements = tuple(
        replace(each, movements=tuple(movement for movement in each.movements if movement.booked))
        for each in file.statements
    )
    if not any(each.movements for each in statements):
        raise StatementError(
            f"El fichero anuncia {announced} movimientos y el banco no ha asentado ninguno.",
            remedy="Espere al extracto definitivo (CAMT.053, Norma 43) de ese día.",
        )
    return replace(file, statements=statements)


def prove(file: StatementFile) -> None:
    """Raise `StatementError` with every objection of `file`, if it has any."""
    if file.objections:
        shown = " ".join(_sentence(each) for each in file.objections[:5])
        more = len(file.objections) - 5
        raise StatementError(shown + (f" Y {more} objeciones más." if more > 0 else ""))


def _sentence(objection: str) -> str:
    return objection[0].upper() + objection[1:].rstrip(".") + "."


def quarantine(path: Path, folder: Path, error: CobranzaError) -> Path:
    """Set a copy of `path` aside in `folder` with the reason beside it, for a person.

    The copy's name starts with its SHA-256, so the same file set aside twice is one file.

    Returns:
        The JSON file with the reason: keys file, copy, sha256, at, error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    copy = folder / f"{digest[:12]}-{path.name}"
    shutil.copyfile(path, copy)
    reason = copy.with_name(copy.name + ".motivo.json")
    content = {
        "file": path.name,
        "copy": copy.name,
        "sha256": digest,
        "at": clock.now().isoformat(timespec="seconds"),
        "error": error.as_dict(),
    }
    reason.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return reason


def as_dict(file: StatementFile) -> dict[str, Any]:
    """The file as the command line prints it: amounts as strings, null for what the source does not say."""
    return {
        "format": file.format,
        "version": file.version,
        "statements": [_statement(each) for each in file.statements],
        "objections": list(file.objections),
    }


def _statement(statement: Statement) -> dict[str, Any]:
    return {
        "account": statement.account or None,
        "currency": statement.currency or None,
        "opening": _amount(statement.opening),
        "closing": _amount(statement.closing),
        "movements": [_movement(each) for each in statement.movements],
    }


def _movement(movement: BankMovement) -> dict[str, Any]:
    assumed = movement.assumed
    return {
        "booking_date": None if "booked_on" in assumed else movement.booked_on.isoformat(),
        "value_date": None if "value_on" in assumed else movement.value_on.isoformat(),
        "amount": _amount(movement.amount),
        "currency": movement.currency or None,
        "text": movement.text,
        "reference": movement.reference,
        "counterparty_name": movement.counterparty_name,
        "counterparty_account": movement.counterparty_account,
        "bank_code": movement.bank_code,
        "booked": movement.booked,
        "details": [_detail(each) for each in movement.details],
    }


def _detail(detail: MovementDetail) -> dict[str, Any]:
    return {
        "amount": _amount(detail.amount),
        "end_to_end": detail.end_to_end,
        "party": detail.party,
        "account": detail.account,
        "unstructured": list(detail.unstructured),
        "creditor_reference": list(detail.creditor_reference),
        "return_reason": detail.return_reason,
    }


def _amount(value: Decimal | None) -> str | None:
    """Two decimals at least, more only where the source has more that are not zeros."""
    if value is None:
        return None
    if value == value.quantize(_CENT):
        return f"{value.quantize(_CENT):f}" if value else "0.00"
    return f"{value.normalize():f}"
