"""What every double of the outside world is made of; each double only says what its own counterparty is like.

- `process`: a server on a port of this machine, in a child that dies with who started it.
- `server`: started in the foreground, as a child or on a thread of ours, with the token of its admin endpoints.
- `control` and `admin`: the two ends of those endpoints, for whoever started it and inside it.
- `faults`: what goes wrong, in which order and how often; `weather`: how it looks on the line.
- `hooks`: webhooks that wait until they are delivered, late, twice and disordered.
- `store`: rows that outlive the process.
- `options`: what every ``python -m cobranza.demo.…`` takes.
"""
