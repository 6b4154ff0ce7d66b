"""The ticket box: Procrastinate's tables in our database. Whoever draws a ticket tries to claim the run it names.

Nothing here is truth. A ticket that is lost is written again by the sweep, one too many finds nothing to claim, and
the job's own status is never read as the run's. Replacing the engine means replacing this file and `worker.py`.
"""

from __future__ import annotations

import json

from django.db import connection

QUEUE = "ejecuciones"
TASK = "cobranza.run"

_LOCK_KEY = 0x436F62  # "Cob": serialises admission, so that two sweeps never write two tickets for one credential

# The function and the type are versioned by Procrastinate; a test pins them.
_ADMIT = """
with live as (
    select j.id from procrastinate_jobs j where j.queue_name = %(queue)s and j.status in ('todo', 'doing')
), waiting as (
    select r.id, r.credential, r.priority,
           row_number() over (partition by r.credential order by r.priority desc, r.id) as place,
           r.schedule, row_number() over (partition by r.schedule order by r.scheduled_for, r.id) as turn
      from runs_run r
     where r.state = 'en_cola' and not r.foreground
       and (r.not_before is null or r.not_before <= statement_timestamp())
       and (r.ticket is null or not exists (select 1 from live where live.id = r.ticket))
       and not exists (
            select 1 from runs_run o
             where o.id <> r.id
               and ((r.credential <> '' and o.credential = r.credential)
                    or (r.schedule <> '' and o.schedule = r.schedule))
               and (o.state = 'en_curso'
                    or (o.state = 'en_cola' and exists (select 1 from live where live.id = o.ticket))))
)
select id, priority from waiting
 where (credential = '' or place = 1) and (schedule = '' or turn = 1)
 order by priority desc, id limit 500
"""
_DEFER = """
select (procrastinate_defer_jobs_v1(array[
    row(%(queue)s, %(task)s, %(priority)s, null, null, %(args)s::jsonb, null)::procrastinate_job_to_defer_v1]))[1]
"""
_STALLED = """
delete from procrastinate_jobs j
 where j.queue_name = %(queue)s and j.status = 'doing'
   and not exists (select 1 from procrastinate_workers w
                    where w.id = j.worker_id and w.last_heartbeat > now() - make_interval(secs => %(seconds)s))
"""
_FINISHED = """
delete from procrastinate_jobs where queue_name = %(queue)s and status not in ('todo', 'doing')
"""
_DEAD_WORKERS = """
delete from procrastinate_workers where last_heartbeat < now() - make_interval(secs => %(seconds)s)
"""


def admit() -> int:
    """Write a ticket for every queued run that may start and has none: at most one per credential and one
    per schedule.

    Call inside a transaction. Returns how many were written.
    """
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK_KEY])
        cursor.execute(_ADMIT, {"queue": QUEUE})
        waiting = cursor.fetchall()
        for run_id, priority in waiting:
            values = {"queue": QUEUE, "task": TASK, "priority": priority, "args": json.dumps({"run_id": run_id})}
            cursor.execute(_DEFER, values)
            row = cursor.fetchone()
            cursor.execute("update runs_run set ticket = %s where id = %s", [row[0] if row else None, run_id])
    return len(waiting)


def clean(stalled_seconds: float) -> int:
    """Throw away tickets that are spent or whose drawer is dead. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_STALLED, {"queue": QUEUE, "seconds": stalled_seconds})
        count = int(cursor.rowcount)
        cursor.execute(_FINISHED, {"queue": QUEUE})
        count += int(cursor.rowcount)
        cursor.execute(_DEAD_WORKERS, {"seconds": stalled_seconds})
    return count
