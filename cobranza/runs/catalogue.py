"""The robots of this suite, read from their own files.

A robot is ``<suite root>/robots/<slug>.robot``. Its documentation, metadata, time limit and typed variables are what
the console makes its form of, the command line its options and the scheduler its defaults. A file that cannot be run
is listed with the reason, never hidden.

Metadata read (accents and capitals do not matter): ``Responsable``, ``Cola`` (queue of work items), ``Credencial``
(at most one run at a time), ``Límite`` (time limit of one attempt, ``15 minutes``), ``Intentos`` (tries when the
outside fails).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_origin

from robot.api import get_model
from robot.api.parsing import ModelVisitor, Token
from robot.errors import DataError
from robot.output import LOGGER
from robot.running import TestSuite, TypeInfo
from robot.utils import timestr_to_secs
from robot.variables import search_variable

from cobranza import suite
from cobranza.kernel import secrets, spanish
from cobranza.runs.config import settings
from cobranza.runs.errors import RobotBroken, RobotUnknown, VariableError

UNATTENDED_TAG = "desatendido"
_TASK_TIMEOUT_MARGIN = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable that whoever starts the robot may set.

    Attributes:
        name: Without ``${}``.
        type: As written after the colon, "str" when the suite gives none.
        default: The text in the suite; "" for secrets.
        is_secret: Only a reference (``env:NAME``, ``file:PATH``, ``keyring:SERVICE/USER``) may be given.
        reference: Where a secret comes from when nobody says otherwise, "env:NAME"; "" for the rest.
        choices: The allowed texts of a ``Literal[…]``.
        help: The comment on its line.
    """

    name: str
    type: str = "str"
    default: str = ""
    is_secret: bool = False
    reference: str = ""
    choices: tuple[str, ...] = ()
    help: str = ""

    def convert(self, text: str) -> Any:
        """The value that the robot gets for `text`; raises `VariableError`. A secret stays a reference."""
        if self.is_secret:
            try:
                return secrets.check_reference(text)
            except ValueError as exc:
                raise VariableError(
                    f"«{self.name}» es un secreto: dé dónde está (env:NOMBRE, file:RUTA o keyring:SERVICIO/USUARIO), "
                    "nunca el secreto mismo."
                ) from exc
        if self.type == "str":
            return text
        try:
            return TypeInfo.from_type_hint(self.type).convert(text, kind="Value")
        except (ValueError, TypeError, DataError) as exc:
            allowed = f" (se admite: {', '.join(self.choices)})" if self.choices else ""
            raise VariableError(f"«{self.name}» = «{text}» no vale como {self.type}{allowed}.") from exc


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """What a robot's file says about itself; see the module for the metadata."""

    slug: str
    title: str
    file: Path
    documentation: str = ""
    responsible: str = ""
    queue: str = ""
    credential: str = ""
    limit_seconds: float = 3600.0
    max_attempts: int = 1
    tags: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    error: str = ""

    @property
    def unattended(self) -> bool:
        """It says that it may run with nobody watching."""
        return UNATTENDED_TAG in self.tags

    def variable(self, name: str) -> Variable:
        """The variable called `name`, with or without ``${}``; raises `VariableError`."""
        wanted = _fold(name.removeprefix("${").removesuffix("}"))
        for variable in self.variables:
            if _fold(variable.name) == wanted:
                return variable
        known = ", ".join(variable.name for variable in self.variables) or "ninguna"
        raise VariableError(f"El robot «{self.slug}» no tiene la variable «{name}» (tiene: {known}).")

    def needs(self, values: Mapping[str, str]) -> tuple[str, str]:
        """The credential and the queue of a run with these values: ``banco:${BANCO}`` → ``banco:caja_demo``."""
        return self._filled(self.credential, values), self._filled(self.queue, values)

    def _filled(self, text: str, values: Mapping[str, str]) -> str:
        given = {_fold(name): value for name, value in values.items()}

        def value_of(found: re.Match[str]) -> str:
            variable = self.variable(found[1])
            return given.get(_fold(variable.name), variable.default)

        return re.sub(r"\$\{([^}]+)\}", value_of, text)

    def check(self, values: Mapping[str, str]) -> dict[str, str]:
        """Check the values given for a run.

        Returns:
            The same, under each variable's own name.

        Raises:
            VariableError: one does not exist, does not fit its type, or is a secret in clear.
        """
        checked = {}
        for name, text in values.items():
            variable = self.variable(name)
            variable.convert(text)
            checked[variable.name] = text
        return checked

    def as_dict(self) -> dict[str, Any]:
        """The robot as the command line prints it with ``--json``; keys are stable."""
        return {
            "slug": self.slug,
            "title": self.title,
            "documentation": self.documentation,
            "responsible": self.responsible or None,
            "queue": self.queue or None,
            "credential": self.credential or None,
            "limit_seconds": self.limit_seconds,
            "max_attempts": self.max_attempts,
            "unattended": self.unattended,
            "tags": list(self.tags),
            "tasks": list(self.tasks),
            "variables": [
                {
                    "name": variable.name,
                    "type": variable.type,
                    "default": None if variable.is_secret else variable.default,
                    "secret": variable.is_secret,
                    "reference": variable.reference or None,
                    "choices": list(variable.choices),
                    "help": variable.help,
                }
                for variable in self.variables
            ],
            "error": self.error or None,
        }


def folder() -> Path:
    """Where the robots of this suite are."""
    return suite.root() / "robots"


def robots() -> tuple[Robot, ...]:
    """Every robot of the suite, by slug; those that cannot run say why in `error`."""
    return tuple(read(file) for file in sorted(folder().glob("*.robot")))


def find(slug: str) -> Robot:
    """The robot called `slug`; raises `RobotUnknown`."""
    file = folder() / f"{slug}.robot"
    if "/" in slug or os.sep in slug or not file.is_file():
        known = ", ".join(path.stem for path in sorted(folder().glob("*.robot"))) or "ninguno"
        raise RobotUnknown(f"No hay ningún robot «{slug}» (hay: {known}).")
    return read(file)


def runnable(slug: str) -> Robot:
    """The robot called `slug`, sound; raises `RobotUnknown`, `RobotBroken`."""
    robot = find(slug)
    if robot.error:
        raise RobotBroken(f"El robot «{slug}» no se puede lanzar: {robot.error}")
    return robot


def read(file: Path) -> Robot:
    """Read one robot. Never raises for what the file says: `Robot.error` does."""
    engine = settings().motor
    blank = Robot(
        slug=file.stem,
        title=_title(file.stem),
        file=file,
        limit_seconds=engine.limite_minutos * 60,
        max_attempts=engine.intentos,
    )
    LOGGER.unregister_console_logger()  # what is wrong with a file is our answer, not a line on stderr
    try:
        built = TestSuite.from_file_system(file, allow_empty_suite=True)
        return _robot(blank, built)
    except (DataError, VariableError, ValueError, OSError) as exc:
        return _broken(blank, str(exc))


def _broken(blank: Robot, reason: str) -> Robot:
    return Robot(slug=blank.slug, title=blank.title, file=blank.file, error=reason.rstrip(".") + ".")


def _robot(blank: Robot, built: TestSuite) -> Robot:
    metadata = {str(name): str(value) for name, value in built.metadata.items()}
    said = {_fold(name): value for name, value in metadata.items()}
    tasks = tuple(built.tests)
    tags = dict.fromkeys(str(tag) for task in tasks for tag in task.tags)
    problems = [*_syntax_errors(blank.file), *_missing_resources(blank.file, built)]
    if not tasks:
        problems.append("no tiene ninguna tarea (*** Tasks ***)")
    named = built.name if built.name != TestSuite.name_from_source(blank.file) else ""  # its own «Name» setting
    return Robot(
        slug=blank.slug,
        title=said.get("titulo") or named or blank.title,
        file=blank.file,
        documentation=str(built.doc),
        responsible=said.get("responsable", ""),
        queue=said.get("cola", ""),
        credential=said.get("credencial", ""),
        limit_seconds=_limit(said.get("limite", ""), tasks, blank.limit_seconds),
        max_attempts=_attempts(said.get("intentos", ""), blank.max_attempts),
        tags=tuple(tags),
        tasks=tuple(str(task.name) for task in tasks),
        variables=tuple(_variables(blank.file, built)),
        metadata=metadata,
        error=("; ".join(problems) + ".") if problems else "",
    )


def _limit(said: str, tasks: tuple[Any, ...], otherwise: float) -> float:
    """The declared limit; else the tasks' own time-outs plus a margin for set-up and log; else the installation's."""
    try:
        if said:
            return float(timestr_to_secs(said))
        timeouts = [timestr_to_secs(task.timeout) for task in tasks if task.timeout]
    except ValueError as exc:
        raise ValueError(f"«Límite» o «Task Timeout» no es un tiempo ({exc})") from exc
    if timeouts and len(timeouts) == len(tasks):
        return float(sum(timeouts)) + _TASK_TIMEOUT_MARGIN
    return otherwise


def _attempts(said: str, otherwise: int) -> int:
    if not said:
        return otherwise
    if not said.isdigit() or int(said) < 1:
        raise ValueError(f"«Intentos» ha de ser un número mayor que cero y es «{said}»")
    return int(said)


def _variables(file: Path, built: TestSuite) -> Iterator[Variable]:
    helps = _Comments()
    helps.visit(get_model(file))
    for declared in built.resource.variables:
        match = search_variable(declared.name, parse_type=True)
        if match.identifier != "$" or not match.base:
            continue
        kind = match.type or "str"
        text = " ".join(declared.value)
        comment = helps.by_name.get(declared.name, "")
        if kind.strip().title() == "Secret":
            inner = search_variable(text, identifiers="%")
            reference = f"env:{inner.base.partition('=')[0]}" if inner.is_variable() and inner.base else ""
            yield Variable(name=match.base, type="Secret", is_secret=True, reference=reference, help=comment)
            continue
        info = TypeInfo.from_type_hint(kind)
        if kind != "str" and info.type is None:
            raise VariableError(f"La variable «{match.base}» tiene un tipo desconocido, «{kind}».")
        choices = tuple(str(option.type) for option in info.nested or ()) if _is_literal(info) else ()
        variable = Variable(name=match.base, type=kind, default=text, choices=choices, help=comment)
        if "${" not in text and "%{" not in text:
            variable.convert(text)
        yield variable


def _is_literal(info: TypeInfo) -> bool:
    return info.type is Literal or get_origin(info.type) is Literal


class _Comments(ModelVisitor):  # type: ignore[misc]  # Robot Framework's base is untyped
    """Collects the comment beside each variable, and syntax errors."""

    def __init__(self) -> None:
        self.by_name: dict[str, str] = {}
        self.errors: list[str] = []

    def visit_Variable(self, node: Any) -> None:  # noqa: N802  # the visitor finds its methods by node class
        """Keep the comment of a variable's line."""
        comments = [token.value.lstrip("# ").strip() for token in node.get_tokens(Token.COMMENT)]
        self.by_name[node.name] = " ".join(comments)

    def generic_visit(self, node: Any) -> None:
        """Collect errors of any statement, then go on inside."""
        for error in getattr(node, "errors", None) or ():
            self.errors.append(f"línea {node.lineno}: {error}")
        super().generic_visit(node)


def _syntax_errors(file: Path) -> list[str]:
    visitor = _Comments()
    visitor.visit(get_model(file))
    return visitor.errors


def _missing_resources(file: Path, built: TestSuite) -> list[str]:
    places = (file.parent, suite.root(), suite.shipped_root())
    missing = []
    for item in built.resource.imports:
        name = str(item.name)
        by_path = item.type == "RESOURCE" or name.endswith(".py")
        if by_path and "${" not in name and not any((place / name).exists() for place in places):
            missing.append(f"línea {item.lineno}: no existe «{name}»")
    return missing


def _title(slug: str) -> str:
    words = slug.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _fold(name: str) -> str:
    return spanish.plain(name).lower().replace("_", "").replace(" ", "")
