"""Bank statement file formats, one folder each."""
