"""Reads `config/channels.toml`: how each channel reaches its provider, and where providers call us.

A table's name is that of a folder of `connectors/channels/`, whose own model checks it.
"""

from __future__ import annotations

import os
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cobranza import suite
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret

FILE = "channels.toml"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_ENV = "env:"


def checked_address(text: str) -> str:
    """An address without a final slash: https, or http on this very machine.

    Raises:
        ValueError: anything else.
    """
    place = urlsplit(text)
    plain = place.scheme == "http" and place.hostname in _LOOPBACK
    if (place.scheme != "https" and not plain) or not place.hostname or place.query or place.username:
        raise ValueError("la dirección empieza por https:// (o se indica como env:NOMBRE)")
    return text.rstrip("/")


def _address(text: str) -> str:
    return text if text.startswith(_ENV) or not text else checked_address(text)


Address = Annotated[str, AfterValidator(_address)]
"""An address, or `env:NAME` where it is."""


class Limits(Strict):
    """How long a provider is waited for.

    Attributes:
        conexion_segundos: Longest wait for connecting.
        respuesta_segundos: Longest wait for the answer.
        paginas: Most pages of a list that is looked through for a message.
    """

    conexion_segundos: float = Field(default=5.0, gt=0, le=60)
    respuesta_segundos: float = Field(default=20.0, gt=0, le=120)
    paginas: int = Field(default=5, ge=1, le=50)


class ChannelsFile(Strict):
    """The whole file; each table is checked by its connector's own model, which says so with `TABLE`.

    Attributes:
        avisos: Public address of our webhooks without the connector's name, or `env:NAME` where it is; "" for none.
    """

    FILE: ClassVar[str] = FILE

    avisos: Address = ""
    canales: dict[str, dict[str, Any]] = Field(default_factory=dict)


Model = TypeVar("Model", bound=Strict)


def settings(slug: str, model: type[Model]) -> Model:
    """The table of one connector, checked; a table that is not there has the defaults.

    Raises:
        ConfigError: an unknown key or a wrong value.
    """
    return config.parse(_file().canales.get(slug, {}), model, f"config/{FILE}: canales.{slug}")


def webhook(slug: str) -> str:
    """Public address of the connector's webhook, "" when providers cannot call us.

    Raises:
        ConfigError: what the environment says is no address.
    """
    base = _file().avisos
    if base.startswith(_ENV):
        base = os.environ.get(base.removeprefix(_ENV), "")
        try:
            base = checked_address(base) if base else ""
        except ValueError as exc:
            raise ConfigError(f"config/{FILE}: avisos: {exc}.") from exc
    return f"{base.rstrip('/')}/{slug}/" if base else ""


def told(text: str) -> str:
    """`text`, or what the environment says when it is `env:NAME`.

    Raises:
        SecretError: the environment says nothing.
    """
    return secrets.resolve(text).reveal() if text.startswith(_ENV) else text


def address(text: str) -> str:
    """An `Address` as it is called, without a final slash.

    Raises:
        SecretError: the environment says nothing.
        ConfigError: it is no address that a secret may be sent to.
    """
    try:
        return checked_address(told(text))
    except ValueError as exc:
        raise ConfigError(f"config/{FILE}: «{text}» no vale: {exc}.") from exc


def secret(reference: str) -> Secret:
    """The secret that a reference names; raises `SecretError`."""
    return secrets.resolve(reference, base=suite.root())


def _file() -> ChannelsFile:
    return config.load(suite.root() / "config" / FILE, ChannelsFile)
