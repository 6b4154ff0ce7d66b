"""Reads `config/bureaus.toml`: which sources there are, how much each counts, and where its file or its secret is.

An entry's `conector` names a folder of `connectors/bureaus/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from cobranza import suite
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret, SecretRef

FILE = Path("config") / "bureaus.toml"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _web_address(text: str) -> str:
    if not text or (text.startswith("env:") and len(text) > len("env:")):
        return text
    return checked_address(text)


def checked_address(text: str) -> str:
    """A source's address without a final slash: https, or http on this very machine.

    Raises:
        ValueError: anything else.
    """
    place = urlsplit(text)
    plain = place.scheme == "http" and place.hostname in _LOOPBACK
    if (place.scheme != "https" and not plain) or not place.hostname or place.query or place.username:
        raise ValueError("la dirección de la fuente empieza por https:// (o se indica como env:NOMBRE)")
    return text.rstrip("/")


class BureauSettings(Strict):
    """An entry ``[fuentes.<name>]``.

    Attributes:
        conector: Folder in connectors/bureaus/.
        activa: Whether it is asked.
        paises: Whose people it knows.
        peso: How much it counts beside the others.
        caduca_dias: Information older than this does not count.
        fichero: For "file": where it is, from the suite's folder.
        url: For "rest": address, or `env:NAME` where it is.
        clave: For "rest": where the key is.
        espera_segundos: Longest wait for one answer.
        reintentos: Times that a question is asked again.
        notas: Where the source speaks in grades: grade → probability of default within a year.
    """

    FILE: ClassVar[str] = "bureaus.toml"
    TABLE: ClassVar[str] = "fuentes.<nombre>"

    conector: str
    activa: bool = True
    paises: tuple[Annotated[str, Field(pattern="^[A-Z]{2}$")], ...] = Field(min_length=1)
    peso: float = Field(default=1.0, gt=0, le=100)
    caduca_dias: int = Field(default=180, ge=1, le=1500)
    fichero: str = ""
    url: Annotated[str, AfterValidator(_web_address)] = ""
    clave: SecretRef | None = None
    espera_segundos: float = Field(default=6.0, gt=0, le=30)
    reintentos: int = Field(default=1, ge=0, le=3)
    notas: dict[str, float] = Field(default_factory=dict)

    @field_validator("notas")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        for grade, share in value.items():
            if not 0 <= share <= 1:
                raise ValueError(f"la probabilidad de la nota «{grade}» va de 0 a 1")
        return value

    def address(self) -> str:
        """The API's address, without a final slash.

        Raises:
            ConfigError: there is none, or what the environment says is no address.
        """
        text = secrets.resolve(self.url).reveal() if self.url.startswith("env:") else self.url
        try:
            return checked_address(text)
        except ValueError as exc:
            raise ConfigError(f"{FILE}: «{self.url}» no vale: {exc}.") from exc

    def key(self) -> Secret:
        """The key of the API; raises `SecretError`."""
        if self.clave is None:
            raise ConfigError(f"{FILE}: la fuente no dice dónde está su clave.")
        return secrets.resolve(self.clave, base=suite.root())

    def file(self) -> Path:
        """The file.

        Raises:
            ConfigError: none is named.
        """
        if not self.fichero:
            raise ConfigError(f"{FILE}: la fuente no dice cuál es su fichero.")
        return suite.root() / self.fichero


class BureausFile(Strict):
    """The whole file.

    Attributes:
        fuentes: Sources by name.
    """

    FILE: ClassVar[str] = "bureaus.toml"

    fuentes: dict[Annotated[str, Field(pattern="^[a-z0-9_-]+$")], BureauSettings] = Field(default_factory=dict)


def names(slug: str, file: Path | None = None) -> Iterator[str]:
    """Sources in use that a connector serves, in the order of the file."""
    found = config.load(file or suite.root() / FILE, BureausFile).fuentes
    return (name for name, entry in found.items() if entry.conector == slug and entry.activa)


def entry(slug: str, name: str, file: Path | None = None) -> BureauSettings:
    """One entry.

    Raises:
        ConfigError: there is none of this connector with that name.
    """
    found = config.load(file or suite.root() / FILE, BureausFile).fuentes.get(name)
    if found is None or found.conector != slug:
        raise ConfigError(f"{FILE}: no hay ninguna fuente «{name}» de {slug}.")
    return found
