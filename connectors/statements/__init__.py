"""Bank statement files: one folder per format, each exposing `ADAPTER` (see `cobranza.reconciliation.ports`)."""
