"""Filing a claim exactly once, or handing it to a person: journal, protocol, receipts, outages, what comes after.

`protocol.Filer` drives a portal (`cobranza.legal.ports.CourtSession`) over a durable journal; `machine` says which
state may follow which. Only a verified receipt means "filed".
"""
