"""Variable file of every engine run: the values given for this run, converted and with secrets read where they are.

Robot Framework calls `get_variables` in the robot's process. References travel in the environment; a secret's value
exists only here, as Robot Framework's `Secret`, and is in no argument list, no database and no log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from robot.api.types import Secret

from cobranza import suite
from cobranza.kernel import secrets
from cobranza.runs.catalogue import Robot, runnable
from cobranza.runs.context import ROBOT

VARIABLES = "COBRANZA_VARIABLES"


def get_variables() -> dict[str, Any]:
    """What Robot Framework asks for."""
    return resolve(runnable(os.environ[ROBOT]), given())


def given() -> dict[str, str]:
    """The texts that this run was started with."""
    return dict(json.loads(os.environ.get(VARIABLES) or "{}"))


def resolve(robot: Robot, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values of `texts`; raises `VariableError`, `SecretError`."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        variable = robot.variable(name)
        value = variable.convert(text)
        values[variable.name] = (
            Secret(secrets.resolve(value, base=suite.root()).reveal()) if variable.is_secret else value
        )
    return values


def secret_values(robot: Robot, texts: Mapping[str, str]) -> list[str]:
    """Every secret of the run in clear, for the listener to keep out of the log.

    Raises:
        SecretError: one is not where its reference says. The run must not start.
    """
    found = []
    for variable in robot.variables:
        reference = texts.get(variable.name) or variable.reference
        if variable.is_secret and reference:
            found.append(secrets.resolve(reference, base=suite.root()).reveal())
    return found
