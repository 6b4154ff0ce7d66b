"""What can go wrong between us and a provider; how it is ordered says `cobranza.demo.doubles.faults`."""

from __future__ import annotations

from cobranza.demo.doubles import weather
from cobranza.demo.doubles.faults import Faults as Ordered
from cobranza.demo.doubles.faults import Repertoire
from cobranza.kernel.errors import BusinessError

FAULTS = {name: text for name, text in weather.FAULTS.items() if name != "cut_body"}
STORMY = tuple(name for name in FAULTS if name not in ("none", "slow"))


class ProviderFaultError(BusinessError):
    """A fault or a setting of the demo providers that does not exist."""

    code = "COB-DEM-051"
    remedy = "Pida la lista con GET /__faults."


_REPERTOIRE = Repertoire(
    faults=FAULTS,
    storms=STORMY,
    error=ProviderFaultError,
    whose="los proveedores de pruebas",
    acting="send",
    settings={
        "listing_lag": 0.0,  # seconds until a list shows what was taken
        "slow_seconds": 1.0,
        "retry_after": 1,
    },
)


class Faults(Ordered):
    """The faults ordered for the providers."""

    def __init__(self) -> None:
        super().__init__(_REPERTOIRE)
