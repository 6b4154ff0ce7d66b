"""Providers of messages to run against: Twilio (SMS, calls), WhatsApp Cloud API and a burofax service, as we use them.

Start it as a process of its own (it prints its address and stops with Ctrl-C)::

    python -m cobranza.demo.channels --port 0 --data DIR

from a test or the demo, as a child process that dies with us, or inside this process on a thread::

    with server.running(data=folder) as providers: ...       # survives what is killed around it
    with server.in_process() as providers: ...               # quicker to start

Both give `RunningProviders`: `environment()` for the adapters, `truth()` for what was taken, `faults(plan=[…])` to
break things, `fates({number: "undelivered"})` for what becomes of messages, `debtor("sms", "+34…", "BAJA")` for what
debtors write, `deliveries()` and `deliver()` for the signed webhooks, `advance(seconds)` for the clock (the 24 hours of
WhatsApp). With `data` the state is a SQLite file. ``GET /`` lists the messages for people.

It is written from the vendors' public descriptions, knows nothing of our adapters, and takes nothing on trust. Where we
had to guess, the code says so. No public description of a burofax service's interface was to be had: that face is ours,
shaped like those of the services that resell it.
"""
