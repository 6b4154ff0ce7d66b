"""One Stripe account behind the `Gateway` port.

Our key is the idempotency key, the session's ``client_reference_id`` and metadata of the payment, which Stripe copies
to the charge: whatever Stripe talks about, our key is on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx

from cobranza.kernel import clock
from cobranza.kernel.money import Money, minor_units
from cobranza.payments.ports import ChargeState, Checkout, ForgedCall, GatewayRefused, Page, Told
from connectors.gateways import signing
from connectors.gateways.line import Line
from connectors.gateways.settings import GatewaySettings

_SESSIONS = "/v1/checkout/sessions"
_EXPANDED = [("expand[]", "payment_intent.latest_charge.balance_transaction")]
_LOST = frozenset({"won", "warning_closed"})
"""Disputes of these states are over and the money is ours."""
_MOST_PAGES = 20
Row = dict[str, Any]


class StripeAccount:
    """See `cobranza.payments.ports.Gateway`.

    Args:
        name: Of the entry.
        entry: Its settings; its secrets have to be there.
        transport: For tests; None is the network.
    """

    def __init__(self, name: str, entry: GatewaySettings, *, transport: httpx.BaseTransport | None = None) -> None:
        self.slug = name
        self.creditors = frozenset(entry.acreedores)
        self.currencies = frozenset(entry.monedas)
        self.bank_texts = tuple(text.lower() for text in entry.textos_banco)
        self._signature, self._minutes = entry.signature(), entry.firma_minutos
        self._line = Line(
            "Stripe",
            entry.address(),
            entry.key(),
            seconds=entry.espera_segundos,
            tries=entry.reintentos,
            transport=transport,
        )

    def checkout(self, asked: Checkout) -> Page:
        """See `Gateway.checkout`."""
        fields = {
            "mode": "payment",
            "client_reference_id": asked.key,
            "success_url": asked.back_url,
            "cancel_url": asked.back_url,
            "expires_at": str(int(asked.expires_at.timestamp())),
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": asked.money.currency.lower(),
            "line_items[0][price_data][unit_amount]": str(_units(asked.money)),
            "line_items[0][price_data][product_data][name]": asked.text,
            "metadata[key]": asked.key,
            "payment_intent_data[metadata][key]": asked.key,
        }
        body = urlencode(fields).encode()
        answer = self._line.post(
            _SESSIONS, body, "application/x-www-form-urlencoded", key=asked.key, header="Idempotency-Key"
        )
        return Page(charge_id=str(answer["id"]), url=str(answer["url"]))

    def lookup(self, key: str, charge_id: str) -> Told | None:
        """See `Gateway.lookup`; without its id a session cannot be found, asking for the page again gives it."""
        if not charge_id:
            return None
        asked_at = clock.now()
        session = self._line.get(f"{_SESSIONS}/{charge_id}", _EXPANDED)
        return None if session is None else self._of_session(session, asked_at)

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Told]:
        """See `Gateway.events`; disputes and payouts name a charge only by Stripe's id, so that is looked up."""
        given = signing.pairs(signing.header(headers, "Stripe-Signature"))
        at = next((value for name, value in given if name == "t"), "")
        marks = [value for name, value in given if name == "v1"]
        signing.check(self._signature, at.encode() + b"." + body, marks, at, now=clock.now(), minutes=self._minutes)
        try:
            event: Row = json.loads(body, parse_float=Decimal)
            kind, thing = str(event["type"]), event["data"]["object"]
            return list(self._read(str(event["id"]), kind, thing, _moment(event["created"])))
        except (ValueError, KeyError, TypeError) as exc:
            raise ForgedCall(f"El aviso de Stripe no se puede leer ({type(exc).__name__}).") from exc

    def settled(self, since: datetime) -> Sequence[Told]:
        """See `Gateway.settled`."""
        query = [("status", "paid"), ("arrival_date[gte]", str(int(since.timestamp())))]
        payouts = self._pages("/v1/payouts", query)
        return [told for payout in payouts for told in self._of_payout("", payout)]

    def _read(self, event: str, kind: str, thing: Row, at: datetime) -> Iterator[Told]:
        if kind.startswith("checkout.session."):
            failed = kind.endswith("async_payment_failed")
            state = ChargeState.FAILED if failed else _state(thing)
            paid = _money(thing, "amount_total") if state is ChargeState.PAID else None
            yield Told(
                charge_id=str(thing["id"]),
                key=str(thing.get("client_reference_id") or ""),
                state=state,
                at=at,
                event=event,
                money=paid,
                reason="El pago no se completó." if failed else "",
            )
        elif kind == "charge.refunded":
            yield _refund(thing, event, at)
        elif kind.startswith("charge.dispute."):
            charge = self._line.get(f"/v1/charges/{thing['charge']}")
            if charge is not None and _key(charge):
                over = str(thing["status"]) in _LOST
                yield Told(
                    charge_id="",
                    key=_key(charge),
                    state=ChargeState.PAID if over else ChargeState.DISPUTED,
                    at=at,
                    event=event,
                    money=_money(charge, "amount") if over else _money(thing, "amount"),
                    reason=f"Reclamación: {thing.get('reason', '')}",
                )
        elif kind == "payout.paid":
            yield from self._of_payout(event, thing)

    def _of_payout(self, event: str, payout: Row) -> Iterator[Told]:
        query = [("payout", str(payout["id"])), ("expand[]", "data.source")]
        for row in self._pages("/v1/balance_transactions", query):
            source = row.get("source")
            if isinstance(source, dict) and source.get("object") == "charge" and _key(source):
                yield Told(
                    charge_id="",
                    key=_key(source),
                    state=ChargeState.PAID,
                    at=_moment(payout["created"]),
                    event=event,
                    paid=_money(source, "amount_captured"),
                    fee=_money(row, "fee"),
                    payout=str(payout["id"]),
                )

    def _of_session(self, session: Row, at: datetime) -> Told:
        intent = session.get("payment_intent")
        charge = intent.get("latest_charge") if isinstance(intent, dict) else None
        state, money, paid, fee = _state(session), None, None, None
        if state is ChargeState.PAID:
            money = _money(session, "amount_total")
        if isinstance(charge, dict) and charge.get("paid"):
            booked = charge.get("balance_transaction")
            fee = _money(booked, "fee") if isinstance(booked, dict) else None
            paid = _money(charge, "amount_captured")
            if charge.get("disputed") and self._disputed(str(charge["id"])):
                state, money = ChargeState.DISPUTED, paid
            elif charge.get("amount_refunded"):
                state, money = ChargeState.REFUNDED, _money(charge, "amount_refunded")
        return Told(
            charge_id=str(session["id"]),
            key=str(session.get("client_reference_id") or ""),
            state=state,
            at=at,
            money=money,
            paid=paid,
            fee=fee,
        )

    def _disputed(self, charge: str) -> bool:
        found = self._line.get("/v1/disputes", [("charge", charge)]) or {}
        return any(str(row["status"]) not in _LOST for row in found.get("data", []))

    def _pages(self, path: str, query: list[tuple[str, str]]) -> Iterator[Row]:
        after: list[tuple[str, str]] = []
        for _ in range(_MOST_PAGES):
            page = self._line.get(path, [*query, ("limit", "100"), *after])
            if page is None:
                raise GatewayRefused(f"Stripe no tiene {path}.")
            yield from page["data"]
            if not page.get("has_more"):
                return
            after = [("starting_after", str(page["data"][-1]["id"]))]


def _state(session: Row) -> ChargeState:
    if session.get("payment_status") == "paid":
        return ChargeState.PAID
    return ChargeState.EXPIRED if session.get("status") == "expired" else ChargeState.PENDING


def _refund(charge: Row, event: str, at: datetime) -> Told:
    return Told(
        charge_id="",
        key=_key(charge),
        state=ChargeState.REFUNDED,
        at=at,
        event=event,
        money=_money(charge, "amount_refunded"),
        paid=_money(charge, "amount_captured"),
    )


def _key(charge: Row) -> str:
    return str((charge.get("metadata") or {}).get("key", ""))


def _money(row: Row, name: str) -> Money | None:
    """Stripe counts in minor units, whole numbers."""
    if row.get(name) is None or not row.get("currency"):
        return None
    currency = str(row["currency"]).upper()
    return Money(currency, Decimal(int(row[name])).scaleb(-minor_units(currency)))


def _units(money: Money) -> int:
    units = money.amount.scaleb(minor_units(money.currency))
    if units != int(units) or units <= 0:
        raise GatewayRefused(f"{money.amount} {money.currency} no es un importe que se pueda cobrar.")
    return int(units)


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
