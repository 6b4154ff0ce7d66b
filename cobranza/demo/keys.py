"""Keys of the demo's law firm: how it enters the test court, signs, and checks receipts."""

from __future__ import annotations

import secrets
from pathlib import Path

import httpx

from cobranza.demo.court import access
from cobranza.demo.court.server import RunningCourt

COURT = "es_lexnet"
_SECONDS = 20


def environment(court: RunningCourt, home: Path) -> dict[str, str]:
    """What ``config/courts.toml`` and ``config/legal.toml`` refer to as ``env:…``."""
    home.mkdir(parents=True, exist_ok=True)
    authority, certificate, password = home / "autoridad.pem", home / "firma.p12", home / "firma.clave"
    if not password.exists():
        password.write_text(secrets.token_urlsafe(12), encoding="utf-8")
        password.chmod(0o600)
    if not certificate.exists():
        made = court.admin.pfx(COURT, password=password.read_text(encoding="utf-8"))
        certificate.write_bytes(made)
    answer = httpx.get(f"{court.site(COURT)}/ac.pem", timeout=_SECONDS, trust_env=False)
    answer.raise_for_status()
    authority.write_bytes(answer.content)
    return {
        "COBRANZA_DEMO_JUZGADO": court.site(COURT),
        "COBRANZA_DEMO_JUZGADO_CLAVE": access.PASSWORD,
        "COBRANZA_DEMO_JUZGADO_TOTP": access.TOTP,
        "COBRANZA_DEMO_JUZGADO_PIN": access.PIN,
        "COBRANZA_DEMO_JUZGADO_AUTORIDAD": str(authority),
        "COBRANZA_FIRMA": str(certificate),
        "COBRANZA_FIRMA_CLAVE": password.read_text(encoding="utf-8"),
    }
