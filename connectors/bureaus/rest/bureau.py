"""One service, asked with httpx: a time-out on every answer, a limit on every retry."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx

from cobranza.kernel.money import Money
from cobranza.risk.ports import BureauDown, BureauRefused, Report, Subject
from connectors.bureaus.reading import amount, default, plain_id, whole
from connectors.bureaus.settings import BureauSettings

_CONNECT_SECONDS = 3.0
_LONGEST_WAIT = 4.0
_AGAIN = (429, 500, 502, 503, 504)
_LARGEST = 1024 * 1024


class RestBureau:
    """See `cobranza.risk.ports.Bureau`.

    Args:
        sleep: What waits between tries; None the clock.
        transport: For tests; None is the network.
    """

    def __init__(
        self,
        name: str,
        entry: BureauSettings,
        *,
        sleep: Callable[[float], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.slug, self.weight, self.expires_days = name, entry.peso, entry.caduca_dias
        self.countries = frozenset(entry.paises)
        self._entry, self._sleep, self._transport = entry, sleep or time.sleep, transport

    def ask(self, subject: Subject) -> Report | None:
        """See `Bureau.ask`."""
        path = f"/v1/informes/{quote(subject.country, safe='')}/{quote(plain_id(subject.tax_id), safe='')}"
        found = self._get(path)
        return None if found is None else self._report(found)

    def _get(self, path: str) -> dict[str, Any] | None:
        address, key = self._entry.address(), self._entry.key()
        seconds = self._entry.espera_segundos
        limits = httpx.Timeout(seconds, connect=min(_CONNECT_SECONDS, seconds))
        told = ""
        with httpx.Client(timeout=limits, transport=self._transport, trust_env=False) as client:
            for attempt in range(self._entry.reintentos + 1):
                if attempt:
                    self._sleep(min(_LONGEST_WAIT, 0.5 * 2 ** (attempt - 1)))
                try:
                    answer = client.get(address + path, headers={"Authorization": f"Bearer {key.reveal()}"})
                except httpx.HTTPError as exc:
                    told = type(exc).__name__
                    continue
                if answer.status_code in _AGAIN:
                    told = f"HTTP {answer.status_code}"
                    continue
                if answer.status_code == 404:
                    return None
                if answer.status_code == 202:
                    raise BureauDown(f"{self.slug} todavía prepara el informe.")
                if answer.status_code != 200:
                    raise BureauRefused(f"{self.slug} contesta {answer.status_code}.")
                return self._read(answer)
        raise BureauDown(f"{self.slug} no contesta ({told}).")

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        try:
            if len(answer.content) > _LARGEST:
                raise ValueError("answer too large")
            found = json.loads(answer.content, parse_float=str, parse_int=str)
        except ValueError as exc:
            raise BureauRefused(f"{self.slug} no contesta con JSON.") from exc
        if not isinstance(found, dict):
            raise BureauRefused(f"{self.slug} no contesta con un objeto JSON.")
        return found

    def _report(self, found: dict[str, Any]) -> Report:
        def text(name: str) -> str:
            value = found.get(name)
            return value.strip() if isinstance(value, str) else ""

        try:
            as_of = date.fromisoformat(text("as_of"))
        except ValueError as exc:
            raise BureauRefused(f"{self.slug} no dice de qué día es la información.") from exc
        owed = Money(text("currency"), amount(text("owed"), self.slug)) if text("owed") else None
        return Report(
            default=default(text("default"), text("grade"), self._entry.notas, self.slug),
            incidents=whole(text("incidents") or "0", self.slug),
            owed=owed,
            as_of=as_of,
            provenance=text("provenance") or self.slug,
            reference=text("reference"),
        )
