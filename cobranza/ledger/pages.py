"""Where the debtors' own pages are: the one address of `config/portal.toml`, for all who put it into a message."""

from __future__ import annotations

import ipaddress
import os
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import ConfigDict, field_validator

from cobranza import suite
from cobranza.kernel.config import Strict, load

SETTINGS = "portal.toml"
_VARIABLE = "env:"


class PublicAddress(Strict):
    """What everybody may know of ``config/portal.toml``; the rest of the file is the portal's own.

    Attributes:
        direccion: https://…, or `env:NAME` where it stands (none set is none); http only on this machine. "": there is
            none, and a message that needs the debtor's link waits.
    """

    direccion: str = ""

    @field_validator("direccion")
    @classmethod
    def _address(cls, value: str) -> str:
        if value.startswith(_VARIABLE):
            value = os.environ.get(value.removeprefix(_VARIABLE), "")
        parts = urlsplit(value)
        whole = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if value and (not whole or not parts.hostname or parts.path not in ("", "/")):
            raise ValueError("la dirección pública es https://nombre, sin carpeta")
        return value.rstrip("/")

    @property
    def host(self) -> str:
        """Its name, "" when there is no address."""
        return urlsplit(self.direccion).hostname or ""


class _Known(PublicAddress):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="ignore", frozen=True)


def address() -> PublicAddress:
    """The address, as it is now.

    Raises:
        ConfigError: the file is wrong.
    """
    return load(suite.root() / "config" / SETTINGS, _Known)


def page(token: str) -> str:
    """The page of a debtor by the token of their link (`links.issue`); "" when there is no public address."""
    known = address()
    return f"{known.direccion}/d/{token}" if known.direccion else ""


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, where nobody can listen on the way."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
