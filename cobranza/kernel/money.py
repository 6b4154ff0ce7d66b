"""Money: an exact decimal amount with its currency. Floats never carry money."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from cobranza.kernel.errors import BusinessError

_NO_MINOR_UNITS = frozenset({"CLP", "PYG", "JPY", "KRW", "VND", "ISK", "UGX", "XAF", "XOF"})
_THREE_MINOR_UNITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


class CurrencyError(BusinessError):
    """Two currencies met where one was expected."""

    code = "COB-DIN-001"
    remedy = "Separe los importes por moneda."


def minor_units(currency: str) -> int:
    """Decimal places of a currency. Source: ISO 4217 list one.

    >>> minor_units("EUR"), minor_units("CLP")
    (2, 0)
    """
    if currency in _NO_MINOR_UNITS:
        return 0
    return 3 if currency in _THREE_MINOR_UNITS else 2


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in major units of one currency.

    Attributes:
        currency: ISO 4217 code, three capital letters.
        amount: Exact and finite, in major units (euros, not cents).

    >>> Money("EUR", Decimal("10.50")) + Money("EUR", Decimal("0.25"))
    Money(currency='EUR', amount=Decimal('10.75'))
    """

    currency: str
    amount: Decimal

    def __post_init__(self) -> None:
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise CurrencyError(f"«{self.currency}» no es un código de moneda ISO 4217.")
        if not isinstance(self.amount, Decimal):
            raise TypeError(f"Money needs a Decimal, not {type(self.amount).__name__}")
        if not self.amount.is_finite():
            raise CurrencyError(f"El importe «{self.amount}» no es un número finito.")

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyError(f"No se pueden operar {self.currency} y {other.currency}.")

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.currency, self.amount + other.amount)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.currency, self.amount - other.amount)

    def __neg__(self) -> Money:
        return Money(self.currency, -self.amount)

    def __abs__(self) -> Money:
        return Money(self.currency, abs(self.amount))

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.amount < other.amount

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.amount <= other.amount

    def __bool__(self) -> bool:
        return bool(self.amount)

    def rounded(self) -> Money:
        """The same money at the currency's own precision, half to even."""
        step = Decimal(1).scaleb(-minor_units(self.currency))
        return Money(self.currency, self.amount.quantize(step, rounding=ROUND_HALF_EVEN))

    @classmethod
    def total(cls, currency: str, parts: Iterable[Money]) -> Money:
        """Sum of `parts`, all in `currency`; zero when there are none."""
        result = cls(currency, Decimal(0))
        for part in parts:
            result = result + part
        return result
