"""What a keyword may know about the run it is part of.

    run = context.current()
    if not run.rehearse:
        post(…)
    context.progress(done=3, total=10, text="Leyendo movimientos")
    context.save_evidence(file, "Extracto de enero", kind="download")

Started by plain ``robot`` on a developer's machine there is no run: `current` then says ``run_id=None`` and gives a
folder under ``output/runs/suelto``. Django is set up in a robot's process, and ``DJANGO_ALLOW_ASYNC_UNSAFE`` is set,
because Playwright's synchronous API keeps an event loop in the main thread and Django would refuse to query there.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from cobranza import suite
from cobranza.runs import channel

RUN = "COBRANZA_RUN"
ROBOT = "COBRANZA_ROBOT"
EVIDENCE = "COBRANZA_EVIDENCE"
REHEARSE = "COBRANZA_REHEARSE"
TOKEN = "COBRANZA_ATTEMPT"  # noqa: S105  # the name of a variable; a fence, not a credential
ATTEMPT = "COBRANZA_ATTEMPT_NUMBER"
CREDENTIAL = "COBRANZA_CREDENTIAL"
QUEUE = "COBRANZA_QUEUE"

SIDECAR = ".evidencias.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """The run of this process.

    Attributes:
        run_id: Number of the run; None outside the engine.
        evidence: Folder for what the run leaves; exists.
        rehearse: Show what would be done and do nothing outside.
        token: Fence of this attempt, "" outside the engine.
        attempt: 1 for the first try.
        credential: Name of the credential whose only session we hold, "" when none.
        queue: Queue of work items that the robot declares, "" when none.
    """

    run_id: int | None
    robot: str
    evidence: Path
    rehearse: bool
    token: str
    attempt: int
    credential: str
    queue: str


def current() -> RunContext:
    """The run that this process is part of."""
    number = os.environ.get(RUN, "")
    folder = Path(os.environ.get(EVIDENCE) or suite.output_folder() / "runs" / "suelto")
    folder.mkdir(parents=True, exist_ok=True)
    return RunContext(
        run_id=int(number) if number.isdigit() else None,
        robot=os.environ.get(ROBOT, ""),
        evidence=folder,
        rehearse=os.environ.get(REHEARSE) == "1",
        token=os.environ.get(TOKEN, ""),
        attempt=int(os.environ.get(ATTEMPT) or 1),
        credential=os.environ.get(CREDENTIAL, ""),
        queue=os.environ.get(QUEUE, ""),
    )


def progress(done: int, total: int, text: str = "") -> None:
    """Say how far the work is; the console and the terminal show it as a bar."""
    channel.send("progress", done=done, total=total, keyword=text)


def save_evidence(path: Path, title: str, kind: str = "document") -> Path:
    """Keep a file as evidence of this run.

    Args:
        path: The file; it is copied unless it already lies in the evidence folder.
        title: Spanish, what the console shows.
        kind: A value of `EvidenceKind`.

    Returns:
        Where the file lies now. A different file of the same name gets a number, never overwrites.
    """
    folder = current().evidence.resolve()
    source = path.resolve()
    target = source if source.is_relative_to(folder) else _copy(source, folder)
    entry = {"path": target.relative_to(folder).as_posix(), "title": title, "kind": kind}
    with (folder / SIDECAR).open("a", encoding="utf-8") as sidecar:
        sidecar.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return target


def _copy(source: Path, folder: Path) -> Path:
    number = 1
    target = folder / source.name
    while target.exists():
        if target.stat().st_size == source.stat().st_size and target.read_bytes() == source.read_bytes():
            return target
        number += 1
        target = folder / f"{source.stem}-{number}{source.suffix}"
    return Path(shutil.copy2(source, target))
