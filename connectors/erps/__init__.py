"""ERPs, one folder each."""
