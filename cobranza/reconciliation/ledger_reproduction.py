"""The stored reading of a bank movement beside what the engine says of it now, on today's ledger. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from cobranza import suite
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Movement
from cobranza.reconciliation import ledger_frames, matching, policy, reproduction
from cobranza.reconciliation.learning import workflow as learning
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.reproduction import Comparison, Line, Reading


class NoSuchMovementError(BusinessError):
    """There is no such movement, or no run has read it yet."""

    code = "COB-CON-068"
    remedy = "Copie el número del movimiento de la bandeja de conciliación, o concilie antes la empresa."


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is known of a movement's reading.

    Attributes:
        movement: Its number.
        state: Where its proposal stands, as staff read it.
        people: Who decided what, oldest first.
        stored: What was proposed.
        again: What the engine proposes today.
        comparison: The two side by side.
    """

    movement: int
    state: str
    people: tuple[str, ...]
    stored: Reading
    again: Reading
    comparison: Comparison


def explain(movement: int) -> Told:
    """Take a movement's standing proposal and read the movement again as if nothing had been decided of it.

    What an advice of the payer says is not asked: only the engine is run.

    Raises:
        NoSuchMovementError: the movement is not there or has no proposal.
    """
    row = Movement.objects.select_related("account__creditor").filter(pk=movement).first()
    if row is None:
        raise NoSuchMovementError(f"No hay ningún movimiento {movement}.")
    held = Proposal.objects.filter(movement=row).exclude(state=Proposal.States.SUPERSEDED).first()
    if held is None:
        raise NoSuchMovementError(f"Ninguna ejecución ha leído todavía el movimiento {movement}.")
    links = sorted(held.matches.all(), key=lambda link: link.invoice_id)
    stored = Reading(
        lines=tuple(
            Line(
                ledger_frames.invoice_id(link.invoice_id),
                *(f"{value:.2f}" for value in (link.applied, link.withheld, link.fee, link.discount)),
            )
            for link in links
        ),
        confidence=f"{min(link.confidence for link in links):.4f}" if links else "",
        rule=links[0].rule if links else "",
        explanation=(links[0].explanation or held.explanation) if links else held.explanation,
    )
    creditor = row.account.creditor
    rules = policy.read(suite.root() / "config" / policy.Policy.FILE)
    known = learning.known(creditor)
    frames = known.teach(ledger_frames.frames(creditor))
    key = ledger_frames.payment_id(movement)
    fixed = frames.fixed[frames.fixed["payment_id"] != key]
    result = known.judge(
        matching.match(frames.payments, frames.invoices, frames.customers, frames.fx, policy=rules, fixed=fixed)
    )
    again = reproduction.stored_in(result.links.to_dict("records"), key)
    if again is None:
        reasons = result.unmatched[result.unmatched["payment_id"] == key]["reason"].tolist()
        again = Reading(explanation=reasons[0] if reasons else "Hoy no se lee: está apartado o ya no le queda importe.")
    return Told(
        movement=movement,
        state=str(held.get_state_display()),
        people=tuple(
            f"{one.get_kind_display()} por {one.person} el {one.at:%d/%m/%Y %H:%M}"
            for one in held.decisions.order_by("at", "pk")
        ),
        stored=stored,
        again=again,
        comparison=reproduction.compare(stored, again, rules),
    )
