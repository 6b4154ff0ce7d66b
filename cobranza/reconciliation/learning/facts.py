"""What confirmed payments say about who pays, from where, and how. Pure: confirmations in, facts out.

A name or an account is used only when enough payments confirm it and (almost) none contradicts it; who pays for others
(a factoring firm, a bank that confirms invoices) is never learned as a customer. Customers of one group do not
contradict each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import median

from cobranza.kernel.spanish import write_amount
from cobranza.ledger.accounts import bare
from cobranza.reconciliation.customers import is_agent
from cobranza.reconciliation.text import compact, name_words, plain, words

ALIAS, ACCOUNT, HABIT = "alias", "account", "habit"
_SHORTEST_NAME = 4
_SHORTEST_ACCOUNT = 8
_DECISIONS_TOLD = 20
_USUAL = Decimal("0.8")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidLine:
    """One document that a payment settled. Amounts as in `ledger.Allocation`."""

    number: str
    due_on: date
    applied: Decimal
    withheld: Decimal
    fee: Decimal
    discount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What a person said about one payment, last.

    Attributes:
        movement: Its id.
        decision: Id of the decision.
        on: The payment's booking day.
        name: Payer, as the bank writes it.
        account: Payer's account.
        text: What the bank and the payer wrote.
        customer: The debtor whose documents it pays; None when it pays several debtors' or nobody's.
        denied: Debtors that the engine proposed and the person did not confirm.
        lines: The documents.
    """

    movement: int
    decision: int
    on: date
    name: str
    account: str
    text: str
    customer: int | None
    denied: tuple[int, ...] = ()
    lines: tuple[PaidLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Debtor:
    """What is known of a debtor without learning.

    Attributes:
        names: Legal and trade name.
        accounts: What the ERP says.
        group: Customers with the same one pay for each other; "" for none.
    """

    names: tuple[str, ...]
    accounts: frozenset[str] = frozenset()
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something learned.

    Attributes:
        kind: `ALIAS`, `ACCOUNT` or `HABIT`.
        debtor: Whose.
        value: What is compared: the name's words, the bare account, the habit's key.
        shown: As people read it.
        confirmations: Payments that say so.
        contradictions: Payments that say otherwise.
        first_on: Booking day of the first.
        last_on: Of the last.
        usable: Whether it is given to the engine.
        why: Why not, Spanish; "" when it is.
        decisions: Ids of the last decisions behind it.
    """

    kind: str
    debtor: int
    value: str
    shown: str
    confirmations: int
    contradictions: int
    first_on: date
    last_on: date
    usable: bool
    why: str = ""
    decisions: tuple[int, ...] = ()


@dataclass(slots=True)
class _Tally:
    yes: dict[int, dict[int, Confirmation]] = field(default_factory=lambda: defaultdict(dict))
    no: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    shown: dict[int, str] = field(default_factory=dict)


def name_key(name: str) -> str:
    """A payer's name as aliases are compared; "" when it cannot be one.

    >>> name_key("Talleres Aldonza, S.L."), name_key("  "), name_key("SL")
    ('TALLERES ALDONZA', '', '')
    """
    key = " ".join(name_words(name))
    return key if len(key) >= _SHORTEST_NAME and not is_agent(name) else ""


def account_key(number: str) -> str:
    """A payer's account as it is compared; "" when it is masked or too short to tell accounts apart.

    >>> account_key("ES91 2100 0418 4502 0005 1332"), account_key("****1332")
    ('ES9121000418450200051332', '')
    """
    key = bare(number)
    return key if len(key) >= _SHORTEST_ACCOUNT and key.isalnum() else ""


def learn(
    confirmations: Iterable[Confirmation],
    debtors: Mapping[int, Debtor],
    *,
    least: int,
    consistency: Decimal,
    habits_from: int,
) -> list[Fact]:
    """All that the confirmations say, usable or not, in a fixed order.

    Args:
        confirmations: The last word on each payment; a movement once.
        debtors: Everybody that they name.
        least: Payments that must confirm a name or an account.
        consistency: Least share of payments that must agree.
        habits_from: Payments of a customer from which habits are told.
    """
    rows = sorted(confirmations, key=lambda row: row.movement)
    aliases: dict[str, _Tally] = defaultdict(_Tally)
    accounts: dict[str, _Tally] = defaultdict(_Tally)
    for row in rows:
        _count(aliases, name_key(row.name), plain(row.name), row)
        _count(accounts, account_key(row.account), bare(row.account), row)
    found = _facts(ALIAS, aliases, debtors, least, consistency) + _facts(ACCOUNT, accounts, debtors, least, consistency)
    return sorted(found + _habits(rows, habits_from), key=lambda fact: (fact.kind, fact.debtor, fact.value))


def _count(tallies: dict[str, _Tally], key: str, shown: str, row: Confirmation) -> None:
    if not key:
        return
    tally = tallies[key]
    if row.customer is not None:
        tally.yes[row.customer][row.movement] = row
        tally.shown[row.customer] = shown
    for denied in row.denied:
        tally.no[denied].add(row.movement)


def _facts(
    kind: str, tallies: Mapping[str, _Tally], debtors: Mapping[int, Debtor], least: int, consistency: Decimal
) -> list[Fact]:
    facts = []
    for key, tally in tallies.items():
        for debtor, rows in tally.yes.items():
            known = debtors[debtor]
            if key in (known.accounts if kind == ACCOUNT else {name_key(name) for name in known.names}):
                continue
            others = {
                movement
                for other, theirs in tally.yes.items()
                if other != debtor and not (known.group and debtors[other].group == known.group)
                for movement in theirs
            }
            against = len((others | tally.no[debtor]) - rows.keys())
            usable, why = _usable(len(rows), against, least, consistency)
            facts.append(
                Fact(
                    kind=kind,
                    debtor=debtor,
                    value=key,
                    shown=tally.shown[debtor],
                    confirmations=len(rows),
                    contradictions=against,
                    first_on=min(row.on for row in rows.values()),
                    last_on=max(row.on for row in rows.values()),
                    usable=usable,
                    why=why,
                    decisions=_last(rows.values()),
                )
            )
    return facts


def _usable(yes: int, no: int, least: int, consistency: Decimal) -> tuple[bool, str]:
    if yes < least:
        return False, f"Lo confirman {yes} cobros y hacen falta {least}."
    if yes < consistency * (yes + no):
        return False, f"{no} cobros dicen otra cosa."
    return True, ""


def _last(rows: Iterable[Confirmation]) -> tuple[int, ...]:
    return tuple(sorted((row.decision for row in rows), reverse=True)[:_DECISIONS_TOLD])


def _habits(rows: Sequence[Confirmation], least: int) -> list[Fact]:
    by_customer: dict[int, list[Confirmation]] = defaultdict(list)
    for row in rows:
        if row.customer is not None and row.lines and all(line.applied > 0 for line in row.lines):
            by_customer[row.customer].append(row)
    return [
        fact
        for customer, theirs in by_customer.items()
        if len(theirs) >= least
        for fact in _habits_of(customer, theirs)
    ]


def _habits_of(customer: int, rows: Sequence[Confirmation]) -> list[Fact]:
    """Every habit that at least one payment shows, and how late they usually pay."""
    named = {
        "withholding": ([row for row in rows if any(line.withheld for line in row.lines)], "paga neto de retención"),
        "discount": ([row for row in rows if any(line.discount for line in row.lines)], "se aplica pronto pago"),
        "fee": ([row for row in rows if any(line.fee > 0 for line in row.lines)], "el banco le descuenta comisión"),
        "batch": ([row for row in rows if len(row.lines) > 1], "paga varios documentos a la vez"),
        "number_cut": ([row for row in rows if _quotes_cut(row)], "cita los números sin serie ni ceros"),
        "unnamed": ([row for row in rows if not _quotes(row)], "no dice qué paga"),
    }
    fees = [line.fee for row in rows for line in row.lines if line.fee > 0]
    facts = []
    for key, (those, told) in named.items():
        if not those:
            continue
        usual = f", {write_amount(median(fees))} de comisión" if key == "fee" else ""
        usable = len(those) >= _USUAL * len(rows)
        facts.append(
            Fact(
                kind=HABIT,
                debtor=customer,
                value=key,
                shown=f"{told} ({len(those)} de {len(rows)} cobros{usual})",
                confirmations=len(those),
                contradictions=len(rows) - len(those),
                first_on=min(row.on for row in those),
                last_on=max(row.on for row in those),
                usable=usable,
                why="" if usable else "No es lo habitual.",
                decisions=_last(those),
            )
        )
    delays = sorted((row.on - max(line.due_on for line in row.lines)).days for row in rows)
    low, middle, high = delays[len(delays) // 4], int(median(delays)), delays[(3 * len(delays)) // 4]
    facts.append(
        Fact(
            kind=HABIT,
            debtor=customer,
            value="delay",
            shown=f"paga a {middle} días del vencimiento, casi siempre entre {low} y {high} ({len(rows)} cobros)",
            confirmations=len(rows),
            contradictions=0,
            first_on=min(row.on for row in rows),
            last_on=max(row.on for row in rows),
            usable=True,
            decisions=_last(rows),
        )
    )
    return facts


def _quotes(row: Confirmation) -> bool:
    """The text names a document, in full or cut down to its last figures."""
    whole = compact(row.text)
    return any(compact(line.number) in whole for line in row.lines if compact(line.number)) or _quotes_cut(row)


def _quotes_cut(row: Confirmation) -> bool:
    whole = compact(row.text)
    there = {word.lstrip("0") for word in words(row.text) if word.isdigit()}
    return any(
        compact(line.number) not in whole and _tail(line.number) in there for line in row.lines if _tail(line.number)
    )


def _tail(number: str) -> str:
    """The last run of figures without leading zeros."""
    last = words(number)[-1:] or [""]
    figures = "".join(ch for ch in last[0] if ch.isdigit())
    return figures.lstrip("0")
