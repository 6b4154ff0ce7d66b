"""Endpoints for tests and the demo only: truth, faults, fates, clock, debtors, webhooks. All need the token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cobranza.demo.channels.faults import Faults
from cobranza.demo.channels.hooks import Hooks
from cobranza.demo.channels.twilio import Twilio
from cobranza.demo.channels.whatsapp import WhatsApp
from cobranza.demo.doubles.admin import Steered
from cobranza.demo.doubles.store import Row, Store

KINDS = ("sms", "call", "whatsapp", "burofax")
FATES = ("delivered", "read", "sent", "undelivered", "away", "failed")


class Admin(Steered):
    """The endpoints over all providers; see `RunningProviders` for what each does."""

    def __init__(
        self, store: Store, faults: Faults, hooks: Hooks, twilio: Twilio, whatsapp: WhatsApp, token: str
    ) -> None:
        super().__init__(store, faults, hooks, token)
        self.twilio, self.whatsapp = twilio, whatsapp

    def truth(self) -> Row:
        """What was taken, by kind."""
        return {kind: self.store.all(kind) for kind in KINDS}

    def own(self) -> dict[str, Callable[[Row], Any]]:
        """What becomes of messages, approved templates, where our webhooks are, and debtors who write."""
        return {"fates": self._fates, "templates": self._templates, "hooks": self._hooks, "debtor": self._said}

    def _fates(self, orders: Row) -> None:
        for address, fate in orders.items():
            if fate not in FATES:
                raise ValueError(f"no fate «{fate}»; there are {', '.join(FATES)}")
            self.store.put("fate", address, {"fate": fate})

    def _templates(self, orders: Row) -> None:
        for name, fields in orders["fields"].items():
            self.whatsapp.approve(str(name), int(fields), str(orders.get("language", "es")))

    def _hooks(self, orders: Row) -> None:
        self.store.put("hook", "base", {"url": str(orders["url"])})

    def _said(self, orders: Row) -> Row:
        return self._debtor(str(orders["channel"]), str(orders["sender"]), str(orders["text"]))

    def _debtor(self, channel: str, sender: str, text: str) -> Row:
        if channel == "sms":
            return self.twilio.write(sender, text)
        if channel == "whatsapp":
            return self.whatsapp.write(sender, text)
        if channel == "voice":
            return self.twilio.press(sender, text)
        raise ValueError(f"nobody answers on «{channel}»")
