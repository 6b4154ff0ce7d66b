"""Proposals and conversations as JSON and back: what waits for a person, or for the next message, is stored so."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal
from typing import Any

from cobranza.agreements.assistant.dialogue import Phase, Talk
from cobranza.agreements.offers import Policy, Scenario, weigh
from cobranza.agreements.terms import Debt, Instalment, Kind, Proposal, Waived
from cobranza.kernel.money import Money


def of_proposal(proposal: Proposal) -> dict[str, Any]:
    """Amounts as text, days ISO 8601."""
    return {
        "kind": proposal.kind.value,
        "currency": proposal.deferral.currency,
        "deferral": _text(proposal.deferral),
        "waived": {name: _text(getattr(proposal.waived, name)) for name in ("interest", "costs", "principal")},
        "instalments": [
            {"due": row.due.isoformat()}
            | {name: _text(getattr(row, name)) for name in ("amount", "principal", "interest", "costs", "deferral")}
            for row in proposal.instalments
        ],
    }


def to_proposal(raw: dict[str, Any]) -> Proposal:
    """What `of_proposal` wrote."""
    currency = raw["currency"]

    def money(text: str) -> Money:
        return Money(currency, Decimal(text))

    return Proposal(
        kind=Kind(raw["kind"]),
        deferral=money(raw["deferral"]),
        waived=Waived(**{name: money(text) for name, text in raw["waived"].items()}),
        instalments=tuple(
            Instalment(
                due=date.fromisoformat(row["due"]),
                amount=money(row["amount"]),
                principal=money(row["principal"]),
                interest=money(row["interest"]),
                costs=money(row["costs"]),
                deferral=money(row["deferral"]),
            )
            for row in raw["instalments"]
        ),
    )


def key_of(proposal: Proposal) -> str:
    """A short name of exactly these terms: another day or cent, another name."""
    content = json.dumps(of_proposal(proposal), sort_keys=True).encode()
    return f"{proposal.kind.value}-{len(proposal.instalments)}-{hashlib.sha256(content).hexdigest()[:16]}"


def of_talk(talk: Talk) -> dict[str, Any]:
    """A conversation between two turns; scenarios are weighed again when it is read."""
    return {
        "identified": talk.identified,
        "phase": talk.phase.value,
        "shown": [of_proposal(each.proposal) for each in talk.shown],
        "chosen": None if talk.chosen is None else of_proposal(talk.chosen.proposal),
        "capacity": None if talk.capacity is None else _text(talk.capacity),
        "pay_day": talk.pay_day,
        "unclear": talk.unclear,
    }


def to_talk(raw: dict[str, Any], debt: Debt, policy: Policy) -> Talk:
    """What `of_talk` wrote, on the debt as it is now."""
    if not raw:
        return Talk()
    capacity = raw["capacity"]

    def scenario(plain: dict[str, Any]) -> Scenario:
        return weigh(debt, to_proposal(plain), policy)

    return Talk(
        identified=raw["identified"],
        phase=Phase(raw["phase"]),
        shown=tuple(scenario(each) for each in raw["shown"] if each["currency"] == debt.currency),
        chosen=None if raw["chosen"] is None or raw["chosen"]["currency"] != debt.currency else scenario(raw["chosen"]),
        capacity=None if capacity is None else Money(debt.currency, Decimal(capacity)),
        pay_day=raw["pay_day"],
        unclear=raw["unclear"],
    )


def _text(money: Money) -> str:
    # Without the zeros that a column or a sum may have left: equal money is equal text.
    return f"{money.rounded().amount:f}"
