"""Encryption of mail connections: always verified, certificate and host name."""

from __future__ import annotations

import ssl
from pathlib import Path

from cobranza.kernel.config import ConfigError


def context(authority: Path | None) -> ssl.SSLContext:
    """A client context: TLS 1.2 or later, certificates and host names checked.

    Args:
        authority: Certificates to trust (PEM) instead of the system's.

    Raises:
        ConfigError: the file is missing or holds no certificate.
    """
    try:
        made = ssl.create_default_context(cafile=str(authority) if authority else None)
    except (OSError, ssl.SSLError) as exc:
        raise ConfigError(f"«autoridad» no es un fichero de certificados: {authority}.") from exc
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    return made


def explain(error: ssl.SSLError) -> str:
    """Spanish: what is wrong with the server's certificate or its encryption."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"el certificado del servidor no vale ({error.verify_message})"
    return f"el servidor no acuerda un cifrado seguro ({error.reason or error})"
