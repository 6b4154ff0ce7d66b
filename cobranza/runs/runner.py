"""One run from its row to its end. The worker and the command line both come through here.

run = engine.create("conciliacion_diaria", started_by="cli:ana", foreground=True)
run = runner.execute(run.pk, worker="cli", on_progress=show)
sys.exit(run.exit_code)
"""

from __future__ import annotations

import logging
import threading

from cobranza.runs import credentials, engine, evidence, rows
from cobranza.runs.config import settings
from cobranza.runs.errors import LeaseLost, NotRunnable
from cobranza.runs.launcher import Launcher, OnProgress
from cobranza.runs.models import Run, RunState
from cobranza.runs.persistence import patiently

_log = logging.getLogger(__name__)


def execute(
    run_id: int,
    *,
    worker: str = "local",
    on_progress: OnProgress | None = None,
    drain: threading.Event | None = None,
) -> Run:
    """Run one queued run here and now, in this thread.

    Returns:
        The row as it stands afterwards: final, or queued again for another attempt.

    Raises:
        NotRunnable: it does not wait to be started.
        CredentialBusy: another run has its credential.
    """
    run = attempt(run_id, worker=worker, on_progress=on_progress, drain=drain)
    if run is not None:
        return run
    found = Run.objects.filter(pk=run_id).first()
    if found is None or found.state == RunState.RUNNING:
        raise NotRunnable(f"La ejecución {run_id} no espera para arrancar.")
    if found.state == RunState.QUEUED and found.credential:
        busy = credentials.busy_error(found.credential)
        rows.abandon(run_id, busy)
        raise busy
    return found


def attempt(
    run_id: int,
    *,
    worker: str,
    on_progress: OnProgress | None = None,
    drain: threading.Event | None = None,
) -> Run | None:
    """Claim a run and carry out one attempt; None when there was nothing to claim (see `rows.claim`)."""
    motor = settings().motor
    run = patiently(lambda: rows.claim(run_id, motor, worker=worker), seconds=motor.arriendo)
    if run is None:
        return None
    outcome = Launcher(run, motor, on_progress).execute(drain or threading.Event())
    files = evidence.seal(run, run.attempt)
    try:
        ended = patiently(lambda: rows.finish(run, outcome, motor, files), seconds=motor.arriendo)
    except LeaseLost:
        _log.warning("La ejecución %s ya no era nuestra; su resultado no se ha escrito.", run.pk)
    else:
        ended.refresh_from_db()
        patiently(engine.admit, seconds=motor.arriendo)
        patiently(engine.continue_work, seconds=motor.arriendo)
        return ended
    return Run.objects.get(pk=run.pk)
