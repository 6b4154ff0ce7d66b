"""Reads `config/ticketing.toml`: which ticket desks there are, and what our slugs are called there.

An entry's `conector` names a folder of `connectors/ticketing/`, whose own model checks the entry. A new desk adds a
folder and edits nothing here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from cobranza import suite
from cobranza.disputes.ports import DeskRefused
from cobranza.kernel import config, secrets
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.secrets import Secret, SecretRef

FILE = Path("config") / "ticketing.toml"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def _web_address(text: str) -> str:
    if text.startswith("env:") and len(text) > len("env:"):
        return text
    return checked_address(text)


def checked_address(text: str) -> str:
    """A desk's address without a final slash: https, or http on this very machine.

    Raises:
        ValueError: anything else.
    """
    place = urlsplit(text)
    plain = place.scheme == "http" and place.hostname in _LOOPBACK
    if (place.scheme != "https" and not plain) or not place.hostname or place.query or place.username:
        raise ValueError("la dirección de la mesa empieza por https:// (o se indica como env:NOMBRE)")
    return text.rstrip("/")


WebAddress = Annotated[str, AfterValidator(_web_address)]


class DeskLimits(Strict):
    """How long and how much a desk is asked.

    Attributes:
        espera_segundos: Longest wait for one answer.
        paciencia_segundos: Longest wait, in all, for a desk that limits us or fails, within one order.
        reintentos: Times that a reading is asked again.
        fichero_maximo_mb: Larger files stay out of the ticket, which says so.
        ficheros: Most files of one comment; the rest stay out, which is said too.
        paginas: Most pages of one list.
        firma_minutos: Age that a signed notice may have.
    """

    espera_segundos: float = Field(default=20.0, gt=0, le=120)
    paciencia_segundos: float = Field(default=60.0, ge=0, le=600)
    reintentos: int = Field(default=2, ge=0, le=5)
    fichero_maximo_mb: float = Field(default=20.0, gt=0, le=100)
    ficheros: int = Field(default=20, ge=0, le=50)
    paginas: int = Field(default=60, ge=1, le=300)
    firma_minutos: float = Field(default=5.0, gt=0, le=60)


class DeskSettings(Strict):
    """What the entries of all desks have in common; their limits are `DeskLimits`."""

    conector: str
    activa: bool = Field(default=True, description="Whether robots use it.")
    url: WebAddress = Field(description="Address, https://, or `env:NAME` where it is.")
    clave: SecretRef = Field(description="Where the API key is.")
    firma: SecretRef | None = Field(
        default=None, description="Where the secret of its notices (webhooks) is; without it they are all refused."
    )
    limites: DeskLimits = DeskLimits()

    def address(self) -> str:
        """The desk's address, without a final slash.

        Raises:
            ConfigError: what the environment says is no address.
        """
        text = secrets.resolve(self.url).reveal() if self.url.startswith("env:") else self.url
        try:
            return checked_address(text)
        except ValueError as exc:
            raise ConfigError(f"{FILE}: «{self.url}» no vale: {exc}.") from exc

    def key(self) -> Secret:
        """The API key; raises `SecretError`."""
        return secrets.resolve(self.clave, base=suite.root())

    def signature(self) -> Secret | None:
        """The secret of its notices, None when none is configured."""
        return secrets.resolve(self.firma, base=suite.root()) if self.firma else None


class _Desks(Strict):
    """The whole file; each entry is checked by its connector's own model, which says so with `TABLE`."""

    FILE: ClassVar[str] = "ticketing.toml"

    mesas: dict[str, dict[str, Any]] = Field(default_factory=dict)


Model = TypeVar("Model", bound=DeskSettings)


def entries(slug: str, model: type[Model], file: Path | None = None) -> Iterator[tuple[str, Model]]:
    """The entries that a connector serves, by name, in the order of the file.

    Raises:
        ConfigError: an unknown key, a wrong value, or an entry that names no connector.
    """
    source = file or suite.root() / FILE
    for name, entry in config.load(source, _Desks).mesas.items():
        if not isinstance(entry.get("conector"), str):
            raise ConfigError(f"{source}: falta «mesas.{name}.conector».")
        if entry["conector"] == slug:
            yield name, config.parse(entry, model, f"{source}: mesas.{name}")


def entry(slug: str, model: type[Model], name: str, file: Path | None = None) -> Model:
    """One entry.

    Raises:
        ConfigError: there is none of this connector with that name.
    """
    found = dict(entries(slug, model, file))
    if name not in found:
        raise ConfigError(f"{FILE}: no hay ninguna mesa «{name}» de {slug} (hay: {', '.join(found) or 'ninguna'}).")
    return found[name]


Id = TypeVar("Id", int, str)


def look_up(table: Mapping[str, Id], slug: str, what: str) -> Id:
    """What a slug is called at the desk.

    Raises:
        DeskRefused: the settings do not say.
    """
    if slug not in table:
        raise DeskRefused(
            f"La configuración de la mesa de tickets no dice qué {what} es «{slug}».",
            remedy=f"Añada «{slug}» a la tabla de {what}s de la mesa en config/ticketing.toml.",
        )
    return table[slug]


def unmapped(table: Mapping[str, object], slugs: Collection[str], what: str, key: str) -> list[str]:
    """Sentences about the slugs that a table of the settings does not have.

    >>> unmapped({"cobros": 3}, {"cobros", "legal"}, "grupo", "grupos")
    ['Falta «legal» en la tabla grupos: hay categorías que piden ese grupo.']
    """
    return [
        f"Falta «{slug}» en la tabla {key}: hay categorías que piden ese {what}."
        for slug in sorted(set(slugs) - set(table))
    ]


def unknown(table: Mapping[str, Id], there: Collection[Id], what: str, key: str) -> list[str]:
    """Sentences about what a table of the settings names and the desk does not have.

    >>> unknown({"cobros": 3, "legal": 6}, {3}, "grupo", "grupos")
    ['La mesa no tiene ningún grupo 6 (grupos.legal).']
    """
    return [
        f"La mesa no tiene ningún {what} {number} ({key}.{slug})."
        for slug, number in table.items()
        if number not in there
    ]
