"""A mail server that goes silent is left after its time, and what became of the message is still told right."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from cobranza.disputes.ports import Accepted
from connectors.mail.smtp.sender import SmtpSender
from connectors.mail.smtp.settings import SmtpSettings
from tests.unit.mail.test_sender import mail

ANSWERS = {"EHLO": b"250 prueba\r\n", "MAIL": b"250 OK\r\n", "RCPT": b"250 OK\r\n", "DATA": b"354 adelante\r\n"}


@pytest.fixture
def silent(no_thread_is_left: None) -> Iterator[Callable[[str], SmtpSender]]:
    """A sender to a server that answers nothing any more from a command on ("" greets nobody, "." is the message)."""
    listener = socket.create_server(("127.0.0.1", 0))
    lines: list[socket.socket] = []
    heard: list[str] = []
    wanted: list[str] = []
    threads: list[threading.Thread] = []

    def serve(last: str) -> None:
        with suppress(OSError):
            line, _ = listener.accept()
            lines.append(line)
            if last == "":
                return
            line.sendall(b"220 prueba\r\n")
            with line.makefile("rb") as words:
                for raw in words:
                    command = raw.decode("ascii").strip().partition(" ")[0].upper()
                    heard.append(command)
                    if command == last:
                        return
                    line.sendall(ANSWERS.get(command, b""))

    def make(last: str) -> SmtpSender:
        wanted.append(last)
        threads.append(threading.Thread(target=serve, args=(last,)))
        threads[-1].start()
        limits = {"conexion_segundos": 0.5, "respuesta_segundos": 0.5, "final_segundos": 0.5}
        settings = {"servidor": "127.0.0.1", "puerto": listener.getsockname()[1], "cifrado": "ninguno"}
        return SmtpSender(SmtpSettings.model_validate(settings | {"limites": limits}), "empresa.example")

    yield make
    for line in lines:
        line.close()
    listener.close()
    for thread in threads:
        thread.join()
    assert heard[-1:] == [one for one in wanted if one]  # it went silent where it should


@pytest.mark.parametrize(
    ("last", "outcome"),
    [
        ("", Accepted.DEFERRED),
        ("EHLO", Accepted.DEFERRED),
        ("MAIL", Accepted.DEFERRED),
        ("RCPT", Accepted.DEFERRED),
        ("DATA", Accepted.DEFERRED),
        (".", Accepted.UNKNOWN),
    ],
)
def test_silence_has_an_end_and_a_meaning(silent: Callable[[str], SmtpSender], last: str, outcome: Accepted) -> None:
    with silent(last) as out:
        assert out.send(mail()) is outcome
