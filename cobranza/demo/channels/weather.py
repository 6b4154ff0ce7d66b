"""The line between a provider and its callers, with what each vendor says when it has enough."""

from __future__ import annotations

from typing import Any

from starlette.types import Scope

from cobranza.demo.doubles import weather

_LIMITED = {
    "twilio": {"code": 20429, "message": "Too Many Requests", "status": 429},
    "whatsapp": {"error": {"message": "Rate limit hit", "type": "OAuthException", "code": 130429, "fbtrace_id": "A1"}},
    "burofax": {"codigo": "demasiadas_peticiones", "mensaje": "Demasiadas peticiones."},
}
_AWAY = {
    "twilio": {"code": 20503, "message": "Service unavailable", "status": 503},
    "whatsapp": {"error": {"message": "Service unavailable", "type": "OAuthException", "code": 131016,
                           "is_transient": True, "fbtrace_id": "A1"}},
    "burofax": {"codigo": "fuera_de_servicio", "mensaje": "Fuera de servicio."},
}  # fmt: skip


class Weather(weather.Weather):
    """ASGI middleware. The admin's own calls and the page always pass."""

    def says(self, scope: Scope, status: int) -> Any:
        """As the vendor says it that was asked."""
        return (_LIMITED if status == 429 else _AWAY)[vendor_of(scope["path"])]


def vendor_of(path: str) -> str:
    """Whose interface a path belongs to."""
    if path.startswith("/2010-04-01/"):
        return "twilio"
    return "burofax" if path.startswith("/burofax/") else "whatsapp"
