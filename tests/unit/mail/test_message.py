"""What goes out: one message to one address, whatever strangers wrote into subject, ids and text."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cobranza.disputes.ports import OutgoingMail
from connectors.mail.smtp.message import BadAddress, Envelope, address, envelope, one_line

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
ID = "<acuse-1@empresa.example>"
HEADERS = {
    "Message-ID",
    "In-Reply-To",
    "References",
    "From",
    "To",
    "Subject",
    "Date",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Content-Type",
    "Content-Transfer-Encoding",
    "MIME-Version",
}


def made(**changes: object) -> Envelope:
    fields: dict[str, object] = {
        "message_id": ID,
        "sender": "disputas@empresa.example",
        "to": "ana@cliente.example",
        "subject": "Recibido: su reclamación",
        "text": "Hola:\n\nHemos recibido su mensaje.\n",
    }
    return envelope(OutgoingMail(**(fields | changes)), now=NOW)  # type: ignore[arg-type]


def read(ready: Envelope) -> EmailMessage:
    return message_from_bytes(ready.data, policy=SMTP)


def test_an_automatic_answer_says_so_and_joins_the_thread() -> None:
    ready = made(in_reply_to="<b@x.example>", references=("<a@x.example>", "<b@x.example>"))
    message = read(ready)
    assert ready.sender == ""
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"
    assert (message["Message-ID"], message["In-Reply-To"]) == (ID, "<b@x.example>")
    assert message["References"] == "<a@x.example> <b@x.example>"
    assert message["Subject"] == "Recibido: su reclamación"
    assert message["Date"].datetime == NOW
    assert message.get_content() == "Hola:\r\n\r\nHemos recibido su mensaje.\r\n"


def test_what_answers_nothing_is_generated_and_what_a_person_sends_is_neither() -> None:
    assert read(made())["Auto-Submitted"] == "auto-generated"
    ready = made(automatic=False)
    assert read(ready)["Auto-Submitted"] is None
    assert ready.sender == "disputas@empresa.example"


def test_a_long_id_stays_an_id() -> None:
    """The library would write it as an encoded word, and the thread would be lost."""
    long = f"<{'a' * 300}@x.example>"
    assert b"In-Reply-To: " + long.encode() in made(in_reply_to=long, references=(long,)).data


def test_a_long_thread_keeps_its_beginning_and_its_end() -> None:
    ids = tuple(f"<{number}@x.example>" for number in range(60))
    kept = read(made(references=ids))["References"].split()
    assert (kept[0], kept[-1], len(kept)) == (ids[0], ids[-1], 20)


@given(
    subject=st.text(),
    text=st.text(),
    ids=st.lists(st.text(max_size=40) | st.from_regex(r"<[^>]{0,20}>", fullmatch=True), max_size=3),
    answers=st.text(max_size=40) | st.just("<b@x.example>\r\nBcc: otro@x.example"),
)
def test_no_text_adds_a_header_or_a_line(subject: str, text: str, ids: list[str], answers: str) -> None:
    ready = made(subject=subject, text=text, references=tuple(ids), in_reply_to=answers)
    message = read(ready)
    assert set(message.keys()) <= HEADERS
    assert len(message.keys()) == len(set(message.keys()))
    assert (message["To"], ready.to) == ("ana@cliente.example", "ana@cliente.example")
    assert not message.defects
    head = ready.data.partition(b"\r\n\r\n")[0]
    assert b"\0" not in ready.data
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert max(len(line) for line in ready.data.split(b"\r\n")) <= 998


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zl", "Zp", "Zs", "Co", "Cn"]), max_size=120))
def test_a_visible_text_arrives_as_it_was(text: str) -> None:
    assert read(made(text=text, subject=text)).get_content().replace("\r\n", "\n") == f"{text}\n"
    assert one_line(text) == text


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "ana",
        "ana@",
        "@x.example",
        "a b@x.example",
        "ana@x.example\r\nRCPT TO:<otro@x.example>",
        "ana@x.example> SIZE=1",
        "<ana@x.example>",
        "ana,otro@x.example",
        '"ana"@x.example',
        "ana@x..example",
        "ana@-x.example",
        ".ana@x.example",
        f"{'a' * 65}@x.example",
        "ana@" + "a" * 64 + ".example",
        "ana\u202e@x.example",
    ],
)
def test_an_address_that_could_be_something_else_is_none(wrong: str) -> None:
    with pytest.raises(BadAddress):
        address(wrong)
    with pytest.raises(BadAddress):
        made(to=wrong)


def test_an_address_with_accents_needs_a_server_that_knows_them() -> None:
    assert not made(to="ana@muñoz.example").international
    ready = made(to="begoña@cliente.example")
    assert ready.international
    assert "To: begoña@cliente.example".encode() in ready.data


@pytest.mark.parametrize("wrong", ["", "sin-corchetes@x.example", "<a b@x>", "<a@x>\r\nBcc: b@x", "<ñ@x>"])
def test_our_own_id_is_a_whole_one(wrong: str) -> None:
    with pytest.raises(ValueError):
        made(message_id=wrong)
