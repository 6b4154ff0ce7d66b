"""From a proposal to an agreement in the ledger: the figures are checked against what is owed at that second."""

from __future__ import annotations

from cobranza.agreements import plain
from cobranza.agreements.owed import Owed
from cobranza.agreements.terms import Proposal
from cobranza.kernel import clock
from cobranza.ledger import agreements
from cobranza.ledger.agreements import Payment, Terms
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Agreement, Debtor


def fits(owed: Owed, proposal: Proposal) -> bool:
    """Whether the proposal settles exactly what is owed now, and its first day is not past."""
    debt, waived = owed.debt, proposal.waived
    principal = sum((row.principal.amount for row in proposal.instalments), waived.principal.amount)
    return (
        proposal.deferral.currency == debt.currency
        and proposal.total == debt.covered - waived.total + proposal.deferral
        and principal == debt.principal.amount - debt.disputed.amount
        and proposal.first.due >= debt.as_of
    )


def name_of(debtor: Debtor, proposal: Proposal) -> str:
    """Beginning of the key of an agreement on exactly these terms."""
    return f"acuerdo:{debtor.pk}:{plain.key_of(proposal)}"


def running_on(debtor: Debtor, proposal: Proposal) -> Agreement | None:
    """The running agreement on exactly these terms: accepted twice, it is one."""
    return Agreement.objects.filter(
        debtor=debtor, key__startswith=f"{name_of(debtor, proposal)}:", ended_at=None
    ).first()


def conclude(
    owed: Owed, debtor: Debtor, proposal: Proposal, *, channel: str, proof: str, approved_by: str, actor: Actor
) -> Agreement:
    """Write it into the ledger; whoever calls has checked who has to approve, and holds the debtor's lock.

    Raises:
        AgreementConflict: an invoice is in another agreement, or has less left.
    """
    name = name_of(debtor, proposal)
    there = running_on(debtor, proposal)
    if there is not None:
        return there
    terms = Terms(
        key=f"{name}:{Agreement.objects.filter(key__startswith=name).count()}",
        currency=owed.debt.currency,
        kind=proposal.kind.value,
        payments=tuple(
            Payment(
                due=row.due,
                amount=row.amount.amount,
                principal=row.principal.amount,
                interest=row.interest.amount,
                costs=row.costs.amount,
                deferral=row.deferral.amount,
            )
            for row in proposal.instalments
        ),
        covers=owed.covers,
        waived_principal=proposal.waived.principal.amount,
        waived_interest=proposal.waived.interest.amount,
        waived_costs=proposal.waived.costs.amount,
        channel=channel,
        proof=proof,
        accepted_at=clock.now(),
        approved_by=approved_by,
    )
    return agreements.conclude(debtor, terms, actor=actor)
