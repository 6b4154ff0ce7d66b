"""The figures of the house: defined once, shown per role, watched, forecast and simulated."""
