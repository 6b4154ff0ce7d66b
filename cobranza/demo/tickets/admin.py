"""Endpoints for tests and the demo only: truth, faults, clock, staff, webhooks. All need the token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from cobranza.demo.doubles.admin import Steered
from cobranza.demo.doubles.store import Row, Store
from cobranza.demo.tickets import freshdesk, zendesk_rules
from cobranza.demo.tickets.faults import Faults
from cobranza.demo.tickets.hooks import Hooks


class Face(Protocol):
    """What both vendors' faces have in common."""

    kind: str

    def reset(self) -> None:
        """Put in what a new desk holds."""

    def staff(self, number: int, orders: Row) -> Row:
        """Do what an agent does on the screen."""


class Admin(Steered):
    """The endpoints over one desk."""

    refusals = (zendesk_rules.Refusal, freshdesk.Refusal)

    def __init__(self, store: Store, faults: Faults, hooks: Hooks, face: Face, token: str) -> None:
        super().__init__(store, faults, hooks, token)
        self.face = face

    def own(self) -> dict[str, Callable[[Row], Any]]:
        """What people do on the screen."""
        return {"staff": lambda orders: self.face.staff(int(orders.pop("ticket")), orders)}

    def reset(self) -> None:
        """What a new desk holds."""
        super().reset()
        self.face.reset()

    def truth(self) -> Row:
        """What the desk holds: its tickets, each with its comments (``said``), and the people."""
        said = [row for kind in ("comment", "conversation") for row in self.store.all(kind)]
        tickets = [
            row | {"said": [one for one in said if one["ticket_id"] == row["id"]]} for row in self.store.all("ticket")
        ]
        people = self.store.all("user") + self.store.all("contact")
        return {"tickets": tickets, "people": people, "uploads": self.store.all("upload")}
