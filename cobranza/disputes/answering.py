"""What is answered: the acknowledgement, and the reply that a person may send. Pure text.

An acknowledgement says that the message arrived and its case number, and nothing about anybody's debts: who wrote is
not proved. It is never sent to machines, to ourselves, to addresses that bounced, nor beyond a cap (RFC 3834).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from cobranza.disputes.linking import Document, domain_of
from cobranza.disputes.ports import Category, Kind, ReadMail
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money

LANGUAGES = ("es", "pt", "en")
_ADDRESS = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_ROBOTS = re.compile(
    r"(?:mailer-daemon|postmaster|no[-_.]?reply|do[-_.]?not[-_.]?reply|no[-_.]?respond(?:er|a)|nao[-_.]?respond[ae]r?|"
    r"bounces?|owner-.*|.*-(?:request|bounces?|owner))(?:\+.*)?@",
    re.IGNORECASE,
)
_SUBJECT_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Text:
    """A message's subject and text."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    hello: str
    arrived: str
    added: str
    automatic: str
    bye: str
    documents: str
    of: str
    due: str
    open: str
    settled: str
    which: str
    who: str


_WORDS = {
    "es": _Words(
        subject="Hemos recibido su mensaje (caso {ticket})",
        hello="Hola{name}:",
        arrived="Hemos recibido su mensaje y lo atiende una persona. Su número de caso es el {ticket}.",
        added="Hemos recibido su mensaje y lo hemos unido a su caso {ticket}.",
        automatic="Este es un aviso automático. Si responde a este correo, su respuesta se unirá al mismo caso.",
        bye="Un saludo,",
        documents="Según nuestros registros:",
        of="{number}, del {issued}, por {gross}",
        due="vencida el {due}",
        open="pendientes {open}",
        settled="pagada",
        which="¿Puede decirnos el número de la factura a la que se refiere?",
        who="Para poder ayudarle, díganos de qué empresa nos escribe y el número de la factura.",
    ),
    "pt": _Words(
        subject="Recebemos a sua mensagem (caso {ticket})",
        hello="Olá{name}:",
        arrived="Recebemos a sua mensagem e uma pessoa está cuidando dela. O número do seu caso é {ticket}.",
        added="Recebemos a sua mensagem e a juntamos ao seu caso {ticket}.",
        automatic="Este é um aviso automático. Se responder a este e-mail, a sua resposta fará parte do mesmo caso.",
        bye="Atenciosamente,",
        documents="Segundo os nossos registros:",
        of="{number}, de {issued}, no valor de {gross}",
        due="vencida em {due}",
        open="em aberto {open}",
        settled="paga",
        which="Pode nos dizer o número da fatura a que se refere?",
        who="Para podermos ajudar, diga-nos de que empresa escreve e o número da fatura.",
    ),
    "en": _Words(
        subject="We have received your message (case {ticket})",
        hello="Hello{name},",
        arrived="We have received your message and a person is looking at it. Your case number is {ticket}.",
        added="We have received your message and added it to your case {ticket}.",
        automatic="This is an automatic notice. If you reply to this e-mail, your reply will join the same case.",
        bye="Kind regards,",
        documents="According to our records:",
        of="{number}, of {issued}, for {gross}",
        due="due on {due}",
        open="{open} outstanding",
        settled="paid",
        which="Could you tell us the number of the invoice that you mean?",
        who="So that we can help you, please tell us which company you write for and the number of the invoice.",
    ),
}


def address(mail: ReadMail) -> str:
    """Where an answer goes: Reply-To only when it is of the sender's own domain, as others may put anything there.

    "" when there is nowhere to answer.
    """
    reply, sender = mail.reply_to.strip().lower(), mail.sender.strip().lower()
    same = bool(reply) and reply.rpartition("@")[2] == sender.rpartition("@")[2]
    wanted = reply if same else sender
    return wanted if _ADDRESS.fullmatch(wanted) else ""


def why_silent(
    mail: ReadMail,
    entry: Category | None,
    *,
    ours: Collection[str],
    suppressed: bool,
    sent: int,
    cap: int,
    sent_domain: int = 0,
    cap_domain: int = 0,
) -> str:
    """Why a message is not acknowledged, in Spanish; "" when it is.

    Args:
        mail: As read.
        entry: Its category; None when nobody is sure of it: then it is answered in general words.
        ours: Our own addresses.
        suppressed: The address bounced for good.
        sent: Acknowledgements to this address in the last day.
        cap: Most of them.
        sent_domain: Acknowledgements to this company's domain in the last day.
        cap_domain: Most of them, 0 for no such cap.
    """
    to = address(mail)
    if mail.kind is not Kind.HUMAN:
        return f"No lo escribió una persona: {mail.kind_reason}"
    if not to:
        return "No hay una dirección a la que contestar"
    if to in {own.lower() for own in ours} or mail.sender in {own.lower() for own in ours}:
        return "Es una dirección nuestra"
    if _ROBOTS.match(to):
        return f"{to} no admite respuestas"
    if suppressed:
        return f"{to} rebotó: no se le escribe más"
    if entry is not None and not entry.acknowledgements:
        return f"«{entry.name}» no se contesta"
    if sent >= cap:
        return f"Ya van {sent} acuses en un día a {to}"
    if cap_domain and domain_of(to) and sent_domain >= cap_domain:
        return f"Ya van {sent_domain} acuses en un día al dominio de {to}"
    return ""


def acknowledge(mail: ReadMail, entry: Category | None, *, ticket: str, signature: str, joined: bool = False) -> Text:
    """The acknowledgement of a message, in its language.

    Args:
        mail: As read.
        entry: Its category; None when nobody is sure of it.
        ticket: Number of the case.
        signature: Whose name stands at the end.
        joined: The message joined a case that was open.
    """
    words = _WORDS[mail.lang if mail.lang in _WORDS else "es"]
    first = (words.added if joined else words.arrived).format(ticket=ticket)
    next_ = (
        "" if joined or entry is None else entry.acknowledgements.get(mail.lang) or entry.acknowledgements.get("es", "")
    )
    lines = [_hello(words, mail), "", first]
    if next_:
        lines += ["", next_]
    lines += ["", words.automatic, "", words.bye, signature]
    return Text(_subject(words, ticket, mail), "\n".join(lines) + "\n")


def suggest(
    mail: ReadMail, entry: Category, documents: Sequence[Document], *, known: bool, today: date, signature: str
) -> str:
    """A reply for a person to read, correct and send; every figure in it is cited from the ledger.

    Args:
        mail: As read.
        entry: Its category.
        documents: What the case is about, all of the sender's own debtor.
        known: The sender is a contact of that debtor; a stranger is told nothing and asked who they are.
        today: In the creditor's zone.
        signature: Whose name stands at the end.

    Returns:
        The reply; "" where none may be sent by mail (a change of bank details: somebody calls).
    """
    if entry.needs_callback:
        return ""
    words = _WORDS[mail.lang if mail.lang in _WORDS else "es"]
    lines = [_hello(words, mail), ""]
    if not known:
        lines.append(words.who)
    else:
        if next_ := entry.acknowledgements.get(mail.lang) or entry.acknowledgements.get("es", ""):
            lines += [next_, ""]
        if documents:
            lines.append(words.documents)
            lines += [f"- {_cited(words, document, today)}" for document in documents]
        else:
            lines.append(words.which)
    lines += ["", words.bye, signature]
    return "\n".join(lines) + "\n"


def cited(document: Document, today: date, lang: str = "es") -> str:
    """One document with its state, for people."""
    return _cited(_WORDS.get(lang, _WORDS["es"]), document, today)


def _cited(words: _Words, document: Document, today: date) -> str:
    text = words.of.format(
        number=document.number, issued=write_day(document.issued_on), gross=_money(document.gross, document.currency)
    )
    if not document.open:
        return f"{text}: {words.settled}"
    parts = [words.open.format(open=_money(document.open, document.currency))]
    if document.due_on < today:
        parts.append(words.due.format(due=write_day(document.due_on)))
    return f"{text}: {', '.join(parts)}"


def _money(amount: Decimal, currency: str) -> str:
    return write_money(Money(currency, amount))


def _hello(words: _Words, mail: ReadMail) -> str:
    """The name only when it looks like one: what stands in From is the sender's to choose."""
    name = re.sub(r"\s+", " ", mail.sender_name).strip()
    plain = (
        bool(re.fullmatch(r"[^\W\d_][\w.' -]{1,39}", name)) and "http" not in name.lower() and "www" not in name.lower()
    )
    return (
        words.hello.format(name=f", {name}" if plain else "")
        if words is not _WORDS["en"]
        else words.hello.format(name=f" {name}" if plain else "")
    )


def _subject(words: _Words, ticket: str, mail: ReadMail) -> str:
    own = re.sub(r"[\r\n\t ]+", " ", mail.subject).strip()
    text = words.subject.format(ticket=ticket)
    return f"{text}: {own[:_SUBJECT_LENGTH]}" if own else text
