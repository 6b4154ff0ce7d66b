"""Stripe's REST API as far as `connectors.gateways.stripe` uses it. Source: the vendor's API reference."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.gateways.shop import Call, Payout, Sale, Shop, ShopError
from cobranza.kernel.money import minor_units

KEY = "sk_test_de_prueba"
SECRET = "whsec_de_prueba"  # noqa: S105 - a demo's
_LEAST_MINUTES = 30


class Stripe:
    """The face over a shop."""

    kind = "stripe"
    key, secret = KEY, SECRET

    def __init__(self, url: str = "") -> None:
        self.shop, self.url = Shop("cs_test_"), url

    def routes(self) -> list[Route]:
        """What answers under /v1."""
        return [
            Route("/v1/checkout/sessions", self._create, methods=["POST"]),
            Route("/v1/checkout/sessions/{id}", self._session, methods=["GET"]),
            Route("/v1/charges/{id}", self._charge, methods=["GET"]),
            Route("/v1/disputes", self._disputes, methods=["GET"]),
            Route("/v1/payouts", self._payouts, methods=["GET"]),
            Route("/v1/balance_transactions", self._transactions, methods=["GET"]),
        ]

    def page_of(self, sale: Sale) -> str:
        """Address of its pay page."""
        return f"{self.url}/pagar/{sale.id}"

    def signed(self, call: Call, at: datetime) -> tuple[str, bytes, dict[str, str]]:
        """Query, body and headers of a webhook call, signed as of `at`."""
        body = json.dumps(self._event(call)).encode()
        moment = str(int(at.timestamp()))
        digest = hmac.new(self.secret.encode(), moment.encode() + b"." + body, hashlib.sha256).hexdigest()
        headers = {"Stripe-Signature": f"t={moment},v1={digest},v0=0", "Content-Type": "application/json"}
        return "", body, headers

    async def _create(self, request: Request) -> Response:
        given = dict((await request.form()).items())
        try:
            currency = str(given["line_items[0][price_data][currency]"]).upper()
            units = int(str(given["line_items[0][price_data][unit_amount]"]))
            expires = datetime.fromtimestamp(int(str(given["expires_at"])), UTC)
            if given["mode"] != "payment" or units < 50:
                return _refused("Amount must be at least 50 minor units.", "line_items")
            known = {sale.idempotency for sale in self.shop.sales.values()}
            minutes = (expires - self.shop.now()).total_seconds() / 60
            if request.headers["Idempotency-Key"] not in known and not _LEAST_MINUTES <= minutes <= 1440:
                return _refused("expires_at must be between 30 minutes and 24 hours from now.", "expires_at")
            sale = self.shop.sell(
                idempotency=request.headers["Idempotency-Key"],
                asked=given,
                key=str(given["client_reference_id"]),
                amount=Decimal(units).scaleb(-minor_units(currency)),
                currency=currency,
                text=str(given["line_items[0][price_data][product_data][name]"]),
                back_url=str(given["success_url"]),
                expires_at=expires,
            )
        except (KeyError, ValueError) as exc:
            return _refused(f"Missing or wrong parameter: {exc}", str(exc))
        except ShopError as exc:
            return JSONResponse({"error": {"type": "idempotency_error", "message": exc.message}}, 400)
        return JSONResponse(self._of_session(sale, expanded=False))

    async def _session(self, request: Request) -> Response:
        sale = self.shop.sales.get(request.path_params["id"])
        if sale is None:
            return _missing()
        return JSONResponse(self._of_session(sale, expanded=bool(request.query_params.getlist("expand[]"))))

    async def _charge(self, request: Request) -> Response:
        sale = self._by_charge(request.path_params["id"])
        return _missing() if sale is None else JSONResponse(self._of_charge(sale))

    async def _disputes(self, request: Request) -> Response:
        sale = self._by_charge(request.query_params.get("charge", ""))
        return _list([self._of_dispute(sale)] if sale is not None and sale.dispute else [])

    async def _payouts(self, request: Request) -> Response:
        since = int(request.query_params.get("arrival_date[gte]", "0"))
        return _list([self._of_payout(each) for each in self.shop.payouts if each.at.timestamp() >= since])

    async def _transactions(self, request: Request) -> Response:
        name = request.query_params.get("payout", "")
        sales = [sale for sale in self.shop.sales.values() if sale.payout == name]
        after = request.query_params.get("starting_after", "")
        ids = [f"txn_{sale.number}" for sale in sales]
        start = ids.index(after) + 1 if after in ids else 0
        size = min(100, int(request.query_params.get("limit", "10")))
        rows = [self._of_transaction(sale) | {"source": self._of_charge(sale)} for sale in sales[start : start + size]]
        return _list(rows, more=start + size < len(sales))

    def _by_charge(self, name: str) -> Sale | None:
        return next((sale for sale in self.shop.sales.values() if f"ch_{sale.number}" == name and sale.paid), None)

    def _of_session(self, sale: Sale, *, expanded: bool) -> dict[str, Any]:
        intent: Any = None
        if sale.paid or sale.failed:
            intent = f"pi_{sale.number}"
            if expanded:
                charge = self._of_charge(sale) | {"balance_transaction": self._of_transaction(sale)}
                intent = {"id": intent, "object": "payment_intent", "latest_charge": charge if sale.paid else None}
        over = self.shop.over(sale)
        return {
            "id": sale.id,
            "object": "checkout.session",
            "url": self.page_of(sale),
            "client_reference_id": sale.key,
            "currency": sale.currency.lower(),
            "amount_total": _units(sale.amount, sale),
            "status": "complete" if sale.paid else "expired" if over else "open",
            "payment_status": "paid" if sale.paid else "unpaid",
            "payment_intent": intent,
            "metadata": {"key": sale.key},
        }

    def _of_charge(self, sale: Sale) -> dict[str, Any]:
        return {
            "id": f"ch_{sale.number}",
            "object": "charge",
            "paid": bool(sale.paid),
            "currency": sale.currency.lower(),
            "amount": _units(sale.paid, sale),
            "amount_captured": _units(sale.paid, sale),
            "amount_refunded": _units(sale.returned, sale),
            "disputed": bool(sale.dispute),
            "payment_intent": f"pi_{sale.number}",
            "balance_transaction": f"txn_{sale.number}",
            "metadata": {"key": sale.key},
        }

    def _of_transaction(self, sale: Sale) -> dict[str, Any]:
        return {
            "id": f"txn_{sale.number}",
            "object": "balance_transaction",
            "type": "charge",
            "currency": sale.currency.lower(),
            "amount": _units(sale.paid, sale),
            "fee": _units(sale.fee, sale),
            "net": _units(sale.paid - sale.fee, sale),
            "source": f"ch_{sale.number}",
        }

    def _of_dispute(self, sale: Sale) -> dict[str, Any]:
        return {
            "id": f"dp_{sale.number}",
            "object": "dispute",
            "charge": f"ch_{sale.number}",
            "payment_intent": f"pi_{sale.number}",
            "currency": sale.currency.lower(),
            "amount": _units(sale.paid, sale),
            "status": sale.dispute,
            "reason": "fraudulent",
        }

    def _of_payout(self, payout: Payout) -> dict[str, Any]:
        units = int(payout.amount.scaleb(minor_units(payout.currency)))
        moment = int(payout.at.timestamp())
        return {
            "id": payout.id, "object": "payout", "amount": units, "currency": payout.currency.lower(),
            "created": moment, "arrival_date": moment, "status": "paid",
        }  # fmt: skip

    def _event(self, call: Call) -> dict[str, Any]:
        if call.kind == "payout":
            kind = "payout.paid"
            thing = self._of_payout(next(each for each in self.shop.payouts if each.id == call.payout))
        else:
            sale = next(each for each in self.shop.sales.values() if each.number == call.sale)
            kind, thing = {
                "pay": ("checkout.session.completed", self._of_session(sale, expanded=False)),
                "fail": ("checkout.session.async_payment_failed", self._of_session(sale, expanded=False)),
                "expire": ("checkout.session.expired", self._of_session(sale, expanded=False)),
                "refund": ("charge.refunded", self._of_charge(sale)),
                "dispute": ("charge.dispute.created", self._of_dispute(sale)),
                "win": ("charge.dispute.closed", self._of_dispute(sale)),
            }[call.kind]
        # The object is as it was when the thing happened, however late the call.
        thing = call.data.setdefault("thing", thing)
        return {
            "id": call.name, "object": "event", "type": kind, "created": int(call.at.timestamp()),
            "data": {"object": thing},
        }  # fmt: skip


def _units(amount: Decimal, sale: Sale) -> int:
    return int(amount.scaleb(minor_units(sale.currency)))


def _list(rows: list[dict[str, Any]], *, more: bool = False) -> Response:
    return JSONResponse({"object": "list", "data": rows, "has_more": more})


def _refused(message: str, parameter: str) -> Response:
    return JSONResponse({"error": {"type": "invalid_request_error", "message": message, "param": parameter}}, 400)


def _missing() -> Response:
    return JSONResponse({"error": {"type": "invalid_request_error", "code": "resource_missing"}}, 404)
