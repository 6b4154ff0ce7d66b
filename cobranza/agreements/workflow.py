"""Agreements as the portal, the assistant, the advisers and robots use them.

Offers are worked out from the ledger each time somebody looks and again when somebody accepts: what was shown is never
concluded unless it is still what is owed. Only what the matrix allows unattended is concluded without a person.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction

from cobranza.agreements import approval, plain
from cobranza.agreements.approval import NotAllowed, approve, refuse
from cobranza.agreements.concluding import fits, running_on
from cobranza.agreements.keeping import follow_up, settle_change, standing_of, to_pay, wants_change
from cobranza.agreements.models import Waiting
from cobranza.agreements.offers import Scenario, below_floor, offers, weigh
from cobranza.agreements.owed import NothingToAgree, Owed, owed_by
from cobranza.agreements.settings import agreement_settings
from cobranza.agreements.terms import AgreementError, Debt, Proposal
from cobranza.ledger import agreements
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Debtor

__all__ = [
    "Changed", "NotAllowed", "NothingToAgree", "Owed", "accept", "approve", "cancel", "debt_of", "follow_up", "key_of",
    "offer", "owed_by", "propose", "refuse", "scenarios", "settle_change", "standing_of", "to_pay", "wants_change",
]  # fmt: skip


class Changed(AgreementError):
    """What was offered is not what is owed any more."""

    code = "COB-ACU-004"
    remedy = "Vuelva a mirar las opciones: ha entrado un pago, ha cambiado el día o hay algo nuevo."


def debt_of(debtor: Debtor, currency: str, today: date) -> Debt:
    """What can be agreed about, at this second.

    Raises:
        NothingToAgree: nothing is overdue that is not disputed, held or agreed already.
    """
    return owed_by(debtor, currency, today).debt


def scenarios(debtor: Debtor, currency: str, *, today: date) -> tuple[Scenario, ...]:
    """Every scenario above the floor, with who has to approve it: for people of the house.

    Raises:
        NothingToAgree: see `debt_of`.
    """
    return offers(debt_of(debtor, currency, today), agreement_settings().policy())


def offer(debtor: Debtor, currency: str, *, today: date) -> tuple[Scenario, ...]:
    """What a debtor may be shown: the scenarios that the matrix approves unattended; `key_of` names each.

    Raises:
        NothingToAgree: see `debt_of`.
    """
    return tuple(each for each in scenarios(debtor, currency, today=today) if each.approval.state == "approved")


def key_of(scenario: Scenario | Proposal) -> str:
    """The name under which a scenario is accepted: of exactly these days and amounts."""
    return plain.key_of(scenario.proposal if isinstance(scenario, Scenario) else scenario)


def accept(
    debtor: Debtor, currency: str, scenario_key: str, *, channel: str, proof: str, actor: Actor, today: date
) -> Agreement | Waiting:
    """The debtor accepts a scenario; its terms are worked out again at this second.

    Accepted twice, it is one agreement. Outside the unattended limits it waits for people and nothing is concluded.

    Args:
        scenario_key: `key_of` what was shown.
        channel: Where: portal, whatsapp, call…
        proof: How the acceptance is on record.

    Raises:
        Changed: that scenario is not offered (any more).
        NothingToAgree: nothing is left to agree about.
    """
    with transaction.atomic():
        locked = _locked(debtor)
        there = _accepted(locked, scenario_key)
        if there is not None:
            return there
        owed = owed_by(locked, currency, today)
        for each in offers(owed.debt, agreement_settings().policy()):
            if key_of(each) == scenario_key:
                return approval.ask(owed, locked, each.proposal, channel=channel, proof=proof, actor=actor)
    raise Changed("Esa opción ya no se ofrece.")


def propose(
    debtor: Debtor, currency: str, proposal: Proposal, *, channel: str, proof: str, actor: Actor, today: date
) -> Agreement | Waiting:
    """Terms that an adviser, or the assistant, found with the debtor, who accepts them.

    Raises:
        Changed: they do not settle what is owed at this second.
        AgreementError: worth less than the floor: nobody may offer it.
        NothingToAgree: nothing is left to agree about.
    """
    policy = agreement_settings().policy()
    with transaction.atomic():
        locked = _locked(debtor)
        there = running_on(locked, proposal)
        if there is not None:
            return there
        owed = owed_by(locked, currency, today)
        if not fits(owed, proposal):
            raise Changed("La propuesta no salda exactamente lo que se debe ahora.")
        if below_floor(owed.debt, weigh(owed.debt, proposal, policy).value, policy):
            raise AgreementError("Ese acuerdo vale hoy menos que el suelo: no lo puede ofrecer nadie.")
        return approval.ask(owed, locked, proposal, channel=channel, proof=proof, actor=actor)


def cancel(agreement: Agreement, *, reason: str, actor: Actor) -> Agreement:
    """A person ends a running agreement without blame: what is left is owed as before.

    Raises:
        NotAllowed: a robot does.
    """
    if actor.kind != "person":
        raise NotAllowed("Un acuerdo vivo solo lo anula una persona.")
    return agreements.stand(agreement, "anulado", reason=reason, actor=actor)


def _locked(debtor: Debtor) -> Debtor:
    rows = Debtor.objects.select_for_update(no_key=True, of=("self",)).select_related("creditor")
    return rows.get(pk=debtor.pk)


def _accepted(debtor: Debtor, scenario_key: str) -> Agreement | Waiting | None:
    name = f"{debtor.pk}:{scenario_key}:"
    running = Agreement.objects.filter(debtor=debtor, key__startswith=f"acuerdo:{name}", ended_at=None).first()
    return running or Waiting.objects.filter(key__startswith=name, state=Waiting.States.ASKED).first()
