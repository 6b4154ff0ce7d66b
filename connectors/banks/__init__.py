"""Bank portals, one folder each."""
