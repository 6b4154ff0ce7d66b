"""Reads `config/mail.toml`: which mailboxes are read, and through which server their answers leave.

An entry's `conector` names a folder of `connectors/mail/`; its `ADAPTER` brings the model that checks the entry.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Protocol, Self, cast
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cobranza import suite
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret, SecretRef

FILE = Path("config") / "mail.toml"

_ADDRESS = re.compile(r"[^\s@<>\"(),:;\\\x00-\x1f\x7f]+@[^\s@<>\"(),:;\\\x00-\x1f\x7f]+")


def _mail_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise ValueError("una dirección de correo se escribe nombre@dominio, sin nada más")
    return text.lower()


def _port(value: object) -> object:
    """`env:NAME` is where the port is."""
    return secrets.resolve(value).reveal() if isinstance(value, str) and value.startswith("env:") else value


Port = Annotated[int, BeforeValidator(_port), Field(ge=1, le=65535)]
MailAddress = Annotated[str, AfterValidator(_mail_address)]
Encryption = Literal["tls", "starttls", "ninguno"]


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine, told by its name alone."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class OAuth(Strict):
    """How a token for XOAUTH2 is got.

    Attributes:
        modo: `cliente` (client credentials, Microsoft 365), `renovacion` (refresh token), `cuenta_de_servicio` (Google,
            signed with the service account's key for `usuario`) or `orden` (a command that prints the token).
        url: Token endpoint, https.
        cliente: Client id; for `cuenta_de_servicio` the account's address.
        secreto: Where the client secret is; for `cuenta_de_servicio` its private key (PEM).
        renovacion: Where the refresh token is.
        ambito: Scope, for example ``https://outlook.office365.com/.default`` or ``https://mail.google.com/``.
        orden: Command and arguments; run without a shell, it prints the token and nothing else.
        espera_segundos: Longest wait for the token.
    """

    modo: Literal["cliente", "renovacion", "cuenta_de_servicio", "orden"]
    url: str = ""
    cliente: str = ""
    secreto: SecretRef | None = None
    renovacion: SecretRef | None = None
    ambito: str = ""
    orden: tuple[str, ...] = ()
    espera_segundos: float = Field(default=20.0, gt=0, le=120)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.modo == "orden":
            if not self.orden:
                raise ValueError("con modo = «orden» hay que escribir la orden")
            return self
        place = urlsplit(self.url)
        if place.scheme != "https" and not (place.scheme == "http" and is_loopback(place.hostname or "")):
            raise ValueError("la dirección de OAuth empieza por https://")
        needed = {"cliente": ("cliente", "secreto"), "renovacion": ("cliente", "renovacion")}
        for name in needed.get(self.modo, ("cliente", "secreto", "ambito")):
            if not getattr(self, name):
                raise ValueError(f"con modo = «{self.modo}» falta la clave «{name}»")
        return self


class Server(Strict):
    """What every mail server needs; `ImapSettings` and `SmtpSettings` explain the keys."""

    servidor: str = Field(pattern=r"^[A-Za-z0-9._:-]+$")
    puerto: Port
    cifrado: Encryption
    usuario: str = ""
    clave: SecretRef | None = None
    oauth: OAuth | None = None
    autoridad: str = ""

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.cifrado == "ninguno" and not is_loopback(self.servidor):
            raise ValueError("sin cifrado solo se admite un servidor de esta misma máquina")
        if self.clave and self.oauth:
            raise ValueError("o «clave» u «oauth», no las dos")
        if bool(self.clave or self.oauth) != bool(self.usuario):
            raise ValueError("«usuario» va con «clave» o con «oauth»")
        return self

    def user(self) -> str:
        """The user name in clear."""
        return secrets.resolve(self.usuario).reveal() if self.usuario.startswith("env:") else self.usuario

    def password(self) -> Secret | None:
        """The password, None when there is none; raises `SecretError`."""
        return secrets.resolve(self.clave, base=suite.root()) if self.clave else None

    def authority(self) -> Path | None:
        """The file of certificates to trust, None for the system's."""
        return suite.root() / Path(self.autoridad).expanduser() if self.autoridad else None

    @property
    def credential(self) -> str:
        """Name of the login: one refusal stops all that use it."""
        return f"correo:{self.servidor}:{self.usuario}"


class Account(Strict):
    """What every mailbox has, whatever reads it; the connectors' models explain the keys."""

    activo: bool = True
    conector: str
    direccion: MailAddress
    salida: str = ""


class MailConnector(Protocol):
    """What the `ADAPTER` of a folder of `connectors/mail/` has for this file."""

    slug: str
    Settings: type[Strict]


class _MailFile(Strict):
    """The whole file; each entry is checked by its connector's own model, which says so with `TABLE`."""

    FILE: ClassVar[str] = "mail.toml"

    buzones: dict[str, dict[str, Any]] = Field(default_factory=dict)
    salidas: dict[str, dict[str, Any]] = Field(default_factory=dict)


def accounts(root: Path | None = None) -> Mapping[str, Account]:
    """Every mailbox of the file by its name, checked; those switched off too.

    Args:
        root: The suite's folder by default.

    Raises:
        ConfigError: an unknown connector, key, value or way out; the message names file, entry and key.
    """
    file = (root or suite.root()) / FILE
    whole = config.load(file, _MailFile)
    known = {
        slug: connector
        for slug, connector in cast(dict[str, MailConnector], suite.adapters("connectors.mail")).items()
        if issubclass(connector.Settings, Account)
    }
    found: dict[str, Account] = {}
    for name, entry in whole.buzones.items():
        where = f"{file}: buzones.{name}"
        slug = entry.get("conector")
        if not isinstance(slug, str) or slug not in known:
            near = difflib.get_close_matches(str(slug), known, n=1)
            hint = f"; ¿quería decir «{near[0]}»?" if near else ""
            raise ConfigError(f"{where}: no existe el conector «{slug}»{hint} (se admiten: {', '.join(known)}).")
        made = cast(Account, config.parse(entry, known[slug].Settings, where))
        if made.salida and made.salida not in whole.salidas:
            raise ConfigError(
                f"{where}: no hay ninguna salida «{made.salida}» (hay: {', '.join(whole.salidas) or 'ninguna'})."
            )
        found[name] = made
    return found


def account(name: str, root: Path | None = None) -> Account:
    """One mailbox that is switched on.

    Raises:
        ConfigError: there is none of that name, it is switched off, or the file is wrong.
    """
    found = accounts(root)
    if name not in found:
        raise ConfigError(f"No hay ningún buzón «{name}» en {FILE} (hay: {', '.join(found) or 'ninguno'}).")
    if not found[name].activo:
        raise ConfigError(f"El buzón «{name}» está apagado en {FILE}.", remedy="Ponga activo = true y repita la orden.")
    return found[name]


def way_out(name: str, model: type[config.Model], root: Path | None = None) -> config.Model:
    """The `[salidas.<nombre>]` table that a mailbox answers through.

    Args:
        name: Of the mailbox.
        model: What checks the table.
        root: The suite's folder by default.

    Raises:
        ConfigError: the mailbox names none, or the table is wrong.
    """
    file = (root or suite.root()) / FILE
    chosen = account(name, root).salida
    if not chosen:
        raise ConfigError(f"{file}: al buzón «{name}» le falta «salida»: no puede contestar.")
    return config.parse(config.load(file, _MailFile).salidas[chosen], model, f"{file}: salidas.{chosen}")
