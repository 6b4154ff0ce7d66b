"""Stripe, by Checkout Sessions over its REST API, behind the `Gateway` port.

Written against the vendor's API reference (Checkout Sessions, Payouts, Balance transactions, Webhook signatures); tried
against the double of `cobranza.demo.gateways`, not against an account. Subscribe its webhook to ``checkout.session.*``,
``charge.refunded``, ``charge.dispute.*`` and ``payout.paid``. The secret key needs reading of payouts and disputes.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.gateways import settings
from connectors.gateways.stripe.account import StripeAccount


class Stripe:
    """Opens accounts; see `cobranza.payments.ports.Gateways`."""

    slug = "stripe"

    def open(self, name: str) -> StripeAccount:
        """See `Gateways.open`."""
        return StripeAccount(name, settings.entry(self.slug, name))

    def names(self) -> Iterator[str]:
        """See `Gateways.names`."""
        return settings.names(self.slug)


ADAPTER = Stripe()
