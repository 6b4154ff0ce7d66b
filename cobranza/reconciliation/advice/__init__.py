"""Remittance advices: what a payer says that a transfer pays, read, tied to the bank movement and applied line by line.

The pure part knows neither files nor the database: `records` (what an advice is), `ports` (what a reader of a file
format gives), `layout` and `reading` (tables become lines, and the lines are proved against the total), `tying` (which
movement an advice tells about) and `advised` (its lines as matches). `storing` and `workflow` keep them.
"""
