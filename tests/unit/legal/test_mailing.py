"""The alert by e-mail, over a real way out to a mail server that fails on call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest

from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError
from cobranza.ledger.models import Event
from cobranza.legal import house, mailing, workflow
from cobranza.legal.models import AlertMail
from connectors.mail.smtp.sender import SmtpSender
from connectors.mail.smtp.settings import SmtpSettings
from tests.smtpd import Smtpd, smtpd
from tests.unit.legal import room as rooms
from tests.unit.legal.room import Room

__all__ = ["smtpd"]


@dataclass
class WayOut:
    """The shipped way out, of one mailbox."""

    settings: SmtpSettings

    @contextmanager
    def sender(self, account: str) -> Iterator[SmtpSender]:
        assert account == "avisos"
        with SmtpSender(self.settings, "empresa.example") as sender:
            yield sender

    def address(self, account: str) -> str:
        return f"{account}@empresa.example"


@pytest.fixture
def post(room: Room, smtpd: Smtpd, monkeypatch: pytest.MonkeyPatch) -> Room:
    """The room whose lawyer is written to."""
    found = rooms.rules(
        asignaciones=[{"abogado": "letrada", "correo": "letrada@empresa.example"}],
        correo={"buzon": "avisos", "consola": "https://cobranza.empresa.example/"},
    )
    monkeypatch.setattr(house, "read", lambda: found)
    way = WayOut(SmtpSettings.model_validate(smtpd.way_out()))
    monkeypatch.setattr(mailing, "_way_out", lambda: way)
    room.settings = found
    return room


def test_a_lawyer_is_written_to_once(post: Room, smtpd: Smtpd) -> None:
    row = post.alerted()
    assert smtpd.accepted == [], "the alert is committed first"

    assert workflow.write_letters() == (1, ())
    assert workflow.write_letters() == (0, ())
    assert workflow.alert(post.shift, on=rooms.TODAY) == []
    assert workflow.write_letters() == (0, ())

    (taken,) = smtpd.accepted
    kept = AlertMail.objects.get()
    message = taken.message
    assert (taken.recipients, kept.state) == (("letrada@empresa.example",), "enviado")
    assert (message["From"], message["Message-ID"]) == ("avisos@empresa.example", kept.message_id)
    assert message["Subject"] == f"{row.number}: Ferretería Pepa, S.L. debe 1.710,00 EUR"
    text = message.get_content()
    assert "Ferretería Pepa, S.L. (B12345674) debe 1.710,00 EUR a Prueba, S.L." in text
    assert "hace 95 días" in text
    assert "F-1, F-2" in text
    assert f"https://cobranza.empresa.example/legal/{row.number}/" in text
    assert Event.objects.filter(kind__startswith="legal.mail_").count() == 2


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_what_is_surely_not_taken_goes_at_the_next_start(post: Room, smtpd: Smtpd, step: str) -> None:
    post.alerted()
    smtpd.fault(step, "450 4.3.2 mas tarde")  # type: ignore[arg-type]
    assert workflow.write_letters() == (0, ())
    assert AlertMail.objects.get().state == "previsto"
    assert workflow.write_letters() == (1, ())
    assert len(smtpd.accepted) == 1


def test_what_may_have_been_taken_is_left_alone_and_then_is_the_same_message(post: Room, smtpd: Smtpd) -> None:
    post.alerted()
    smtpd.fault("end")
    assert workflow.write_letters() == (0, ())
    assert workflow.write_letters() == (0, ()), "another process may still be at it"
    assert AlertMail.objects.get().state == "enviando"

    AlertMail.objects.update(busy_until=clock.now() - timedelta(seconds=1))
    assert workflow.write_letters() == (1, ())
    assert len({each.message["Message-ID"] for each in smtpd.accepted}) == 1


def test_a_refused_address_is_not_tried_again(post: Room, smtpd: Smtpd) -> None:
    post.alerted()
    smtpd.refused_recipients.add("letrada@empresa.example")
    workflow.write_letters()
    assert workflow.write_letters() == (0, ())
    assert AlertMail.objects.get().state == "rechazado"
    assert smtpd.accepted == []


def test_no_way_out_is_told_and_nothing_is_lost(post: Room, smtpd: Smtpd, monkeypatch: pytest.MonkeyPatch) -> None:
    post.alerted()

    def broken() -> WayOut:
        raise ApplicationError("El servidor no ofrece cifrado.")

    with monkeypatch.context() as patch:
        patch.setattr(mailing, "_way_out", broken)
        assert workflow.write_letters() == (0, ("El servidor no ofrece cifrado.",))
    assert AlertMail.objects.get().state == "previsto"
    assert workflow.write_letters() == (1, ())


@pytest.mark.parametrize(
    "off",
    [
        {"correo": {"buzon": "avisos"}},
        {"asignaciones": [{"abogado": "letrada", "correo": "letrada@empresa.example"}]},
    ],
)
def test_without_address_or_mailbox_nobody_is_written_to(room: Room, off: dict[str, object]) -> None:
    room.settings = rooms.rules(**off)
    room.alerted()
    assert not AlertMail.objects.exists()
    assert workflow.write_letters() == (0, ())
