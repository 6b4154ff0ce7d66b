"""Readers of files in which payers say what a transfer pays; see `cobranza.reconciliation.advice.ports`."""
