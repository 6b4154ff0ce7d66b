"""What a debtor says on a page enters the dispute process as their mail: one case, one ticket, its holds at once.

Unlike a mail's, the sender is proved and has said what it is about and which documents it concerns, so nobody has to
judge or to guess: the case is opened here, in one transaction with its holds, and the triage robot goes on from there
(ticket, files to the desk) as with any mail. What outranks a sender's word in a mail does so here: a bank account that
nobody knew makes it a change of bank details, and categories that only a person may close stay so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from django.db import transaction

from cobranza.disputes import answering, cases, policy, storing, ticketing
from cobranza.disputes import settings as triage
from cobranza.disputes.directory import LedgerDirectory, documents_of
from cobranza.disputes.holding import Planned
from cobranza.disputes.linking import Linked, Named, Party
from cobranza.disputes.models import Dispute, Mail
from cobranza.disputes.ports import Alternative, Category, Hold, Judgement, Kind, MailPosition, ReadMail
from cobranza.disputes.reading import reader
from cobranza.disputes.shift import known_categories, queue_of
from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError
from cobranza.ledger import conversation
from cobranza.ledger.models import Contact, Invoice
from cobranza.portal.files import Paper
from cobranza.portal.visit import ROBOT, Visit
from cobranza.runs import items

ACCOUNT = "portal"
_NOWHERE = "sin-correo@cobranza.invalid"
_States = Mail.States


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a debtor says.

    Attributes:
        key: Of the form, unique for ever.
        at: When it was sent, aware.
        category: Slug of a category; "" when the debtor chose none of ours: a person decides.
        subject: One line.
        text: Their own words, with what the form asked in front.
        parts: Invoice's id → how much of it, None for all that is open.
        files: With it.
    """

    key: str
    at: datetime
    category: str
    subject: str
    text: str
    parts: Mapping[int, Decimal | None] = field(default_factory=dict)
    files: Sequence[Paper] = ()


def enter(visit: Visit, said: Said) -> Dispute:
    """Open the case of what was said; the same key is the same case.

    Raises:
        UnknownCategory: ``config/portal.toml`` names one that has no file.
    """
    raw = _message(visit, said)
    read = reader.read(raw, country_hint=visit.country)
    sender = "" if read.sender == _NOWHERE else read.sender
    read = replace(
        read,
        kind=Kind.HUMAN,
        kind_reason="Lo escribió el deudor en su página",
        sender=sender,
        reply_to=sender,
        lang=visit.language,
        own_text=said.text,
    )
    with transaction.atomic():
        position = MailPosition(account=ACCOUNT, folder="", uidvalidity=0, uid=0)
        mail, _new = storing.take(raw, position, creditor=visit.creditor, actor=ROBOT)
        mail = storing.write_reading(mail, read)
        if mail.dispute is not None:
            return cases.merged(mail.dispute)
        case = _open(visit, said, mail, read)
        # Under the name that the triage robot gives every mail's words: said once, and erased with the mail by law.
        word = conversation.note(
            f"mail:{mail.key}",
            channel=ACCOUNT,
            direction="in",
            subject=said.subject,
            text=said.text,
            at=said.at,
            actor=ROBOT,
            debtor=visit.debtor,
            reference=f"caso:{case.pk}",
        )
        conversation.handled(word, by=ACCOUNT)  # the case attends to it: no assistant answers it as well
        # Nothing lies in a mailbox: there is nothing to be moved out of one.
        Mail.objects.filter(pk=mail.pk).update(moved_at=clock.now())
        rules = triage.read()
        items.add(queue_of(visit.creditor.key), mail.key, {"mail": mail.pk}, max_attempts=rules.intentos)
    return case


def _open(visit: Visit, said: Said, mail: Mail, read: ReadMail) -> Dispute:
    categories = known_categories()
    invoices = list(Invoice.objects.filter(debtor=visit.debtor, pk__in=list(said.parts)).order_by("due_on", "pk"))
    documents = {one.id: one for one in documents_of(invoices)}
    party = Party(visit.debtor.pk, visit.debtor.name, visit.debtor.tax_id)
    named = tuple(Named(document=documents[row.pk], how="exact", text=row.number) for row in invoices)
    linked = Linked(party=party, named=named, reasons=("Entró en su página con su segunda prueba",))
    known = LedgerDirectory(visit.creditor, visit.today).accounts(visit.debtor.pk)
    judgement = policy.outrank(_judgement(said, categories), policy.new_accounts(read, known), categories)
    entry = policy.category(categories, judgement.label)
    review = policy.review(judgement, entry, linked, {slug: one.name for slug, one in categories.items()})
    held = _held(said, named, entry, judgement)
    desk, signature = _office(visit)
    due = policy.due(mail.received_at, entry)
    reply = answering.suggest(
        read, entry, [one.document for one in named], known=True, today=visit.today, signature=signature
    )
    request = ticketing.ask(
        read, judgement, entry, linked, held, review,
        names={slug: one.name for slug, one in categories.items()}, reply=reply, due=due, fallback=_NOWHERE,
        today=visit.today,
    )  # fmt: skip
    amounts = {one.named.document.id: one.amount for one in held}
    values = {
        "debtor_id": visit.debtor.pk,
        "subject": said.subject[:300],
        "lang": visit.language,
        "category": entry.slug,
        "secondary": judgement.secondary,
        "confidence": Decimal(0) if judgement.abstain else Decimal(1),
        "model": ACCOUNT,
        "decided_by_name": ROBOT.name,
        "review": Dispute.Reviews.WAITING if review.wanted else Dispute.Reviews.NONE,
        "review_reasons": list(review.reasons),
        "alert": review.alert,
        # Whoever says that none of it is theirs need not list their invoices.
        "whole_debtor": not named and not judgement.abstain and entry.hold is Hold.NAMED_DOCUMENTS,
        "suggestion": {"debtors": [], "documents": [], "unknown": [], "reasons": list(linked.reasons)},
        "reply": reply,
        "request": request,
        "desk": desk,
        "due_at": due,
    }
    links = [
        cases.LinkPlan(
            invoice=one.document.id,
            amount=amounts.get(one.document.id),
            held=one.document.id in amounts,
            reason="lo señaló en su página",
        )
        for one in named
    ]
    return cases.open_case(mail, values=values, links=links, actor=ROBOT, expected=(_States.READ,))


def _judgement(said: Said, categories: Mapping[str, Category]) -> Judgement:
    """What the debtor chose, as a judgement; without a choice nobody is sure and a person looks."""
    if said.category:
        label, abstain, told = said.category, False, "Lo eligió el deudor en su página"
        others: tuple[Alternative, ...] = (Alternative(label=label, confidence=1.0),)
    else:
        disputes = [slug for slug, entry in sorted(categories.items()) if entry.hold is Hold.DISPUTED_AMOUNT][:3]
        others = tuple(Alternative(label=slug, confidence=round(1 / (len(disputes) + 1), 2)) for slug in disputes)
        label = disputes[0] if disputes else next(iter(sorted(categories)), "")
        abstain, told = True, "El deudor eligió «otro motivo»"
    return Judgement(
        label=label,
        confidence=0.0 if abstain else 1.0,
        secondary="",
        alternatives=others,
        abstain=abstain,
        reasons=(told,),
        model=ACCOUNT,
    )


def _held(said: Said, named: Sequence[Named], entry: Category, judgement: Judgement) -> tuple[Planned, ...]:
    """What is held: of each document what the debtor wrote in its field, all of it where they wrote nothing."""
    if entry.hold is Hold.NONE and not judgement.abstain:
        return ()
    held = []
    for one in named:
        if one.document.open <= 0:
            continue
        part = said.parts.get(one.document.id)
        if part is not None and part >= one.document.open:
            part = None
        why = f"Se discute {one.document.number}" + ("" if part is None else f": {part}")
        held.append(Planned(named=one, amount=part, why=why))
    return tuple(held)


def _office(visit: Visit) -> tuple[str, str]:
    """The ticket desk where the company's cases go, "" when it has none yet, and whose name stands under answers."""
    rules = triage.read()
    try:
        desk = next(iter(rules.of(visit.creditor.key).values())).mesa
    except ConfigError:
        desk = ""
    return desk, rules.firma or visit.creditor.name


def _message(visit: Visit, said: Said) -> bytes:
    """The same said, the same bytes."""
    address = (
        Contact.objects.filter(debtor=visit.debtor, kind=Contact.Kinds.EMAIL)
        .order_by("-created_at", "-pk")
        .values_list("value", flat=True)
        .first()
    )
    mail = EmailMessage(policy=SMTP)
    mail["From"] = address if address and "@" in address and address.isascii() and " " not in address else _NOWHERE
    mail["Subject"] = " ".join(said.subject.split())[:300]
    mail["Date"] = format_datetime(said.at)
    name = hashlib.sha256(f"{visit.creditor.key}|{said.key}".encode()).hexdigest()[:32]
    mail["Message-ID"] = f"<{name}@portal.cobranza.invalid>"
    mail["X-Cobranza-Portal"] = f"link {visit.link.pk}"
    mail.set_content(said.text, charset="utf-8")
    for number, paper in enumerate(said.files):
        main, _, sub = paper.media_type.partition("/")
        mail.add_attachment(paper.content, maintype=main, subtype=sub, filename=paper.name)
        mail.get_payload()[number + 1]["Content-ID"] = f"<{paper.sha256[:32]}@portal.cobranza.invalid>"  # type: ignore[index]
    if mail.is_multipart():
        mail.set_boundary(f"portal-{name}")
    return mail.as_bytes()
