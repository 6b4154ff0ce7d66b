"""Delivery reports, by the book and not."""

from __future__ import annotations

import pytest

from cobranza.disputes.ports import Bounce, Kind
from cobranza.disputes.reading import reader
from tests.unit.disputes_reading import builders

REPORT = b"""\
From: Mail Delivery System <mailer-daemon@mx.example>
To: cobros@nosotros.example
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary=b
MIME-Version: 1.0

--b
Content-Type: text/plain

No se pudo entregar.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; Pagos@Taller.example
Action: %s
Status: %s
Diagnostic-Code: smtp; %s

--b
Content-Type: message/rfc822

From: cobros@nosotros.example
Message-ID: <aviso-1@nosotros.example>
Subject: Aviso

Hola
--b--
"""


def _report(action: bytes, status: bytes, diagnostic: bytes) -> tuple[Bounce, ...]:
    mail = reader.read(REPORT % (action, status, diagnostic))
    assert mail.kind is Kind.BOUNCE
    return mail.bounce


def test_a_report_by_the_book() -> None:
    (bounce,) = _report(b"failed", b"5.1.1", b"550 5.1.1 User unknown")

    assert bounce == Bounce(
        recipient="pagos@taller.example",
        status="5.1.1",
        permanent=True,
        diagnostic="smtp; 550 5.1.1 User unknown",
        original_id="<aviso-1@nosotros.example>",
    )


@pytest.mark.parametrize(
    ("action", "status", "diagnostic", "permanent"),
    [
        (b"failed", b"5.1.10", b"550 recipient not found", True),
        (b"failed", b"5.2.1", b"550 mailbox disabled", True),
        (b"failed", b"5.0.0", b"550 no such user here", True),
        (b"failed", b"5.2.2", b"552 mailbox full", False),
        (b"failed", b"5.7.1", b"554 rejected as spam", False),
        (b"failed", b"4.4.7", b"delivery time expired", False),
        (b"delayed", b"4.2.0", b"greylisted", False),
        (b"delayed", b"5.1.1", b"", False),
        (b"failed", b"", b"550 who knows", False),
    ],
)
def test_only_an_address_that_does_not_exist_is_given_up(
    action: bytes, status: bytes, diagnostic: bytes, permanent: bool
) -> None:
    (bounce,) = _report(action, status, diagnostic)

    assert bounce.permanent is permanent


def test_what_was_delivered_is_no_bounce() -> None:
    assert _report(b"delivered", b"2.0.0", b"ok") == ()


@pytest.mark.parametrize(
    ("text", "permanent"),
    [
        ("La entrega ha fallado permanentemente: pagos@taller.example (550 5.1.1 no existe)", True),
        ("<pagos@taller.example>:\n552 5.2.2 El buzón está lleno. Se volverá a intentar.", False),
        ("Your message to pagos@taller.example couldn't be delivered.\nuser unknown", True),
    ],
)
def test_reports_in_words_only(text: str, permanent: bool) -> None:
    mail = reader.read(builders.raw(text, subject="Mensaje no entregado", From="postmaster@mx.example"))

    assert mail.kind is Kind.BOUNCE
    assert [(each.recipient, each.permanent) for each in mail.bounce] == [("pagos@taller.example", permanent)]


def test_neither_the_sender_nor_we_bounced() -> None:
    text = "cobros@nosotros.example escribió a pagos@taller.example y el buzón no existe (5.1.1)."

    mail = reader.read(builders.raw(text, subject="Mail delivery failed", From="mailer-daemon@nosotros.example"))

    assert [each.recipient for each in mail.bounce] == ["pagos@taller.example"]
