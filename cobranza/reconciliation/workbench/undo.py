"""Taking a decision back: before posting the movement returns to the queue, afterwards the ERP has to reverse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cobranza.kernel.errors import BusinessError
from cobranza.reconciliation import proposals
from cobranza.reconciliation.models import Decision, PostingIntent, Proposal
from cobranza.reconciliation.workbench import leases, on_account

_States = Proposal.States
_BEFORE = (_States.ACCEPTED, _States.DISMISSED)


class UndoError(BusinessError):
    """What cannot be taken back as asked."""

    code = "COB-MES-005"
    remedy = "Escriba el motivo; si el cobro va de camino al ERP, espere a que termine y anúlelo después."


@dataclass(frozen=True, slots=True)
class Undoable:
    """What undoing would do now.

    Attributes:
        way: "reopen" brings it back to review, "reverse" asks the ERP, "settle" asks what became of a posting,
            "" when nothing can be done.
        why: What the person reads before.
    """

    way: str
    why: str

    def __bool__(self) -> bool:
        return bool(self.way)


def look(proposal: Proposal) -> Undoable:
    """What undoing this proposal would mean."""
    going = list(PostingIntent.objects.filter(match__proposal=proposal).values_list("state", flat=True))
    if PostingIntent.States.UNKNOWN in going:
        return Undoable("settle", _("No se sabe si el ERP lo registró: diga usted qué ve allí."))
    if proposal.state == _States.POSTED:
        return Undoable("reverse", _("Ya está en el ERP: se pedirá allí la anulación y la factura volverá a deberse."))
    if proposal.state in _BEFORE:
        if any(state in PostingIntent.LIVE or state == PostingIntent.States.POSTED for state in going):
            return Undoable("", _("Va de camino al ERP."))
        return Undoable("reopen", _("Todavía no está en el ERP: vuelve a la bandeja sin más."))
    return Undoable("", "")


def undo(proposal: int, *, person: str, reason: str) -> tuple[str, Any]:
    """Take a decision back.

    Returns:
        ("reopen", the proposal) or ("reverse", what `reversals.request` gives).

    Raises:
        UndoError: no reason, or nothing to take back.
        HeldByAnother: somebody else has the movement.
    """
    if not reason:
        raise UndoError(_("Falta el motivo."))
    with transaction.atomic():
        found = Proposal.objects.get(pk=proposal)
        leases.take(found.movement_id, person)
        can = look(found)
        if can.way == "reopen":
            for row in on_account.active(found.movement_id):
                on_account.release(row, person=person, reason=reason)
            return "reopen", proposals.reopen(proposal, person=person, note=reason)
        if can.way == "reverse":
            from cobranza.reconciliation import reversals

            return "reverse", reversals.request(proposal, person=person, reason=reason)
    raise UndoError(can.why or _("No hay nada que deshacer."))


def settle(intent: int, *, posted: bool, person: str, note: str) -> None:
    """Say what became of a posting whose end is not known."""
    if not note:
        raise UndoError(_("Falta qué ha visto en el ERP."), remedy=_("Escriba qué ha visto: número de asiento, fecha."))
    from cobranza.reconciliation import reversals

    reversals.settle_unknown(intent, posted=posted, person=person, note=note)


def last_of(person: str) -> Proposal | None:
    """The proposal of this person's last decision, when it can still be taken back to the queue."""
    kinds = Decision.Kinds
    last = Decision.objects.filter(person=person).order_by("-pk").select_related("proposal__movement").first()
    if last is None or last.kind == kinds.REOPENED or last.proposal.state not in (*_BEFORE, _States.POSTED):
        return None
    return last.proposal
