"""Reads `config/*.toml` into strict models: what is not known is refused by name, never ignored."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from cobranza.kernel.errors import BusinessError


class ConfigError(BusinessError):
    """A settings file that cannot be used."""

    code = "COB-CFG-001"
    remedy = "Corrija el fichero y vuelva a lanzar la orden."


class Strict(BaseModel):
    """Base of every settings model: unknown keys stop, values are frozen.

    The model of a whole file names it in `FILE`, the model of one kind of table inside also in `TABLE`; the reference
    and its test find them by that.
    """

    FILE: ClassVar[str] = ""
    TABLE: ClassVar[str] = ""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


Model = TypeVar("Model", bound=BaseModel)


def load(file: Path, model: type[Model]) -> Model:
    """Read `file` as `model`. A missing file reads as an empty one, so that defaults apply.

    Raises:
        ConfigError: not TOML, an unknown key, a wrong type or a missing value; the message names the file, the key,
            what is allowed and the nearest valid name.
    """
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{file}: no es TOML válido ({exc}).") from exc
    return parse(raw, model, str(file))


def parse(raw: dict[str, Any], model: type[Model], source: str) -> Model:
    """Validate a parsed table; see `load`."""
    try:
        return model.model_validate(raw)
    except ValidationError as exc:
        lines = [_explain(error, model) for error in exc.errors()]
        raise ConfigError(f"{source}: " + "; ".join(lines) + ".") from exc


def _explain(error: Any, model: type[BaseModel]) -> str:
    path = [part for part in error["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    key = ".".join(str(part) for part in path)
    if error["type"] == "extra_forbidden":
        names = sorted(_fields_at(model, path[:-1]))
        near = difflib.get_close_matches(str(path[-1]), names, n=1, cutoff=0.5)
        hint = f"; ¿quería decir «{near[0]}»?" if near else ""
        return f"clave desconocida «{key}»{hint} (se admiten: {', '.join(names) or 'ninguna'})"
    if error["type"] == "missing":
        return f"falta la clave «{key}»"
    if error["type"] == "value_error":  # a check of ours; the value may be a secret written where a reference belongs
        return f"«{key}» no vale: {error['ctx']['error']}"
    allowed = error.get("ctx", {}).get("expected")
    wanted = f" (se admite: {allowed})" if allowed else ""
    return f"«{key}» = {error.get('input')!r} no vale: {error['msg']}{wanted}"


def _fields_at(model: type[BaseModel], path: list[Any]) -> set[str]:
    current: Any = model
    for part in path:
        current = _step(current, part)
        if current is None:
            return set()
    return _names(current)


def _names(model: Any) -> set[str]:
    if isinstance(model, type) and issubclass(model, BaseModel):
        return {field.alias or name for name, field in model.model_fields.items()}
    return set()


def _step(current: Any, part: Any) -> Any:
    if isinstance(current, type) and issubclass(current, BaseModel):
        for name, field in current.model_fields.items():
            if part in (name, field.alias):
                return _inner(field.annotation)
    return current if _names(current) and part not in _names(current) else None


def _inner(annotation: Any) -> Any:
    """The model inside `dict[str, M]`, `tuple[M, ...]`, `M | None`, else the annotation itself."""
    arguments = getattr(annotation, "__args__", ())
    for argument in arguments:
        inner = _inner(argument)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            return inner
    return annotation
