"""Payment gateways for tests and the demo: Stripe's and Mercado Pago's API as far as our connectors use them.

Stateful, on 127.0.0.1, with a page on which a browser pays, signed webhooks (late, twice, in any order) and faults.
Written against the vendors' references; where one says nothing, the guess is marked.
"""
