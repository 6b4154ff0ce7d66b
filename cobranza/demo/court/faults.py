"""F1 to F18, and how the portal looks on a bad day. Nothing happens until a test or an operator orders it.

``POST /__fallos`` takes a JSON object: ``{"F1": {"count": 1, "step": "envio"}, "F3": {"probability": 0.08},
"seed": 7, "cookies": true}``. A fault's value is an order, a list of orders, a number (that many times), true (always)
or false (never again). Keys of an order: ``count`` (absent: without end), ``probability`` (1), ``step`` (the fault's
own), ``profile`` (any) and the fault's parameters. ``"clear": true`` forgets all orders first.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cobranza.kernel.errors import BusinessError

STEPS = (
    *("acceso", "codigo", "buzon", "inicio", "borradores", "borrador", "identificador", "organo", "procedimiento"),
    *("intervinientes", "documentos", "subida", "resumen", "firmantes", "firma", "envio", "acuse", "enviados"),
    *("notificaciones", "asuntos", "bandeja", "csv"),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What a fault is, at which step it acts by default ("*" any), and its parameters with their usual values."""

    description: str
    step: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    modes: tuple[str, ...] = ()


FAULTS = {
    "F1": Fault("Se registra y la conexión se corta sin respuesta.", "envio"),
    "F2": Fault("Se registra y contesta 500.", "envio"),
    "F3": Fault("Contesta 500 sin haber hecho nada.", "envio"),
    "F4": Fault(
        "Se registra `delay` segundos (del reloj) después; la petición espera `hold` segundos reales y recibe 504.",
        "envio",
        {"delay": 30.0, "hold": 30.0},
    ),
    "F5": Fault(
        "La descarga del acuse falla, llega a medias, es de otro asunto, o no coincide con su firma.",
        "acuse",
        {"mode": "fail"},
        ("fail", "truncated", "other", "altered"),
    ),
    "F6": Fault(
        "La subida da 500 o 413, va a 1 KB/s, o guarda otros bytes (y devuelve su huella).",
        "subida",
        {"mode": "500", "seconds": 0.0},
        ("500", "413", "slow", "other_hash"),
    ),
    "F7": Fault(
        "El antivirus tarda `seconds`, no acaba nunca, o ve un virus donde no lo hay.",
        "subida",
        {"mode": "slow", "seconds": 600.0},
        ("slow", "stuck", "false_positive"),
    ),
    "F8": Fault(
        "La sesión caduca en ese paso: redirige al acceso, o enseña la página de acceso con 200.",
        "*",
        {"mode": "redirect", "method": ""},
        ("redirect", "page"),
    ),
    "F9": Fault(
        "Cambian las etiquetas, los nombres o el orden de los campos, hay un campo obligatorio más, u otro catálogo.",
        "*",
        {"mode": "labels"},
        ("labels", "ids", "order", "extra_field", "catalogue"),
    ),
    "F10": Fault("Crear un borrador crea dos, como con un doble clic.", "borrador"),
    "F11": Fault(
        "Las listas no responden, dicen que no hay nada, o van `lag` segundos por detrás.",
        "enviados",
        {"mode": "error", "lag": 600.0},
        ("error", "empty", "lag"),
    ),
    "F12": Fault(
        "El sello de tiempo va `minutes` desviado, o es de después de las 15:00.",
        "envio",
        {"mode": "wrong_clock", "minutes": 187},
        ("wrong_clock", "after_15"),
    ),
    "F13": Fault(
        "Una página de error con estado 200; con `commit`, después de registrar.",
        "envio",
        {"commit": False},
    ),
    "F14": Fault("Avisa de un posible duplicado aunque no lo haya.", "envio"),
    "F15": Fault(
        "El certificado (al entrar o al firmar) figura caducado o revocado.",
        "*",
        {"mode": "expired"},
        ("expired", "revoked"),
    ),
    "F16": Fault("El órgano ha dejado de admitir presentaciones.", "envio"),
    "F17": Fault("El número de registro del acuse cambia al cabo de `seconds`.", "envio", {"seconds": 0.0}),
    "F18": Fault("Pide un código de imagen; solo una persona puede leerlo.", "acceso"),
}
SETTINGS: dict[str, Any] = {
    "maintenance": "",  # "503" or "200": every page is the notice
    "banner": "",  # text over every page
    "cookies": False,  # the cookie notice covers the page until answered
    "survey": False,  # a survey pops up after login
    "visibility_lag": None,  # seconds instead of the profile's
    "scan_seconds": None,  # seconds instead of the profile's
    "duplicates": None,  # policy instead of the profile's
    "totp_reusable": False,  # a code may be used again within its half minute
    "idle_seconds": 900,
    "absolute_seconds": 3600,
}


class CourtFaultError(BusinessError):
    """A fault, a step or a setting of the test court that does not exist."""

    code = "COB-DEM-031"
    remedy = "Pida la lista con GET /__fallos."


class Faults:
    """What has been ordered and what has acted."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self.fired: Counter[str] = Counter()
        self.clear()

    def clear(self) -> None:
        """As if nothing had been ordered."""
        self._dice = random.Random(self._seed)  # noqa: S311 - a test's choice, not a secret
        self._orders: dict[str, list[dict[str, Any]]] = {}
        self._settings = dict(SETTINGS)

    def set(self, orders: Mapping[str, Any]) -> None:
        """Obey; see the module.

        Raises:
            CourtFaultError: an unknown name or value; nothing was changed then.
        """
        wanted = {name: _orders(name, value) for name, value in orders.items() if name in FAULTS}
        settings = {name: value for name, value in orders.items() if name in SETTINGS}
        unknown = sorted(set(orders) - set(wanted) - set(settings) - {"seed", "clear"})
        if unknown:
            raise CourtFaultError(f"El juzgado de pruebas no conoce «{unknown[0]}».")
        if settings.get("maintenance", "") not in ("", "503", "200", False, None):
            raise CourtFaultError('«maintenance» es "503", "200" o vacío.')
        if settings.get("duplicates") not in (None, "none", "warn", "reject"):
            raise CourtFaultError("«duplicates» es none, warn o reject.")
        if orders.get("clear"):
            self.clear()
        if "seed" in orders:
            self._dice = random.Random(int(orders["seed"]))  # noqa: S311 - a test's choice, not a secret
        self._orders |= wanted
        self._settings |= settings

    def take(self, name: str, step: str, profile: str, method: str = "") -> dict[str, Any] | None:
        """The parameters with which a fault acts now, None when it does not; uses one up."""
        fault = FAULTS[name]
        for order in self._orders.get(name, []):
            where = order.get("step", fault.step)
            if where not in ("*", step) or order.get("profile", profile) != profile or order.get("count") == 0:
                continue
            if method and order.get("method", "") not in ("", method):
                continue
            if order["probability"] < 1 and self._dice.random() >= order["probability"]:
                continue
            if "count" in order:
                order["count"] -= 1
            self.fired[name] += 1
            return dict(fault.parameters) | order
        return None

    def setting(self, name: str) -> Any:
        """What a setting is now."""
        return self._settings[name]

    def listing(self) -> dict[str, Any]:
        """What there is, what is ordered and what has acted, as ``GET /__fallos`` shows it."""
        return {
            "faults": {
                name: {
                    "description": fault.description,
                    "step": fault.step,
                    "parameters": dict(fault.parameters),
                    "modes": list(fault.modes),
                }
                for name, fault in FAULTS.items()
            },
            "steps": list(STEPS),
            "orders": self._orders,
            "settings": self._settings,
            "fired": dict(self.fired),
        }


def _orders(name: str, value: Any) -> list[dict[str, Any]]:
    if value is False or value is None or value == 0:
        return []
    if value is True:
        return [{"probability": 1.0}]
    if isinstance(value, int):
        return [{"probability": 1.0, "count": value}]
    entries = value if isinstance(value, list) else [value]
    return [_order(name, entry) for entry in entries]


def _order(name: str, entry: Any) -> dict[str, Any]:
    fault = FAULTS[name]
    if not isinstance(entry, dict):
        raise CourtFaultError(f"{name}: {entry!r} no es una orden.")
    unknown = sorted(set(entry) - {"count", "probability", "step", "profile", *fault.parameters})
    if unknown:
        raise CourtFaultError(f"{name} no conoce «{unknown[0]}».")
    if entry.get("step", "*") not in ("*", *STEPS):
        raise CourtFaultError(f"No hay ningún paso «{entry['step']}».")
    if fault.modes and entry.get("mode", fault.modes[0]) not in fault.modes:
        raise CourtFaultError(f"{name}: «mode» es {', '.join(fault.modes)}.")
    order = {"probability": 1.0} | entry
    order["probability"] = float(order["probability"])
    if "count" in order:
        order["count"] = int(order["count"])
    return order
