"""The command line. One module per command group; a new one adds a file and edits no list.

A module exposes `group` (a `click.Group`) or `commands` (a list of commands). Commands get the database and Django
before they run, unless their module says ``NEEDS_DATABASE = False``. With ``PARENT = "reconcile"`` a module's commands
stand inside that group of another module.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from cobranza import __version__
from cobranza.kernel.errors import EXIT_OUTSIDE, EXIT_UNEXPECTED, CobranzaError, UsageError


class Rooms(click.Group):
    """The root group: finds its commands in the modules of this package when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group.list_commands`."""
        return sorted(self._found())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See `click.Group.get_command`."""
        return self._found().get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See `click.Group.resolve_command`; what a module of that name holds is found without loading the others."""
        if not hasattr(self, "_commands") and len(args) > 1 and f"{args[0]}.py" in _files():
            module = importlib.import_module(f"{__name__}.{args[0]}")
            own = getattr(module, "group", None)
            if isinstance(own, click.Group) and own.name == args[0] and args[1] in own.commands:
                _commands_of(module)
                return args[0], own, args[1:]
        return super().resolve_command(ctx, args)

    def _found(self) -> dict[str, click.Command]:
        if not hasattr(self, "_commands"):
            self._commands: dict[str, click.Command] = {}
            joining: list[tuple[str, click.Command]] = []
            for info in pkgutil.iter_modules(__path__):
                if info.name.startswith("_"):
                    continue
                module = importlib.import_module(f"{__name__}.{info.name}")
                for command in _commands_of(module):
                    parent = getattr(module, "PARENT", "")
                    if parent:
                        joining.append((parent, command))
                    else:
                        self._commands[str(command.name)] = command
            for parent, command in joining:
                group = self._commands[parent]
                if not isinstance(group, click.Group):
                    raise TypeError(f"{parent} is no group")
                group.add_command(command)
        return self._commands


def _files() -> frozenset[str]:
    """The modules of this package, as files; a module that is not one is found the slow way."""
    return frozenset(file.name for file in Path(__file__).parent.glob("[!_]*.py"))


def _commands_of(module: ModuleType) -> list[click.Command]:
    found: list[click.Command] = list(getattr(module, "commands", ()))
    if hasattr(module, "group"):
        found.append(module.group)
    if getattr(module, "NEEDS_DATABASE", True):
        for command in found:
            _give_database(command)
    return found


def _give_database(command: click.Command) -> None:
    """Wrap each leaf, so that `--help` and usage errors never start a server."""
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _give_database(child)
        if not command.invoke_without_command:
            return
    if command.callback is None or getattr(command.callback, "_has_database", False):
        return
    command.callback = _with_database(command.callback)


def _with_database(body: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(body)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context()
        if context.invoked_subcommand is not None:
            return body(*args, **kwargs)  # the subcommand opens it
        from cobranza.database import session

        with session.opened():
            return body(*args, **kwargs)

    run._has_database = True  # type: ignore[attr-defined]
    return run


@click.group(cls=Rooms, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="cobranza")
def root() -> None:
    """Cobranza: concilia cobros, atiende reclamaciones y prepara expedientes."""


def main(args: list[str] | None = None) -> None:
    """Entry point of the `cobranza` command. Ends the process with the documented exit codes."""
    from cobranza import suite

    words = sys.argv[1:] if args is None else args
    try:
        suite.activate()
        code = root.main(args=words, prog_name="cobranza", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)  # click returns the code of an Exit that a command raised
    except click.Abort:
        click.echo("Interrumpido.", err=True)
        sys.exit(130)
    except click.ClickException as exc:
        context = getattr(exc, "ctx", None)
        command = context.command_path if context is not None else "cobranza"
        _fail(UsageError(exc.format_message(), remedy=f"Consulte «{command} --help»."), words)
    except CobranzaError as exc:
        _fail(exc, words)
    except KeyboardInterrupt:
        click.echo("Interrumpido.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our pipe left (`| head`); nothing more to say, and stdout must not be flushed again
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(EXIT_OUTSIDE)
    except Exception as exc:  # the last door: whatever comes here is a fault of ours, and told as one
        logging.getLogger("cobranza").debug("unexpected", exc_info=exc)
        if os.environ.get("COBRANZA_DEBUG") == "1":
            traceback.print_exc()
        where = traceback.extract_tb(exc.__traceback__)[-1]
        _fail(CobranzaError(f"{type(exc).__name__}: {exc} ({where.name}, línea {where.lineno})."), words)


def _fail(error: CobranzaError, words: list[str]) -> None:
    """Tell the error (on stderr, and as JSON on stdout where the caller asked for JSON) and end the process."""
    if "--json" in words:
        click.echo(json.dumps({"error": error.as_dict()}, ensure_ascii=False, indent=2))
    click.echo(str(error), err=True)
    sys.exit(error.exit_code or EXIT_UNEXPECTED)
