"""A court to file at: six portals with logins, a wizard, antivirus, receipts, notifications and faults.

Start it as a process of its own (it prints its address and stops with Ctrl-C)::

    python -m cobranza.demo.court --port 0 --data DIR --clock 2026-11-23T10:00:00+01:00 --seed 1

from a test or the demo, as a child process that dies with us, or on a thread of ours::

    with server.running_court(data=folder) as court: ...
    with server.in_process() as court: ...

Both give a `RunningCourt`: `court.site("es_lexnet")` is an address for the adapter, `court.admin` has the truth, the
faults, the clock and what the court does after filing. COURT.md says every page, field and endpoint.

It is written from what the portals publish about themselves, knows nothing of our adapters and takes nothing on trust.
"""
