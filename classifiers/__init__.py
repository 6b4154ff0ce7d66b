"""Models that judge text and behaviour."""
