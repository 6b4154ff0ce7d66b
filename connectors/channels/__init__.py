"""Ways to reach a debtor, one folder each."""
