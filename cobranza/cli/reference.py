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

NEEDS_DATABASE = False


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
    for file, model in sorted(settings_models().items()):
        lines = [f"| `{key}` | {kind} | {default} | {meaning} |" for key, kind, default, meaning in _keys(model, "")]
        head = "| key | value | default | meaning |\n| --- | --- | --- | --- |"
        yield f"### `config/{file}`\n\n{head}\n" + "\n".join(lines)


def settings_models() -> dict[str, type[BaseModel]]:
    """File name → its model: every `Strict` with a `FILE`, in any room or connector."""
    import cobranza
    from cobranza import suite
    from cobranza.database.session import setup_django
    from cobranza.kernel.config import Strict

    setup_django()
    suite.activate()
    for package in (cobranza, importlib.import_module("connectors")):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if re.search(r"\.(settings|config|policy|_checks)$", info.name):
                importlib.import_module(info.name)
    found: dict[str, type[BaseModel]] = {}
    waiting = list(Strict.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if model.FILE:
            found[model.FILE] = model
    return found


def _keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    told = _attributes(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = _inner(field.annotation)
        if inner is not None:
            yield from _keys(inner, f"{key}.<nombre>." if get_origin(field.annotation) is dict else f"{key}.")
            continue
        default = "–" if field.default is PydanticUndefined else f"`{_shown(field.default)}`"
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
