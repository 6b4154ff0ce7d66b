"""Templates of what is sent: `config/templates/<language>/<name>.toml`, merge fields, nothing unfilled ever leaves.

A template knows the fields of `FIELDS` and nothing else: no expressions, no loops, so that it can be edited on screen
without being able to break out. A field that is empty blocks the message. What it may say is the gate's linter's work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter

from pydantic import Field, field_validator

from cobranza import suite
from cobranza.dunning.account import DunningError
from cobranza.kernel.config import Strict, load

FIELDS = {
    "deudor": "nombre del deudor",
    "acreedor": "a quién se debe",
    "remitente": "quién escribe, por cuenta de quién",
    "importe": "lo que se reclama, con su moneda",
    "documentos": "números de los documentos, separados por comas",
    "vence": "día en que venció o vence el más antiguo",
    "dias": "días de atraso",
    "enlace": "enlace de pago y consulta de este deudor",
    "baja": "cómo pedir que no se use este canal",
    "telefono": "teléfono de atención",
    "cuota": "qué pago de un acuerdo es, «2 de 6»",
}
_NAME = re.compile(r"^[a-z0-9_]{1,60}$")


class TemplateFile(Strict):
    """The file: `canales` that it is written for, `asunto` (mails and letters), `texto` with {campos}."""

    canales: tuple[str, ...] = Field(min_length=1)
    asunto: str = ""
    texto: str = Field(min_length=1)

    @field_validator("asunto", "texto")
    @classmethod
    def _known(cls, value: str) -> str:
        for name in _fields(value):
            if name not in FIELDS:
                raise ValueError(f"no hay un campo «{name}»; hay {', '.join(FIELDS)}")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A template with this debtor's words."""

    subject: str
    text: str


def names(language: str) -> tuple[str, ...]:
    """Templates in a language, sorted."""
    return tuple(sorted(each.stem for each in (_folder() / language).glob("*.toml")))


@cache
def known(language: str) -> frozenset[str]:
    """Names of the templates in a language, read once."""
    return frozenset(names(language))


def used(written: TemplateFile) -> tuple[str, ...]:
    """The fields of a template in the order in which they first appear: what an approved one takes as its values."""
    return tuple(dict.fromkeys([*_fields(written.asunto), *_fields(written.texto)]))


@cache
def template(name: str, language: str) -> TemplateFile:
    """The template `name` in `language`.

    Raises:
        DunningError: there is none, in that language: nobody is written to in another one by mistake.
        ConfigError: its file is wrong.
    """
    file = _folder() / language / f"{name}.toml"
    if not _NAME.match(name) or not language.isalpha() or not file.is_file():
        raise DunningError(f"No hay una plantilla «{name}» en «{language}».")
    return load(file, TemplateFile)


def fill(written: TemplateFile, values: Mapping[str, str]) -> Filled:
    """`written` with `values`.

    Raises:
        DunningError: a field that it uses is missing or empty.
    """
    asked = used(written)
    empty = sorted({name for name in asked if not values.get(name, "").strip()})
    if empty:
        raise DunningError(
            f"La plantilla pide {', '.join(FIELDS[name] for name in empty)} y no se sabe.",
            remedy="Complete el dato del deudor o use otra plantilla; el mensaje no sale.",
        )
    safe = {name: _one_line(values[name]) for name in asked}
    return Filled(subject=_one_line(written.asunto.format_map(safe)), text=written.texto.format_map(safe).strip())


def _one_line(text: str) -> str:
    """A value never brings a line of its own: no header and no paragraph can be smuggled in."""
    return " ".join(text.split())


def _fields(text: str) -> list[str]:
    try:
        parsed = list(Formatter().parse(text))
    except ValueError as exc:
        raise ValueError(f"llaves sin pareja ({exc})") from exc
    for _, name, form, conversion in parsed:
        if name is not None and (not name.isidentifier() or form or conversion):
            raise ValueError(f"«{{{name}}}» no es un campo: solo se admite {{nombre}}")
    return [name for _, name, _, _ in parsed if name is not None]


def _folder() -> Path:
    return suite.root() / "config" / "templates"
