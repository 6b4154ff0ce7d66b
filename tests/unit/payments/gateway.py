"""A gateway in memory: what it knows is truth, what it tells can come twice, late and in any order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.payments.ports import ChargeState, Checkout, ForgedCall, GatewayDown, Page, Told

START = clock.now() - timedelta(hours=1)


@dataclass
class Truth:
    """One charge as the gateway has it."""

    asked: Checkout
    id: str
    paid: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    disputed: bool = False
    expired: bool = False
    fee: Decimal = Decimal("1.00")
    payout: str = ""

    def state(self) -> ChargeState:
        if self.disputed:
            return ChargeState.DISPUTED
        if self.returned:
            return ChargeState.REFUNDED
        if self.paid:
            return ChargeState.PAID
        return ChargeState.EXPIRED if self.expired else ChargeState.PENDING


@dataclass
class MemoryGateway:
    """See `cobranza.payments.ports.Gateway`; `calls` are the webhook calls that it would make, by name."""

    slug: str = "memoria"
    creditors: frozenset[str] = frozenset({"talleres"})
    currencies: frozenset[str] = frozenset({"EUR"})
    bank_texts: tuple[str, ...] = ("memoria pagos",)
    charges: dict[str, Truth] = field(default_factory=dict)
    calls: dict[str, Told] = field(default_factory=dict)
    made: int = 0
    down: bool = False
    lose: bool = False
    at: datetime = START

    def names(self) -> Iterator[str]:
        return iter([self.slug])

    def open(self, name: str) -> MemoryGateway:
        return self

    def checkout(self, asked: Checkout) -> Page:
        if self.down:
            raise GatewayDown("No contesta.")
        if asked.key not in self.charges:
            self.made += 1
            self.charges[asked.key] = Truth(asked, f"cs_{self.made}")
        if self.lose:
            self.lose = False
            raise GatewayDown("Se cortó la respuesta.")
        return Page(charge_id=self.charges[asked.key].id, url=f"https://pay.example/{self.charges[asked.key].id}")

    def lookup(self, key: str, charge_id: str) -> Told | None:
        if self.down:
            raise GatewayDown("No contesta.")
        return self._told(self.charges[key], "") if key in self.charges else None

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Told]:
        if {name.lower(): value for name, value in headers.items()}.get("firma") != "buena":
            raise ForgedCall("La firma no vale.")
        return [self.calls[body.decode()]]

    def settled(self, since: datetime) -> Sequence[Told]:
        if self.down:
            raise GatewayDown("No contesta.")
        return [self._told(each, "") for each in self.charges.values() if each.payout]

    # --- what a debtor, a support agent or time does; each leaves a call to make

    def pay(self, key: str) -> str:
        self.charges[key].paid = self.charges[key].asked.money.amount
        return self.call(key)

    def refund(self, key: str, amount: str = "") -> str:
        truth = self.charges[key]
        truth.returned = truth.paid if not amount else truth.returned + Decimal(amount)
        return self.call(key)

    def call(self, key: str) -> str:
        name = f"evt_{len(self.calls) + 1}"
        self.calls[name] = self._told(self.charges[key], name)
        return name

    def _told(self, truth: Truth, event: str) -> Told:
        self.at += timedelta(seconds=1)
        state = truth.state()
        moved = truth.returned if state is ChargeState.REFUNDED else truth.paid
        return Told(
            charge_id=truth.id,
            key=truth.asked.key,
            state=state,
            at=self.at,
            event=event,
            money=Money("EUR", moved) if moved else None,
            paid=Money("EUR", truth.paid) if truth.paid else None,
            fee=Money("EUR", truth.fee) if truth.payout else None,
            payout=truth.payout,
        )
