"""Gives the engine what was learned, and says so where it helped. Pure functions over the engine's own frames."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pandas as pd

from cobranza.kernel.spanish import write_day
from cobranza.reconciliation.learning.calibration import Calibration
from cobranza.reconciliation.learning.facts import ACCOUNT, ALIAS, HABIT, Fact, account_key, name_key
from cobranza.reconciliation.ledger_frames import LedgerFrames, customer_id
from cobranza.reconciliation.matching import Result

_MOST_HABITS = 2


@dataclass(frozen=True, slots=True)
class Notes:
    """What was used: payment → customer → Spanish lines; and the habits of customers, by key."""

    payments: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    habits: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def taught(frames: LedgerFrames, facts: Iterable[Fact]) -> tuple[LedgerFrames, Notes]:
    """The frames with learned accounts and names in them.

    A learned account is one more account of its customer. A payer's name that is a learned alias is replaced by the
    customer's own, unless it is the very name of somebody, or an alias of several customers.

    Args:
        frames: From `ledger_frames.frames`.
        facts: The creditor's; those that are not usable are ignored.
    """
    used = [fact for fact in facts if fact.usable]
    there = set(frames.customers["customer_id"].tolist())
    accounts = _by_value(used, ACCOUNT, there)
    aliases = {key: found[0] for key, found in _by_value(used, ALIAS, there).items() if len(found) == 1}
    habits: dict[str, dict[str, str]] = defaultdict(dict)
    for fact in used:
        if fact.kind == HABIT:
            habits[customer_id(fact.debtor)][fact.value] = fact.shown
    customers = _with_accounts(frames.customers, accounts)
    payments, lines = _with_names(frames.payments, frames.customers, aliases)
    for key, account in zip(frames.payments["payment_id"], frames.payments["payer_account"], strict=True):
        for fact in accounts.get(account_key(account), ()):
            lines[key][customer_id(fact.debtor)].append(_told(fact, f"la cuenta …{fact.value[-4:]} es suya"))
    return replace(frames, payments=payments, customers=customers), Notes(payments=lines, habits=habits)


def _by_value(facts: Iterable[Fact], kind: str, customers: set[str]) -> dict[str, list[Fact]]:
    found: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.kind == kind and customer_id(fact.debtor) in customers:
            found[fact.value].append(fact)
    return found


def _told(fact: Fact, what: str) -> str:
    many = f"{fact.confirmations} cobros confirmados" if fact.confirmations > 1 else "1 cobro confirmado"
    return f"Aprendido: {what} ({many}, el último el {write_day(fact.last_on)})."


def _with_accounts(customers: pd.DataFrame, accounts: Mapping[str, Sequence[Fact]]) -> pd.DataFrame:
    more: dict[str, list[str]] = defaultdict(list)
    for value, facts in sorted(accounts.items()):
        for fact in facts:
            more[customer_id(fact.debtor)].append(value)
    if not more:
        return customers
    columns = zip(customers["customer_id"].tolist(), customers["account"].tolist(), strict=True)
    joined = [" ".join([*([own] if own else []), *more.get(key, ())]) for key, own in columns]
    return customers.assign(account=pd.array(joined, dtype="str"))


def _with_names(
    payments: pd.DataFrame, customers: pd.DataFrame, aliases: Mapping[str, Fact]
) -> tuple[pd.DataFrame, dict[str, dict[str, list[str]]]]:
    lines: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    if not aliases:
        return payments, lines
    own = dict(zip(customers["customer_id"].tolist(), customers["legal_name"].tolist(), strict=True))
    taken = {name_key(name) for column in ("legal_name", "trade_name") for name in customers[column].tolist()}
    names = payments["payer_name"].tolist()
    for row, (key, name) in enumerate(zip(payments["payment_id"].tolist(), names, strict=True)):
        fact = aliases.get(name_key(name)) if name else None
        if fact is None or fact.value in taken:
            continue
        customer = customer_id(fact.debtor)
        names[row] = own[customer]
        lines[key][customer].append(_told(fact, f"«{fact.shown}» es {own[customer]}"))
    return payments.assign(payer_name=pd.array(names, dtype="str")), lines


def calibrated(result: Result, calibration: Calibration) -> Result:
    """The result with its links' confidence as it was measured to be; nothing else changes."""
    if not calibration.changes or not len(result.links):
        return result
    said = result.links["confidence"].tolist()
    each = {text: f"{calibration(float(text)):.4f}" for text in set(said)}
    return replace(result, links=result.links.assign(confidence=pd.array([each[text] for text in said], dtype="str")))


def explained(result: Result, notes: Notes, owners: Mapping[str, str]) -> Result:
    """The result with what was learned added to the explanations that it speaks for.

    Args:
        result: From the engine.
        notes: From `taught`.
        owners: Document → customer, ids as in the frames.
    """
    if not len(result.links) or not (notes.payments or notes.habits):
        return result
    links = result.links
    several = links["payment_id"].value_counts().to_dict()
    texts = []
    for row in links.itertuples(index=False):
        customer = owners.get(str(row.invoice_id), "")
        more = list(notes.payments.get(str(row.payment_id), {}).get(customer, ()))
        shown = notes.habits.get(customer, {})
        agrees = {
            "withholding": Decimal(str(row.withheld)) != 0,
            "discount": Decimal(str(row.discount)) != 0,
            "fee": Decimal(str(row.fee)) > 0,
            "batch": several[row.payment_id] > 1,
        }
        kept = [shown[habit] for habit, there in agrees.items() if there and habit in shown][:_MOST_HABITS]
        more += [f"Costumbre de este cliente: {told}." for told in kept]
        texts.append("\n".join([str(row.explanation), *more]))
    return replace(result, links=links.assign(explanation=pd.array(texts, dtype="str")))
