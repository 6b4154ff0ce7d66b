"""One Mercado Pago account behind the `Gateway` port.

Our key is the preference's ``external_reference``, which every payment made on it carries. A call says only that some
payment changed; what became of it is read. Amounts travel as JSON numbers: they are written digit by digit and read
as decimals, never as floats.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from cobranza.kernel import clock
from cobranza.kernel.money import Money
from cobranza.payments.ports import ChargeState, Checkout, ForgedCall, GatewayRefused, Page, Told
from connectors.gateways import signing
from connectors.gateways.line import Line
from connectors.gateways.mercado_pago import releases
from connectors.gateways.settings import GatewaySettings

_MOST_REPORTS = 60
_NAME = re.compile(r"[A-Za-z0-9._-]{1,200}\.csv", re.IGNORECASE)
_PRICE = '"@precio@"'
_STATES = {
    "approved": ChargeState.PAID,
    "refunded": ChargeState.REFUNDED,
    "charged_back": ChargeState.DISPUTED,
    "in_mediation": ChargeState.PAID,
    "rejected": ChargeState.FAILED,
    "cancelled": ChargeState.FAILED,
}
Row = dict[str, Any]


class MercadoPagoAccount:
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
            "Mercado Pago",
            entry.address(),
            entry.key(),
            seconds=entry.espera_segundos,
            tries=entry.reintentos,
            transport=transport,
        )

    def checkout(self, asked: Checkout) -> Page:
        """See `Gateway.checkout`."""
        raw = {
            "items": [
                {
                    "title": asked.text,
                    "quantity": 1,
                    "currency_id": asked.money.currency,
                    "unit_price": _PRICE.strip('"'),
                }
            ],
            "external_reference": asked.key,
            "back_urls": dict.fromkeys(("success", "pending", "failure"), asked.back_url),
            "expires": True,
            "expiration_date_to": asked.expires_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        }
        body = json.dumps(raw, ensure_ascii=False).replace(_PRICE, f"{asked.money.amount.normalize():f}", 1)
        answer = self._line.post(
            "/checkout/preferences", body.encode(), "application/json", key=asked.key, header="X-Idempotency-Key"
        )
        return Page(charge_id=str(answer["id"]), url=str(answer["init_point"]))

    def lookup(self, key: str, charge_id: str) -> Told | None:
        """See `Gateway.lookup`: all payments made on the preference, together."""
        asked_at = clock.now()
        query = [("external_reference", key), ("sort", "date_created"), ("criteria", "asc"), ("limit", "50")]
        found = self._line.get("/v1/payments/search", query)
        rows = [] if found is None else found.get("results", [])
        return _together(rows, key, charge_id, asked_at) if rows else None

    def events(self, headers: Mapping[str, str], body: bytes, url: str) -> Sequence[Told]:
        """See `Gateway.events`; the signature covers the payment's id, what became of it is read from their books."""
        number = parse_qs(urlsplit(url).query).get("data.id", [""])[0]
        given = dict(signing.pairs(signing.header(headers, "x-signature")))
        request, at = signing.header(headers, "x-request-id"), given.get("ts", "")
        manifest = f"id:{number.lower()};request-id:{request};ts:{at};"
        signing.check(
            self._signature, manifest.encode(), [given.get("v1", "")], at, now=clock.now(), minutes=self._minutes
        )
        try:
            event: Row = json.loads(body, parse_float=Decimal)
            kind, name = str(event.get("type", "")), str(event["id"])
        except (ValueError, KeyError, AttributeError) as exc:
            raise ForgedCall(f"El aviso de Mercado Pago no se puede leer ({type(exc).__name__}).") from exc
        if kind != "payment" or not (number.isascii() and number.isalnum()):
            return []
        payment = self._line.get(f"/v1/payments/{number}")
        key = "" if payment is None else str(payment.get("external_reference") or "")
        told = self.lookup(key, "") if key else None
        if told is None:
            return []
        # The same call later may find more: it counts once for each thing that it finds.
        found = f"{name}:{told.state.value}:{told.money.amount if told.money else 0:f}"
        return [Told(**{field: getattr(told, field) for field in Told.__slots__} | {"event": found})]

    def settled(self, since: datetime) -> Sequence[Told]:
        """See `Gateway.settled`: from the reports that the account makes by itself; none is made here."""
        listed = self._line.items("/v1/account/release_report/list")
        names = {str(each.get("file_name") or "") for each in listed if _ended(each) >= since}
        rows: list[releases.Row] = []
        try:
            for name in sorted(names)[:_MOST_REPORTS]:
                content = self._line.file(f"/v1/account/release_report/{name}") if _NAME.fullmatch(name) else None
                rows += releases.read(content) if content is not None else ()
            return list(releases.settled(rows, self.currencies))
        except releases.UnreadableReport as exc:
            raise GatewayRefused(
                f"Un informe de liberaciones de Mercado Pago no se puede leer: {exc}.",
                remedy="Configure el informe en la cuenta con las columnas de fábrica, en CSV.",
            ) from exc


def _ended(report: Row) -> datetime:
    """Until when a report tells; one that says nothing is read."""
    try:
        at = datetime.fromisoformat(str(report.get("end_date") or ""))
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def _together(rows: list[Row], key: str, charge_id: str, at: datetime) -> Told:
    """One state for all payments of a preference: a second approved one is money too, and has to be seen."""
    currency = str(rows[0]["currency_id"])
    paid, back, fee = Decimal(0), Decimal(0), Decimal(0)
    states = {_STATES.get(str(row["status"]), ChargeState.PENDING) for row in rows}
    for row in rows:
        if _STATES.get(str(row["status"])) in {ChargeState.PAID, ChargeState.REFUNDED, ChargeState.DISPUTED}:
            paid += Decimal(row["transaction_amount"])
            back += Decimal(row.get("transaction_amount_refunded") or 0)
            fee += sum(
                (Decimal(each["amount"]) for each in row.get("fee_details") or [] if each["fee_payer"] == "collector"),
                Decimal(0),
            )
    if ChargeState.DISPUTED in states:
        state = ChargeState.DISPUTED
    elif back:
        state = ChargeState.REFUNDED
    elif paid:
        state = ChargeState.PAID
    else:
        state = ChargeState.PENDING if ChargeState.PENDING in states else ChargeState.FAILED
    moved = back if state is ChargeState.REFUNDED else paid
    return Told(
        charge_id=charge_id,
        key=key,
        state=state,
        at=at,
        money=Money(currency, moved) if moved else None,
        paid=Money(currency, paid) if paid else None,
        fee=Money(currency, fee) if fee else None,
        reason=str(rows[-1].get("status_detail") or "") if state is ChargeState.FAILED else "",
    )
