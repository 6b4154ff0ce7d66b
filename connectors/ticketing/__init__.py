"""Ticket desks, one folder each."""
