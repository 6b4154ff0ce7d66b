"""Accounts as a JSON file, for `cobranza dunning propose` and for those who test.

A list of accounts (or one); days are ISO 8601, amounts strings; everything but `key` and `items` has a default::

    [{
      "key": "C0042", "country": "ES", "debtor_type": "business", "language": "es", "segment": "", "to_person": "",
      "items": [{"number": "F-117", "due": "2026-11-19", "claimable": "1210.00", "currency": "EUR", "product": ""}],
      "paid": [{"on": "2026-08-03", "days_late": 2}],
      "channels": ["email", "sms"],
      "sent": [{"on": "2026-11-16", "step": "previo", "anchor": "2026-11-19", "channel": "email",
                "template": "previo_amable", "answered": null}]
    }]
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from cobranza.dunning.account import Account, DunningError, Item, Paid, Sent
from cobranza.kernel.config import Strict
from cobranza.kernel.money import Money

_MOST = 200_000_000


class ItemEntry(Strict):
    """An open document."""

    number: str
    due: date
    claimable: str
    currency: str = "EUR"
    product: str = ""


class PaidEntry(Strict):
    """A settled one."""

    on: date
    days_late: int


class SentEntry(Strict):
    """What was sent before."""

    on: date
    step: str
    anchor: date
    channel: str
    template: str
    answered: bool | None = None


class AccountEntry(Strict):
    """One account."""

    key: str
    items: tuple[ItemEntry, ...]
    country: str = "ES"
    debtor_type: str = "consumer"
    language: str = "es"
    segment: Literal["", "recordatorio", "negociacion", "caso_legal"] = ""
    to_person: str = ""
    paid: tuple[PaidEntry, ...] = ()
    channels: frozenset[str] = frozenset()
    sent: tuple[SentEntry, ...] = ()


def read(file: Path) -> tuple[Account, ...]:
    """The accounts in `file`.

    Raises:
        DunningError: too large, no JSON, a key that is not known or wrong.
    """
    remedy = "Las claves están en la ayuda de la orden."
    try:
        if file.stat().st_size > _MOST:
            raise DunningError(f"{file.name}: demasiado grande.", remedy="Parta el fichero.")
        raw = json.loads(file.read_text(encoding="utf-8"))
        entries = TypeAdapter(list[AccountEntry]).validate_python(raw if isinstance(raw, list) else [raw])
    except ValidationError as exc:
        told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in exc.errors()[:5])
        raise DunningError(f"{file.name}: {told}.", remedy=remedy) from exc
    except (OSError, ValueError, RecursionError) as exc:
        raise DunningError(f"{file.name}: no se puede leer como JSON ({exc}).", remedy=remedy) from exc
    return tuple(_account(entry, file.name) for entry in entries)


def _account(entry: AccountEntry, name: str) -> Account:
    return Account(
        key=entry.key,
        country=entry.country,
        debtor_type=entry.debtor_type,
        language=entry.language,
        segment=entry.segment,
        to_person=entry.to_person,
        items=tuple(
            Item(
                number=each.number,
                due=each.due,
                claimable=_money(each, f"{name}: {entry.key}"),
                product=each.product,
            )
            for each in entry.items
        ),
        paid=tuple(Paid(on=each.on, days_late=each.days_late) for each in entry.paid),
        channels=entry.channels,
        sent=tuple(Sent(**each.model_dump()) for each in entry.sent),
    )


def _money(entry: ItemEntry, where: str) -> Money:
    try:
        return Money(entry.currency, Decimal(entry.claimable))
    except InvalidOperation as exc:
        raise DunningError(f"{where}: «{entry.claimable}» no es un importe.") from exc
