"""Country law as dated, sourced data."""
