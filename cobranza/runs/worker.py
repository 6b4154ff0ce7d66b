"""A worker process: ``python -m cobranza.runs.worker``, started and restarted by the supervisor.

It draws tickets and runs one robot at a time. Stopping is draining: on SIGTERM it draws no more, lets the running
robot finish (`drenaje` seconds), and ends. Any failure of the ticket engine, such as a restarting database, also ends
it once its robot is done; the supervisor starts another.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

SUPERVISOR = "COBRANZA_SUPERVISOR"
_EXIT_OUTSIDE = 4
_FETCH_EVERY = 2.0
_log = logging.getLogger(__name__)


def main() -> int:
    """Run until told to stop. Returns an exit code."""
    from cobranza.runs import processes

    supervisor = os.environ.get(SUPERVISOR, "")
    if supervisor.isdigit() and not processes.die_with_parent(int(supervisor), signal.SIGTERM):
        return 0

    import django

    django.setup()
    processes.kill_orphans()
    return asyncio.run(_serve())


async def _serve() -> int:
    import procrastinate
    import psycopg

    from cobranza import database
    from cobranza.runs import tickets
    from cobranza.runs.config import settings

    motor = settings().motor
    drain = threading.Event()
    loop = asyncio.get_running_loop()
    # One thread for ever: robots die with the thread that started them, and this one lasts as long as the process.
    launching = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=database.conninfo(), min_size=1, max_size=3, timeout=10)
    )

    @app.task(name=tickets.TASK, queue=tickets.QUEUE)
    async def run_ticket(run_id: int) -> None:
        await loop.run_in_executor(launching, _attempt, run_id, drain)

    try:
        async with app.open_async():
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[tickets.QUEUE],
                    name=name(),
                    concurrency=1,
                    install_signal_handlers=False,
                    update_heartbeat_interval=motor.latido,
                    stalled_worker_timeout=motor.arriendo,
                    fetch_job_polling_interval=min(_FETCH_EVERY, motor.barrido),
                    delete_jobs="always",
                )
            )

            def stop() -> None:
                drain.set()
                working.cancel()

            for sign in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(sign, stop)
            with suppress(asyncio.CancelledError):
                await working
    except (psycopg.Error, procrastinate.exceptions.ProcrastinateException, OSError) as exc:
        _log.warning("El trabajador %s termina: %s", name(), exc)
        return 0 if drain.is_set() else _EXIT_OUTSIDE
    finally:
        launching.shutdown(wait=True)
    return 0 if drain.is_set() else _EXIT_OUTSIDE


def _attempt(run_id: int, drain: threading.Event) -> None:
    from cobranza.runs import runner

    if drain.is_set():
        return
    try:
        runner.attempt(run_id, worker=name(), drain=drain)
    except Exception:  # noqa: BLE001  # one run may never take the worker down; its row is put right by the sweep
        _log.exception("La ejecución %s no ha podido atenderse", run_id)


def name() -> str:
    """This worker, as rows show it."""
    return f"{socket.gethostname()}:{os.getpid()}"


if __name__ == "__main__":
    sys.exit(main())
