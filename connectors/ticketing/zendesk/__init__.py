"""Zendesk Support, through zenpy over a session of our own, behind the `TicketDesk` port.

Written against the vendor's Support API 2.0.0 and zenpy 2.0.57; tried against the double of `cobranza.demo.tickets`,
not against a paid account. The account needs an API token of an agent who may act in every group, a webhook for ticket
events, and no trigger that mails the requester about tickets tagged ``cobranza``: the acknowledgement is ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from connectors.ticketing import settings as common
from connectors.ticketing.settings import DeskSettings
from connectors.ticketing.zendesk.desk import ZendeskDesk


class ZendeskSettings(DeskSettings):
    """An entry of `config/ticketing.toml` with ``conector = "zendesk"``.

    Attributes:
        conector: Folder in connectors/ticketing/.
        usuario: E-mail address of the agent that the API token belongs to; empty when `clave` is an OAuth token.
        grupos: Id of the group of each department of the categories.
        formularios: Id of each form.
        campos: Id of each field; a field that is not here goes into the internal note.
    """

    FILE: ClassVar[str] = "ticketing.toml"
    TABLE: ClassVar[str] = "mesas.<nombre de Zendesk>"

    conector: Literal["zendesk"]
    usuario: str = ""
    grupos: dict[str, int] = Field(default_factory=dict)
    formularios: dict[str, int] = Field(default_factory=dict)
    campos: dict[str, int] = Field(default_factory=dict)


class Zendesk:
    """Opens accounts of Zendesk; see `cobranza.disputes.ports.Desks`."""

    slug = "zendesk"
    Settings = ZendeskSettings

    def open(self, name: str, *, file: Path | None = None) -> ZendeskDesk:
        """See `Desks.open`."""
        entry = common.entry(self.slug, ZendeskSettings, name, file)
        return ZendeskDesk(entry, entry.address(), entry.key(), entry.signature())

    def names(self, *, file: Path | None = None) -> Iterator[str]:
        """See `Desks.names`."""
        return (name for name, entry in common.entries(self.slug, ZendeskSettings, file) if entry.activa)


ADAPTER = Zendesk()
