"""What is forgotten, what never is, and what stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from cobranza.disputes import deciding, forgetting, storing, timeline, workflow
from cobranza.disputes.deciding import labelled
from cobranza.disputes.forgetting import CannotForget
from cobranza.disputes.models import Decision, Dispute, Mail, Outgoing, RawMail
from cobranza.disputes.settings import Retention
from cobranza.kernel import clock
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Event, Hold
from cobranza.ledger.verification import verify
from cobranza.screens.access import Role
from tests.unit.disputes import fakes
from tests.unit.disputes.conftest import Office
from tests.unit.disputes.test_deciding import choose, link
from tests.unit.disputes.test_screens import enter, quick

__all__ = ["enter", "quick"]
RULES = Retention(con_caso=100, sin_caso=10)
WRONG = "La F2026-00381 es incorrecta"
ROBOT = Actor.robot("prueba")


def _due(days: int, rules: Retention = RULES) -> list[int]:
    return [one.mail.pk for one in forgetting.due(rules, now=clock.now() + timedelta(days=days))]


def _later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    moment = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_nothing_of_an_open_case_is_ever_forgotten(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    assert _due(100_000) == []
    deciding.close(Dispute.objects.get(), person="ana", reason="Resuelto")
    assert _due(99) == []
    assert _due(101) == [Mail.objects.get().pk]
    assert _due(101, Retention(con_caso=0, sin_caso=10)) == []


def test_a_merged_case_lives_as_long_as_the_one_that_counts(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    office.receive("La F2026-00400 es incorrecta", message_id="<2@pepa.example>")
    first, second = Dispute.objects.order_by("pk")
    deciding.merge(second, first, person="ana")
    assert _due(101) == []
    deciding.close(first, person="ana", reason="Resuelto")
    assert len(_due(101)) == 2


def test_a_second_delivery_goes_with_its_first_and_machines_go_sooner(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    again = fakes.raw(WRONG, message_id="<1@pepa.example>", X_Otra="entrega")
    office.inbox.deliver(again)
    office.run()
    machine = office.receive("Estoy fuera", message_id="<3@x>", Auto_Submitted="auto-replied")
    assert Mail.objects.filter(duplicate_of__isnull=False).count() == 1
    assert _due(11) == [machine.pk]
    deciding.close(Dispute.objects.get(), person="ana", reason="Resuelto")
    assert len(_due(101)) == 3


def test_its_words_go_and_its_facts_stay(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = office.receive(WRONG, message_id="<1@pepa.example>", X_Attached="foto.jpg")
    case = Dispute.objects.get()
    choose(office, case, "factura_incorrecta", links=(link(office, "F2026-00381", "100"),))
    office.run()
    deciding.close(case, person="ana", reason="Resuelto")
    office.run()
    _later(monkeypatch, 101)

    assert forgetting.retain(RULES, actor=ROBOT) == 1
    assert forgetting.retain(RULES, actor=ROBOT) == 0

    mail.refresh_from_db()
    case.refresh_from_db()
    raw = RawMail.objects.get()
    assert (bytes(raw.content), raw.key) == (b"", mail.key)
    assert mail.own_text == ""
    assert "body" not in mail.reading
    assert mail.reading["attachments"][0][0] == "(borrado)"
    assert WRONG not in str((case.request, case.reply))
    assert (mail.sender, mail.message_id, mail.judgement["label"]) == (
        "pagos@pepa.example", "<1@pepa.example>", "factura_incorrecta",
    )  # fmt: skip
    assert (case.category, case.ticket, case.links.count()) == ("factura_incorrecta", "1000", 1)
    assert (Decision.objects.count(), Outgoing.objects.count(), Hold.objects.count()) == (2, 1, 2)
    event = Event.objects.get(kind="mail.erased")
    assert event.payload["key"] == mail.key
    assert ("Borrado lo que decía el correo", mail.erased_why) in [
        (entry.what, entry.detail) for entry in timeline.of(case, {})
    ]
    assert list(labelled()) == []
    assert verify().ok


def test_a_person_has_a_mail_forgotten_with_who_wrote_it(office: Office) -> None:
    mail = office.receive(WRONG, message_id="<1@pepa.example>")
    with pytest.raises(CannotForget):
        forgetting.forget(mail, person="sara", reason="  ")

    assert forgetting.forget(mail, person="sara", reason="Lo pide el interesado") == 1
    assert forgetting.forget(mail, person="sara", reason="Otra vez") == 0

    mail.refresh_from_db()
    assert (mail.sender, mail.reply_to, mail.subject, mail.erased_why) == (
        "", "", "(borrado)", "Lo pide el interesado",
    )  # fmt: skip
    assert Dispute.objects.get().subject == "(borrado)"
    said = Event.objects.get(kind="mail.erased")
    assert (said.actor_name, said.payload["asked"]) == ("sara", True)
    # Later mails of the thread still find their case, and the desk still frees it.
    office.receive("¿Y bien?", message_id="<2@pepa.example>", references="<1@pepa.example>")
    assert Dispute.objects.count() == 1
    office.desk.set("1000", "solved")
    workflow.watch(office.shift())
    assert Dispute.objects.get().state == "cerrada"
    assert verify().ok


def test_a_mail_in_hand_is_not_forgotten(office: Office) -> None:
    content = fakes.raw(WRONG, message_id="<1@pepa.example>")
    office.inbox.deliver(content)
    workflow.collect(office.shift())
    with pytest.raises(CannotForget):
        forgetting.forget(Mail.objects.get(), person="sara", reason="Lo pide el interesado")
    assert bytes(RawMail.objects.get().content) == content


def test_what_was_forgotten_does_not_come_back(office: Office) -> None:
    mail = office.receive(WRONG, message_id="<1@pepa.example>")
    forgetting.forget(mail, person="sara", reason="Lo pide el interesado")
    office.inbox.deliver(fakes.raw(WRONG, message_id="<1@pepa.example>"))
    office.run()
    assert Mail.objects.count() == 1
    assert bytes(RawMail.objects.get().content) == b""
    assert len(office.desk.tickets) == 1
    for change in ({"content": b"otra cosa"}, {"erased_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            RawMail.objects.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Mail.objects.update(own_text="vuelve")
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.update(request={})


def test_bytes_that_are_no_mail_are_forgotten_too_and_wait_for_nobody(office: Office) -> None:
    content = fakes.raw("ILEGIBLE", message_id="<0@x>")
    office.inbox.deliver(content)
    office.run()
    mail = Mail.objects.get()
    forgetting.forget(mail, person="sara", reason="Basura")
    with pytest.raises(storing.MailState):
        workflow.retry(mail, person="ana")
    assert bytes(RawMail.objects.get().content) == b""


def test_bytes_that_are_whole_change_only_to_nothing(office: Office) -> None:
    office.receive(WRONG, message_id="<1@pepa.example>")
    with pytest.raises(IntegrityError), transaction.atomic():
        RawMail.objects.update(content=b"", erased_at=None)
    with pytest.raises(IntegrityError), transaction.atomic():
        RawMail.objects.update(content=b"x", erased_at=clock.now())


def test_supervision_forgets_on_the_page_and_others_do_not(office: Office, enter: Callable[..., Client]) -> None:
    mail = office.receive(WRONG, message_id="<1@pepa.example>")
    page, act = reverse("disputes:mail", args=[mail.pk]), reverse("disputes:forget", args=[mail.pk])
    clerk = enter(Role.ADMINISTRATION)
    assert act not in clerk.get(page).content.decode()
    assert clerk.post(act, {"reason": "porque sí"}).status_code == 403

    sara = enter(Role.SUPERVISION, name="sara")
    assert act in sara.get(page).content.decode()
    sara.post(act, {"reason": ""})
    assert Mail.objects.get().erased_at is None
    sara.post(act, {"reason": "Lo pide el interesado"})
    shown = sara.get(page).content.decode()
    assert "Lo pide el interesado" in shown
    assert "incorrecta" not in shown
    assert act not in shown
    assert (
        "incorrecta"
        not in clerk.get(reverse("disputes:tray") + f"?item={mail.dispute_id}")
        .content.decode()
        .partition("answer-side")[0]
    )
