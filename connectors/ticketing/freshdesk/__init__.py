"""Freshdesk, over its API v2, behind the `TicketDesk` port.

Written against the vendor's "API reference v2"; tried against the double of `cobranza.demo.tickets`, not against a
paid account. The account needs a single-line text field for our key (``campo_clave``), the API key of an agent, and an
automation rule that calls our address on ticket updates with ``{"ticket_id": "{{ticket.id}}"}`` and the secret in the
header ``cabecera``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from connectors.ticketing import settings as common
from connectors.ticketing.freshdesk.desk import FreshdeskDesk
from connectors.ticketing.settings import DeskSettings


class FreshdeskSettings(DeskSettings):
    """An entry of `config/ticketing.toml` with ``conector = "freshdesk"``.

    Attributes:
        conector: Folder in connectors/ticketing/.
        campo_clave: Text field of the ticket that holds our key; make it before use.
        cabecera: Header that the automation rule sends the secret in.
        retraso_busqueda_minutos: Longest time until the desk's search finds a new ticket; what changed since then is
            read from its lists instead.
        grupos: Id of the group of each department of the categories.
        formularios: Type of ticket of each form, as written there.
        campos: Name of each field there (``cf_…``); a field that is not here goes into the internal note.
    """

    FILE: ClassVar[str] = "ticketing.toml"
    TABLE: ClassVar[str] = "mesas.<nombre de Freshdesk>"

    conector: Literal["freshdesk"]
    campo_clave: str = Field(default="cf_cobranza", pattern=r"^cf_[a-z0-9_]+$")
    cabecera: str = Field(default="X-Cobranza-Secreto", pattern=r"^[A-Za-z0-9-]+$")
    retraso_busqueda_minutos: float = Field(default=30.0, ge=1, le=1440)
    grupos: dict[str, int] = Field(default_factory=dict)
    formularios: dict[str, str] = Field(default_factory=dict)
    campos: dict[str, str] = Field(default_factory=dict)


class Freshdesk:
    """Opens accounts of Freshdesk; see `cobranza.disputes.ports.Desks`."""

    slug = "freshdesk"
    Settings = FreshdeskSettings

    def open(self, name: str, *, file: Path | None = None) -> FreshdeskDesk:
        """See `Desks.open`."""
        entry = common.entry(self.slug, FreshdeskSettings, name, file)
        return FreshdeskDesk(entry, entry.address(), entry.key(), entry.signature())

    def names(self, *, file: Path | None = None) -> Iterator[str]:
        """See `Desks.names`."""
        return (name for name, entry in common.entries(self.slug, FreshdeskSettings, file) if entry.activa)


ADAPTER = Freshdesk()
