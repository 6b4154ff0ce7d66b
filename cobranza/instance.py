"""`config/cobranza.toml`: the instance itself. Read before Django is ready; every room may ask."""

from __future__ import annotations

from typing import ClassVar, Literal

from cobranza import suite
from cobranza.kernel.config import Strict, load


class Instance(Strict):
    """The table ``[instancia]``.

    Attributes:
        nombre: Shown in the console's header.
        zona_horaria: IANA name; days and schedules are read in it.
        idioma: Language of the console for those who choose none.
    """

    nombre: str = "Cobranza"
    zona_horaria: str = "Europe/Madrid"
    idioma: Literal["es", "en"] = "es"


class InstanceFile(Strict):
    """The whole file."""

    FILE: ClassVar[str] = suite.MARKER.name

    instancia: Instance = Instance()


def settings() -> Instance:
    """What the file says; raises `ConfigError`."""
    return load(suite.root() / suite.MARKER, InstanceFile).instancia
