"""`reconcile explain` on the real ledger."""
