"""Taking a decision back: before posting the movement returns to the queue, afterwards the ERP has to reverse it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Allocation
from cobranza.reconciliation import proposals, reversals
from cobranza.reconciliation.models import Decision, PostingIntent, Proposal, Reversal, ReversalIntent
from cobranza.reconciliation.workbench import leases, on_account
from cobranza.reconciliation.workbench.models import OnAccount
from cobranza.runs import catalogue, engine
from cobranza.runs.models import Run, RunState
from cobranza.screens.navigation import Text

ROBOT = "deshacer_cobros"

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


_REVERSAL: dict[str, tuple[Text, str]] = {
    ReversalIntent.States.INTENDED: (gettext_lazy("Anulación solicitada"), "info"),
    ReversalIntent.States.SUBMITTED: (gettext_lazy("Anulación enviada al ERP"), "info"),
    ReversalIntent.States.REVERSED: (gettext_lazy("Anulada en el ERP"), "ok"),
    ReversalIntent.States.UNKNOWN: (gettext_lazy("Sin saber si el ERP la anuló"), "warn"),
    ReversalIntent.States.REFUSED: (gettext_lazy("Anulación rechazada por el ERP"), "danger"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A reversal as the desk shows it."""

    label: str
    tone: str
    reversal: Reversal
    messages: tuple[str, ...]
    unknown: tuple[ReversalIntent, ...]


def asked(movement: int) -> list[Asked]:
    """Every reversal that was asked for a movement, the latest first."""
    rows = Reversal.objects.filter(proposal__movement=movement).prefetch_related("intents__posting__invoice")
    found = []
    for row in rows.order_by("-pk"):
        label, tone = _REVERSAL[row.state]
        intents = list(row.intents.all())
        unknown = tuple(each for each in intents if each.state == ReversalIntent.States.UNKNOWN)
        said = tuple(dict.fromkeys(each.message for each in intents if each.message))
        found.append(Asked(str(label), tone, row, said, unknown))
    return found


def look(proposal: Proposal) -> Undoable:
    """What undoing this proposal would mean."""
    going = list(PostingIntent.objects.filter(match__proposal=proposal).values_list("state", flat=True))
    if PostingIntent.States.UNKNOWN in going:
        return Undoable("settle", _("No se sabe si el ERP lo registró: diga usted qué ve allí."))
    if proposal.state == _States.POSTED:
        return Undoable("reverse", _("Ya está en el ERP: se pedirá allí la anulación y la factura volverá a deberse."))
    if proposal.state in Proposal.REPLACEABLE and _settles(proposal):
        return Undoable("reverse", _("Lo que ya se aplicó de este movimiento se anulará, también en el ERP."))
    if proposal.state in _BEFORE:
        if any(state in PostingIntent.LIVE or state == PostingIntent.States.POSTED for state in going):
            return Undoable("", _("Va de camino al ERP."))
        return Undoable("reopen", _("Todavía no está en el ERP: vuelve a la bandeja sin más."))
    return Undoable("", "")


def _settles(proposal: Proposal) -> bool:
    """Whether an earlier part of its movement stands."""
    return Allocation.objects.filter(movement=proposal.movement_id, reversed_at=None).exists()


def undo(proposal: int, *, person: str, reason: str) -> tuple[str, Any]:
    """Take a decision back.

    What the ERP holds is undone by a robot that is started here, in the same transaction.

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
            asked_for = reversals.request(proposal, person=person, reason=reason)
            if asked_for.intents.filter(state__in=ReversalIntent.LIVE).exists():
                _send_robot(found.creditor.key, person)
            return "reverse", asked_for
    raise UndoError(can.why or _("No hay nada que deshacer."))


def _send_robot(company: str, person: str) -> None:
    """The ERP is to undo it now, not tonight. A run that waits already will take this one along."""
    waiting = Run.objects.filter(robot=ROBOT, state=RunState.QUEUED, rehearse=False, variables__EMPRESA=company)
    if waiting.exists() or not (catalogue.folder() / f"{ROBOT}.robot").is_file():
        return  # a suite without that robot leaves it to the nightly run
    engine.submit(ROBOT, {"EMPRESA": company}, started_by=f"consola:{person}")


def release(row: OnAccount, *, person: str, reason: str) -> OnAccount:
    """Stop holding money for a customer, on a movement that is to be decided again.

    Raises:
        UndoError: no reason, or a decision stands: undoing that releases the money too.
        HeldByAnother: somebody else has the movement.
    """
    if not reason:
        raise UndoError(_("Falta el motivo."))
    with leases.turn(row.movement_id, person):
        if Proposal.objects.filter(
            movement=row.movement_id, state__in=(*_BEFORE, _States.POSTED, _States.REVERSING)
        ).exists():
            raise UndoError(_("Hay una decisión en vigor."), remedy=_("Deshaga la decisión: libera también el dinero."))
        return on_account.release(row, person=person, reason=reason)


def settle(intent: int, *, posted: bool, person: str, note: str) -> None:
    """Say what became of a posting whose end is not known."""
    if not note:
        raise UndoError(_("Falta qué ha visto en el ERP."), remedy=_("Escriba qué ha visto: número de asiento, fecha."))
    reversals.settle_unknown(intent, posted=posted, person=person, note=note)


def settle_reversal(intent: int, *, reversed: bool, person: str, note: str) -> None:
    """Say what became of a reversal whose end is not known."""
    if not note:
        raise UndoError(_("Falta qué ha visto en el ERP."), remedy=_("Escriba qué ha visto: número de asiento, fecha."))
    reversals.settle_unknown_reversal(intent, reversed=reversed, person=person, note=note)


def last_of(person: str) -> Proposal | None:
    """The proposal of this person's last decision, when it can still be taken back to the queue."""
    kinds = Decision.Kinds
    last = Decision.objects.filter(person=person).order_by("-pk").select_related("proposal__movement").first()
    if last is None or last.kind == kinds.REOPENED or last.proposal.state not in (*_BEFORE, _States.POSTED):
        return None
    return last.proposal
