"""A small world to run against."""
