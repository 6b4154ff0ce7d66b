"""From raw bytes to plain data: headers, charsets, structure, limits."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from cobranza.disputes.ports import UnreadableMail
from cobranza.disputes.reading import reader, repair, threads
from cobranza.disputes.reading.limits import Limits
from tests.unit.disputes_reading import builders

PLAIN = b"From: Ana <ana@taller.example>\nSubject: Factura\n"


def test_a_message_is_read() -> None:
    raw = builders.raw(
        "La factura F-77 está pagada.",
        subject="Factura F-77",
        Date="Mon, 03 Mar 2025 10:22:00 +0100",
        Message_ID="<m1@taller.example>",
        In_Reply_To="<a2@nosotros.example>",
        References="<a1@nosotros.example> <a2@nosotros.example>",
        Reply_To="Eva <EVA@taller.example>",
    )

    mail = reader.read(raw)

    assert (mail.sender, mail.sender_name, mail.reply_to) == ("ana@taller.example", "Ana Ruiz", "eva@taller.example")
    assert mail.to == ("cobros@nosotros.example",)
    assert mail.date is not None
    assert mail.date.utcoffset() == timedelta(hours=1)
    assert mail.message_id == "<m1@taller.example>"
    assert mail.references == ("<a1@nosotros.example>", "<a2@nosotros.example>")
    assert (mail.lang, mail.country) == ("es", "ES")
    assert len(mail.key) == 64


def test_two_deliveries_of_one_mail_have_one_canonical_digest() -> None:
    raw = builders.raw("Hola", Message_ID="<m1@x.example>")
    other = b"Received: by mx.example\n" + raw

    assert reader.read(raw).key != reader.read(other).key
    assert reader.read(raw).canonical == reader.read(other).canonical


@pytest.mark.parametrize(
    ("charset", "octets"),
    [
        ("utf-8", "Reclamación".encode()),
        ("iso-8859-1", "Reclamación".encode("latin-1")),
        ("windows-1252", "Reclamación".encode("cp1252")),
        ("us-ascii", "Reclamación".encode()),
        ("no-such-charset", "Reclamación".encode()),
        ("", "Reclamación".encode("cp1252")),
        ("utf-8", "Reclamación de la factura, señores, ya está pagada".encode("cp1252")),
    ],
)
def test_charsets_that_lie_are_repaired(charset: str, octets: bytes) -> None:
    raw = PLAIN + b"Content-Type: text/plain; charset=" + charset.encode() + b"\n\n" + octets

    assert reader.read(raw).body.startswith("Reclamación")


def test_raw_octets_in_a_header_are_read() -> None:
    assert reader.read("From: a@x.example\nSubject: Reclamación\n\nHola".encode()).subject == "Reclamación"
    assert reader.read("From: a@x.example\nSubject: Reclamación\n\nHola".encode("cp1252")).subject == "Reclamación"


def test_an_address_in_the_name_is_a_name() -> None:
    raw = b'From: "jefe@nosotros.example" <otro@lejos.example>\nSubject: x\n\nHola'

    mail = reader.read(raw)

    assert (mail.sender, mail.sender_name) == ("otro@lejos.example", "jefe@nosotros.example")


@pytest.mark.parametrize("date", ["", "ayer", "Mon, 99 Foo 2025", "Mon, 03 Mar 9999 10:00:00 +0000", "1/1/1"])
def test_nonsense_dates_are_none(date: str) -> None:
    assert reader.read(builders.raw("Hola", **({"Date": date} if date else {}))).date is None


def test_plain_text_is_preferred_and_html_takes_over_where_it_says_nothing() -> None:
    html = "<p>La factura está mal desde el principio y así no la pagamos, lo hemos dicho tres veces.</p>"

    assert reader.read(builders.raw("No la pagamos así, la factura está mal.", html=html)).body.startswith("No la")
    assert reader.read(builders.raw("Su programa no soporta HTML.", html=html)).body.startswith("La factura")
    assert reader.read(builders.raw("", html=html)).body.startswith("La factura")


def test_what_html_hides_is_not_read() -> None:
    html = "<style>p{}</style><p>Hola<span style='display:none'>oculto</span></p><script>alert(1)</script><!-- no -->"

    assert reader.read(builders.raw("", html=html)).body == "Hola"


def test_control_characters_in_html_are_left_out() -> None:
    html = "<head><style>x</style>\x08</head><p>Hola&#8;<span style='display:none'>x</span>\x0f y adiós</p>"

    assert builders.of(html).body == "Hola y adiós"


def test_files_are_kept_by_hash_without_their_folders() -> None:
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"] = "a@x.example"
    message.set_content("Adjunto.")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="..\\..\\C:\\pago/recibo.pdf")
    message.add_attachment(b"x\x9f\x3e\x22", maintype="application", subtype="ms-tnef", filename="winmail.dat")

    mail = reader.read(message.as_bytes())

    assert [each.name for each in mail.attachments] == ["recibo.pdf", "winmail.dat"]
    assert mail.attachments[0].content == b"%PDF"
    assert any("winmail.dat" in note for note in mail.notes)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "vacío"),
        (b"   \n\n", "vacío"),
        (b"Hola, no soy un correo.", "cabeceras"),
        (b"%PDF-1.7\n\x00\x01\x02", "cabeceras"),
        (PLAIN + b"\n" + b"x" * 3_000, "octetos"),
        (PLAIN + b"X-Y: " + b"z" * 2_500 + b"\n\nHola", "octetos"),
    ],
)
def test_what_is_no_message_or_too_much_goes_to_quarantine(raw: bytes, reason: str) -> None:
    with pytest.raises(UnreadableMail, match=reason):
        reader.read(raw, limits=Limits(octets=2_900, header_octets=2_000))


def test_parts_within_parts_end_somewhere() -> None:
    raw = b"From: a@x.example\nSubject: x\n"
    for level in range(40):
        raw += b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level)

    with pytest.raises(UnreadableMail, match="anida"):
        reader.read(raw + b"\nHola")


def test_messages_within_messages_end_somewhere() -> None:
    raw = PLAIN + b"Content-Type: message/rfc822\n\n"
    raw += b"Content-Type: message/rfc822\n\n" * 5_000

    with contextlib.suppress(UnreadableMail):  # refusing is as good as reading, crashing is not
        reader.read(raw)


def test_soft_limits_are_told_in_the_notes() -> None:
    mail = reader.read(PLAIN + b"\n" + b"Pagado. " * 400, limits=Limits(text=100))

    assert len(mail.body) == 100
    assert any("cortó" in note for note in mail.notes)


def test_soft_line_breaks_are_joined() -> None:
    raw = PLAIN + b"Content-Type: text/plain; format=flowed\n\nLa factura ya \nno se debe.\n> una \n> cita\n"

    assert reader.read(raw).body.split("\n") == ["La factura ya no se debe.", "> una cita"]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("NO HE RECIBIDO LA MERCANCIA DE LA F001-22", "no he recibido la mercancia de la F001-22"),
        ("Hola. NO PAGO.", "Hola. NO PAGO."),
        ("la recepciÃ³n del dÃ­a", "la recepción del día"),
        ("son\u00a038\u00a0€", "son 38 €"),
        ("RFC TEX080516R41", "RFC TEX080516R41"),
    ],
)
def test_text_is_repaired(broken: str, expected: str) -> None:
    assert repair.text(broken) == expected


@pytest.mark.parametrize(
    ("text", "subject", "expected"),
    [
        ("Bom dia, segue o comprovante.", "", "pt"),
        ("Recebi a cadeira nova, obrigada!", "", "pt"),
        ("Ya pagué la factura el lunes.", "", "es"),
        ("Please send me the invoice again.", "", "en"),
        ("ok", "Overdue invoice", "en"),
        ("", "", "es"),
        ("300", "", "es"),
    ],
)
def test_languages(text: str, subject: str, expected: str) -> None:
    assert builders.of(text, subject=subject).lang == expected


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("ana@taller.example", True),
        ("ANA+facturas@taller.example", True),
        ("luis@taller.example", True),
        ("ana@taller.example.malo.example", False),
        ("otro@gmail.com", False),
        ("", False),
    ],
)
def test_only_a_party_may_join_a_thread(sender: str, expected: bool) -> None:
    assert threads.same_party(sender, ["ana@taller.example", "vecino@gmail.com"]) is expected


def test_a_row_reads_like_its_message() -> None:
    when = datetime(2025, 3, 3, 10, 22, tzinfo=UTC)
    row = reader.from_parts(
        "RE: F-77",
        "Ya pagué.\r\n> Debe la F-77",
        "Ana <ana@taller.example>",
        headers={"Auto-Submitted": "no"},
        date=when,
        attachments=["pago.pdf"],
    )

    assert row.own_text == "Ya pagué."
    assert row.date == when
    assert [each.name for each in row.attachments] == ["pago.pdf"]
    assert reader.from_parts("x", "y", "", date="2025-03-20T08:45:00").date == datetime(2025, 3, 20, 8, 45, tzinfo=UTC)
