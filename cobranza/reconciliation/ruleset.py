"""Which rules made a match: the version of the rules in the code, and a fingerprint of the parameters they read."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

from cobranza.reconciliation.policy import Policy
from cobranza.regimes import payments

# The day of the last change to rules, weights or tables that can change a result. Whoever changes one changes this.
RULES_VERSION = "2026-11-22e"

_SIGNED = re.compile(r"Reglas (\d{4}-\d{2}-\d{2}\S*), parámetros ([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What a result depends on besides its data.

    Attributes:
        version: `RULES_VERSION` of the program that made it.
        parameters: Eight hexadecimal digits: the company's policy and the countries' data.
    """

    version: str
    parameters: str

    def __str__(self) -> str:
        return f"Reglas {self.version}, parámetros {self.parameters}"


def current(policy: Policy) -> Ruleset:
    """The rules that a run with this policy follows now."""
    return Ruleset(RULES_VERSION, _fingerprint(policy.model_dump_json()))


def signed(explanation: str) -> Ruleset | None:
    """The rules that an explanation says it was made by, None when it does not say.

    >>> signed("Importe exacto. Reglas 2026-11-22, parámetros 0123abcd.")
    Ruleset(version='2026-11-22', parameters='0123abcd')
    """
    found = _SIGNED.search(explanation)
    return Ruleset(found[1], found[2]) if found else None


@lru_cache(maxsize=64)
def _fingerprint(policy: str) -> str:
    told = hashlib.sha256(policy.encode())
    told.update(payments.fingerprint().encode())
    return told.hexdigest()[:8]
