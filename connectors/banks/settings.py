"""Reads `config/banks.toml`: which portals to enter, with which credential and within which limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from cobranza import suite
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret, SecretRef

FILE = Path("config") / "banks.toml"


def _web_address(text: str) -> str:
    if text.startswith("env:") and len(text) > len("env:"):
        return text
    if not text.startswith(("https://", "http://")):
        raise ValueError("una dirección empieza por https:// (o se indica como env:NOMBRE)")
    return text


WebAddress = Annotated[str, AfterValidator(_web_address)]


class Limits(Strict):
    """How politely and how long a portal is asked.

    Attributes:
        espera_segundos: Longest wait for any single answer of the portal.
        descarga_segundos: Longest wait until a requested file is ready.
        reintentos: Times that one page is asked again after a 429 or a 5xx.
        paginas: Most pages of one list; more is a fault, not a long list.
    """

    espera_segundos: float = Field(default=20.0, gt=0, le=300)
    descarga_segundos: float = Field(default=60.0, gt=0, le=900)
    reintentos: int = Field(default=3, ge=0, le=10)
    paginas: int = Field(default=500, ge=1)


class PortalSettings(Strict):
    """One portal and one credential, a `[bancos.<nombre>]` table.

    Attributes:
        conector: Folder in connectors/banks/.
        url: Address of the portal's front page, or `env:NAME` where it is.
        usuario: User name, or `env:NAME` where it is.
        clave: Where the password is.
        totp: Where the secret of the one-time codes is (base32); "" when the bank sends codes to a person.
        cuentas: IBAN of the accounts to read; empty: all that the portal lists.
        formato: File to download, by the connector's names; "" for its best.
        guardar_sesion_minutos: How long a log-in may be reused by the next run; 0 logs in anew each time.
        limites: See `Limits`.
    """

    conector: str
    url: WebAddress
    usuario: str
    clave: SecretRef
    totp: SecretRef | None = None
    cuentas: tuple[str, ...] = ()
    formato: str = ""
    guardar_sesion_minutos: int = Field(default=0, ge=0, le=24 * 60)
    limites: Limits = Limits()

    def address(self) -> str:
        """The portal's address, without a final slash."""
        return _plain(self.url).rstrip("/")

    def user(self) -> str:
        """The user name in clear."""
        return _plain(self.usuario)

    def password(self) -> Secret:
        """The password; raises `SecretError`."""
        return secrets.resolve(self.clave, base=suite.root())

    def totp_secret(self) -> Secret | None:
        """The secret of the one-time codes, None when none is configured."""
        return secrets.resolve(self.totp, base=suite.root()) if self.totp else None

    @property
    def credential(self) -> str:
        """Name of the login, the same for every entry that uses it: one run at a time, and stopped as one."""
        return f"{self.conector}:{self.usuario}"


class BanksFile(Strict):
    """The whole of config/banks.toml."""

    FILE: ClassVar[str] = "banks.toml"

    bancos: dict[str, PortalSettings] = Field(default_factory=dict)


def load(root: Path | None = None) -> dict[str, PortalSettings]:
    """Every configured portal by its name.

    Raises:
        ConfigError: the file has something unknown, wrong or missing, or names a connector that does not exist.
    """
    file = (root or suite.root()) / FILE
    portals = config.load(file, BanksFile).bancos
    known = suite.adapters("connectors.banks")
    for name, settings in portals.items():
        if settings.conector not in known:
            raise ConfigError(
                f"{file}: «bancos.{name}.conector» = «{settings.conector}» no existe "
                f"(se admiten: {', '.join(known) or 'ninguno'})."
            )
    return portals


def _plain(text: str) -> str:
    return secrets.resolve(text).reveal() if text.startswith("env:") else text
