"""`cobranza reference`: every command, robot and settings key in one page, made from the code itself."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from cobranza import suite
from cobranza.kernel.config import Strict

NEEDS_DATABASE = False
_MAY_HOLD_SETTINGS = re.compile(r"\.((?:[a-z]+_)?settings|config|definitions|policy|instance|schedules|house)$")


@click.command()
def reference() -> None:
    """Escribe la referencia de órdenes, robots y configuración (cobranza/REFERENCE.md)."""
    click.echo(render(), nl=False)


commands = [reference]


def render() -> str:
    """The whole page in Markdown. Same code, same text."""
    parts = [
        "# Reference",
        "Made by `cobranza reference`; a test compares it with the code.",
        "## Commands",
        *_commands(),
        "## Robots",
        *_robots(),
        "## Settings",
        *_settings(),
    ]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _commands() -> Iterator[str]:
    from cobranza.cli import root

    for path, command in _walk(root, ""):
        if isinstance(command, click.Group) and not command.invoke_without_command:
            continue
        words = " ".join([path, *(parameter.make_metavar(_context(command)) for parameter in _arguments(command))])
        lines = [f"### `cobranza {words}`", (command.help or "").strip()]
        options = [_option(parameter) for parameter in command.params if isinstance(parameter, click.Option)]
        lines += ["\n".join(options)] if options else []
        yield "\n\n".join(line for line in lines if line)


def _context(command: click.Command) -> click.Context:
    return click.Context(command)


def _arguments(command: click.Command) -> list[click.Argument]:
    return [parameter for parameter in command.params if isinstance(parameter, click.Argument)]


def _walk(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        here = f"{path} {name}".strip()
        yield here, command
        if isinstance(command, click.Group):
            yield from _walk(command, here)


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    many = " (repetible)" if option.multiple else ""
    return f"- {names}{many}: {option.help or ''}".rstrip(": ")


def _robots() -> Iterator[str]:
    from cobranza.runs import catalogue

    for robot in catalogue.robots():
        lines = [f"### `{robot.slug}`", robot.documentation.strip()]
        facts = [f"- {name}: {value}" for name, value in robot.metadata.items()]
        facts += [
            f"- `{variable.name}` ({variable.type}): {variable.help or '–'}"
            + (f" Por defecto: `{variable.default}`." if variable.default else "")
            for variable in robot.variables
        ]
        yield "\n\n".join([*lines, "\n".join(facts)])


def _settings() -> Iterator[str]:
    for file, models in sorted(settings_models().items()):
        parts = [f"### `config/{file}`"]
        for model in models:
            rows = [f"| `{key}` | {kind} | {default} | {meaning} |" for key, kind, default, meaning in keys(model)]
            if rows:
                parts.append("| key | value | default | meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows))
        yield "\n\n".join(parts)


def settings_models() -> dict[str, list[type[Strict]]]:
    """File name → its models, the one of the whole file first: every `Strict` with a `FILE`, wherever it is."""
    from cobranza.database.session import setup_django

    setup_django()
    suite.activate()
    for name in ("cobranza", "connectors", "classifiers"):
        package = importlib.import_module(name)
        for info in pkgutil.walk_packages(package.__path__, f"{name}."):
            if name == "connectors" or _MAY_HOLD_SETTINGS.search(info.name):
                importlib.import_module(info.name)
    found: dict[str, list[type[Strict]]] = {}
    waiting = list(Strict.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model.FILE:
            found.setdefault(model.FILE, []).append(model)
    return {file: sorted(models, key=lambda model: (model.TABLE, model.__name__)) for file, models in found.items()}


def keys(model: type[Strict]) -> Iterator[tuple[str, str, str, str]]:
    """Key, kind, default and meaning of everything that a person may write for `model`."""
    yield from _keys(model, f"{model.TABLE}." if model.TABLE else "")


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    told = _attributes(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = _inner(field.annotation)
        if inner is None and get_origin(field.annotation) is dict:
            continue  # its tables have models of their own, see `Strict.TABLE`
        if inner is not None:
            yield from _keys(inner, f"{key}.<nombre>." if get_origin(field.annotation) is dict else f"{key}.")
            continue
        default = "–" if field.default is PydanticUndefined or field.default == "" else f"`{_shown(field.default)}`"
        yield key, _kind(field.annotation), default, field.description or told.get(name, "")


def _inner(annotation: Any) -> type[BaseModel] | None:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        found = _inner(argument)
        if found is not None:
            return found
    return None


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """The "Attributes:" section of a Google docstring: field → meaning."""
    told: dict[str, str] = {}
    current = ""
    for line in inspect.cleandoc(model.__doc__ or "").partition("Attributes:")[2].splitlines():
        found = re.match(r"    (\w+): (.*)", line)
        if found:
            current = found[1]
            told[current] = found[2].strip()
        elif current and line.startswith("        "):
            told[current] += " " + line.strip()
    return told


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in get_args(annotation))
    if origin in (Union, UnionType):
        return " \\| ".join(_kind(argument) for argument in get_args(annotation) if argument is not type(None))
    if origin is not None and not inspect.isclass(origin):
        return _kind(get_args(annotation)[0])
    return getattr(annotation, "__name__", str(annotation))


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
