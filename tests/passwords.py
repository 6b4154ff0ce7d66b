"""Passwords of test users: the house's own kind of hash, worked once instead of a million times."""

from __future__ import annotations

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class Quick(PBKDF2PasswordHasher):
    """Under the name of the real one, so that a served console, which has the real one, knows the password too."""

    iterations = 1
