"""The state of a debtor as a JSON file, for `cobranza gate check` and for those who test.

Every key is optional and as in `cobranza.gate.acts.State`; instants are ISO 8601 with their offset, amounts strings::

    {
      "balance": {"open": "1000.00", "disputed": "200.00", "read_at": "2026-03-07T08:00:00-05:00"},
      "zone": "America/Bogota", "region": "", "local_holidays": ["2026-08-06"],
      "consents": [{"channel": "sms", "given_at": "…", "proof": "contrato 7", "address": "+573001112233",
                    "revoked_at": null, "other_hours": ""}],
      "opt_outs": [{"at": "…", "channel": "whatsapp"}],
      "preferences": {"channels": ["sms"], "weekdays": [0, 1, 2], "start": "09:00", "end": "12:00"},
      "given_addresses": ["+573001112233"],
      "agreements": [{"kind": "plan", "good": true, "covers": "300.00", "due": null}],
      "contacts": [{"at": "…", "channel": "sms", "recipient": "debtor", "address": "", "reached": true,
                    "reference": ""}],
      "blocks": [{"kind": "insolvency", "reason": "concurso 12/2026", "since": "…", "until": null}],
      "happened": [{"event": "payment", "at": "…"}],
      "inbound": [{"channel": "whatsapp", "at": "…"}]
    }

A missing part is a part that is not there: no balance was read, no consent was given, nobody was ever contacted.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cobranza.gate.acts import ActError, State

_MOST = 5_000_000


@cache
def _adapter() -> TypeAdapter[State]:
    return TypeAdapter(State)


def read(file: Path) -> State:
    """The state that `file` describes.

    Raises:
        ActError: too large, not JSON, a key that is not known, an instant without offset.
    """
    try:
        if file.stat().st_size > _MOST:
            raise ActError(f"{file.name}: demasiado grande para ser el estado de un deudor.")
        return parse(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise ActError(f"{file.name}: no se puede leer ({exc}).") from exc


def parse(text: str) -> State:
    """The state in a JSON text; see `read`."""
    try:
        raw = json.loads(text, parse_float=Decimal)
        return _adapter().validate_python(raw)
    except ValidationError as exc:
        told = "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors()[:5])
        raise ActError(f"El estado no vale: {told}.", remedy="Las claves están en cobranza gate check --help.") from exc
    except (ValueError, RecursionError) as exc:
        raise ActError(f"El estado no es JSON ({exc}).") from exc
