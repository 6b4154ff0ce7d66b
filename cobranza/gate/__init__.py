"""Whether something may be sent to a debtor at this second: one pure decision, asked when queued and when sent."""
