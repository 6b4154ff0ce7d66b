"""Categories are files: ``categories/<slug>.toml`` here, and in the instance's own copy of the suite.

Adding one is one file, labelled examples (or its seed examples alone) and ``cobranza disputes train``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cobranza.disputes.ports import Category, Hold, Priority
from cobranza.kernel.config import ConfigError, Strict, load

FOLDER = Path(__file__).parent / "categories"
_SLUG = re.compile(r"[a-z][a-z0-9_]{2,59}")
_PRIORITIES = {
    "urgente": Priority.URGENT,
    "alta": Priority.HIGH,
    "normal": Priority.NORMAL,
    "baja": Priority.LOW,
}
_HOLDS = {
    "ninguna": Hold.NONE,
    "importe_en_disputa": Hold.DISPUTED_AMOUNT,
    "documentos_nombrados": Hold.NAMED_DOCUMENTS,
}
_Line = Annotated[str, Field(min_length=1, max_length=400)]


class Acknowledgement(Strict):
    """What the sender is told will happen next, in the language of the message."""

    es: _Line = Field(description="En español")
    pt: _Line = Field(description="En portugués")
    en: _Line = Field(description="En inglés")


class CategoryFile(Strict):
    """One file of ``categories/``; the slug is its name."""

    nombre: _Line = Field(description="Cómo se llama en pantalla")
    descripcion: Annotated[str, Field(min_length=1)] = Field(description="Qué entra y qué no")
    departamento: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(description="Quién lo atiende")
    formulario: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(description="Formulario del ticket")
    plazo_horas: Annotated[int, Field(ge=0, le=24 * 90)] = Field(description="Horas para que conteste una persona")
    prioridad: Literal["urgente", "alta", "normal", "baja"] = Field(description="Del ticket")
    retencion: Literal["ninguna", "importe_en_disputa", "documentos_nombrados"] = Field(
        description="Qué deja de cobrarse mientras se resuelve"
    )
    nunca_automatica: bool = Field(default=False, description="Nunca se cierra sin una persona")
    llamar: bool = Field(default=False, description="Hay que llamar a un teléfono ya conocido (posible fraude)")
    acuse: Acknowledgement | None = Field(default=None, description="Sin él no se acusa recibo")
    ejemplos: tuple[_Line, ...] = Field(min_length=1, description="Frases propias que la enseñan")

    @model_validator(mode="after")
    def _a_call_is_a_persons_work(self) -> CategoryFile:
        if self.llamar and not self.nunca_automatica:
            raise ValueError("una categoría con «llamar» lleva también «nunca_automatica»")
        return self

    def category(self, slug: str) -> Category:
        """As the room of disputes knows it."""
        return Category(
            slug=slug,
            name=self.nombre,
            description=" ".join(self.descripcion.split()),
            department=self.departamento,
            form=self.formulario,
            sla_hours=self.plazo_horas,
            priority=_PRIORITIES[self.prioridad],
            acknowledgements=MappingProxyType(self.acuse.model_dump() if self.acuse else {}),
            hold=_HOLDS[self.retencion],
            never_automatic=self.nunca_automatica,
            needs_callback=self.llamar,
        )


def read(folder: Path = FOLDER) -> dict[str, CategoryFile]:
    """Every category file of `folder`, by slug, in the order of the slugs.

    Raises:
        ConfigError: the folder holds none, a name is no slug, or a file cannot be used.
    """
    found: dict[str, CategoryFile] = {}
    for file in sorted(folder.glob("*.toml")):
        if not _SLUG.fullmatch(file.stem):
            raise ConfigError(f"{file}: el nombre de una categoría lleva solo letras minúsculas, cifras y «_».")
        found[file.stem] = load(file, CategoryFile)
    if not found:
        raise ConfigError(f"En «{folder}» no hay ninguna categoría (ficheros .toml).")
    return found


@cache
def shipped() -> Mapping[str, Category]:
    """The categories of this installation, read once."""
    return MappingProxyType({slug: file.category(slug) for slug, file in read().items()})
