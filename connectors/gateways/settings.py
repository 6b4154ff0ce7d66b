"""Reads `config/gateways.toml`: which gateway accounts there are, whose money they take, where their secrets are.

An entry's `conector` names a folder of `connectors/gateways/`. The entry's own name is part of the webhook's address:
``/payments/avisos/<name>/``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cobranza import suite
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret, SecretRef

FILE = Path("config") / "gateways.toml"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _web_address(text: str) -> str:
    if text.startswith("env:") and len(text) > len("env:"):
        return text
    return checked_address(text)


def checked_address(text: str) -> str:
    """A gateway's address without a final slash: https, or http on this very machine.

    Raises:
        ValueError: anything else.
    """
    place = urlsplit(text)
    plain = place.scheme == "http" and place.hostname in _LOOPBACK
    if (place.scheme != "https" and not plain) or not place.hostname or place.query or place.username:
        raise ValueError("la dirección de la pasarela empieza por https:// (o se indica como env:NOMBRE)")
    return text.rstrip("/")


class GatewaySettings(Strict):
    """An entry ``[pasarelas.<name>]``.

    Attributes:
        conector: Folder in connectors/gateways/.
        activa: Whether payments may be started on it.
        acreedores: Companies of companies.toml whose money it takes.
        monedas: Currencies that the account takes.
        url: Address of the API, or `env:NAME` where it is.
        clave: Where the secret key is.
        firma: Where the secret of the webhook is.
        textos_banco: How the gateway's transfers are called in the bank's statement.
        espera_segundos: Longest wait for one answer.
        reintentos: Times that a call is asked again where that is harmless.
        firma_minutos: Age that a signed call may have.
    """

    FILE: ClassVar[str] = "gateways.toml"
    TABLE: ClassVar[str] = "pasarelas.<nombre>"

    conector: str
    activa: bool = True
    acreedores: tuple[str, ...] = Field(min_length=1)
    monedas: tuple[Annotated[str, Field(pattern="^[A-Z]{3}$")], ...] = Field(min_length=1)
    url: Annotated[str, AfterValidator(_web_address)]
    clave: SecretRef
    firma: SecretRef
    textos_banco: tuple[Annotated[str, Field(min_length=4)], ...] = ()
    espera_segundos: float = Field(default=15.0, gt=0, le=60)
    reintentos: int = Field(default=2, ge=0, le=5)
    firma_minutos: float = Field(default=5.0, gt=0, le=2880)

    def address(self) -> str:
        """The API's address, without a final slash.

        Raises:
            ConfigError: what the environment says is no address.
        """
        text = secrets.resolve(self.url).reveal() if self.url.startswith("env:") else self.url
        try:
            return checked_address(text)
        except ValueError as exc:
            raise ConfigError(f"{FILE}: «{self.url}» no vale: {exc}.") from exc

    def key(self) -> Secret:
        """The secret key; raises `SecretError`."""
        return secrets.resolve(self.clave, base=suite.root())

    def signature(self) -> Secret:
        """The webhook's secret; raises `SecretError`."""
        return secrets.resolve(self.firma, base=suite.root())


class GatewaysFile(Strict):
    """The whole file.

    Attributes:
        pasarelas: Accounts by name.
    """

    FILE: ClassVar[str] = "gateways.toml"

    pasarelas: dict[Annotated[str, Field(pattern="^[a-z0-9_-]+$")], GatewaySettings] = Field(default_factory=dict)


def names(slug: str, file: Path | None = None) -> Iterator[str]:
    """Accounts in use that a connector serves, in the order of the file."""
    found = config.load(file or suite.root() / FILE, GatewaysFile).pasarelas
    return (name for name, entry in found.items() if entry.conector == slug and entry.activa)


def entry(slug: str, name: str, file: Path | None = None) -> GatewaySettings:
    """One entry.

    Raises:
        ConfigError: there is none of this connector with that name.
    """
    found = config.load(file or suite.root() / FILE, GatewaysFile).pasarelas.get(name)
    if found is None or found.conector != slug:
        raise ConfigError(f"{FILE}: no hay ninguna pasarela «{name}» de {slug}.")
    return found
