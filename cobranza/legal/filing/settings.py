"""Reads `config/courts.toml`: which portals are used with which login, and how patient the protocol is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from cobranza import suite
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret, SecretRef

FILE = "courts.toml"


def _web_address(text: str) -> str:
    if (text.startswith("env:") and len(text) > len("env:")) or text.startswith(("https://", "http://")):
        return text
    raise ValueError("una dirección empieza por https:// (o se indica como env:NOMBRE)")


class Protocol(Strict):
    """How long and how often the exactly-once protocol asks.

    Attributes:
        arriendo_segundos: After this long without a sign of life another process may go on with a filing.
        antivirus_segundos: How long a robot stays to wait for the portal's virus scanner.
        antivirus_limite_minutos: After this long with a file still pending a person looks.
        reintento_segundos: First pause after the portal failed; doubled each time, up to a quarter of an hour.
        fallos: Failures in a row after which a person looks.
        envios: How often one claim may be sent, each time with the proof that the last one was not registered.
        margen_plazo_horas: With less than this to the deadline an unclear filing is a person's at once.
        desvio_sello_minutos: A receipt's time may differ from ours by this much without a word.
        abrir_notificaciones: Open notices by robot. Opening serves them: it starts their deadline.
        sello_url: Address of an RFC 3161 time-stamping service for our own stamp on receipts; "" for none.
    """

    arriendo_segundos: int = Field(default=180, ge=1)
    antivirus_segundos: int = Field(default=90, ge=0)
    antivirus_limite_minutos: int = Field(default=120, ge=1)
    reintento_segundos: int = Field(default=60, ge=1)
    fallos: int = Field(default=6, ge=1)
    envios: int = Field(default=3, ge=1)
    margen_plazo_horas: int = Field(default=24, ge=0)
    desvio_sello_minutos: int = Field(default=15, ge=1)
    abrir_notificaciones: bool = False
    sello_url: str = ""


class CourtLimits(Strict):
    """`[juzgados.limites]`: how long one portal is asked.

    Attributes:
        espera_segundos: Longest wait for any single answer.
        subida_segundos: Longest wait for one file to go up.
        paginas: Most pages of one list; more is a fault.
    """

    espera_segundos: float = Field(default=20.0, gt=0, le=300)
    subida_segundos: float = Field(default=120.0, gt=0, le=1800)
    paginas: int = Field(default=200, ge=1)


class CourtEntry(Strict):
    """`[[juzgados]]`: one portal and one login.

    Attributes:
        slug: Folder in connectors/courts/.
        url: Address of the portal, or `env:NAME` where it is.
        credencial: Name of the login; one run at a time uses it.
        buzon: Mailbox to file from, as the portal calls it; "" takes the only one.
        usuario: User name, or `env:NAME`; "" with a certificate.
        clave: Where the password is.
        totp: Where the secret of the one-time codes is (base32).
        certificado: Where the PKCS #12 file with the certificate lies; its path, or `env:NAME`.
        clave_certificado: Where its password is.
        origen_certificado: Where the certificate is shown: an https address, or `env:NAME` where it is; "" for the
            portal's own.
        pin: Where the PIN of the signature is, for portals that ask for one.
        autoridad: PEM file with the certificate that the court's receipts are checked against; path, or `env:NAME`.
        extra: What only this portal asks, label slug → value.
        limites: See `CourtLimits`.
    """

    slug: str = Field(pattern="^[a-z0-9_]+$")
    url: Annotated[str, AfterValidator(_web_address)]
    credencial: str = Field(min_length=1)
    buzon: str = ""
    usuario: str = ""
    clave: SecretRef | None = None
    totp: SecretRef | None = None
    certificado: str = ""
    clave_certificado: SecretRef | None = None
    origen_certificado: str = ""
    pin: SecretRef | None = None
    autoridad: str = ""
    extra: dict[str, str] = Field(default_factory=dict)
    limites: CourtLimits = CourtLimits()

    @model_validator(mode="after")
    def _a_way_in(self) -> CourtEntry:
        if not self.certificado and not (self.usuario and self.clave):
            raise ValueError("hace falta «certificado», o «usuario» y «clave»")
        return self

    def address(self) -> str:
        """The portal's address without a final slash."""
        return _plain(self.url).rstrip("/")

    def user(self) -> str:
        """User name in clear."""
        return _plain(self.usuario)

    def certificate_file(self) -> str:
        """Path of the PKCS #12 file, "" without one."""
        return _plain(self.certificado)

    def certificate(self) -> bytes:
        """The PKCS #12 file itself; raises `ConfigError` when it is not there."""
        try:
            return Path(self.certificate_file()).expanduser().read_bytes()
        except OSError as exc:
            raise ConfigError(f"config/{FILE}: no se puede leer el certificado de «{self.credencial}».") from exc

    def certificate_address(self) -> str:
        """The https address that is shown the certificate, "" when there is none to show."""
        shown = _plain(self.origen_certificado) or self.address()
        return shown if self.certificado and shown.startswith("https://") else ""

    def authority_file(self) -> str:
        """Path of the court's certificate, "" without one."""
        return _plain(self.autoridad)

    def secret(self, reference: str | None) -> Secret | None:
        """A secret of this entry; raises `SecretError` when its place is empty."""
        return secrets.resolve(reference, base=suite.root()) if reference else None


class CourtsFile(Strict):
    """The whole of config/courts.toml.

    Attributes:
        protocolo: See `Protocol`.
        juzgados: See `CourtEntry`.
    """

    FILE: ClassVar[str] = FILE

    protocolo: Protocol = Protocol()
    juzgados: tuple[CourtEntry, ...] = ()

    @model_validator(mode="after")
    def _once_each(self) -> CourtsFile:
        seen = [(each.slug, each.credencial) for each in self.juzgados]
        twice = sorted({pair for pair in seen if seen.count(pair) > 1})
        if twice:
            raise ValueError(f"«{twice[0][0]}» con la credencial «{twice[0][1]}» está dos veces en [[juzgados]]")
        return self


def load() -> CourtsFile:
    """The settings; raises `ConfigError`."""
    return config.load(suite.root() / "config" / FILE, CourtsFile)


def entry(slug: str, credential: str = "") -> CourtEntry:
    """The entry of a court and a credential; with "" the first of that court.

    Raises:
        ConfigError: there is none.
    """
    name = slug.replace("-", "_")
    found = [each for each in load().juzgados if each.slug == name and credential in ("", each.credencial)]
    if not found:
        with_login = f" con la credencial «{credential}»" if credential else ""
        raise ConfigError(f"config/{FILE}: no hay [[juzgados]] con slug «{name}»{with_login}.")
    return found[0]


def _plain(text: str) -> str:
    return secrets.resolve(text).reveal() if text.startswith("env:") else text
