"""`config/figures/*.toml`: each figure once, with its formula, source, owner and target; read and checked here."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from cobranza import suite
from cobranza.insight.expressions import Expression, ExpressionError, parse
from cobranza.insight.ports import Definition, Unit
from cobranza.insight.settings import Exact
from cobranza.kernel.config import ConfigError, Strict
from cobranza.kernel.config import parse as validate
from cobranza.screens.roles import Role

Calculation = Literal["suma", "saldo", "dso_simple", "dso_countback", "dso_mejor", "antiguedad", "paso", "efecto"]
CONTRACT = Path(__file__).parent / "informes" / "columns.toml"
TRUE = Expression("true")
_ROLES = frozenset(role.value for role in Role)
_OWN = frozenset({"saldo", "dso_simple", "dso_countback", "dso_mejor", "antiguedad", "paso"})


class FigureEntry(Strict):
    """One figure.

    Attributes:
        nombre: As the screen shows it.
        formula: For people.
        unidad: importe, porcentaje, días, número or puntos.
        responsable: Role that answers for it.
        objetivo: Wanted value, in quotes; a percentage as a share of 0 to 1.
        mejor: "sube" or "baja".
        perfiles: Roles on whose dashboard it stands.
        calculo: "suma" for sums over a view; the others are worked out by code.
        vista: View of the schema informes.
        fecha: Its column that puts a row into a period.
        filtro: Which rows count at all.
        numerador: What each row adds; rows where `numerador_si` holds.
        numerador_si: Condition, all rows when left out.
        denominador: What each row adds below the line; none gives a plain sum.
        denominador_si: Condition.
        factor: The quotient is multiplied by it ("1000" for so many per thousand), in quotes.
        importes: Adds money: never over two currencies.
        moneda: Column with the currency, where it is not "moneda".
        clase: Column by which it may be taken apart, besides those of the filters.
        peso: By which rows behind it are ordered, the heaviest first; the numerator when left out.
        tramos: Of an ageing figure: which buckets count above the line.
        ventana_dias: Of a DSO: over how many days sales are counted.
    """

    FILE: ClassVar[str] = "figures/*.toml"
    TABLE: ClassVar[str] = "cifras.<clave>"

    nombre: str = Field(min_length=3)
    formula: str = Field(min_length=10)
    unidad: Unit
    responsable: str
    objetivo: Exact | None = None
    mejor: Literal["sube", "baja"] = "sube"
    perfiles: tuple[str, ...] = ()
    calculo: Calculation = "suma"
    vista: str = ""
    fecha: str = ""
    filtro: str = ""
    numerador: str = "1"
    numerador_si: str = ""
    denominador: str = ""
    denominador_si: str = ""
    factor: Exact = Decimal(1)
    importes: bool = False
    moneda: str = "moneda"
    clase: str = ""
    peso: str = ""
    tramos: tuple[str, ...] = ()
    ventana_dias: int = Field(default=90, ge=7, le=366)

    @model_validator(mode="after")
    def _known_roles(self) -> FigureEntry:
        for role in (self.responsable, *self.perfiles):
            if role not in _ROLES:
                raise ValueError(f"«{role}» no es un perfil (hay: {', '.join(sorted(_ROLES))})")
        if self.calculo in {"suma", "efecto"} and not (self.vista and self.fecha):
            raise ValueError("faltan «vista» y «fecha»")
        return self


class FiguresFile(Strict):
    """One file of figures."""

    FILE: ClassVar[str] = "figures/*.toml"

    cifras: dict[str, FigureEntry] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure ready to be counted.

    Attributes:
        definition: What all see.
        entry: As written.
        view: Its source; "cartera_movimientos" for what code works out.
        columns: Of the view, name to type.
        where: Which rows count.
        num: What a row adds above the line.
        den: Below it; None for a plain sum.
        weight: Orders the rows.
        place: File and line where it is defined.
    """

    definition: Definition
    entry: FigureEntry
    view: str
    columns: dict[str, str]
    where: Expression
    num: Expression
    den: Expression | None
    weight: Expression
    place: str

    @property
    def slug(self) -> str:
        """Its key."""
        return self.definition.slug


@cache
def contract() -> dict[str, dict[str, str]]:
    """Views with their columns and types, as promised to everybody."""
    return tomllib.loads(CONTRACT.read_text(encoding="utf-8"))


def read(folder: Path | None = None) -> dict[str, Figure]:
    """All figures of a folder, in the order of its files.

    Raises:
        ConfigError: what cannot be used; the message names file, line and field.
    """
    where = folder or suite.root() / "config" / "figures"
    found: dict[str, Figure] = {}
    for file in sorted(where.glob("*.toml")):
        text = file.read_text(encoding="utf-8")
        try:
            raw = tomllib.loads(text)
        except tomllib.TOMLDecodeError as exc:
            raise ConfigError(f"{file}: no es TOML válido ({exc}).") from exc
        for slug, entry in validate(raw, FiguresFile, str(file)).cifras.items():
            if slug in found:
                raise ConfigError(f"{file}: la cifra «{slug}» ya está en {found[slug].place}.")
            found[slug] = _figure(slug, entry, file, text)
    return found


def _figure(slug: str, entry: FigureEntry, file: Path, text: str) -> Figure:
    view = entry.vista or "cartera_movimientos"

    def refuse(field: str, why: str) -> ConfigError:
        return ConfigError(f"{file}, línea {_line(text, slug, field)}: «cifras.{slug}.{field}» no vale: {why}.")

    if view not in contract():
        raise refuse("vista", f"no hay ninguna vista «{view}» (hay: {', '.join(sorted(contract()))})")
    columns = contract()[view]
    if entry.calculo not in _OWN and columns.get(entry.fecha) != "date":
        days = [name for name, kind in columns.items() if kind == "date"]
        raise refuse("fecha", f"«{entry.fecha}» no es una columna de día de {view} (hay: {', '.join(days)})")
    for field in ("clase", "moneda"):
        name = getattr(entry, field)
        if name and name not in columns and (field == "clase" or entry.importes):
            raise refuse(field, f"«{name}» no es una columna de {view}")

    def expression(field: str, standard: Expression) -> Expression:
        written = getattr(entry, field)
        if not written:
            return standard
        try:
            return parse(written, columns)
        except ExpressionError as exc:
            raise refuse(field, str(exc)) from exc

    num = _only(expression("numerador", TRUE), expression("numerador_si", TRUE))
    den = None
    if entry.denominador:
        den = _only(expression("denominador", TRUE), expression("denominador_si", TRUE))
    definition = Definition(
        slug=slug,
        name=entry.nombre,
        formula=entry.formula,
        unit=entry.unidad,
        source=f"informes.{view}",
        owner=entry.responsable,
        target=entry.objetivo,
        better="up" if entry.mejor == "sube" else "down",
        roles=entry.perfiles,
    )
    return Figure(
        definition=definition,
        entry=entry,
        view=view,
        columns=dict(columns),
        where=expression("filtro", TRUE),
        num=num,
        den=den,
        weight=expression("peso", num),
        place=f"{file.name}:{_line(text, slug, '')}",
    )


def _only(what: Expression, when: Expression) -> Expression:
    if when is TRUE:
        return what
    return Expression(
        f"CASE WHEN {when.sql} THEN {what.sql} ELSE 0 END", (*when.values, *what.values), what.columns | when.columns
    )


def _line(text: str, slug: str, field: str) -> int:
    """Line of a field, or of its table."""
    lines = text.splitlines()
    start = next((n for n, line in enumerate(lines) if line.split("#")[0].strip() == f"[cifras.{slug}]"), 0)
    for number in range(start + 1, len(lines)):
        if lines[number].startswith("["):
            break
        if field and lines[number].split("=")[0].strip() == field:
            return number + 1
    return start + 1
