"""What a company's own confirmations teach: aliases, accounts, habits, and how far to believe the engine."""
