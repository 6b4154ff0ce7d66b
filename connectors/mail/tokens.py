"""Access tokens for XOAUTH2, from a token endpoint or a command. Kept until shortly before they expire."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from typing import Any

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cobranza import suite
from cobranza.disputes.ports import MailboxError, MailboxRefused
from cobranza.kernel import secrets
from cobranza.kernel.secrets import Secret, SecretRef
from connectors.mail.settings import OAuth

_EARLY_SECONDS = 120.0
_LIFETIME_SECONDS = 300.0  # of a token whose answer does not tell
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_TEMPORARY = (408, 425, 429)


class Tokens:
    """Gives the token of one login.

    Args:
        settings: The `oauth` table.
        user: Whose mailbox it opens; a service account acts for it.
    """

    def __init__(self, settings: OAuth, user: str) -> None:
        self._settings = settings
        self._user = user
        self._kept: Secret | None = None
        self._until = 0.0

    def token(self) -> Secret:
        """A token that lasts a while yet.

        Raises:
            MailboxRefused: the endpoint refuses the client.
            MailboxError: it is away, slow or answers nonsense.
            SecretError: a secret is not where the settings say.
        """
        if self._kept is None or time.monotonic() >= self._until:
            self._kept, seconds = self._command() if self._settings.modo == "orden" else self._endpoint()
            self._until = time.monotonic() + seconds - _EARLY_SECONDS
        return self._kept

    def forget(self) -> bool:
        """Drop the kept token, so that the next is new. False when there was none to drop."""
        had, self._kept = self._kept is not None, None
        return had

    def _command(self) -> tuple[Secret, float]:
        wait = self._settings.espera_segundos
        try:
            done = subprocess.run(
                self._settings.orden, capture_output=True, timeout=wait, check=False, stdin=subprocess.DEVNULL
            )
        except subprocess.TimeoutExpired as exc:
            raise MailboxError(f"La orden que da el token no acabó en {wait:g} s.") from exc
        except OSError as exc:
            raise MailboxError(f"La orden que da el token no arranca: {exc.strerror}.") from exc
        if done.returncode != 0:  # what it printed stays unsaid: it may hold a secret
            raise MailboxError(f"La orden que da el token acabó con el código {done.returncode}.")
        # how long it lasts is not told: asked again at every log-in
        return _checked(done.stdout.decode("utf-8", "replace").strip()), 0.0

    def _endpoint(self) -> tuple[Secret, float]:
        try:
            answer = httpx.post(self._settings.url, data=self._form(), timeout=self._settings.espera_segundos)
        except httpx.HTTPError as exc:
            raise MailboxError(f"El servidor de OAuth no contesta ({type(exc).__name__}).") from exc
        if answer.status_code >= 500 or answer.status_code in _TEMPORARY:
            raise MailboxError(f"El servidor de OAuth contesta {answer.status_code}.")
        told = _json(answer)
        if answer.status_code != 200:
            reason = re.sub(r"[^\w.-]", " ", str(told.get("error", "")))[:80] or str(answer.status_code)
            raise MailboxRefused(f"El servidor de OAuth no da permiso: {reason}.")
        token = told.get("access_token")
        if not isinstance(token, str):
            raise MailboxError("El servidor de OAuth contesta sin token.")
        lifetime = told.get("expires_in")
        known = isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and lifetime > 0
        return _checked(token), float(lifetime) if known and lifetime is not None else _LIFETIME_SECONDS

    def _form(self) -> dict[str, str]:
        settings = self._settings
        form = {"client_id": settings.cliente}
        if settings.ambito:
            form["scope"] = settings.ambito
        if settings.modo == "cuenta_de_servicio":
            return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._assertion()}
        if settings.secreto:
            form["client_secret"] = _clear(settings.secreto)
        if settings.modo == "renovacion":
            return form | {"grant_type": "refresh_token", "refresh_token": _clear(settings.renovacion)}
        return form | {"grant_type": "client_credentials"}

    def _assertion(self) -> str:
        """A JWT signed with RS256 (RFC 7523), as Google's service accounts use it."""
        try:
            key = serialization.load_pem_private_key(_clear(self._settings.secreto).encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise MailboxRefused("La clave privada de la cuenta de servicio no es una clave RSA en PEM.") from None
        now = int(time.time())
        claims = {
            "iss": self._settings.cliente,
            "sub": self._user,
            "scope": self._settings.ambito,
            "aud": self._settings.url,
            "iat": now,
            "exp": now + 3600,
        }
        signed = b".".join(_segment(part) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        return (signed + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def sasl_xoauth2(user: str, token: Secret) -> bytes:
    """The initial answer of XOAUTH2, before base64.

    Source: developers.google.com/gmail/imap/xoauth2-protocol.
    """
    return f"user={user}\x01auth=Bearer {token.reveal()}\x01\x01".encode()


def _segment(part: dict[str, Any]) -> bytes:
    return base64.urlsafe_b64encode(json.dumps(part, separators=(",", ":")).encode()).rstrip(b"=")


def _clear(reference: SecretRef | None) -> str:
    return secrets.resolve(reference, base=suite.root()).reveal() if reference else ""


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except ValueError:
        told = None
    return told if isinstance(told, dict) else {}


def _checked(text: str) -> Secret:
    if not _TOKEN.fullmatch(text):
        raise MailboxError("Lo recibido no es un token de acceso.")
    return Secret(text)
