"""Payment gateways, one folder each."""
