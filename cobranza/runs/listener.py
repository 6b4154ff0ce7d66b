"""Robot Framework listener (v3): tells the launcher where the robot is and how it ended, and keeps secrets out.

Progress is cheap: a keyword costs one comparison unless it is one of the task's own steps, and those cost one write to
a pipe; the launcher decides how often the database hears of it.
"""

from __future__ import annotations

from typing import Any

from cobranza.kernel.errors import EXIT_BUSINESS, EXIT_OUTSIDE, EXIT_PERSON, CobranzaError, parse_printed
from cobranza.runs import channel
from cobranza.runs.errors import RobotFailed
from cobranza.runs.redaction import Redactor

_STEP_DEPTH = 1
_GRAVITY = (EXIT_PERSON, EXIT_BUSINESS, EXIT_OUTSIDE)


class Listener:
    """Follows one robot. Its methods are called by Robot Framework."""

    ROBOT_LISTENER_API_VERSION = 3

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redact = (redactor or Redactor(())).text
        self._depth = 0
        self._done = 0
        self._total = 0
        self._task = ""
        self.failures: list[str] = []
        self.framework_errors: list[str] = []

    def start_suite(self, data: Any, result: Any) -> None:
        """Count the tasks once, at the top."""
        if data.parent is None:
            self._total = data.test_count
            channel.send("start", total=self._total)

    def start_test(self, data: Any, result: Any) -> None:
        """A task begins."""
        self._task = self.redact(str(result.name))
        self._depth = 0
        self._tell("")

    def start_keyword(self, data: Any, result: Any) -> None:
        """A keyword begins; only the task's own steps are told."""
        self._depth += 1
        if self._depth > _STEP_DEPTH:
            return
        self._tell(self.redact(str(getattr(result, "name", "") or "")))

    def end_keyword(self, data: Any, result: Any) -> None:
        """A keyword ends; its failure message is written to the log, so it is cleaned first."""
        self._depth -= 1
        if result.message:
            result.message = self.redact(result.message)

    def end_test(self, data: Any, result: Any) -> None:
        """A task ends."""
        result.message = self.redact(result.message)
        self._done += 1
        if result.failed:
            self.failures.append(result.message)
        self._tell("")

    def end_suite(self, data: Any, result: Any) -> None:
        """A failing suite set-up or teardown is a failure too."""
        result.message = self.redact(result.message)
        if result.message and result.failed:
            self.failures.append(result.message)

    def log_message(self, message: Any) -> None:
        """Clean every message before it reaches a file."""
        message.message = self.redact(message.message)

    def message(self, message: Any) -> None:
        """Remember what the framework itself complains about: a library that does not load explains a lot."""
        message.message = self.redact(message.message)
        if message.level == "ERROR":
            self.framework_errors.append(message.message)

    def _tell(self, keyword: str) -> None:
        channel.send("step", task=self._task, keyword=keyword, done=self._done, total=self._total)

    def error(self) -> dict[str, Any] | None:
        """The gravest failure: keys code, message, remedy, exit_code, blocks_credential; None when all went well."""
        if not self.failures:
            return None
        found = [_classify(text) for text in self.failures]
        found.sort(key=lambda error: _GRAVITY.index(error["exit_code"]))
        first = found[0]
        if first["code"] == RobotFailed.code and self.framework_errors:
            first["message"] = f"{first['message']} ({self.framework_errors[0]})"
        return first


def _classify(text: str) -> dict[str, Any]:
    """Who has to act on a failure message: its printed code tells the class that was raised."""
    bare = text.split("\n\nAlso teardown failed:")[0]
    printed = parse_printed(bare)
    if printed is None:
        message = " ".join(bare.split())
        return {
            "code": RobotFailed.code,
            "message": message or "El robot ha fallado sin decir por qué.",
            "remedy": RobotFailed.remedy,
            "exit_code": EXIT_OUTSIDE,
            "blocks_credential": False,
        }
    raised = _by_code().get(printed["code"], RobotFailed)
    exit_code = raised.exit_code if raised.exit_code in _GRAVITY else EXIT_OUTSIDE
    return {
        "code": printed["code"],
        "message": printed["message"],
        "remedy": printed["remedy"].split("\n\n")[0],
        "exit_code": exit_code,
        "blocks_credential": bool(getattr(raised, "blocks_credential", False)),
    }


def _by_code() -> dict[str, type[CobranzaError]]:
    """Every error class loaded in this process by its code. What was raised was loaded."""
    found: dict[str, type[CobranzaError]] = {}
    pending: list[type[CobranzaError]] = [CobranzaError]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if "code" in kind.__dict__ or kind.code not in found:
            found[kind.code] = kind
    return found
