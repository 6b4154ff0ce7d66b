"""Labelled worlds of any seed and size: payments, invoices, customers, exchange rates and the truth that joins them.

Everything is composed from accounting practice; no name, number or text comes from a real ledger. `make` is the way in.
"""

from tests.bench.worlds.making import make
from tests.bench.worlds.profiles import PROFILES, Profile

__all__ = ["PROFILES", "Profile", "make"]
