"""The shared record: who owes what, what arrived, what was done."""
