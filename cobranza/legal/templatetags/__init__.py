"""Template tags of the legal room."""
