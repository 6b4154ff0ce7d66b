"""Tryton 8.0, over its JSON-RPC ("api") or its web client SAO in a browser ("web"), behind the `Erp` port.

Tryton is a separate program: we speak HTTP to it and import none of it. Source: docs.tryton.org, series 8.0, and the
behaviour of trytond 8.0.12 with tryton-sao 8.0.11, observed on 21 November 2026.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import SecretRef, resolve
from cobranza.reconciliation.ports import Erp
from connectors.browser import Browser, shared
from connectors.erps.settings import place
from connectors.erps.tryton.api import TrytonApi
from connectors.erps.tryton.rpc import Client
from connectors.erps.tryton.sao import Sao
from connectors.erps.tryton.web import TrytonWeb

MODES = ("api", "web")


class TrytonSettings(Strict):
    """An entry of `config/erps.toml` with ``conector = "tryton"``.

    Attributes:
        conector: Folder in connectors/erps/.
        url: Address of the server, or ``env:NAME``.
        base: Name of the database.
        usuario: Login of the robot's own user.
        clave: Where its password is.
        modo: How to reach it when nobody says otherwise.
        metodo_pago: Name of Tryton's payment method that payments are posted with.
        espera_s: Seconds that one answer may take.
        paciencia_s: Seconds to wait for Tryton to come back when an answer to a posting was lost.
    """

    FILE: ClassVar[str] = "erps.toml"
    TABLE: ClassVar[str] = "erps.<nombre>"

    conector: Literal["tryton"]
    url: str = Field(pattern=r"^(https?://|env:).+")
    base: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    usuario: str = Field(min_length=1)
    clave: SecretRef
    modo: Literal["api", "web"] = "api"
    metodo_pago: str = Field(min_length=1)
    espera_s: int = Field(default=60, ge=1, le=600)
    paciencia_s: int = Field(default=60, ge=0, le=3600)


class Tryton:
    """Opens a Tryton, one way or the other."""

    slug = "tryton"
    Settings = TrytonSettings

    def open(
        self, settings: TrytonSettings, *, mode: str | None = None, evidence: Path, browser: Browser | None = None
    ) -> Erp:
        """See `connectors.erps.settings.ErpConnector.open`."""
        chosen = mode or settings.modo
        if chosen not in MODES:
            raise ConfigError(f"Tryton no tiene el modo «{chosen}» (se admiten: {', '.join(MODES)}).")
        url, password = place(settings.url), resolve(settings.clave)
        if chosen == "api":
            client = Client(url, settings.base, settings.usuario, password, seconds=settings.espera_s)
            return TrytonApi(client, method=settings.metodo_pago, patience=settings.paciencia_s)
        session = (browser or shared()).session(evidence, adapter=self.slug, version="8.0", timeout=settings.espera_s)
        sao = Sao(session, url, settings.base, settings.usuario, password, seconds=settings.espera_s)
        return TrytonWeb(session, sao, method=settings.metodo_pago, patience=settings.paciencia_s)


ADAPTER = Tryton()
