"""Messages for the tests, all invented."""

from __future__ import annotations

from email.message import EmailMessage

from cobranza.disputes.ports import ReadMail, Zone
from cobranza.disputes.reading import reader


def raw(text: str, *, subject: str = "Factura", html: str = "", **headers: str) -> bytes:
    """A message of Ana; header names with "_" for "-"."""
    message = EmailMessage()
    message["From"] = headers.pop("From", "Ana Ruiz <ana@taller.example>")
    message["To"] = "cobros@nosotros.example"
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def of(text: str, *, subject: str = "Factura", sender: str = "Ana <ana@taller.example>", country: str = "") -> ReadMail:
    """The reading of a mail given as parts."""
    return reader.from_parts(subject, text, sender, country_hint=country)


def own(text: str, *, subject: str = "Re: factura") -> str:
    """Its own text."""
    return of(text, subject=subject).own_text


def zone(mail: ReadMail, which: Zone) -> str:
    """All text of one zone."""
    return "".join(mail.body[span.start : span.end] for span in mail.spans if span.zone is which)


def values(text: str, type_: str, *, country: str = "", subject: str = "Hola") -> list[str]:
    """Values of the entities of one type, in order."""
    return [each.value for each in of(text, country=country, subject=subject).entities if each.type == type_]
