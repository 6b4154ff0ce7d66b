"""A mailbox, a desk, a way out and a judge in memory, with the faults of the real ones on call."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parseaddr
from typing import Self

from cobranza.disputes.ports import (
    Accepted,
    Alternative,
    Attachment,
    Bounce,
    Category,
    DeskError,
    DeskRefused,
    Entity,
    Hold,
    Judgement,
    Kind,
    MailGone,
    MailPosition,
    NewComment,
    NewTicket,
    OutgoingMail,
    Priority,
    Question,
    ReadMail,
    Span,
    Ticket,
    TicketClosed,
    UnreadableMail,
    WaitingMail,
    Zone,
)

THANKS = {"es": "Lo estudiaremos.", "pt": "Vamos estudar.", "en": "We will look into it."}


def category(slug: str, **values: object) -> Category:
    whole: dict[str, object] = {
        "slug": slug, "name": slug.replace("_", " ").capitalize(), "description": "", "department": "cobros",
        "form": "disputa", "sla_hours": 24, "priority": Priority.NORMAL, "acknowledgements": THANKS,
        "hold": Hold.NONE, "never_automatic": False, "needs_callback": False,
    }  # fmt: skip
    return Category(**{**whole, **values})  # type: ignore[arg-type]


CATEGORIES: Mapping[str, Category] = {
    entry.slug: entry
    for entry in (
        category("factura_incorrecta", hold=Hold.DISPUTED_AMOUNT, department="facturacion"),
        category("pago_ya_realizado", hold=Hold.DISPUTED_AMOUNT),
        category("desconoce_deuda", hold=Hold.NAMED_DOCUMENTS, never_automatic=True),
        category("consulta_general"),
        category("no_accionable", acknowledgements={}, sla_hours=0),
        category(
            "cambio_datos_bancarios", never_automatic=True, needs_callback=True, priority=Priority.URGENT,
            department="tesoreria",
        ),
    )
}  # fmt: skip

_FOUND = (
    ("invoice", re.compile(r"\b[A-Z]{1,4}-?\d{2,4}[-/]\d{2,6}\b")),
    ("amount", re.compile(r"\b\d{1,3}(?:\.\d{3})*,\d{2} ?EUR\b")),
    ("iban", re.compile(r"\bES\d{22}\b")),
    ("tax_id", re.compile(r"\b[AB]\d{8}\b")),
)


def raw(
    text: str,
    *,
    sender: str = "Pepa <pagos@pepa.example>",
    subject: str = "Una factura",
    message_id: str = "",
    references: str = "",
    **headers: str,
) -> bytes:
    """A message; give `message_id` to tell it from another with the same text."""
    lines = [f"From: {sender}", f"Subject: {subject}", "Date: Mon, 16 Nov 2026 09:30:00 +0100"]
    lines += [f"Message-ID: {message_id}"] if message_id else []
    lines += [f"References: {references}"] if references else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", text]).encode()


def read(content: bytes) -> ReadMail:
    """A reader of the messages above: good enough to drive the workflow, whose own reader has its own tests."""
    if b"ILEGIBLE" in content:
        raise UnreadableMail("No es un mensaje.")
    found = email.message_from_bytes(content, policy=email.policy.default)
    name, address = parseaddr(str(found["From"] or ""))
    body = content.partition(b"\r\n\r\n")[2].decode()
    own, mark, _ = body.partition("\n> ")
    spans = [Span(zone=Zone.NEW, start=0, end=len(own))]
    spans += [Span(zone=Zone.QUOTED, start=len(own), end=len(body))] if mark else []
    kind = Kind.AUTO_REPLY if found["Auto-Submitted"] else Kind.HUMAN
    bounced = str(found["X-Bounced"] or "")
    said = "\x1f".join(str(found[key]) for key in ("From", "Date", "Subject", "Message-ID")) + body
    return ReadMail(
        key=hashlib.sha256(content).hexdigest(),
        canonical=hashlib.sha256(said.encode()).hexdigest(),
        message_id=str(found["Message-ID"] or ""),
        references=tuple(str(found["References"] or "").split()),
        sender=address.lower(),
        sender_name=name,
        reply_to=parseaddr(str(found["Reply-To"] or ""))[1].lower() or address.lower(),
        to=("disputas@empresa.example",),
        date=datetime(2026, 11, 16, 8, 30, tzinfo=UTC),
        subject=str(found["Subject"] or ""),
        body=body,
        own_text=own,
        spans=tuple(spans),
        kind=Kind.BOUNCE if bounced else kind,
        kind_reason="" if kind is Kind.HUMAN and not bounced else "Lo dice su cabecera Auto-Submitted",
        lang=str(found["Content-Language"] or "es"),
        country="ES",
        entities=tuple(_entities(body, len(own))),
        attachments=tuple(
            Attachment(name=one, media_type="text/plain", sha256=hashlib.sha256(b"x").hexdigest(), content=b"x")
            for one in str(found["X-Attached"] or "").split()
        ),
        bounce=(Bounce(recipient=bounced, status="5.1.1", permanent=True, diagnostic="unknown"),) if bounced else (),
    )


def _entities(body: str, own: int) -> Iterable[Entity]:
    for kind, pattern in _FOUND:
        for hit in pattern.finditer(body):
            value = hit[0]
            if kind == "amount":
                value = value.replace("EUR", "").strip().replace(".", "").replace(",", ".") + " EUR"
            zone = Zone.NEW if hit.start() < own else Zone.QUOTED
            yield Entity(type=kind, text=hit[0], value=value, start=hit.start(), end=hit.end(), where="body", zone=zone)


@dataclass
class FakeJudge:
    """Goes by the first category word in the text; "quizá" makes it unsure."""

    slug: str = "disputes"
    asked: list[Question] = field(default_factory=list)

    def judge(self, questions: Sequence[Question]) -> list[Judgement]:
        self.asked += questions
        return [self._one(question.mail.own_text.lower()) for question in questions]

    def _one(self, text: str) -> Judgement:
        words = {
            "incorrect": "factura_incorrecta", "de más": "factura_incorrecta", "pagad": "pago_ya_realizado",
            "no reconoz": "desconoce_deuda", "gracias": "no_accionable", "nueva cuenta": "cambio_datos_bancarios",
        }  # fmt: skip
        label = next((slug for word, slug in words.items() if word in text), "consulta_general")
        unsure = "quizá" in text
        order = [label, *(slug for slug in CATEGORIES if slug != label)][:3]
        shares = (0.4, 0.3, 0.2) if unsure else (0.96, 0.02, 0.01)
        return Judgement(
            label=label,
            confidence=shares[0],
            secondary="",
            alternatives=tuple(Alternative(label=a, confidence=b) for a, b in zip(order, shares, strict=True)),
            abstain=unsure,
            reasons=("Lo dice el texto",),
            model="prueba-1",
        )


class Fault(Exception):
    """Stands for `kill -9`: no code of ours catches it."""


@dataclass
class FakeMailbox:
    """An inbox and folders by name; `rebuild` gives every message a new number."""

    account: str = "disputas"
    validity: int = 1
    next_uid: int = 1
    folders: dict[str, dict[int, bytes]] = field(default_factory=lambda: {"INBOX": {}, "Procesados": {}, "Errores": {}})
    fetched: int = 0
    fault: Callable[[str], None] = lambda what: None

    def deliver(self, content: bytes) -> None:
        self.folders["INBOX"][self.next_uid] = content
        self.next_uid += 1

    def rebuild(self) -> None:
        self.validity += 1
        kept = list(self.folders["INBOX"].values())
        self.folders["INBOX"], self.next_uid = {}, 1
        for content in kept:
            self.deliver(content)

    def waiting(self) -> list[WaitingMail]:
        return [
            WaitingMail(
                position=MailPosition(account=self.account, folder="INBOX", uidvalidity=self.validity, uid=uid),
                size=len(content),
            )
            for uid, content in sorted(self.folders["INBOX"].items())
        ]

    def fetch(self, position: MailPosition, limit: int) -> bytes:
        self.fault("fetch")
        content = self._at(position)
        if len(content) > limit:
            raise UnreadableMail("Demasiado grande.")
        self.fetched += 1
        return content

    def move(self, position: MailPosition, folder: str) -> None:
        if position.uidvalidity != self.validity:
            raise MailGone("El buzón se ha reconstruido.")
        self.fault("before move")
        content = self.folders["INBOX"].pop(position.uid, None)
        if content is not None:
            self.folders[folder][len(self.folders[folder]) + 1] = content
        self.fault("after move")

    def wait(self, seconds: float) -> None:
        """Nothing arrives meanwhile."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...

    def _at(self, position: MailPosition) -> bytes:
        found = self.folders["INBOX"].get(position.uid)
        if found is None or position.uidvalidity != self.validity:
            raise MailGone("Ya no está ahí.")
        return found


@dataclass
class FakeDesk:
    """A desk that keeps its word: the same key is the same ticket, the same comment."""

    slug: str = "falsa"
    tickets: dict[str, Ticket] = field(default_factory=dict)
    asked: dict[str, NewTicket] = field(default_factory=dict)
    follows: dict[str, str] = field(default_factory=dict)
    comments: dict[str, NewComment] = field(default_factory=dict)
    changed: list[Ticket] = field(default_factory=list)
    refuses: str = ""
    fault: Callable[[str], None] = lambda what: None

    def open(self, ticket: NewTicket, *, follows: str = "") -> Ticket:
        self.fault("before open")
        there = self.asked.get(ticket.key)
        if there is not None and replace(there, files=()) != replace(ticket, files=()):
            raise DeskError("Request parameters don't match the given idempotency key")
        if ticket.key not in self.tickets:
            number = str(1000 + len(self.tickets))
            self.asked[ticket.key] = ticket
            self.follows[ticket.key] = follows
            self.tickets[ticket.key] = Ticket(id=number, key=ticket.key, status="new", updated=datetime.now(UTC))
        self.fault("after open")
        return self.tickets[ticket.key]

    def find(self, key: str) -> Ticket | None:
        return self.tickets.get(key)

    def comment(self, comment: NewComment) -> None:
        self.fault("before comment")
        if comment.key not in self.comments:
            ticket = next(one for one in self.tickets.values() if one.id == comment.ticket)
            if ticket.status == "closed":
                raise TicketClosed("El ticket está cerrado.")
            if self.refuses and (comment.route or comment.status):
                raise DeskRefused(self.refuses)
            self.comments[comment.key] = comment
        self.fault("after comment")

    def set(self, number: str, status: str) -> Ticket:
        """Somebody at the desk changes a ticket."""
        key = next(key for key, one in self.tickets.items() if one.id == number)
        self.tickets[key] = replace(self.tickets[key], status=status, updated=datetime.now(UTC))
        self.changed.append(self.tickets[key])
        return self.tickets[key]

    def changed_since(self, cursor: str) -> tuple[Sequence[Ticket], str]:
        return self.changed[int(cursor or 0) :], str(len(self.changed))

    def event(self, headers: Mapping[str, str], content: bytes) -> Ticket | None:
        return None


@dataclass
class FakeSender:
    """Remembers what it was given, also when the line broke afterwards."""

    sent: list[OutgoingMail] = field(default_factory=list)
    answers: list[Accepted] = field(default_factory=list)
    fault: Callable[[str], None] = lambda what: None

    def send(self, mail: OutgoingMail) -> Accepted:
        self.fault("before send")
        answer = self.answers.pop(0) if self.answers else Accepted.ACCEPTED
        if answer in (Accepted.ACCEPTED, Accepted.UNKNOWN):
            self.sent.append(mail)
        self.fault("after send")
        return answer
