"""What a payment gateway gives: a page to pay on, and what became of the payment.

Adapters live under `connectors/gateways/`; each opens the accounts that `config/gateways.toml` names. A gateway never
decides what is owed and never touches the ledger: a paid charge puts a hold on what it pays until the bank movement of
the payout is booked, so that no money counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from cobranza.kernel.errors import ApplicationError, BusinessError
from cobranza.kernel.money import Money


class GatewayDown(ApplicationError):
    """The gateway is away and surely made nothing."""

    code = "COB-PAG-001"
    remedy = "Se reintentará; si se repite, compruebe la pasarela y la red."


class GatewayRefused(BusinessError):
    """The gateway refuses our account or what we asked."""

    code = "COB-PAG-002"
    remedy = "Compruebe la cuenta de la pasarela y su clave en «cobranza credentials»."


class ForgedCall(BusinessError):
    """A call to our webhook whose signature is wrong, or too old: nothing of it is read."""

    code = "COB-PAG-003"
    remedy = "No hay que hacer nada; si se repite, cambie el secreto del webhook."


class ChargeState(StrEnum):
    """What became of a charge; they only rise, but for what a gateway takes back."""

    ASKED = "pedido"
    PENDING = "pendiente"
    PAID = "pagado"
    FAILED = "fallido"
    EXPIRED = "caducado"
    REFUNDED = "devuelto"
    DISPUTED = "reclamado"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What is to be paid.

    Attributes:
        key: Idempotency key: asked twice, the gateway has it once.
        money: Exact, in major units.
        text: What the payer reads, without personal data.
        back_url: Our page to return to; never a proof that anything was paid.
        expires_at: After it, it cannot be paid.
    """

    key: str
    money: Money
    text: str
    back_url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Where to pay: the gateway's id of the charge and its address."""

    charge_id: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the gateway says of a charge, asked or by itself.

    Attributes:
        event: The gateway's id of the call, "" when it was asked: a second delivery changes nothing.
        charge_id: Its id of the charge; `key` is ours where it gives it back.
        money: Paid in all or, of a charge given back or disputed, given back in all; None while nothing moved.
        paid: Paid in all, where `money` is what was given back and both are known.
        fee: What the gateway keeps, None while unknown.
        payout: Its reference of the transfer to our bank, "" while unknown.
        at: Aware.
    """

    charge_id: str
    state: ChargeState
    at: datetime
    event: str = ""
    key: str = ""
    money: Money | None = None
    paid: Money | None = None
    fee: Money | None = None
    payout: str = ""
    reason: str = ""


class Gateway(Protocol):
    """One account at a payment gateway. One thread.

    Attributes:
        slug: Name of the account in `config/gateways.toml`; its webhook is ``/payments/avisos/<slug>/``.
        creditors: Short names of the companies whose money it takes.
        currencies: That it takes.
        bank_texts: How its transfers are called in the bank's statement, lower case: with them a movement is known as a
            payout even where no reference says so.
    """

    slug: str
    creditors: frozenset[str]
    currencies: frozenset[str]
    bank_texts: tuple[str, ...]

    def checkout(self, asked: Checkout) -> Page:
        """Make a page to pay on; the same key gives the same page.

        Raises:
            GatewayDown: away, surely nothing made. After a broken answer ask again with the same key.
            GatewayRefused: our account, currency or amount.
        """

    def lookup(self, key: str, charge_id: str) -> Told | None:
        """What it knows of a charge; None when it has none.

        Raises:
            GatewayDown: it cannot be asked now.
        """

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Told]:
        """Read one call to our webhook, signature first; what must be looked up again is looked up by the caller.

        Raises:
            ForgedCall: wrong or too old.
        """

    def settled(self, since: datetime) -> Sequence[Told]:
        """Charges that were paid out to our bank since then, with `payout` and `fee`; empty where it cannot tell.

        Raises:
            GatewayDown: it cannot be asked now.
        """


class Gateways(Protocol):
    """Opens accounts of one gateway; `connectors/gateways/<slug>` gives it as `ADAPTER`."""

    slug: str

    def open(self, name: str) -> Gateway:
        """The account of that name.

        Raises:
            ConfigError: there is none, or its entry is wrong.
        """

    def names(self) -> Iterator[str]:
        """Accounts in use, in the order of the file."""
