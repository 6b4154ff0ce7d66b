"""Time. Always aware; stored as UTC, shown in the zone of whom it concerns."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cobranza.kernel.errors import BusinessError

MADRID = ZoneInfo("Europe/Madrid")


class ZoneError(BusinessError):
    """A time zone that the system does not know."""

    code = "COB-HOR-001"
    remedy = "Use un nombre de la base IANA, por ejemplo Europe/Madrid o America/Bogota."


def now() -> datetime:
    """This instant, aware, in UTC."""
    return datetime.now(UTC)


def zone(name: str) -> tzinfo:
    """The zone called `name` in the IANA database; raises `ZoneError`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as exc:
        raise ZoneError(f"No existe la zona horaria «{name}».") from exc
