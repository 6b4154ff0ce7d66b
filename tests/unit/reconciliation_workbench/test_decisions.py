"""What a decision changes: all of it or nothing, under the person's name, and only for who has the movement."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Debtor, Event
from cobranza.ledger.receivables import PostedPayment
from cobranza.ledger.verification import verify
from cobranza.reconciliation import postings
from cobranza.reconciliation.models import Decision, Proposal
from cobranza.reconciliation.workbench import decisions, history, leases, on_account, sheet, undo
from cobranza.reconciliation.workbench.models import Lease, Note, OnAccount
from cobranza.reconciliation.workbench.readings import readings
from cobranza.runs.models import Run
from tests.journeys.reconciliation_workbench.world import ERP
from tests.unit.reconciliation_workbench.conftest import Desk

D = Decimal


def proposed(proposal: Proposal) -> sheet.Sheet:
    free = on_account.free(proposal.movement)
    return sheet.of_reading(proposal.movement, free, next(iter(readings(proposal, free)), None), "ES")


def live(proposal: Proposal) -> Proposal:
    return Proposal.objects.exclude(state="superseded").get(movement=proposal.movement_id)


def test_the_reading_as_it_stands_is_accepted_and_not_rewritten(desk: Desk) -> None:
    proposal = desk.proposal("1590.00", "FV-26-0113", withheld="225.00")

    decisions.settle(proposed(proposal), proposal.pk, person="ana")

    assert live(proposal).pk == proposal.pk
    assert live(proposal).state == "accepted"
    assert Decision.objects.get().kind == "accepted"
    assert not Lease.objects.exists()


def test_another_split_replaces_the_proposal_and_keeps_the_old_one(desk: Desk) -> None:
    proposal = desk.proposal("1535.43", "FV-26-0108", applied="1535.43")
    made = sheet.explain_difference(proposed(proposal), "fee")

    decisions.settle(made, proposal.pk, person="ana")

    assert live(proposal).pk != proposal.pk
    match = live(proposal).matches.get()
    assert (match.applied, match.fee, match.cash) == (D("1548.80"), D("13.37"), D("1535.43"))
    assert "13,37 gasto" in match.explanation
    assert Decision.objects.get().kind == "changed"


def test_what_pays_too_much_leaves_the_rest_with_the_customer(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")

    decisions.settle(proposed(proposal), proposal.pk, person="ana")

    held = OnAccount.objects.get()
    assert (held.amount, held.debtor.name, held.held_by) == (D("90"), "Talleres Ebro, S.L.", "ana")
    assert live(proposal).state == "accepted"


def test_money_without_a_document_stays_with_the_customer_and_no_run_proposes_it(desk: Desk) -> None:
    proposal = desk.proposal("5000.00")
    made = sheet.whole_on_account(sheet.Sheet(movement=proposal.movement, free=D("5000")))
    made.debtor = Debtor.objects.get(name="Hostal Júcar, S.L.")

    decisions.settle(made, proposal.pk, person="ana")

    assert live(proposal).state == "dismissed"
    assert OnAccount.objects.get().amount == D("5000")
    assert "Hostal Júcar" in Decision.objects.get().note


def test_what_does_not_add_up_changes_nothing(desk: Desk) -> None:
    proposal = desk.proposal("1000.00", "FV-26-0101")
    made = proposed(proposal)

    with pytest.raises(decisions.Unbalanced, match="sobran 210,00"):
        decisions.settle(made, proposal.pk, person="ana")

    assert live(proposal).state == "review"
    assert not Decision.objects.exists()


def test_nobody_decides_what_somebody_else_has(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    leases.take(proposal.movement_id, "luis")

    with pytest.raises(leases.HeldByAnother, match="Lo tiene luis hasta las"):
        decisions.settle(proposed(proposal), proposal.pk, person="ana")
    with pytest.raises(leases.HeldByAnother):
        decisions.set_aside(proposal.pk, person="ana", reason="No es un cobro")

    assert live(proposal).state == "review"
    assert decisions.settle(proposed(proposal), proposal.pk, person="luis").state == "accepted"


def test_a_proposal_replaced_meanwhile_is_not_decided(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    made = proposed(proposal)
    Proposal.objects.filter(pk=proposal.pk).update(state="superseded")

    with pytest.raises(decisions.Moved):
        decisions.settle(made, proposal.pk, person="ana")


def test_money_used_meanwhile_is_noticed(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    made = proposed(proposal)
    on_account.hold(proposal.movement_id, made.debtor.pk, D("10"), person="luis")  # type: ignore[union-attr]

    with pytest.raises(decisions.Moved, match="otra cantidad"):
        decisions.settle(made, proposal.pk, person="ana")


def test_what_is_in_the_erp_already_is_applied_at_once(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    made = proposed(proposal)
    made.by_hand = True

    decisions.settle(made, proposal.pk, person="ana")

    assert live(proposal).state == "posted"
    assert desk.invoice("FV-26-0101").open == 0


def test_an_undone_decision_gives_the_money_back_to_the_queue(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")
    decisions.settle(proposed(proposal), proposal.pk, person="ana")

    with pytest.raises(undo.UndoError, match="motivo"):
        undo.undo(proposal.pk, person="ana", reason="")
    way, _row = undo.undo(proposal.pk, person="ana", reason="Era de otro cliente")

    assert way == "reopen"
    assert live(proposal).state == "review"
    assert on_account.free(proposal.movement) == D("1300")
    assert OnAccount.objects.get().released_reason == "Era de otro cliente"
    assert undo.last_of("ana") is None


def test_what_was_recorded_by_hand_is_undone_at_once_and_waits_again(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")
    made = proposed(proposal)
    made.by_hand = True
    decisions.settle(made, proposal.pk, person="ana")
    assert undo.look(live(proposal)).way == "reverse"

    way, _made = undo.undo(proposal.pk, person="ana", reason="Duplicado")

    assert way == "reverse"
    assert live(proposal).state == "reversed"
    assert desk.invoice("FV-26-0101").open == D("1210")
    [asked] = undo.asked(proposal.movement_id)
    assert (asked.label, asked.tone, asked.reversal.reason) == ("Anulada en el ERP", "ok", "Duplicado")
    assert decisions.settle(proposed(live(proposal)), proposal.pk, person="ana").state == "accepted"


def test_what_a_robot_posted_is_asked_of_the_erp(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101", state="automatic")
    intent = postings.intend(proposal.matches.get(), actor=ERP)
    postings.mark_submitted(intent, actor=ERP)
    done = PostedPayment(key=intent.key, reference="P-1", open_before=D("1210"), open_after=D(0), already_there=False)
    postings.mark_posted(intent, done, actor=ERP)

    undo.undo(proposal.pk, person="ana", reason="Duplicado")

    assert live(proposal).state == "reversing"
    assert [asked.label for asked in undo.asked(proposal.movement_id)] == ["Anulación solicitada"]
    [run] = Run.objects.all()
    assert (run.robot, run.variables, run.started_by) == (undo.ROBOT, {"EMPRESA": proposal.creditor.key}, "consola:ana")
    assert not undo.look(live(proposal))


def test_money_on_account_beside_a_reversed_payment_is_released_by_itself(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")
    made = proposed(proposal)
    made.by_hand = True
    decisions.settle(made, proposal.pk, person="ana")
    undo.undo(proposal.pk, person="ana", reason="Era de otro")
    held = OnAccount.objects.get()
    assert on_account.free(live(proposal).movement) == D("1210")

    undo.release(held, person="ana", reason="También")

    assert on_account.free(live(proposal).movement) == D("1300")


def test_money_on_account_under_a_standing_decision_is_not_released_alone(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")
    decisions.settle(proposed(proposal), proposal.pk, person="ana")

    with pytest.raises(undo.UndoError, match="en vigor"):
        undo.release(OnAccount.objects.get(), person="ana", reason="Libre")


@pytest.mark.parametrize(("posted", "state"), [(True, "posted"), (False, "refused")])
def test_a_person_says_what_became_of_a_posting(desk: Desk, posted: bool, state: str) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101", state="automatic")
    intent = postings.intend(proposal.matches.get(), actor=ERP)
    postings.mark_submitted(intent, actor=ERP)
    postings.mark_unknown(intent, "Se cortó la conexión", actor=ERP)
    assert undo.look(proposal).way == "settle"

    with pytest.raises(undo.UndoError, match="qué ha visto"):
        undo.settle(intent.pk, posted=posted, person="ana", note="")
    undo.settle(intent.pk, posted=posted, person="ana", note="Asiento 71")

    assert live(proposal).state == state


def test_nothing_decided_is_nothing_to_undo(desk: Desk) -> None:
    proposal = desk.proposal("1210.00", "FV-26-0101")

    with pytest.raises(undo.UndoError, match="No hay nada"):
        undo.undo(proposal.pk, person="ana", reason="Porque sí")


def test_everything_that_happened_is_told_with_its_author(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")
    decisions.write_note(proposal.movement, "He llamado al cliente", person="luis")
    leases.take(proposal.movement_id, "luis")
    leases.take_over(proposal.movement_id, "sara", keep=False)
    decisions.settle(proposed(proposal), proposal.pk, person="ana")
    undo.undo(proposal.pk, person="ana", reason="Era de otro")

    told = [(entry.what, entry.who) for entry in history.of(proposal.movement)]

    assert told == [
        ("Vuelto a la bandeja", "ana"),
        ("Ya no está a cuenta", "ana"),
        ("Dejado a cuenta", "ana"),
        ("Aceptado como se proponía", "ana"),
        ("Relevo de supervisión", "sara"),
        ("Nota", "luis"),
        ("Propuesta de la conciliación", ""),
        ("Llegó con un extracto", ""),
    ]
    assert verify().problems == []


def test_notes_and_money_on_account_are_evidence(desk: Desk) -> None:
    proposal = desk.proposal("1300.00", "FV-26-0101")
    decisions.write_note(proposal.movement, "Nota", person="luis")
    decisions.settle(proposed(proposal), proposal.pk, person="ana")

    for change in (
        lambda: Note.objects.update(text="otra"),
        lambda: Note.objects.all().delete(),
        lambda: OnAccount.objects.update(amount=1),
        lambda: OnAccount.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match=r"no se (permite|modifica)"), transaction.atomic():
            change()
    assert Event.objects.filter(kind="reconciliation.on_account", seals__table="workbench.onaccount").exists()


def test_an_empty_note_is_refused(desk: Desk) -> None:
    with pytest.raises(BusinessError, match="vacía"):
        decisions.write_note(desk.movement("1.00"), "", person="ana")
