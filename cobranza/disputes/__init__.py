"""What debtors write: read, understood, opened as a ticket once, acknowledged, and put on hold as far as disputed."""
