"""The robot's own process: ``python -m cobranza.runs.child``, started by the launcher and by nobody else.

It dies with its launcher, reads the run's secrets, and runs Robot Framework inside itself, so that start-up is paid
once and secrets never pass through an argument list.
"""

from __future__ import annotations

import os
import sys
from typing import Any

EXIT_ORPHAN = 97
_FRAMEWORK_REFUSED = 250


def main() -> int:
    """Run the robot that the environment names; the outcome goes through the channel."""
    from cobranza.runs import channel, processes

    launcher = os.environ[processes.LAUNCHER_MARK]
    if not processes.die_with_parent(int(launcher.partition(":")[0])):
        return EXIT_ORPHAN
    os.set_inheritable(int(os.environ[channel.CHANNEL]), False)
    os.set_blocking(int(os.environ[channel.CHANNEL]), False)

    from cobranza import suite
    from cobranza.kernel.errors import CobranzaError

    suite.activate()
    try:
        code, error = _run()
    except CobranzaError as exc:
        sys.stderr.write(f"{exc}\n")
        code, error = exc.exit_code, {**exc.as_dict(), "exit_code": exc.exit_code, "blocks_credential": False}
    os.set_blocking(int(os.environ.get(channel.CHANNEL, "2")), True)  # the outcome may not be dropped
    channel.send("end", code=code, error=error)
    return code


def _run() -> tuple[int, dict[str, Any] | None]:
    import django
    from robot.run import run

    from cobranza.runs import context, variables
    from cobranza.runs.catalogue import runnable
    from cobranza.runs.errors import RobotFailed
    from cobranza.runs.listener import Listener
    from cobranza.runs.redaction import Redactor, clean_console

    here = context.current()
    definition = runnable(here.robot)
    redactor = Redactor(variables.secret_values(definition, variables.given()))
    listener = Listener(redactor)
    with clean_console(redactor):
        django.setup()
        code = run(
            str(definition.file),
            listener=listener,
            variablefile=["cobranza.runs.variables"],
            outputdir=str(here.evidence),
            output="output.xml",
            log="log.html",
            report="report.html",
            name=definition.title,
            loglevel=os.environ.get("COBRANZA_LOG_LEVEL", "INFO"),
            console="verbose",
            consolecolors="off",
            consolewidth=110,
        )
    error = listener.error()
    if code >= _FRAMEWORK_REFUSED and error is None:
        said = "; ".join(listener.framework_errors) or "vea console.txt"
        failure = RobotFailed(f"Robot Framework no ha podido ejecutar el robot: {said}.")
        error = {**failure.as_dict(), "exit_code": failure.exit_code, "blocks_credential": False}
    return code, error


if __name__ == "__main__":
    sys.exit(main())
