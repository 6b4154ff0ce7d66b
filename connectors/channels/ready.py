"""What every channel does alike around its provider: settings that are missing refuse the account, nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

from cobranza.dunning.ports import ChannelRefused
from cobranza.kernel.config import ConfigError
from cobranza.kernel.secrets import SecretError

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that is read as something else."""


@contextmanager
def configured() -> Iterator[None]:
    """A setting or a secret that is not there: surely nothing was sent, and a person has to act."""
    try:
        yield
    except (ConfigError, SecretError) as exc:
        raise ChannelRefused(exc.message, remedy="Complete config/channels.toml y sus secretos.") from exc


def reference(key: str, length: int = 8) -> str:
    """A short name for our key that goes where a key does not fit: 5 bits a letter.

    >>> reference("12:EUR:recordatorio:2026-11-18:1")
    'V5WRP5RQ'
    """
    number = int.from_bytes(hashlib.sha256(key.encode("utf-8")).digest(), "big")
    return "".join(_LETTERS[(number >> (5 * place)) & 31] for place in range(length))
