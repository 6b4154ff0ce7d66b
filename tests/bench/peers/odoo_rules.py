"""Matching rules as the Odoo community's account_reconcile_model_oca applies them, written again in a few lines.

The partner comes from the account, else from the name inside the text. Tokens of four characters or more, reduced to
their digits, must equal a digit group of the invoice's number or reference. Among the hits an equal residual wins;
otherwise the oldest are filled until the payment is used up. Without a token, the partner's open items are proposed,
never posted.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

import pandas as pd

from tests.bench.peers import tables
from tests.bench.peers.tables import Tables

NAME = "Odoo/OCA rules"
_GROUP = re.compile(r"\d+")
_SURE, _LIKELY, _GUESS = 0.99, 0.8, 0.5
_DISCOUNTS = (1, 2, 3)


@dataclass(slots=True)
class _Item:
    id: str
    customer: str
    currency: str
    due: int
    gross: int
    left: int


def link(world: Tables) -> pd.DataFrame:
    """Apply the rules payment by payment, in order of booking."""
    items, by_group, by_customer = _index(world.invoices)
    by_account = dict(zip(world.invoices["account"], world.invoices["customer_id"], strict=True))
    by_name = {
        tables.company(name): key
        for name, key in zip(world.invoices["legal_name"], world.invoices["customer_id"], strict=True)
    }
    links: list[tuple[str, str, float]] = []
    columns = world.payments[
        ["payment_id", "currency", "cents", "payer_name", "payer_account", "remittance", "structured_ref"]
    ]
    for key, currency, cents, name, account, text, structured in columns.itertuples(index=False, name=None):
        if cents <= 0:
            continue
        partner = by_account.get(account) or by_name.get(tables.payer(name, text), "")
        hits: dict[str, int] = defaultdict(int)
        for token in f"{text} {structured}".split():
            digits = "".join(_GROUP.findall(token))
            if len(token) >= 4 and digits:
                for item in by_group.get(digits, ()):
                    hits[item] += 1
        named = [items[hit] for hit in hits]
        pool = [item for item in named if item.left and item.currency == currency and partner in ("", item.customer)]
        pool.sort(key=lambda item: (-hits[item.id], item.due, item.id))
        confidence = _SURE if partner else _LIKELY
        if not pool and partner:
            pool = sorted(
                (items[own] for own in by_customer[partner] if items[own].left and items[own].currency == currency),
                key=lambda item: (item.due, item.id),
            )
            confidence = _GUESS
        links += [(key, chosen, confidence) for chosen in _allocate(pool, cents, guess=confidence == _GUESS)]
    return pd.DataFrame(links, columns=["payment_id", "invoice_id", "confidence"])


def _index(invoices: pd.DataFrame) -> tuple[dict[str, _Item], dict[str, list[str]], dict[str, list[str]]]:
    items, by_group, by_customer = {}, defaultdict(list), defaultdict(list)
    wanted = invoices[invoices["cents"] > 0]
    columns = wanted[["invoice_id", "customer_id", "currency", "day", "cents", "number", "payment_ref"]]
    for key, customer, currency, due, cents, number, reference in columns.itertuples(index=False, name=None):
        items[key] = _Item(key, customer, currency, due, cents, cents)
        by_customer[customer].append(key)
        for group in {"".join(_GROUP.findall(number)), *_GROUP.findall(number), *_GROUP.findall(reference)} - {""}:
            by_group[group].append(key)
    return items, by_group, by_customer


def _allocate(pool: list[_Item], cents: int, *, guess: bool) -> list[str]:
    """Equal residual, a perfect early-payment discount, or fill the oldest; a guess must be equal."""
    for item in pool:
        if item.left == cents:
            item.left = 0
            return [item.id]
    if guess:
        return []
    total = sum(item.left for item in pool)
    for percent in _DISCOUNTS:
        if pool and total - (total * percent + 50) // 100 == cents:
            for item in pool:
                item.left = 0
            return [item.id for item in pool]
    chosen, rest = [], cents
    for item in pool:
        if rest <= 0:
            break
        taken = min(rest, item.left)
        item.left -= taken
        rest -= taken
        chosen.append(item.id)
    return chosen
