"""A mail in Dovecot becomes a ticket at the desk, a hold in the ledger and an acknowledgement by SMTP."""

from __future__ import annotations

import json
from decimal import Decimal
from email.utils import parseaddr

from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from cobranza.disputes.models import Dispute, Mail, Outgoing
from cobranza.ledger import conversation, holds
from cobranza.ledger.verification import verify
from cobranza.reconciliation.models import Proposal
from cobranza.runs.models import Run
from cobranza.screens.access import Role
from tests.journeys.disputes.conftest import Office

D = Decimal
WRONG = (
    "Buenos días:\n\nHemos revisado la factura F2026-00381 y está mal: nos cobran 200,00 EUR de más por unos portes "
    "que no figuraban en el pedido. Rogamos que emitan la rectificativa.\n\nUn saludo,\nPepa Núñez\nFerretería Pepa"
)
SENDER = "Pepa Núñez <pagos@pepa.example>"


def test_the_robot_as_staff_start_it(office: Office) -> None:
    office.deliver(WRONG, sender=SENDER, subject="Factura F2026-00381 incorrecta", message_id="<1@pepa.example>")
    office.deliver("Estoy fuera hasta el lunes.", subject="Respuesta automática", Auto_Submitted="auto-replied")
    office.imap.deliver(office.user, b"\x00\xff" * 40)

    code, told = office.robot()

    assert code == 0, json.dumps(told, indent=1)
    mail = Mail.objects.get(message_id="<1@pepa.example>")
    assert mail.state == Mail.States.DONE, mail.problem
    case = Dispute.objects.get()
    assert case.category in ("factura_incorrecta", "precio_o_contrato"), mail.judgement
    assert case.debtor is not None
    assert case.debtor.name == "Ferretería Pepa, S.L."
    [ticket] = office.tickets()
    assert str(ticket["id"]) == case.ticket
    [answer] = office.smtp.accepted
    assert answer.recipients == ("pagos@pepa.example",)
    assert answer.envelope_from == ""  # RFC 3834: nobody answers it
    message = answer.message
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == "<1@pepa.example>"
    assert parseaddr(message["From"])[1] == f"{office.user}@empresa.example"
    assert case.ticket in message["Subject"]
    assert holds.held(office.invoice("F2026-00381")) == D("200")
    assert holds.held(office.invoice("F2026-00400")) == 0
    assert office.imap.raw(office.user) == []
    assert len(office.imap.raw(office.user, "Procesados")) + len(office.imap.raw(office.user, "Errores")) == 3
    assert Mail.objects.exclude(state__in=("hecho", "ignorado", "cuarentena")).count() == 0
    assert Proposal.objects.count() == 0
    thread = list(conversation.thread(case.debtor))
    assert [(word.direction, word.reference, word.handled_by) for word in thread] == [
        ("in", f"caso:{case.pk}", "disputas"),
        ("out", f"caso:{case.pk}", ""),
    ]
    assert thread[0].text == case.mails.get().own_text
    assert case.ticket in thread[1].subject
    run = Run.objects.get()
    assert run.evidence_folder is not None
    assert (run.evidence_folder / "triaje.json").is_file()
    assert verify().ok

    code, told = office.robot()
    assert code == 0, json.dumps(told, indent=1)
    assert (len(office.tickets()), len(office.smtp.accepted)) == (1, 1)


def test_a_reply_in_the_thread_becomes_a_comment_and_the_solved_ticket_frees_the_invoice(office: Office) -> None:
    office.deliver(WRONG, sender=SENDER, subject="Factura F2026-00381 incorrecta", message_id="<1@pepa.example>")
    office.triage()
    ours = Outgoing.objects.get().message_id
    office.deliver(
        "Adjunto el pedido, por si ayuda.", sender=SENDER, subject="Re: caso", message_id="<2@pepa.example>",
        references=f"<1@pepa.example> {ours}",
    )  # fmt: skip
    shift = office.triage()

    assert shift.tally.comments == 1
    [ticket] = office.tickets()
    assert any("Adjunto el pedido" in str(said) for said in ticket["said"])
    assert len(office.smtp.accepted) == 2

    office.desk.staff(ticket["id"], status="solved")
    office.triage()
    case = Dispute.objects.get()
    assert case.state == "cerrada", case.ticket_status
    assert holds.held(office.invoice("F2026-00381")) == 0


def test_the_desks_webhook_frees_the_invoice_when_its_signature_is_good(office: Office, client: Client) -> None:
    office.deliver(WRONG, sender=SENDER, subject="Factura F2026-00381 incorrecta", message_id="<1@pepa.example>")
    office.triage()
    [ticket] = office.tickets()
    office.desk.staff(ticket["id"], status="solved")
    call = office.desk.deliveries()[-1]
    url = reverse("disputes:webhook", args=["zendesk"])
    forged = client.post(url, data=call["body"] + " ", content_type="application/json", headers=call["headers"])
    assert forged.status_code == 403
    assert holds.held(office.invoice("F2026-00381")) == D("200")

    for _ in range(2):
        answer = client.post(url, data=call["body"], content_type="application/json", headers=call["headers"])
        assert answer.status_code == 204
    assert Dispute.objects.get().state == "cerrada"
    assert holds.held(office.invoice("F2026-00381")) == 0
    assert verify().ok


def test_a_change_of_account_has_its_ticket_and_waits_in_the_tray_in_red(office: Office, client: Client) -> None:
    office.deliver(
        "Buenos días:\n\nLes informamos de que a partir de hoy los pagos se harán en nuestra nueva cuenta "
        "ES91 2100 0418 4502 0005 1332.\n\nUn saludo,\nPepa",
        sender=SENDER, subject="Cambio de cuenta bancaria", message_id="<1@pepa.example>",
    )  # fmt: skip
    office.triage()
    [ticket] = office.tickets()
    assert "posible_fraude" in ticket["tags"]
    case = Dispute.objects.get()
    assert (case.category, case.alert, case.review) == ("cambio_datos_bancarios", True, "pendiente")
    assert len(office.smtp.accepted) == 1
    ana = User.objects.create_user("ana")
    ana.groups.set([Group.objects.get_or_create(name=Role.ADMINISTRATION.value)[0]])
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("disputes:tray")).content.decode()
    assert "Posible fraude: cambio de cuenta bancaria" in page
    assert "Cambio de cuenta bancaria" in page


def test_a_desk_that_loses_its_answers_gives_one_ticket(office: Office) -> None:
    office.desk.faults(plan=["drop_after", "drop_before", "drop_after"])
    office.deliver(WRONG, sender=SENDER, subject="Factura F2026-00381 incorrecta", message_id="<1@pepa.example>")
    for _ in range(6):
        office.triage()
        if Mail.objects.get().state == Mail.States.DONE:
            break
        _hurry()
    assert len(office.tickets()) == 1
    assert len(office.smtp.accepted) == 1


def test_a_mail_server_that_takes_it_and_cannot_say_so_gets_the_same_message(office: Office) -> None:
    office.smtp.fault("end")
    office.deliver(WRONG, sender=SENDER, subject="Factura F2026-00381 incorrecta", message_id="<1@pepa.example>")
    office.triage()
    _hurry()
    office.triage()
    assert {one.message["Message-ID"] for one in office.smtp.accepted} == {Outgoing.objects.get().message_id}
    assert Mail.objects.get().state == Mail.States.DONE


def test_a_rebuilt_mailbox_gives_nothing_twice(office: Office) -> None:
    office.deliver(WRONG, sender=SENDER, subject="Factura F2026-00381 incorrecta", message_id="<1@pepa.example>")
    office.imap.deliver(office.user, *office.imap.raw(office.user))
    office.triage()
    office.imap.deliver(office.user, *office.imap.raw(office.user, "Procesados"))
    office.imap.rebuild(office.user)
    office.triage()
    office.triage()

    assert office.imap.raw(office.user) == []
    assert (len(office.tickets()), len(office.smtp.accepted), Mail.objects.count()) == (1, 1, 1)


def _hurry() -> None:
    from cobranza.runs.models import WorkItem

    WorkItem.objects.update(not_before=None)
