"""Whatever comes in: an answer or `UnreadableMail`, spans that cover the body, entities that stand where they say."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.disputes.ports import ReadMail, UnreadableMail, Zone
from cobranza.disputes.reading import html_text, mime, reader

PIECES = st.sampled_from(
    [
        "From: a@x.example\n", "Subject: x\n", "Subject: =?utf-8?b?////?=\n",
        "Content-Type: text/html; charset=utf-16\n",
        "Content-Type: multipart/mixed; boundary=b\n", "Content-Type: message/rfc822\n", "\n", "--b\n", "--b--\n", "> ",
        "Content-Transfer-Encoding: base64\n", "Content-Transfer-Encoding: x-uuencode\n", ">>>", "De: Ana\n",
        "Asunto: x\n", "Enviado: 3 de marzo\n", "El lun, 3 mar 2025, Ana <a@x.example> escribió:\n", "-- \n", "--\n",
        "---------- Forwarded message ---------\n", "Un saludo,\n", "Tel. 910 000 000\n",
        "AVISO LEGAL: este mensaje es confidencial\n", "Factura F-77, 78 y 79 por 1.234,56 €", "$ 1.000.000.000.000",
        "12/3/25", "ES91 2100 0418 4502 0005 1332", "2100" * 6, "a" * 300, "1" * 300, "1.2,3" * 90, " " * 300,
        "-" * 300,
        "(" * 200, "<div>" * 60, "<table><tr><td>" * 20, "</", "&nbsp;", "\u202e", "\ue000",
        "\ue003", "\x00", "é", "🙂",
        "\ud800", "\x08", "<head>\x0b</head>\x0f", "&#8;", "&#x1f;<style></style>&#2;",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES | st.text(max_size=20), max_size=15).map("".join)


def _holds(mail: ReadMail) -> None:
    at = 0
    for span in mail.spans:
        assert span.start == at
        assert span.end > span.start
        at = span.end
    assert at == len(mail.body)
    for entity in mail.entities:
        text = mail.subject if entity.where == "subject" else mail.body
        assert text[entity.start : entity.end] == entity.text
        assert entity.text
    kept = "".join(mail.body[span.start : span.end] for span in mail.spans if span.zone in (Zone.NEW, Zone.FORWARDED))
    if not kept.strip():
        assert not mail.own_text


@settings(max_examples=30, deadline=None)
@given(TEXTS, TEXTS)
def test_parts_always_read(subject: str, body: str) -> None:
    _holds(reader.from_parts(subject, body, "a@x.example"))


@settings(max_examples=30, deadline=None)
@given(TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary(max_size=400))
def test_bytes_read_or_are_refused(raw: bytes) -> None:
    for octets in (raw, b"From: a@x.example\nSubject: x\n" + raw):
        try:
            mail = reader.read(octets)
        except UnreadableMail:
            continue
        _holds(mail)


@settings(max_examples=30, deadline=None)
@given(TEXTS)
def test_html_always_lays_out(markup: str) -> None:
    laid_out = html_text.read(markup)

    assert all(0 <= hint.start < hint.end <= len(laid_out.text) for hint in laid_out.hints)
    assert not any(sign in laid_out.text for sign in "\ue000\ue001\ue002\ue003\ue004\ue005")


@given(st.lists(st.text("ab> ", max_size=12), max_size=8).map("\n".join))
def test_joining_soft_breaks_loses_no_letter(text: str) -> None:
    joined = mime.unflowed(text, deletes=False)

    assert [sign for sign in joined if sign in "ab"] == [sign for sign in text if sign in "ab"]


HOSTILE = [
    "a", "1", "1.", "1 ", "$1", "<", "<a", ">", "\n", "-", "_", "(", "De: a@b.c\n", "El 1 ", "El 1 2025\n", "factura ",
    "factura 1, ", "F-", "A1-", "de ", "este mensaje ", "AVISO LEGAL: \n", "Tel. 1\n", "Un saludo\n", "@",
    "a@", "a.b@c.",
    "<div><blockquote>", "<table><tr><td>", "<script", "&#", "ES91", "2025-03-", "12/3/", "Ã³", "=?utf-8?q?",
    "estoy de ",
    "no responda a ", "Le recibimos su ", "<td>1</td>", "mi regreso el ", "1 de ",
]  # fmt: skip
_LENGTH = 15_000
_AT_MOST = 5.0
"""Seconds of processor: a hundredfold of what it takes, and nothing to a pattern that explodes."""


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_text_costs_more_than_its_length(piece: str) -> None:
    text = piece * (_LENGTH // len(piece))
    began = time.process_time()

    reader.from_parts(text, text, text)
    reader.read(f"From: {text}\nSubject: {text}\n\n{text}".encode())
    html_text.read(f"<p>{text}")

    assert time.process_time() - began < _AT_MOST
