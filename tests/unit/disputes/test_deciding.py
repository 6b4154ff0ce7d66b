"""What people decide: it stands, it is told to the desk once, it moves the holds, and it teaches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from classifiers.disputes.labelled import Line
from cobranza.disputes import deciding, teaching, timeline, turns, workflow
from cobranza.disputes.cases import LinkPlan
from cobranza.disputes.deciding import CannotDecide, Choice, labelled
from cobranza.disputes.models import Decision, DeskNote, Dispute, Mail
from cobranza.disputes.ports import DeskError, Priority
from cobranza.kernel import clock
from cobranza.ledger import holds
from cobranza.ledger.models import Contact, Event, Hold
from cobranza.ledger.verification import verify
from cobranza.runs.models import WorkItem
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import Office

D = Decimal
UNSURE = "Quizá la F2026-00381 esté incorrecta"


def choose(office: Office, case: Dispute, slug: str, **values: object) -> Decision:
    whole: dict[str, object] = {"category": slug, "debtor": case.debtor_id} | values
    return deciding.decide(case, Choice(**whole), fakes.CATEGORIES, person="ana")  # type: ignore[arg-type]


def link(office: Office, number: str, amount: str | None = None, *, held: bool = True) -> LinkPlan:
    return LinkPlan(
        invoice=office.invoice(number).pk, amount=D(amount) if amount else None, held=held, reason="lo dice ana"
    )


def test_a_correction_moves_the_hold_tells_the_desk_once_and_teaches(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    choose(office, case, "pago_ya_realizado", links=(link(office, "F2026-00400", "100"),), note="Llamó Pepa")
    office.run()
    office.run()

    case.refresh_from_db()
    assert (case.category, case.decided_by, case.review) == ("pago_ya_realizado", "person", "hecha")
    assert holds.held(office.invoice("F2026-00381")) == 0
    assert holds.held(office.invoice("F2026-00400")) == D(100)
    [said] = office.desk.comments.values()
    assert "Llamó Pepa" in said.text
    assert not said.public
    assert DeskNote.objects.get().state == "hecho"
    [lesson] = labelled()
    assert (lesson.label, lesson.predicted, lesson.abstained, lesson.model) == (
        "pago_ya_realizado", "factura_incorrecta", True, "prueba-1",
    )  # fmt: skip
    assert b"F2026-00381" in lesson.raw
    [line] = teaching.lines()
    assert (line["label"], line["from"], line["lang"]) == ("pago_ya_realizado", "pagos@pepa.example", "es")
    assert "F2026-00381" in Line.model_validate(line).body
    assert Decision.objects.get().kind == Decision.Kinds.CORRECTED
    assert verify().ok


def test_a_correction_takes_the_ticket_to_the_right_department(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    assert office.desk.asked[case.key].group == "facturacion"
    choose(office, case, "pago_ya_realizado", links=(link(office, "F2026-00381", "100"),))
    office.run()

    [said] = office.desk.comments.values()
    assert said.route is not None
    assert (said.route.group, said.route.form, said.route.priority) == ("cobros", "disputa", Priority.NORMAL)
    assert said.route.tags == ("pago_ya_realizado",)
    assert {"factura_incorrecta", "por_revisar"} <= set(said.route.untags)
    assert "pago_ya_realizado" not in said.route.untags
    assert said.route.fields == {
        "categoria": "pago_ya_realizado", "deudor": "Ferretería Pepa, S.L. B12345674", "facturas": "F2026-00381",
        "importe": "F2026-00381: 100,00 EUR",
    }  # fmt: skip
    case.refresh_from_db()
    mail = Mail.objects.get()
    assert case.due_at == said.route.due == mail.received_at + timedelta(hours=24)
    entries = [(entry.what, entry.detail) for entry in timeline.of(case, {})]
    assert ("La mesa lo sabe", "cobros, disputa, normal") in entries


def test_who_only_confirms_leaves_the_ticket_where_the_desk_has_put_it(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    choose(office, Dispute.objects.get(), "factura_incorrecta", links=(link(office, "F2026-00381"),))
    office.run()
    [said] = office.desk.comments.values()
    assert said.route is not None
    assert (said.route.group, said.route.form, said.route.priority, said.route.due) == ("", "", None, None)
    assert "por_revisar" in said.route.untags


def test_a_word_cut_short_is_said_once(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    choose(office, Dispute.objects.get(), "pago_ya_realizado")
    for at in ("before comment", "after comment"):
        office.desk.fault = _breaks(at)
        office.hurry()
        office.run()
        assert DeskNote.objects.get().state == "previsto"
    office.desk.fault = lambda what: None
    office.hurry()
    office.run()
    office.run()
    assert len(office.desk.comments) == 1
    assert DeskNote.objects.get().state == "hecho"
    assert Event.objects.filter(kind="dispute.desk_told").count() == 1
    assert verify().ok


def _breaks(at: str) -> Callable[[str], None]:
    def fault(what: str) -> None:
        if what == at:
            raise DeskError("La línea se ha cortado.")

    return fault


def test_the_last_of_two_corrections_is_where_the_ticket_ends(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    choose(office, case, "pago_ya_realizado")
    choose(office, case, "cambio_datos_bancarios")
    first, second = DeskNote.objects.order_by("pk")
    WorkItem.objects.filter(payload__note=first.pk).update(not_before=clock.now() + timedelta(hours=1))
    office.run()
    assert not office.desk.comments, "the second waits for the first"

    office.hurry()
    office.run()
    office.hurry()
    office.run()
    assert [one.route.group for one in office.desk.comments.values() if one.route] == ["cobros", "tesoreria"]
    assert {row.state for row in DeskNote.objects.all()} == {"hecho"}
    assert second.pk > first.pk


def test_a_correction_that_was_given_up_no_longer_moves_the_ticket_after_a_later_one(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    choose(office, case, "pago_ya_realizado")
    first = WorkItem.objects.get(payload__note=DeskNote.objects.get().pk)
    WorkItem.objects.filter(pk=first.pk).update(state="error_tecnico", ended_at=clock.now())
    choose(office, case, "cambio_datos_bancarios")
    office.run()
    WorkItem.objects.filter(pk=first.pk).update(state="nuevo", ended_at=None)
    office.run()
    routes = [one.route and one.route.group for one in office.desk.comments.values()]
    assert routes == ["tesoreria", None]


def test_what_the_desk_refuses_is_said_and_comes_back_to_the_tray(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    office.desk.refuses = "No hay ningún grupo así."
    choose(office, case, "pago_ya_realizado", note="Llamó Pepa")
    office.run()

    [said] = office.desk.comments.values()
    assert said.route is None
    assert "Llamó Pepa" in said.text
    assert "muévalo allí a mano" in said.text
    case.refresh_from_db()
    assert case.review == "pendiente"
    assert "No hay ningún grupo así" in case.review_reasons[0]
    assert DeskNote.objects.get().state == "rechazado"
    assert "La mesa no lo admite" in [entry.what for entry in timeline.of(case, {})]
    assert verify().ok


def test_the_last_word_about_a_mail_is_what_teaches(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    choose(office, case, "consulta_general")
    choose(office, case, "factura_incorrecta", links=(link(office, "F2026-00381"),))
    assert [one.label for one in labelled()] == ["factura_incorrecta"]


def test_no_robot_undoes_what_a_person_decided(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    choose(office, case, "pago_ya_realizado", links=(link(office, "F2026-00381", "50"),))
    office.receive("La F2026-00381 es incorrecta", message_id="<2@pepa.example>", references="<1@pepa.example>")
    case.refresh_from_db()
    assert case.category == "pago_ya_realizado"
    assert holds.held(office.invoice("F2026-00381")) == D(50)
    office.desk.set(case.ticket, "solved")
    workflow.watch(office.shift())
    assert holds.held(office.invoice("F2026-00381")) == 0  # the desk's people are people too


def test_a_change_of_bank_details_waits_for_the_call(office: Office) -> None:
    office.receive("Nuestra nueva cuenta es ES9121000418450200051332", message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    choose(office, case, "cambio_datos_bancarios")
    case.refresh_from_db()
    assert (case.alert, case.review) == (True, "pendiente")
    with pytest.raises(CannotDecide):
        deciding.close(case, person="ana", reason="ya está")

    choose(office, case, "cambio_datos_bancarios", callback="Pepa, en el 976 00 00 00: no lo han pedido")
    case.refresh_from_db()
    assert (case.alert, case.review) == (False, "hecha")
    deciding.close(case, person="ana", reason="Intento de fraude")
    assert Dispute.objects.get().state == "cerrada"


def test_a_stranger_is_tied_by_a_person_and_known_from_then_on(office: Office) -> None:
    office.receive("La F2026-00381 es incorrecta", sender="pepa@gmail.com", message_id="<1@x>")
    case = Dispute.objects.get()
    assert (case.debtor, Hold.objects.count()) == (None, 0)
    pepa = office.invoice("F2026-00381").debtor_id
    choose(office, case, "factura_incorrecta", debtor=pepa, links=(link(office, "F2026-00381"),), learn_address=True)
    assert Contact.objects.filter(debtor=pepa, value="pepa@gmail.com").exists()
    office.receive("La F2026-00400 es incorrecta", sender="pepa@gmail.com", message_id="<2@x>")
    assert Dispute.objects.latest("pk").debtor_id == pepa


def test_a_document_of_another_debtor_is_refused_whole(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    for bad in (link(office, "F2026-00512"), link(office, "F2026-00381", "5000"), link(office, "F2026-00381", "-1")):
        with pytest.raises(CannotDecide):
            choose(office, case, "factura_incorrecta", links=(bad,))
    assert Decision.objects.count() == 0


def test_two_cases_become_one(office: Office) -> None:
    office.receive("La F2026-00381 es incorrecta", message_id="<1@pepa.example>")
    office.receive("La F2026-00400 es incorrecta", message_id="<2@pepa.example>")
    first, second = Dispute.objects.order_by("pk")
    deciding.merge(second, first, person="ana")

    second.refresh_from_db()
    assert (second.state, second.merged_into) == ("fusionada", first)
    assert {hold.source for hold in Hold.objects.filter(released_at=None)} == {first.source}
    assert holds.held(office.invoice("F2026-00400")) == D("605.50")
    office.run()
    told = {one.ticket: one for one in office.desk.comments.values()}
    assert (told[second.ticket].status, told[first.ticket].status) == ("solved", "")
    assert first.ticket in told[second.ticket].text
    assert "F2026-00400" in told[first.ticket].text
    office.desk.set(second.ticket, "solved")
    workflow.watch(office.shift())
    assert Dispute.objects.get(pk=first.pk).state == "abierta", "one ticket is left, and it is open"
    office.receive("Sigo esperando", message_id="<3@pepa.example>", references="<2@pepa.example>")
    assert [one.ticket for one in office.desk.comments.values()].count(first.ticket) >= 1
    with pytest.raises(CannotDecide):
        deciding.merge(first, first, person="ana")
    assert verify().ok


def test_a_person_reopens_with_its_holds(office: Office) -> None:
    office.receive("La F2026-00381 es incorrecta", message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    deciding.close(case, person="ana", reason="Resuelto por teléfono")
    assert holds.held(office.invoice("F2026-00381")) == 0
    deciding.reopen(case, person="ana", reason="Me equivoqué")
    office.run()
    assert [(one.status, one.route) for one in office.desk.comments.values()] == [("solved", None), ("open", None)]
    assert holds.held(office.invoice("F2026-00381")) == D("1210")
    assert verify().ok


def test_a_later_mail_takes_a_closed_case_up_again(office: Office) -> None:
    office.receive("La F2026-00381 es incorrecta", message_id="<1@pepa.example>")
    deciding.close(Dispute.objects.get(), person="ana", reason="Resuelto")
    office.receive("No está resuelto", message_id="<2@pepa.example>", references="<1@pepa.example>")
    assert Dispute.objects.get().state == "abierta"
    assert holds.held(office.invoice("F2026-00381")) == D("1210")


def test_two_people_never_have_the_same_case(office: Office) -> None:
    office.receive(UNSURE, message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    turns.take(case.pk, "ana")
    with pytest.raises(turns.HeldByAnother):
        turns.take(case.pk, "luis")
    assert turns.renew(case.pk, "ana").person == "ana"
    before = turns.take_over(case.pk, "sara", keep=False)
    assert before is not None
    assert before.person == "ana"
    assert turns.take(case.pk, "luis").person == "luis"
    assert Mail.objects.count() == 1
