"""The figures of reconciliation: how much goes through by itself, how right it was, what waits and why."""
