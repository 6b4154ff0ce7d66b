"""A browser session's log-in, kept on disk between runs: encrypted with the credential's own password."""

from __future__ import annotations

import base64
import json
import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from cobranza.kernel.secrets import Secret

_SALT_BYTES = 16


class SavedState:
    """Cookies and local storage of a session, so that the next one need not log in. Encrypted, mode 0600, expires.

    Args:
        file: Where it is kept.
        key: The credential's own password: who cannot log in cannot open the state either.
        lifetime: After this it is forgotten.
    """

    def __init__(self, file: Path, key: Secret, *, lifetime: timedelta = timedelta(hours=8)) -> None:
        self.file = file
        self._key = key
        self._lifetime = lifetime

    def load(self) -> dict[str, Any] | None:
        """The stored state; None when there is none, it expired or it does not open with this key."""
        if not self.file.is_file():
            return None
        raw = self.file.read_bytes()
        salt, token = raw[:_SALT_BYTES], raw[_SALT_BYTES:]
        try:
            clear = self._cipher(salt).decrypt(token, ttl=int(self._lifetime.total_seconds()))
        except InvalidToken:
            self.forget()
            return None
        state: dict[str, Any] = json.loads(clear)
        return state

    def save(self, state: Any) -> None:
        """Keep `state` (what `BrowserContext.storage_state` gives); a reader never sees half a file."""
        salt = secrets.token_bytes(_SALT_BYTES)
        token = self._cipher(salt).encrypt(json.dumps(state).encode())
        self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(salt + token)
        fresh.replace(self.file)

    def forget(self) -> None:
        """Drop what is stored."""
        self.file.unlink(missing_ok=True)

    def _cipher(self, salt: bytes) -> Fernet:
        derived = Scrypt(salt=salt, length=32, n=2**14, r=8, p=1).derive(self._key.reveal().encode())
        return Fernet(base64.urlsafe_b64encode(derived))
