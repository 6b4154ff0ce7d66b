"""What the model sees of one message: the same for training, measuring and judging."""

from __future__ import annotations

from dataclasses import dataclass, field

from cobranza.disputes.ports import Kind, LedgerFacts, Question, ReadMail, Zone

ACCOUNTS = frozenset({"iban", "clabe", "cbu", "cci"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One message as the model sees it.

    Attributes:
        subject: As received.
        text: What the sender wrote in this message.
        lang: "es", "pt" or "en".
        kind: Who wrote it.
        kind_reason: Spanish, why `kind`.
        attachments: Names of its files.
        entities: Types of what the sender's own words name ("invoice", "amount", "iban"), with repeats.
        facts: Of the ledger.
    """

    subject: str
    text: str
    lang: str = "es"
    kind: Kind = Kind.HUMAN
    kind_reason: str = ""
    attachments: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()
    facts: LedgerFacts = field(default_factory=LedgerFacts)


def of_mail(mail: ReadMail, facts: LedgerFacts | None = None, *, text: str | None = None) -> Example:
    """The part of a read message that is judged; `text` replaces what the reader took for the sender's own."""
    own = {Zone.NEW} if any(span.zone is Zone.NEW for span in mail.spans) else {Zone.FORWARDED}
    return Example(
        subject=mail.subject,
        text=mail.own_text if text is None else text,
        lang=mail.lang,
        kind=mail.kind,
        kind_reason=mail.kind_reason,
        attachments=tuple(file.name for file in mail.attachments),
        entities=tuple(
            entity.type
            for entity in mail.entities
            if entity.where == "subject" or entity.zone in own or (entity.text and entity.text in mail.own_text)
        ),
        facts=facts or LedgerFacts(),
    )


def of_question(question: Question) -> Example:
    """The part of a question that is judged."""
    return of_mail(question.mail, question.facts)
