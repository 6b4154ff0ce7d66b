"""Customers that a received text may mean, where the engine could not read it: an offer, never a decision."""

from __future__ import annotations

import re
from functools import reduce
from operator import or_

from django.db.models import Q

from cobranza.ledger.models import Debtor, Movement
from cobranza.reconciliation.workbench.words import FORMS, fold

_WORD = 4
_WORDS = 14
_LOOKED_AT = 60
_HALF = 0.5


def customers(movement: Movement, creditor: int, most: int = 3) -> list[Debtor]:
    """The customers whose account, tax id or name the movement carries, the likeliest first.

    A name counts when at least half of its long words stand in the text.
    """
    rows = Debtor.objects.filter(creditor=creditor)
    known = Q()
    if movement.counterparty_account:
        known |= Q(payer_accounts__number=movement.counterparty_account)
    if movement.counterparty_tax_id:
        known |= Q(tax_id=movement.counterparty_tax_id)
    if known:
        sure = list(rows.filter(known).distinct().order_by("pk")[:most])
        if sure:
            return sure
    received = f"{movement.counterparty_name} {movement.text}"
    there = set(_long_words(fold(received)))
    spoken = list(dict.fromkeys(re.findall(r"\w{4,}", received)))[:_WORDS]
    if not spoken:
        return []
    named = reduce(or_, (Q(name__icontains=word) for word in spoken))
    scored = []
    for row in rows.filter(named).order_by("pk")[:_LOOKED_AT]:
        words = _long_words(fold(row.name))
        share = sum(word in there for word in words) / len(words) if words else 0
        if share >= _HALF:
            scored.append((-share, row.name, row))
    return [row for _share, _name, row in sorted(scored, key=lambda entry: entry[:2])[:most]]


def _long_words(flat: str) -> list[str]:
    return [word for word in re.findall(r"[A-Z0-9]+", flat) if len(word) >= _WORD and word not in FORMS]
