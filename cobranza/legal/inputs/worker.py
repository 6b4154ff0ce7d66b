"""The worker process: reads one job a line, writes one answer a line, until its input ends.

Run as `python -m cobranza.legal.inputs.worker SETTINGS`, where SETTINGS is JSON with the limits and the tools.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import sys
from pathlib import Path
from typing import Any

from cobranza.legal.inputs.tools import InputToolMissing, Tools
from cobranza.legal.inputs.verdict import InputLimits


def serve(settings: str) -> None:
    """Answer the jobs on standard input."""
    plain: dict[str, Any] = json.loads(settings)
    limits = InputLimits(**plain["limits"])
    tools = Tools(**{**plain["tools"], "fonts": Path(plain["tools"]["fonts"])})
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    # Libraries that print must not speak into the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)

    def answer(**words: Any) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    from cobranza.legal.inputs.conversion import Job, convert

    for line in sys.stdin:
        job = Job.from_dict(json.loads(line), limits, tools, more=lambda seconds: answer(more=seconds))
        try:
            answer(verdict=convert(job).as_dict())
        except InputToolMissing as exc:
            answer(missing=exc.message)


if __name__ == "__main__":
    serve(sys.argv[1])
