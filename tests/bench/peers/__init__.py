"""Peers on the same data in one run: what others' methods reach, and what they cost, beside ours."""
