"""Cobranza: the back office of a receivables team, as a library."""

__version__ = "0.1.0"
