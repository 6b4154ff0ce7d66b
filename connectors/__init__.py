"""The outside world, one folder per counterparty."""
