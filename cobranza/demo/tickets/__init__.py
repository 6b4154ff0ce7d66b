"""A ticket desk to run against: Zendesk and Freshdesk as far as we use them, with state, rules and faults.

Start it as a process of its own (it prints its address and stops with Ctrl-C)::

    python -m cobranza.demo.tickets --port 0 --data DIR            # a Zendesk; --kind freshdesk for the other

from a test or the demo, as a child process that dies with us, or inside this process on a thread::

    with server.running("zendesk", data=folder) as desk: ...       # survives what is killed around it
    with server.in_process("zendesk") as desk: ...                 # quicker to start

Both give a `RunningDesk`: `desk.url` and `desk.environment()` for the adapter, `desk.truth()` for what it holds,
`desk.faults(plan=["drop_after"])` to break things, `desk.staff(ticket, status="solved")` for what people do,
`desk.deliveries()` and `desk.deliver()` for its webhooks. With `data` the state is a SQLite file and a desk that is
started again on the same folder knows its tickets. ``GET /`` lists the tickets for people.

It is written from the vendors' public descriptions, knows nothing of our adapters, and takes nothing on trust: what
the real desk refuses, it refuses. Where we had to guess, the code says so.
"""
