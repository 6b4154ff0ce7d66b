"""Taking a decision: the lease, the proposal, the money on account and the record change together or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Movement
from cobranza.reconciliation import proposals
from cobranza.reconciliation.models import Proposal
from cobranza.reconciliation.workbench import leases, on_account
from cobranza.reconciliation.workbench.models import Note, OnAccount
from cobranza.reconciliation.workbench.sheet import Problem, Sheet
from cobranza.screens import formats

ZERO = Decimal(0)


class Unbalanced(BusinessError):
    """A sheet that does not add up; `problems` names each field."""

    code = "COB-MES-003"
    remedy = "Corrija los campos señalados: lo repartido y lo que queda a cuenta han de sumar lo cobrado."

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.message for problem in problems))
        self.problems = problems


class Moved(BusinessError):
    """The proposal that the person saw is not the one that counts any more."""

    code = "COB-MES-004"
    remedy = "Mire la propuesta nueva y decida sobre ella."


def settle(sheet: Sheet, proposal: int, *, person: str) -> Proposal:
    """Do what the sheet says: accept as proposed or with the person's rows, and leave the rest on account.

    Args:
        sheet: What was typed, over the movement of `proposal`.
        proposal: The one that the person saw.
        person: Who decides.

    Raises:
        Unbalanced: it does not add up.
        HeldByAnother: somebody else has the movement.
        Moved: a run has replaced the proposal, or money was used meanwhile.
        DecisionError: it is decided or on its way.
    """
    if sheet.problems:
        raise Unbalanced(sheet.problems)
    with _turn(proposal, person) as found:
        movement = Movement.objects.select_for_update(no_key=True).get(pk=found.movement_id)
        if on_account.free(movement) != sheet.free:
            raise Moved(_("Del movimiento queda libre otra cantidad que la que usted vio."))
        if not sheet.rows:
            name = sheet.debtor.name if sheet.debtor is not None else ""
            text = _("A cuenta de %(name)s") % {"name": name}
            found = proposals.dismiss(found.pk, person=person, note=f"{text}. {sheet.note}".strip())
        else:
            same = _same(found, sheet)
            links = None if same else sheet.links(person)
            found = proposals.accept(found.pk, person=person, links=links, note=sheet.note)
            if sheet.by_hand:
                found = proposals.recorded_by_hand(found.pk, person=person, note=sheet.note)
        if sheet.on_account and sheet.debtor is not None:
            on_account.hold(movement.pk, sheet.debtor.pk, sheet.on_account, person=person, note=sheet.note)
    return found


def apply(sheet: Sheet, proposal: int, *, held: OnAccount | None, person: str) -> Proposal:
    """Put money that a decided movement has left, or keeps for a customer, on documents.

    The money on account is released and what the sheet leaves of it is kept again, in the same transaction as the new
    decision; what the movement settled before stays as it is.

    Args:
        sheet: What was typed, over what is free and what `held` keeps.
        proposal: The one that the person saw.
        held: The money on account that is applied; None for what is merely free.
        person: Who decides.

    Raises:
        Unbalanced: it does not add up, or names no document.
        HeldByAnother: somebody else has the movement.
        Moved: the proposal was replaced, or the money was used meanwhile.
        DecisionError: it is on its way into the ERP.
    """
    if sheet.problems or not sheet.rows:
        raise Unbalanced(sheet.problems or [Problem("add", _("Elija la factura que se paga con este dinero."))])
    with _turn(proposal, person) as found:
        movement = Movement.objects.select_for_update(no_key=True).get(pk=found.movement_id)
        kept = on_account.active(movement).filter(pk=held.pk).first() if held is not None else None
        room = on_account.free(movement) + (kept.amount if kept is not None else ZERO)
        if room != sheet.free or (held is not None and kept is None):
            raise Moved(_("Del movimiento queda libre otra cantidad que la que usted vio."))
        numbers = ", ".join(row.invoice.number for row in sheet.rows)
        reason = _("Se aplica a %(numbers)s") % {"numbers": numbers[:200]}
        if kept is not None:
            on_account.release(kept, person=person, reason=reason)
        if found.state == Proposal.States.DISMISSED:
            found = proposals.reopen(found.pk, person=person, note=reason)
        elif found.state == Proposal.States.POSTED:
            found = proposals.offer_rest(found.pk, person=person)
        found = proposals.accept(found.pk, person=person, links=sheet.links(person), note=sheet.note)
        if sheet.by_hand:
            found = proposals.recorded_by_hand(found.pk, person=person, note=sheet.note)
        if sheet.on_account and sheet.debtor is not None:
            on_account.hold(movement.pk, sheet.debtor.pk, sheet.on_account, person=person, note=sheet.note)
    return found


def set_aside(proposal: int, *, person: str, reason: str, note: str = "") -> Proposal:
    """Say that the movement is no payment of a customer. No run proposes it again."""
    with _turn(proposal, person) as found:
        return proposals.dismiss(found.pk, person=person, note=f"{reason}. {note}".strip(" ") if note else reason)


def write_note(movement: Movement, text: str, *, person: str) -> Note:
    """Write something down without deciding."""
    if not text:
        raise BusinessError(_("La nota está vacía."), remedy=_("Escriba qué quiere dejar anotado."))
    with transaction.atomic():
        note = Note.objects.create(movement=movement, person=person, at=clock.now(), text=text)
        record(
            "reconciliation.noted",
            f"movement:{movement.pk}",
            {"text": text},
            Actor.person(person),
            creditor=movement.account.creditor_id,
            seals=[note],
        )
    return note


def said(sheet: Sheet) -> str:
    """What a settled sheet did, for the notice on the next page."""
    parts = []
    if sheet.rows:
        numbers = [row.invoice.number for row in sheet.rows]
        more = f" +{len(numbers) - 3}" if len(numbers) > 3 else ""
        where = _("anotado como ya registrado") if sheet.by_hand else _("se registrará en el ERP")
        parts.append(f"{', '.join(numbers[:3])}{more}: {where}.")
    if sheet.on_account and sheet.debtor is not None:
        amount = formats.money(sheet.on_account, sheet.movement.currency)
        parts.append(_("%(amount)s a cuenta de %(name)s.") % {"amount": amount, "name": sheet.debtor.name})
    return " ".join(parts)


@contextmanager
def _turn(proposal: int, person: str) -> Iterator[Proposal]:
    """The movement is this person's from here to the end of the transaction, and free afterwards."""
    seen = Proposal.objects.get(pk=proposal)
    with transaction.atomic():
        leases.take(seen.movement_id, person)
        found = Proposal.objects.select_for_update(no_key=True).get(pk=proposal)
        if found.state == Proposal.States.SUPERSEDED:
            raise Moved(_("Otra ejecución ha propuesto algo distinto mientras usted miraba."))
        yield found
        leases.give_up(seen.movement_id, person)


def _same(found: Proposal, sheet: Sheet) -> bool:
    """Whether the person keeps the engine's proposal as it is."""
    told = {(m.invoice_id, m.applied, m.withheld, m.fee, m.discount, m.cash) for m in found.matches.all()}
    tells = {(x.invoice.pk, x.applied, x.withheld, x.fee, x.discount, x.taken) for x in sheet.lines}
    return told == tells
