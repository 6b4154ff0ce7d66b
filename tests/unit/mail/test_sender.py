"""Sending: each way it can go wrong has its own outcome, and only a broken line after the message is unknown."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from cobranza.disputes.ports import Accepted, MailboxError, MailboxRefused, OutgoingMail
from connectors.mail.settings import OAuth
from connectors.mail.smtp.sender import SmtpSender
from connectors.mail.smtp.settings import SmtpSettings
from connectors.mail.tokens import Tokens
from tests.smtpd import DROP, USER, Smtpd, Step, running


def mail(number: int = 1, **changes: Any) -> OutgoingMail:
    fields: dict[str, Any] = {
        "message_id": f"<{number}@empresa.example>",
        "sender": "disputas@empresa.example",
        "to": "ana@cliente.example",
        "subject": "Recibido",
        "text": "Hola\n.con un punto\n",
        "in_reply_to": "<a@cliente.example>",
    }
    return OutgoingMail(**(fields | changes))


def sender(server: Smtpd, tokens: Tokens | None = None, **changes: object) -> SmtpSender:
    return SmtpSender(SmtpSettings.model_validate(server.way_out(**changes)), "empresa.example", tokens)


def test_a_message_arrives_encrypted_whole_and_with_an_empty_envelope_sender(smtpd: Smtpd) -> None:
    with sender(smtpd) as out:
        assert out.send(mail()) is Accepted.ACCEPTED
    [taken] = smtpd.accepted
    assert taken.encrypted
    assert (taken.envelope_from, taken.recipients) == ("", ("ana@cliente.example",))
    assert taken.message["Message-ID"] == "<1@empresa.example>"
    assert taken.message.get_content() == "Hola\r\n.con un punto\r\n"


def test_a_server_that_refuses_the_empty_envelope_sender_can_have_ours(smtpd: Smtpd) -> None:
    with sender(smtpd, sobre_vacio=False) as out:
        out.send(mail())
    assert smtpd.accepted[0].envelope_from == "disputas@empresa.example"


@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("451 4.3.0 luego", Accepted.DEFERRED),
        ("452 4.2.2 lleno", Accepted.DEFERRED),
        ("550 5.1.1 no existe", Accepted.REFUSED),
        ("421 4.3.2 me voy", Accepted.DEFERRED),
    ],
)
def test_an_answer_says_what_became_of_a_message(smtpd: Smtpd, step: Step, answer: str, outcome: Accepted) -> None:
    smtpd.fault(step, answer)
    with sender(smtpd) as out:
        assert out.send(mail(1)) is outcome
        assert smtpd.accepted == []
        assert out.send(mail(2)) is Accepted.ACCEPTED  # the line, or a new one, is good for the next
    assert [one.message["Message-ID"] for one in smtpd.accepted] == ["<2@empresa.example>"]


@pytest.mark.parametrize("step", ["mail", "rcpt", "data"])
def test_a_line_that_breaks_before_the_message_is_surely_not_taken(smtpd: Smtpd, step: Step) -> None:
    smtpd.fault(step, DROP)
    with sender(smtpd) as out:
        assert out.send(mail()) is Accepted.DEFERRED
    assert smtpd.accepted == []


def test_a_line_that_breaks_after_the_message_is_unknown_and_nothing_is_sent_again(smtpd: Smtpd) -> None:
    smtpd.fault("end", DROP)
    with sender(smtpd) as out:
        assert out.send(mail()) is Accepted.UNKNOWN
    assert len(smtpd.accepted) == 1


def test_one_refused_address_does_not_spoil_the_batch(smtpd: Smtpd) -> None:
    smtpd.refused_recipients.add("nadie@cliente.example")
    with sender(smtpd) as out:
        outcomes = [out.send(mail(number, to=to)) for number, to in enumerate(["a@x.example", "nadie@cliente.example"])]
        outcomes += [out.send(mail(9)), out.send(mail(10, to="no es una dirección"))]
    assert outcomes == [Accepted.ACCEPTED, Accepted.REFUSED, Accepted.ACCEPTED, Accepted.REFUSED]
    assert smtpd.connections == 1


def test_a_line_carries_so_many_messages_and_no_more(smtpd: Smtpd) -> None:
    with sender(smtpd, limites={"mensajes": 2}) as out:
        assert {out.send(mail(number)) for number in range(5)} == {Accepted.ACCEPTED}
    assert smtpd.connections == 3


def test_without_a_server_a_message_waits() -> None:
    with running() as gone:
        settings = gone.way_out()
    out = SmtpSender(
        SmtpSettings.model_validate(settings | {"autoridad": ""} | {"clave": "env:HOME"}), "empresa.example"
    )
    assert out.send(mail()) is Accepted.DEFERRED
    out.close()


# Who is at the other end


def test_a_certificate_for_another_name_gets_neither_password_nor_message(smtpd: Smtpd) -> None:
    with sender(smtpd, servidor="127.0.0.1") as out, pytest.raises(MailboxError, match="certificado"):
        out.send(mail())
    assert smtpd.accepted == []


def test_encryption_from_the_first_octet_is_verified_too() -> None:
    with running(encryption="tls") as server:
        with sender(server) as out:
            assert out.send(mail()) is Accepted.ACCEPTED
        with sender(server, servidor="127.0.0.1") as out, pytest.raises(MailboxError, match="certificado"):
            out.send(mail())
        assert [one.encrypted for one in server.accepted] == [True]


def test_a_certificate_that_nobody_vouches_for_is_refused(smtpd: Smtpd) -> None:
    with sender(smtpd, autoridad="") as out, pytest.raises(MailboxError, match="certificado"):
        out.send(mail())


def test_a_server_without_encryption_gets_nothing() -> None:
    with running(encryption="ninguno") as plain:
        with sender(plain) as out, pytest.raises(MailboxError, match="cifrado"):
            out.send(mail())
        assert plain.accepted == []


# Logging in


@pytest.mark.parametrize("mechanisms", [("PLAIN",), ("LOGIN",)])
def test_logs_in_with_any_password(mechanisms: tuple[str, ...]) -> None:
    with running(mechanisms=mechanisms) as server, sender(server) as out:
        assert out.send(mail()) is Accepted.ACCEPTED


@pytest.mark.parametrize("mechanisms", [("PLAIN",), ("LOGIN",)])
def test_a_wrong_password_stops_the_credential_and_is_in_no_error(
    mechanisms: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAVE_DE_SALIDA", "olivo-y-sal")
    with running(mechanisms=mechanisms) as server:
        with sender(server, clave="env:CLAVE_DE_SALIDA") as out, pytest.raises(MailboxRefused) as caught:
            out.send(mail())
        assert server.accepted == []
    assert caught.value.blocks_credential
    assert "olivo" not in "".join(traceback.format_exception(caught.value))


def test_a_server_that_wants_a_login_and_gets_none(smtpd: Smtpd) -> None:
    settings = {key: value for key, value in smtpd.way_out().items() if key not in ("usuario", "clave")}
    with (
        SmtpSender(SmtpSettings.model_validate(settings), "empresa.example") as out,
        pytest.raises(MailboxRefused, match="pide usuario"),
    ):
        out.send(mail())


@pytest.fixture
def by_token(smtpd: Smtpd, monkeypatch: pytest.MonkeyPatch) -> Callable[[], SmtpSender]:
    monkeypatch.setenv("SECRETO_OAUTH", smtpd.oauth.secret)
    oauth = {"modo": "cliente", "url": f"{smtpd.oauth.url}/token", "cliente": USER, "secreto": "env:SECRETO_OAUTH"}
    settings = {key: value for key, value in smtpd.way_out(oauth=oauth).items() if key != "clave"}
    tokens = Tokens(OAuth.model_validate(oauth), USER)

    def make() -> SmtpSender:
        return SmtpSender(SmtpSettings.model_validate(settings), "empresa.example", tokens)

    return make


def test_logs_in_with_a_token_and_keeps_it(smtpd: Smtpd, by_token: Callable[[], SmtpSender]) -> None:
    for number in range(2):
        with by_token() as out:
            assert out.send(mail(number)) is Accepted.ACCEPTED
    assert smtpd.oauth.granted == 1


def test_a_token_that_was_withdrawn_is_fetched_anew_once(smtpd: Smtpd, by_token: Callable[[], SmtpSender]) -> None:
    with by_token() as out:
        out.send(mail(1))
    smtpd.oauth.expire()
    with by_token() as out:
        assert out.send(mail(2)) is Accepted.ACCEPTED
    assert smtpd.oauth.granted == 2


def test_no_thread_is_needed(smtpd: Smtpd) -> None:
    before = threading.active_count()
    with sender(smtpd) as out:
        out.send(mail())
        assert threading.active_count() <= before
