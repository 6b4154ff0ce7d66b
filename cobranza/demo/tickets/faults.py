"""What can go wrong between us and a desk; how it is ordered says `cobranza.demo.doubles.faults`."""

from __future__ import annotations

from cobranza.demo.doubles import weather
from cobranza.demo.doubles.faults import Faults as Ordered
from cobranza.demo.doubles.faults import Repertoire
from cobranza.kernel.errors import BusinessError

FAULTS = {name: text for name, text in weather.FAULTS.items() if name != "error_before"} | {
    "late": "It is done `late_seconds` after it was asked, when the caller may have gone.",
    "rate_limit_date": "429 with Retry-After as an HTTP date.",
    "rate_limit_bare": "429 without Retry-After.",
    "retry_after_on_success": "It is done, and the good answer carries Retry-After.",
    "redirect": "302 to another host; nothing was done.",
}
STORMY = tuple(name for name in FAULTS if name not in ("none", "late", "slow", "redirect"))


class DeskFaultError(BusinessError):
    """A fault or a setting of the demo desk that does not exist."""

    code = "COB-DEM-011"
    remedy = "Pida la lista con GET /__faults."


_REPERTOIRE = Repertoire(
    faults=FAULTS,
    storms=STORMY,
    error=DeskFaultError,
    whose="la mesa de pruebas",
    settings={
        "search_lag": 120.0,  # seconds until a search finds what was written: the vendors say "a few minutes"
        "listing_lag": 0.0,  # seconds until plain lists show it: no vendor says so; for tests of what then happens
        "late_seconds": 1.0,
        "slow_seconds": 1.0,
        "retry_after": 1,
        "foreign_cursor": False,  # pages that go on at a stranger's address
        "limits": False,  # the vendors' limits of calls per minute, in real time
    },
)


class Faults(Ordered):
    """The faults ordered for one desk."""

    def __init__(self) -> None:
        super().__init__(_REPERTOIRE)
