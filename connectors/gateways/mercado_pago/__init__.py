"""Mercado Pago, by Checkout Pro preferences over its REST API, behind the `Gateway` port.

Written against the vendor's API reference (Preferences, Payments, "Notificaciones"); tried against the double of
`cobranza.demo.gateways`, not against an account. Subscribe its webhook to "Pagos". It tells no transfer to the bank:
money stays in the account until somebody moves it, so a payment counts as booked when its movement is allocated.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.gateways import settings
from connectors.gateways.mercado_pago.account import MercadoPagoAccount


class MercadoPago:
    """Opens accounts; see `cobranza.payments.ports.Gateways`."""

    slug = "mercado_pago"

    def open(self, name: str) -> MercadoPagoAccount:
        """See `Gateways.open`."""
        return MercadoPagoAccount(name, settings.entry(self.slug, name))

    def names(self) -> Iterator[str]:
        """See `Gateways.names`."""
        return settings.names(self.slug)


ADAPTER = MercadoPago()
