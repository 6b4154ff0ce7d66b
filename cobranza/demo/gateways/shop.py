"""What happened at a gateway: checkouts, payments, refunds, disputes, payouts. Both faces tell it their own way."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from cobranza.kernel.errors import BusinessError

FEE_PERCENT = Decimal("1.5")
FEE_FIXED = Decimal("0.25")


class ShopError(BusinessError):
    """An order that the demo gateway cannot follow."""

    code = "COB-DEM-061"
    remedy = "Mire con GET /__truth qué cobros hay y en qué estado están."


@dataclass
class Sale:
    """One page to pay on and what became of it. Amounts in major units."""

    number: int
    id: str
    key: str
    idempotency: str
    amount: Decimal
    currency: str
    text: str
    back_url: str
    expires_at: datetime
    asked: dict[str, Any]
    expired: bool = False
    paid: Decimal = Decimal(0)
    failed: int = 0
    returned: Decimal = Decimal(0)
    dispute: str = ""
    fee: Decimal = Decimal(0)
    payout: str = ""
    paid_at: datetime | None = None


@dataclass
class Payout:
    """A transfer to the merchant's bank."""

    id: str
    sales: list[Sale]
    amount: Decimal
    currency: str
    at: datetime


@dataclass
class Call:
    """A webhook call that is due: its name and what it is about."""

    name: str
    kind: str
    sale: int
    payout: str
    at: datetime
    told: int = 0
    data: dict[str, Any] = field(default_factory=dict)


class Shop:
    """Everything in memory. `prefix` begins the ids of pages."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.sales: dict[str, Sale] = {}
        self.payouts: list[Payout] = []
        self.calls: list[Call] = []

    def now(self) -> datetime:
        """The gateway's clock."""
        return datetime.now(UTC)

    def sell(self, **given: Any) -> Sale:
        """A new page, or the one that this idempotency key made before."""
        for sale in self.sales.values():
            if sale.idempotency == given["idempotency"]:
                if sale.asked != given["asked"]:
                    raise ShopError("Keys for idempotent requests can only be used with the same parameters.")
                return sale
        number = len(self.sales) + 1
        sale = Sale(number=number, id=f"{self._prefix}{number}_{secrets.token_hex(8)}", **given)
        self.sales[sale.id] = sale
        return sale

    def find(self, name: str) -> Sale:
        """A sale by the gateway's id or our key."""
        for sale in self.sales.values():
            if name in {sale.id, sale.key}:
                return sale
        raise ShopError(f"No hay ningún cobro «{name}».")

    def act(self, sale: Sale, what: str, amount: Decimal | None = None) -> None:
        """What a payer, support or time does: "pay", "fail", "expire", "refund", "dispute", "win"."""
        if what == "pay" and not sale.paid and not self.over(sale):
            sale.paid, sale.paid_at = sale.amount, self.now()
            step = Decimal(1) if sale.amount == sale.amount.to_integral_value() and sale.currency == "CLP" else None
            fee = sale.amount * FEE_PERCENT / 100 + FEE_FIXED
            sale.fee = fee.quantize(step or Decimal("0.01"), ROUND_HALF_UP)
        elif what == "fail" and not sale.paid:
            sale.failed += 1
        elif what == "expire" and not sale.paid:
            sale.expired = True
        elif what == "refund" and sale.paid > sale.returned:
            sale.returned = min(sale.paid, sale.returned + (amount or sale.paid))
        elif what == "dispute" and sale.paid:
            sale.dispute = "needs_response"
        elif what == "win" and sale.dispute:
            sale.dispute = "won"
        else:
            raise ShopError(f"No se puede hacer «{what}» con {sale.id}.")
        self._due(what, sale=sale)

    def pay_out(self) -> Payout | None:
        """Transfer all that was paid and not returned or transferred yet."""
        sales = [each for each in self.sales.values() if each.paid and not each.returned and not each.payout]
        if not sales:
            return None
        name = f"po_{len(self.payouts) + 1}{secrets.token_hex(6)}"
        amount = sum((each.paid - each.fee for each in sales), Decimal(0))
        payout = Payout(name, sales, amount, sales[0].currency, self.now())
        for each in sales:
            each.payout = name
        self.payouts.append(payout)
        self._due("payout", payout=payout)
        return payout

    def over(self, sale: Sale) -> bool:
        """Whether nobody can pay on it any more."""
        return sale.expired or self.now() >= sale.expires_at

    def truth(self) -> dict[str, Any]:
        """All of it, amounts as text."""
        return {
            "sales": [
                {
                    "id": sale.id, "key": sale.key, "amount": str(sale.amount), "currency": sale.currency,
                    "paid": str(sale.paid), "returned": str(sale.returned), "fee": str(sale.fee),
                    "dispute": sale.dispute, "payout": sale.payout, "expired": self.over(sale),
                }
                for sale in self.sales.values()
            ],
            "payouts": [
                {"id": each.id, "amount": str(each.amount), "currency": each.currency} for each in self.payouts
            ],
            "calls": [{"name": call.name, "kind": call.kind, "told": call.told} for call in self.calls],
        }  # fmt: skip

    def _due(self, kind: str, *, sale: Sale | None = None, payout: Payout | None = None) -> None:
        number = sale.number if sale else 0
        name = f"evt_{len(self.calls) + 1}_{secrets.token_hex(4)}"
        self.calls.append(Call(name, kind, number, payout.id if payout else "", self.now()))
