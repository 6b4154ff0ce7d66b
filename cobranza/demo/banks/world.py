"""What the bank knows: accounts and movements, from a world file or invented from a seed.

Balances are never stored: they follow from the opening balance and the order of the movements, so they always chain.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from cobranza.kernel.clock import MADRID
from cobranza.kernel.errors import BusinessError

_KEYS = frozenset(
    {"booked_on", "value_on", "booked_at", "amount", "text", "reference", "bank_code", "pending"}
    | {"counterparty_name", "counterparty_account", "counterparty_tax_id"}
)
_ACCOUNT_KEYS = frozenset({"id", "iban", "name", "currency", "opening_balance", "movements"})
# What /__truth adds: taken and ignored, so that a truth can be served again as a world.
_DERIVED = frozenset({"id", "balance_after", "closing_balance"})


class WorldError(BusinessError):
    """A world file that cannot be served."""

    code = "COB-DEM-001"
    remedy = "Corrija el fichero del mundo; PORTALS.md describe su forma."


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One line of an account.

    Attributes:
        id: The bank's own number, unique in the bank, rising with arrival.
        booked_on: Day in Madrid.
        value_on: None only for pending movements.
        amount: Signed, two decimals: positive enters the account.
        text: Lines as the bank prints them.
        pending: Shown, never counted, in no statement file.
        booked_at: Time of day in Madrid; near midnight its UTC day differs from `booked_on`.
    """

    id: int
    booked_on: date
    value_on: date | None
    amount: Decimal
    text: tuple[str, ...] = ()
    reference: str = ""
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_tax_id: str = ""
    bank_code: str = ""
    pending: bool = False
    booked_at: time = time(9, 0)

    @property
    def concept(self) -> str:
        """The text lines joined with one space."""
        return " ".join(line.strip() for line in self.text if line.strip())

    @property
    def instant(self) -> datetime:
        """When it was booked, aware, in Madrid."""
        return datetime.combine(self.booked_on, self.booked_at, MADRID)


@dataclass(slots=True, kw_only=True)
class Account:
    """An account with its movements, oldest first; equal days keep their order of arrival."""

    id: str
    iban: str
    name: str
    currency: str
    opening: Decimal
    movements: list[Movement] = field(default_factory=list)

    def booked(self) -> list[Movement]:
        """Every booked movement, oldest first."""
        return [movement for movement in self.movements if not movement.pending]

    def pending(self) -> list[Movement]:
        """Movements that are announced and not booked."""
        return [movement for movement in self.movements if movement.pending]

    @property
    def closing(self) -> Decimal:
        """Balance after the last booked movement."""
        return self.opening + sum((movement.amount for movement in self.booked()), Decimal(0))

    def extract(self, start: date, end: date) -> Extract:
        """The booked movements of `start` to `end`, both included, with the balances around them."""
        opening = self.opening
        inside: list[Movement] = []
        for movement in self.booked():
            if movement.booked_on < start:
                opening += movement.amount
            elif movement.booked_on <= end:
                inside.append(movement)
        return Extract(account=self, start=start, end=end, opening=opening, movements=tuple(inside))

    def add(self, movement: Movement) -> None:
        """Insert a movement behind all that were booked on its day or before."""
        place = len(self.movements)
        while place and self.movements[place - 1].booked_on > movement.booked_on:
            place -= 1
        self.movements.insert(place, movement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """One account over one period; oldest first."""

    account: Account
    start: date
    end: date
    opening: Decimal
    movements: tuple[Movement, ...]

    @property
    def credits(self) -> Decimal:
        """Sum of what entered."""
        return sum((movement.amount for movement in self.movements if movement.amount > 0), Decimal("0.00"))

    @property
    def debits(self) -> Decimal:
        """Sum of what left, negative."""
        return sum((movement.amount for movement in self.movements if movement.amount < 0), Decimal("0.00"))

    @property
    def closing(self) -> Decimal:
        """Balance after the last movement."""
        return self.opening + self.credits + self.debits

    def with_balances(self) -> list[tuple[Movement, Decimal]]:
        """Each movement with the balance after it, oldest first."""
        balance = self.opening
        rows = []
        for movement in self.movements:
            balance += movement.amount
            rows.append((movement, balance))
        return rows


@dataclass(slots=True, kw_only=True)
class World:
    """All accounts of one customer of the bank."""

    accounts: list[Account]

    def account(self, id_: str) -> Account | None:
        """The account called `id_`, None when there is none."""
        return next((account for account in self.accounts if account.id == id_), None)

    def next_id(self) -> int:
        """The number the bank gives to the next movement."""
        return 1 + max((movement.id for account in self.accounts for movement in account.movements), default=0)

    def as_dict(self) -> dict[str, Any]:
        """The truth, amounts as strings and days as ISO."""
        return {
            "accounts": [
                {
                    "id": account.id,
                    "iban": account.iban,
                    "name": account.name,
                    "currency": account.currency,
                    "opening_balance": str(account.opening),
                    "closing_balance": str(account.closing),
                    "movements": _rows(account),
                }
                for account in self.accounts
            ]
        }


def _rows(account: Account) -> list[dict[str, Any]]:
    balance = account.opening
    rows = []
    for movement in account.movements:
        if not movement.pending:
            balance += movement.amount
        rows.append(
            {
                "id": movement.id,
                "booked_on": movement.booked_on.isoformat(),
                "value_on": movement.value_on.isoformat() if movement.value_on else None,
                "booked_at": movement.booked_at.isoformat("minutes"),
                "amount": str(movement.amount),
                "balance_after": None if movement.pending else str(balance),
                "text": list(movement.text),
                "reference": movement.reference,
                "counterparty_name": movement.counterparty_name,
                "counterparty_account": movement.counterparty_account,
                "counterparty_tax_id": movement.counterparty_tax_id,
                "bank_code": movement.bank_code,
                "pending": movement.pending,
            }
        )
    return rows


def load(file: Path) -> World:
    """Read a world file; see PORTALS.md for its form.

    Raises:
        WorldError: not JSON, an unknown key, a missing one or a value of the wrong kind.
    """
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise WorldError(f"No se puede leer «{file.name}»: {exc}.") from exc
    return parse(raw)


def parse(raw: Any) -> World:
    """Turn parsed JSON into a world; see `load`."""
    if not isinstance(raw, dict) or not isinstance(raw.get("accounts"), list) or not raw["accounts"]:
        raise WorldError("Falta la lista «accounts» o está vacía.")
    accounts = []
    number = 1
    for position, entry in enumerate(raw["accounts"], 1):
        where = f"Cuenta {position}"
        if not isinstance(entry, dict):
            raise WorldError(f"{where}: se esperaba un objeto.")
        _refuse_unknown(entry, _ACCOUNT_KEYS, where)
        iban = _text(entry, "iban", where).replace(" ", "").upper()
        movements = [
            _movement(line, number + index, f"{where}, movimiento {index + 1}")
            for index, line in enumerate(entry.get("movements", []))
        ]
        number += len(movements)
        account = Account(
            id=str(entry.get("id", f"c{position}")),
            iban=iban,
            name=_text(entry, "name", where),
            currency=str(entry.get("currency", "EUR")),
            opening=_amount(entry.get("opening_balance"), where),
            movements=sorted(movements, key=lambda movement: movement.booked_on),
        )
        accounts.append(account)
    if len({account.id for account in accounts}) != len(accounts):
        raise WorldError("Dos cuentas tienen el mismo «id».")
    return World(accounts=accounts)


def _movement(raw: Any, number: int, where: str) -> Movement:
    if not isinstance(raw, dict):
        raise WorldError(f"{where}: se esperaba un objeto.")
    _refuse_unknown(raw, _KEYS, where)
    pending = bool(raw.get("pending", False))
    booked_on = _day(raw.get("booked_on"), where)
    value = raw.get("value_on")
    lines = raw.get("text", [])
    return Movement(
        id=number,
        booked_on=booked_on,
        value_on=_day(value, where) if value else (None if pending else booked_on),
        amount=_amount(raw.get("amount"), where),
        text=tuple(str(line) for line in ([lines] if isinstance(lines, str) else lines)),
        reference=str(raw.get("reference", "")),
        counterparty_name=str(raw.get("counterparty_name", "")),
        counterparty_account=str(raw.get("counterparty_account", "")).replace(" ", ""),
        counterparty_tax_id=str(raw.get("counterparty_tax_id", "")),
        bank_code=str(raw.get("bank_code", "")),
        pending=pending,
        booked_at=_time(raw.get("booked_at", "09:00"), where),
    )


def _refuse_unknown(raw: dict[str, Any], known: frozenset[str], where: str) -> None:
    unknown = sorted(set(raw) - known - _DERIVED)
    if unknown:
        raise WorldError(f"{where}: clave desconocida «{unknown[0]}» (se admiten: {', '.join(sorted(known))}).")


def _text(raw: Any, key: str, where: str) -> str:
    value = raw.get(key) if isinstance(raw, dict) else None
    if not isinstance(value, str) or not value.strip():
        raise WorldError(f"{where}: falta «{key}».")
    return value


def _amount(raw: Any, where: str) -> Decimal:
    if not isinstance(raw, str):
        raise WorldError(f'{where}: el importe {raw!r} debe ser un texto como "1234.56".')
    try:
        value = Decimal(raw)
    except InvalidOperation as exc:
        raise WorldError(f"{where}: «{raw}» no es un importe.") from exc
    if not value.is_finite() or value != value.quantize(Decimal("0.01")):
        raise WorldError(f"{where}: «{raw}» no es un importe con dos decimales.")
    return value.quantize(Decimal("0.01"))


def _day(raw: Any, where: str) -> date:
    try:
        return date.fromisoformat(str(raw))
    except ValueError as exc:
        raise WorldError(f"{where}: «{raw}» no es un día (aaaa-mm-dd).") from exc


def _time(raw: Any, where: str) -> time:
    try:
        return time.fromisoformat(str(raw))
    except ValueError as exc:
        raise WorldError(f"{where}: «{raw}» no es una hora (hh:mm).") from exc
