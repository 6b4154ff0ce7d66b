"""From the inbox to the ticket, the hold and the answer: what happens once, and what happens again after a crash."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from cobranza.disputes import workflow
from cobranza.disputes.models import Bounce, DeskNote, Dispute, Mail, Outgoing, Suppression
from cobranza.disputes.ports import Accepted, MailboxError, MailPosition
from cobranza.ledger import holds
from cobranza.ledger.models import Event, Hold
from cobranza.ledger.verification import verify
from cobranza.runs.models import ItemState, WorkItem
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import Office

D = Decimal
WRONG = "Buenos días: la F2026-00381 es incorrecta, hay 200,00 EUR de más."


def test_one_mail_is_one_ticket_one_hold_one_answer(office: Office) -> None:
    mail = office.receive(WRONG, message_id="<1@pepa.example>")

    assert mail.state == Mail.States.DONE
    case = Dispute.objects.get()
    assert (case.category, case.ticket, case.debtor.name, case.review) == (
        "factura_incorrecta", "1000", "Ferretería Pepa, S.L.", "no",
    )  # fmt: skip
    [ticket] = office.desk.asked.values()
    assert (ticket.group, ticket.form, ticket.requester) == ("facturacion", "disputa", "pagos@pepa.example")
    assert ticket.files[0].media_type == "message/rfc822"
    assert "F2026-00381" in ticket.note
    assert holds.held(office.invoice("F2026-00381")) == D("200")
    assert holds.held(office.invoice("F2026-00400")) == 0
    [answer] = office.sender.sent
    assert answer.to == "pagos@pepa.example"
    assert "1000" in answer.subject
    assert "1000" in answer.text
    assert (answer.in_reply_to, answer.automatic) == ("<1@pepa.example>", True)
    assert "1.210" not in answer.text  # who wrote is not proved: nobody's debts
    assert office.inbox.folders["INBOX"] == {}
    assert len(office.inbox.folders["Procesados"]) == 1
    assert verify().ok


def test_the_same_mail_again_changes_nothing(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    again = fakes.raw(WRONG, message_id="<1@pepa.example>")
    office.inbox.deliver(again)
    office.inbox.deliver(again)
    office.run()

    assert Mail.objects.count() == 1
    assert len(office.desk.tickets) == len(office.sender.sent) == 1
    assert office.inbox.folders["INBOX"] == {}


def test_a_second_delivery_with_other_transport_lines_is_the_same_mail(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    other = office.receive(WRONG, message_id="<1@pepa.example>", Received="from b by c")

    assert Mail.objects.count() == 2
    assert (other.state, other.duplicate_of.pk) == (Mail.States.IGNORED, Mail.objects.order_by("pk").first().pk)
    assert len(office.desk.tickets) == len(office.sender.sent) == 1


def test_two_people_may_write_the_same_words(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    office.receive(WRONG, message_id="<2@pepa.example>")
    assert len(office.desk.tickets) == len(office.sender.sent) == 2


def test_a_reused_message_id_is_not_an_identity(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    office.receive("¿Cuál es su horario?", message_id="<1@pepa.example>")
    assert len(office.desk.tickets) == 2


@pytest.mark.parametrize(
    "moment",
    ["fetch", "before open", "after open", "before send", "after send", "before move", "after move"],
)
def test_a_robot_that_dies_anywhere_leaves_one_of_each(office: Office, moment: str) -> None:
    deaths = [moment]

    def strike(what: str) -> None:
        if deaths and what == deaths[0]:
            deaths.pop()
            raise KeyboardInterrupt  # like a kill: no `except Exception` sees it

    office.inbox.fault = office.desk.fault = office.sender.fault = strike
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    with pytest.raises(KeyboardInterrupt):
        office.run()
    office.hurry()
    office.run()
    office.hurry()
    office.run()

    assert deaths == []
    assert len(office.desk.tickets) == 1
    assert len({sent.message_id for sent in office.sender.sent}) == 1
    assert len(office.sender.sent) == (2 if moment == "after send" else 1)  # the same message again: see answers.py
    assert Mail.objects.get().state == Mail.States.DONE
    assert Hold.objects.filter(released_at=None).count() == 1
    assert verify().ok


def test_the_ticket_is_asked_for_in_the_same_words_whatever_the_ledger_says_by_then(office: Office) -> None:
    def fail(what: str) -> None:
        if what == "after open":
            office.desk.fault = lambda _: None
            raise KeyboardInterrupt

    office.desk.fault = fail
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    with pytest.raises(KeyboardInterrupt):
        office.run()
    holds.put(office.invoice("F2026-00381"), source="otra", reason="otra", actor=fakes_actor())
    office.desk.find = lambda key: None  # type: ignore[method-assign]  # a search that lags
    office.hurry()
    office.run()

    assert len(office.desk.tickets) == 1
    assert Mail.objects.get().state == Mail.States.DONE


def fakes_actor() -> object:
    from cobranza.ledger.events import Actor

    return Actor.person("ana")


def test_a_rebuilt_mailbox_is_matched_by_content(office: Office) -> None:
    for number in range(3):
        office.inbox.deliver(fakes.raw(WRONG, message_id=f"<{number}@pepa.example>"))
    shift = office.shift()
    workflow.collect(shift)
    office.inbox.rebuild()
    workflow.work(shift)
    workflow.collect(shift)
    workflow.collect(shift)

    assert Mail.objects.filter(state=Mail.States.DONE).count() == 3
    assert office.inbox.folders["INBOX"] == {}
    assert len(office.desk.tickets) == 3


def test_known_mails_are_not_fetched_again(office: Office) -> None:
    office.inbox.deliver(fakes.raw(WRONG))
    shift = office.shift()
    workflow.collect(shift)
    workflow.collect(shift)
    assert office.inbox.fetched == 1


def test_one_bad_mail_does_not_stop_the_others(office: Office) -> None:
    office.inbox.deliver(fakes.raw("ILEGIBLE", message_id="<0@x>"))
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    office.run()

    bad = Mail.objects.get(state=Mail.States.QUARANTINE)
    assert bad.problem["code"] == "COB-DIS-001"
    assert bytes(bad.raw.content).endswith(b"ILEGIBLE")  # whole
    assert len(office.desk.tickets) == 1
    assert len(office.inbox.folders["Errores"]) == 1


def test_a_person_sends_a_mail_of_quarantine_back(office: Office) -> None:
    office.inbox.deliver(fakes.raw("ILEGIBLE", message_id="<0@x>"))
    office.run()
    mail = Mail.objects.get()
    workflow.retry(mail, person="ana")
    office.run()
    assert Mail.objects.get().state == Mail.States.QUARANTINE
    assert mail.decisions.get().person == "ana"


def test_a_mail_too_large_to_fetch_is_set_aside_with_the_reason(office: Office) -> None:
    office.inbox.deliver(fakes.raw("x" * 20_000))
    office.run(tamano_maximo=10_000)

    mail = Mail.objects.get()
    assert (mail.state, mail.raw) == (Mail.States.QUARANTINE, None)
    assert len(office.inbox.folders["Errores"]) == 1


def test_a_mail_that_kills_its_reader_ends_in_quarantine(office: Office) -> None:
    office.inbox.deliver(fakes.raw(WRONG))
    shift = office.shift(lecturas=3)

    def die(content: bytes) -> None:
        raise KeyboardInterrupt

    shift.read = die  # type: ignore[assignment]
    workflow.collect(shift)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            workflow.work(shift)
        office.hurry()
    workflow.work(shift)

    assert Mail.objects.get().problem["code"] == "COB-DIS-012"


def test_machines_get_neither_ticket_nor_answer(office: Office) -> None:
    mail = office.receive("Estoy de vacaciones", Auto_Submitted="auto-replied")
    assert mail.state == Mail.States.IGNORED
    assert mail.kind_reason
    assert not office.desk.tickets
    assert not office.sender.sent
    assert len(office.inbox.folders["Procesados"]) == 1


def test_our_own_mail_that_comes_back_is_no_case(office: Office) -> None:
    office.receive(WRONG, sender="Disputas <disputas@empresa.example>")
    assert not office.desk.tickets


def test_a_hard_bounce_silences_the_address(office: Office) -> None:
    office.receive("no existe", sender="MAILER-DAEMON@mx.example", X_Bounced="Pagos@Pepa.example")
    assert Suppression.objects.get().address == "pagos@pepa.example"
    assert Bounce.objects.get().permanent
    assert Event.objects.get(kind="contact.suppressed").payload["contacts"]

    office.receive(WRONG, message_id="<1@pepa.example>")
    assert not office.sender.sent
    assert "rebotó" in Outgoing.objects.get().reason
    assert verify().ok


def test_a_later_mail_of_the_thread_joins_the_ticket(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    later = office.receive(
        "Añado que es urgente", message_id="<2@pepa.example>", references="<1@pepa.example>", sender="jefe@pepa.example"
    )

    assert later.state == Mail.States.DONE
    assert not later.opens
    [comment] = office.desk.comments.values()
    assert (comment.ticket, comment.author) == ("1000", "jefe@pepa.example")
    assert len(office.desk.tickets) == 1
    assert len(office.sender.sent) == 2


def test_an_answer_to_our_acknowledgement_joins_too(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    ours = office.sender.sent[0].message_id
    office.receive("Gracias, espero", message_id="<2@pepa.example>", references=ours)
    assert len(office.desk.comments) == 1


def test_a_stranger_cannot_join_a_thread(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    office.receive(
        "¿Qué hay de lo mío?", message_id="<9@x>", references="<1@pepa.example>", sender="otro@desconocido.example"
    )
    assert not office.desk.comments
    assert len(office.desk.tickets) == 2
    case = Dispute.objects.get(key=Dispute.objects.latest("pk").key)
    assert (case.debtor, case.review) == (None, "pendiente")
    assert "hilo" in " ".join(case.review_reasons)


def test_both_mails_of_a_thread_in_one_batch_are_one_ticket(office: Office) -> None:
    office.inbox.deliver(fakes.raw("Añado algo", message_id="<2@pepa.example>", references="<1@pepa.example>"))
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    office.run()  # the answer came first and waits for the case of what it answers
    assert len(office.desk.tickets) == 1
    office.hurry()
    office.run()
    assert (len(office.desk.tickets), len(office.desk.comments)) == (1, 1)
    assert Mail.objects.filter(state=Mail.States.DONE).count() == 2


def test_who_denies_everything_is_not_reminded_of_anything(office: Office) -> None:
    office.receive("No reconozco ninguna deuda con ustedes", message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    assert case.whole_debtor
    hold = Hold.objects.get(source=case.source)
    assert (hold.invoice, hold.debtor.name) == (None, "Ferretería Pepa, S.L.")
    assert holds.held(office.invoice("F2026-00400")) == D("605.50")
    assert holds.held(office.invoice("F2026-00512")) == 0


def test_a_closed_ticket_is_followed_by_another(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    office.desk.set("1000", "closed")
    later = office.receive("Sigue incorrecta", message_id="<2@pepa.example>", references="<1@pepa.example>")

    assert later.opens
    assert later.dispute.follows.ticket == "1000"
    assert office.desk.follows[later.dispute.key] == "1000"
    assert len(office.desk.tickets) == 2
    assert len(office.sender.sent) == 2


def test_solving_the_ticket_lifts_the_hold_and_says_so(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    office.desk.set("1000", "solved")
    shift = office.shift()
    assert workflow.watch(shift) == 1
    assert workflow.watch(shift) == 0

    assert holds.held(office.invoice("F2026-00381")) == 0
    assert Dispute.objects.get().state == "cerrada"
    assert Event.objects.filter(kind="dispute.closed").count() == 1

    office.desk.set("1000", "open")
    workflow.watch(shift)
    assert holds.held(office.invoice("F2026-00381")) == D("200")
    assert verify().ok


def test_old_news_of_a_ticket_change_nothing(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    old = office.desk.set("1000", "solved")
    new = office.desk.set("1000", "open")
    workflow.ticket_changed("mesa", new, fakes.CATEGORIES)
    workflow.ticket_changed("mesa", old, fakes.CATEGORIES)
    assert Dispute.objects.get().state == "abierta"


def test_what_is_never_closed_by_itself_waits_for_a_person(office: Office) -> None:
    office.receive("No reconozco la F2026-00381", message_id="<1@pepa.example>")
    office.desk.set("1000", "solved")
    workflow.watch(office.shift())

    case = Dispute.objects.get()
    assert (case.state, case.review) == ("por_cerrar", "pendiente")
    assert holds.held(office.invoice("F2026-00381")) == D("1210")


def test_a_new_account_number_is_a_change_of_bank_details_whatever_the_model_says(office: Office) -> None:
    office.receive("La F2026-00381 está pagada en ES9121000418450200051332", message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    assert (case.category, case.secondary, case.alert, case.review) == (
        "cambio_datos_bancarios", "pago_ya_realizado", True, "pendiente",
    )  # fmt: skip
    [ticket] = office.desk.asked.values()
    assert "posible_fraude" in ticket.tags
    assert ticket.priority == "urgent"
    assert case.reply == ""


def test_what_nobody_is_sure_of_is_held_until_a_person_looks(office: Office) -> None:
    office.receive("Quizá la F2026-00381 esté incorrecta", message_id="<1@pepa.example>")
    case = Dispute.objects.get()
    assert case.review == "pendiente"
    assert len(Mail.objects.get().judgement["alternatives"]) == 3
    assert holds.held(office.invoice("F2026-00381")) == D("1210")
    assert "Lo estudiaremos" not in office.sender.sent[0].text


def test_answers_stop_at_the_cap(office: Office) -> None:
    for number in range(4):
        office.inbox.deliver(fakes.raw(f"Pregunta {number}", message_id=f"<{number}@pepa.example>"))
    office.run(acuses_por_dia=2)
    assert len(office.sender.sent) == 2
    assert Outgoing.objects.filter(state="omitido").count() == 2
    assert len(office.desk.tickets) == 4


@pytest.mark.parametrize("answer", [Accepted.DEFERRED, Accepted.UNKNOWN])
def test_an_answer_that_was_not_surely_taken_is_sent_again_as_the_same_message(
    office: Office, answer: Accepted
) -> None:
    office.sender.answers = [answer]
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    office.run()
    office.hurry()
    office.run()
    assert len({sent.message_id for sent in office.sender.sent}) == 1
    assert Outgoing.objects.get().state == "aceptado"
    assert Mail.objects.get().state == Mail.States.DONE


def test_an_address_that_is_refused_is_not_tried_again(office: Office) -> None:
    office.sender.answers = [Accepted.REFUSED]
    mail = office.receive(WRONG, message_id="<1@pepa.example>")
    assert mail.state == Mail.States.DONE
    assert Outgoing.objects.get().state == "rechazado"
    assert Suppression.objects.get().address == "pagos@pepa.example"


def test_a_desk_that_is_away_is_tried_later(office: Office) -> None:
    def away(what: str) -> None:
        raise MailboxError("no contesta")

    office.desk.fault = away
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    office.run()
    mail = Mail.objects.get()
    assert (mail.state, mail.tries) == (Mail.States.CREATING, 1)
    assert holds.held(office.invoice("F2026-00381")) == D("200")  # what is disputed is not claimed meanwhile
    office.desk.fault = lambda what: None
    office.hurry()
    office.run()
    assert Mail.objects.get().state == Mail.States.DONE


def test_a_desk_that_refuses_is_told_to_a_person(office: Office) -> None:
    from cobranza.disputes.ports import DeskRefused

    def refuse(what: str) -> None:
        raise DeskRefused("Falta el campo 7.")

    office.desk.fault = refuse
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    office.run()
    mail = Mail.objects.get()
    assert (mail.state, mail.problem["code"]) == (Mail.States.NEEDS_PERSON, "COB-TIQ-002")
    assert WorkItem.objects.get().state == ItemState.BUSINESS_ERROR

    office.desk.fault = lambda what: None
    workflow.retry(mail, person="ana")
    office.run()
    assert Mail.objects.get().state == Mail.States.DONE
    assert len(office.desk.tickets) == 1


def test_a_mail_whose_tries_are_used_up_is_shown_to_a_person(office: Office) -> None:
    def away(what: str) -> None:
        raise MailboxError("no contesta")

    office.desk.fault = away
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    for _ in range(3):
        office.run(intentos=3)
        office.hurry()
    assert Mail.objects.get().state == Mail.States.NEEDS_PERSON


def test_a_rehearsal_takes_in_and_does_nothing_outside(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COBRANZA_REHEARSE", "1")
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    shift = office.run()
    assert shift.tally.waiting == 1
    assert not office.desk.tickets
    assert len(office.inbox.folders["INBOX"]) == 1


def test_attachments_are_handed_on_by_the_hook(office: Office) -> None:
    seen: list[tuple[str, ...]] = []
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>", X_Attached="aviso.pdf"))
    shift = office.shift()
    shift.take_attachments = lambda mail, read: seen.append(tuple(one.name for one in read.attachments))
    workflow.collect(shift)
    workflow.work(shift)
    assert seen == [("aviso.pdf",)]


# ---- what the database refuses


def _change(row: object, **values: object) -> Callable[[], object]:
    def act() -> None:
        with transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(**values)  # type: ignore[attr-defined]

    return act


def test_the_database_keeps_what_a_crash_must_not_break(office: Office) -> None:
    mail = office.receive(WRONG, message_id="<1@pepa.example>")
    case, answer = Dispute.objects.get(), Outgoing.objects.get()
    for act in (
        _change(mail, state="recibido"),
        _change(mail, key="0" * 64),
        _change(mail, canonical="0" * 64),
        _change(case, ticket="7"),
        _change(case, request={}),
        _change(answer, message_id="<otro@x>"),
        _change(answer, state="previsto"),
        lambda: transaction.atomic()(mail.delete)(),
        lambda: transaction.atomic()(mail.raw.delete)(),
    ):
        with pytest.raises(IntegrityError):
            act()
    assert DeskNote.objects.count() == 0


def test_a_copy_at_another_place_only_brings_the_position_up_to_date(office: Office) -> None:
    shift = office.shift()
    content = fakes.raw(WRONG)
    first = MailPosition(account="disputas", folder="INBOX", uidvalidity=1, uid=1)
    second = MailPosition(account="disputas", folder="INBOX", uidvalidity=2, uid=9)
    workflow.take(shift, content, first)
    workflow.take(shift, content, second)
    mail = Mail.objects.get()
    assert (mail.uidvalidity, mail.uid) == (2, 9)
    assert WorkItem.objects.count() == 1
