"""Pure words that every room uses. Imports nothing of the project."""
