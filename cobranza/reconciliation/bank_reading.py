"""Reads a bank account twice, from the screen and from its file, and believes neither until they agree."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from cobranza.kernel.spanish import write_amount, write_day
from cobranza.ledger.statements import BankMovement, Statement, StatementError
from cobranza.reconciliation import statement_files
from cobranza.reconciliation.ports import BankPortal, IncompleteRead, PortalAccount, StatementFile

_TOLD = 5


class FileDisagrees(IncompleteRead):
    """The downloaded file and the portal's own screen tell different things. Nothing of either is used."""

    code = "COB-CON-010"
    remedy = "Se reintentará; si se repite, compare la captura y el fichero que están entre las pruebas."


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReading:
    """One account over one period, read and proved.

    Attributes:
        account: As the portal lists it.
        file: The downloaded file.
        sha256: Of its bytes, hex.
        content: What it says, proved.
        statement: The part of `content` that is this account's, several statements joined.
    """

    account: PortalAccount
    file: Path
    sha256: str
    content: StatementFile
    statement: Statement


def read_account(portal: BankPortal, account: PortalAccount, since: date, until: date, folder: Path) -> AccountReading:
    """Read the movements of both days inclusive and prove file and screen against each other.

    Args:
        portal: Logged in.
        account: One of its accounts.
        since: First day.
        until: Last day.
        folder: Where the file stays as evidence; a file that contradicts itself goes to ``cuarentena`` below it.

    Raises:
        FileDisagrees: they differ in count, days or amounts.
        StatementError: the file contradicts itself.
    """
    screen = portal.movements(account.number, since, until)
    file = portal.download(account.number, since, until, folder)
    try:
        content = statement_files.read(file)
    except StatementError as exc:
        statement_files.quarantine(file, folder / "cuarentena", exc)
        raise
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    statement = _joined(content, account)
    agree(screen, statement, file.name)
    return AccountReading(account=account, file=file, sha256=digest, content=content, statement=statement)


def agree(screen: Statement, file: Statement, name: str) -> None:
    """Check that both tell the same movements by booking day and amount; else raise `FileDisagrees`.

    Texts are not compared: the two word the same movement differently.
    """
    shown, written = _tally(screen.movements), _tally(file.movements)
    if shown == written:
        return
    only_shown, only_written = shown - written, written - shown
    differences = [f"solo en pantalla {_line(key)}" for key in sorted(only_shown)][:_TOLD]
    differences += [f"solo en el fichero {_line(key)}" for key in sorted(only_written)][:_TOLD]
    raise FileDisagrees(
        f"{name}: el portal muestra {len(screen.movements)} movimientos y el fichero trae {len(file.movements)}: "
        + "; ".join(differences)
        + "."
    )


def _tally(movements: Iterable[BankMovement]) -> Counter[tuple[date, Decimal]]:
    return Counter((movement.booked_on, movement.amount) for movement in movements)


def _line(key: tuple[date, Decimal]) -> str:
    return f"{write_day(key[0])} {write_amount(key[1])}"


def _joined(content: StatementFile, account: PortalAccount) -> Statement:
    """The file's statements as one; a portal's file is of one account, split at most by period."""
    mine = [each for each in content.statements if each.currency in ("", account.currency)]
    if not mine:
        raise StatementError(f"El fichero no trae ningún extracto en {account.currency} de la cuenta {account.number}.")
    return Statement(
        account=account.number,
        currency=account.currency,
        opening=mine[0].opening,
        closing=mine[-1].closing,
        movements=tuple(movement for each in mine for movement in each.movements),
    )
