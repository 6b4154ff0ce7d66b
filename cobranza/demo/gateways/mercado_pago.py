"""Mercado Pago's REST API as far as `connectors.gateways.mercado_pago` uses it. Source: the vendor's reference."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from decimal import Decimal
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cobranza.demo.gateways.shop import Call, Sale, Shop, ShopError

KEY = "TEST-clave-de-prueba"
_COLUMNS = (
    "DATE,SOURCE_ID,EXTERNAL_REFERENCE,RECORD_TYPE,DESCRIPTION,NET_CREDIT_AMOUNT,NET_DEBIT_AMOUNT,GROSS_AMOUNT,"
    "MP_FEE_AMOUNT,SETTLEMENT_CURRENCY"
)
SECRET = "firma-de-prueba"  # noqa: S105 - a demo's


class MercadoPago:
    """The face over a shop."""

    kind = "mercado_pago"
    key, secret = KEY, SECRET

    def __init__(self, url: str = "") -> None:
        self.shop, self.url = Shop("pref-"), url

    def routes(self) -> list[Route]:
        """Preferences and payments."""
        return [
            Route("/v1/account/release_report/list", self._reports, methods=["GET"]),
            Route("/v1/account/release_report/{name}", self._report, methods=["GET"]),
            Route("/checkout/preferences", self._create, methods=["POST"]),
            Route("/v1/payments/search", self._search, methods=["GET"]),
            Route("/v1/payments/{id}", self._payment, methods=["GET"]),
        ]

    def page_of(self, sale: Sale) -> str:
        """Address of its pay page."""
        return f"{self.url}/pagar/{sale.id}"

    def signed(self, call: Call, at: datetime) -> tuple[str, bytes, dict[str, str]]:
        """Query, body and headers of a webhook call, signed as of `at`; the body says nothing of what happened."""
        number = f"{1000 + call.sale}"
        kind = "payout" if call.kind == "payout" else "payment"
        moment, request = str(int(at.timestamp() * 1000)), secrets.token_hex(8)
        manifest = f"id:{number};request-id:{request};ts:{moment};"
        digest = hmac.new(self.secret.encode(), manifest.encode(), hashlib.sha256).hexdigest()
        action = "payment.created" if call.kind in {"pay", "fail"} else "payment.updated"
        body = {"id": call.name, "type": kind, "action": action, "data": {"id": number}, "live_mode": False}
        headers = {
            "x-signature": f"ts={moment},v1={digest}",
            "x-request-id": request,
            "Content-Type": "application/json",
        }
        return f"data.id={number}&type={kind}", json.dumps(body).encode(), headers

    async def _reports(self, _request: Request) -> Response:
        """One report for each withdrawal, and one of everything: entries stand in two of them, as they do there."""
        found = [
            {"id": number, "file_name": name, "status": "processed", "end_date": self.shop.now().isoformat()}
            for number, name in enumerate(["todo.csv", *(f"{each.id}.csv" for each in self.shop.payouts)], start=1)
        ]
        return JSONResponse(found if self.shop.payouts else [])

    async def _report(self, request: Request) -> Response:
        name = request.path_params["name"].removesuffix(".csv")
        wanted = [each for each in self.shop.payouts if name in {each.id, "todo"}]
        if not wanted:
            return JSONResponse({"message": "not_found", "status": 404}, 404)
        lines = [_COLUMNS, f"{wanted[0].at.isoformat()},,,initial_available_balance,,0.00,0.00,0.00,0.00,"]
        for payout in wanted:
            lines += [
                f"{sale.paid_at.isoformat() if sale.paid_at else ''},{1000 + sale.number},{sale.key},release,payment,"
                f"{sale.paid - sale.fee},0.00,{sale.paid},{-sale.fee},{sale.currency}"
                for sale in payout.sales
            ]
            at, money = payout.at.isoformat(), f"0.00,{payout.amount},{-payout.amount},0.00,{payout.currency}"
            lines.append(f"{at},{payout.id},,release,payout,{money}")
        return Response("\n".join(lines) + "\n", media_type="text/csv")

    async def _create(self, request: Request) -> Response:
        try:
            given = json.loads(await request.body(), parse_float=Decimal)
            item = given["items"][0]
            if isinstance(item["unit_price"], str) or Decimal(item["unit_price"]) <= 0:
                return _refused("unit_price must be a positive number")
            sale = self.shop.sell(
                idempotency=request.headers["X-Idempotency-Key"],
                asked=given,
                key=given["external_reference"],
                amount=Decimal(item["unit_price"]) * int(item["quantity"]),
                currency=item["currency_id"],
                text=item["title"],
                back_url=given["back_urls"]["success"],
                expires_at=datetime.fromisoformat(given["expiration_date_to"]),
            )
        except (KeyError, ValueError, IndexError, ShopError) as exc:
            return _refused(f"invalid preference: {exc}")
        page = self.page_of(sale)
        return JSONResponse({"id": sale.id, "init_point": page, "sandbox_init_point": page}, 201)

    async def _search(self, request: Request) -> Response:
        key = request.query_params.get("external_reference", "")
        rows = [_payment(sale) for sale in self.shop.sales.values() if sale.key == key and (sale.paid or sale.failed)]
        return _numbers({"results": rows, "paging": {"total": len(rows)}})

    async def _payment(self, request: Request) -> Response:
        name = request.path_params["id"]
        found = [sale for sale in self.shop.sales.values() if f"{1000 + sale.number}" == name]
        if not found or not (found[0].paid or found[0].failed):
            return JSONResponse({"message": "Payment not found", "status": 404}, 404)
        return _numbers(_payment(found[0]))


def _payment(sale: Sale) -> dict[str, Any]:
    status, detail = "approved", "accredited"
    if not sale.paid:
        status, detail = "rejected", "cc_rejected_insufficient_amount"
    elif sale.dispute:
        status = "approved" if sale.dispute == "won" else "charged_back"
    elif sale.returned:
        whole = sale.returned == sale.paid
        status, detail = ("refunded", "refunded") if whole else ("approved", "partially_refunded")
    return {
        "id": 1000 + sale.number,
        "status": status,
        "status_detail": detail,
        "external_reference": sale.key,
        "transaction_amount": sale.amount,
        "transaction_amount_refunded": sale.returned,
        "currency_id": sale.currency,
        "fee_details": [{"type": "mercadopago_fee", "amount": sale.fee, "fee_payer": "collector"}],
        "date_approved": None if sale.paid_at is None else sale.paid_at.isoformat(),
    }


def _numbers(content: dict[str, Any]) -> Response:
    """Amounts as JSON numbers, digit by digit."""

    def spell(value: Any) -> Any:
        if isinstance(value, Decimal):
            return f"@{value}@"
        if isinstance(value, dict):
            return {name: spell(each) for name, each in value.items()}
        return [spell(each) for each in value] if isinstance(value, list) else value

    text = json.dumps(spell(content)).replace('"@', "").replace('@"', "")
    return Response(text, media_type="application/json")


def _refused(message: str) -> Response:
    return JSONResponse({"message": message, "error": "bad_request", "status": 400}, 400)
