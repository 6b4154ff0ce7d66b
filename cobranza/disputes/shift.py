"""One company's mailboxes being triaged: everything that is open meanwhile, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import cast

from cobranza import suite
from cobranza.disputes.directory import country_of
from cobranza.disputes.models import Mail
from cobranza.disputes.ports import (
    Categories,
    Category,
    Desks,
    Inbox,
    Judge,
    Mailbox,
    Outbox,
    ReadMail,
    Sender,
    TicketDesk,
    UnreadableMail,
)
from cobranza.disputes.settings import Triage, TriageMailbox
from cobranza.disputes.settings import read as settings
from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError
from cobranza.ledger.events import Actor
from cobranza.ledger.models import Creditor
from cobranza.runs import context


class NotConnected(ConfigError):
    """Something that `config/disputes.toml` names is not there."""

    code = "COB-DIS-013"
    remedy = "Corrija el nombre en config/disputes.toml."


@dataclass(slots=True, kw_only=True)
class Tally:
    """What a run did; counts of mails."""

    taken: int = 0
    worked: int = 0
    tickets: int = 0
    comments: int = 0
    acknowledged: int = 0
    machine: int = 0
    again: int = 0
    quarantined: int = 0
    waiting: int = 0
    moved: int = 0
    closed: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Shift:
    """One company's mailboxes being triaged.

    Attributes:
        creditor: Whose debtors write.
        signature: Whose name stands under what is answered.
        settings: Limits and caps.
        boxes: Settings of each mailbox.
        judge: The classifier.
        categories: What a mail may be about.
        read: Reads a message; raises `UnreadableMail`.
        mailboxes: Those open in this process, by their entry.
        desks: Open ticket desks, by their entry.
        senders: Ways out by mailbox; one that answers nothing has none.
        addresses: Our own address of each mailbox.
        take_attachments: Called with (mail, read) of every mail that a person wrote, once it has its ticket: the
            keyword library hands remittance advices on to whoever reads them.
        tally: What was done so far.
        latest: Key and reading of the mail that is being worked on.
    """

    creditor: Creditor
    signature: str
    settings: Triage
    boxes: Mapping[str, TriageMailbox]
    judge: Judge
    categories: Mapping[str, Category]
    read: Callable[[bytes], ReadMail]
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    desks: dict[str, TicketDesk] = field(default_factory=dict)
    senders: dict[str, Sender] = field(default_factory=dict)
    addresses: dict[str, str] = field(default_factory=dict)
    take_attachments: Callable[[Mail, ReadMail], None] | None = None
    tally: Tally = field(default_factory=Tally)
    latest: tuple[str, ReadMail] | None = field(default=None, repr=False)

    def reading(self, mail: Mail) -> ReadMail:
        """What a mail says: read once, though several steps of the same mail ask in turn.

        Raises:
            UnreadableMail: its bytes are no message, or were never fetched.
        """
        if mail.raw is None:
            raise UnreadableMail("El correo no se pudo traer del buzón.")
        if self.latest is None or self.latest[0] != mail.key:
            self.latest = mail.key, self.read(bytes(mail.raw.content))
        return self.latest[1]

    @property
    def queue(self) -> str:
        """Where the mails wait as work items."""
        return queue_of(self.creditor.key)

    @property
    def actor(self) -> Actor:
        """Who acts: the robot, by its run."""
        run = context.current()
        return Actor.robot(f"{run.robot or 'triaje'}:{run.run_id or 'suelto'}")

    @property
    def ours(self) -> set[str]:
        """Addresses of ours, which are never answered."""
        return {*self.addresses.values(), *self.settings.direcciones_propias} - {""}

    @property
    def today(self) -> date:
        """In the zone of the instance."""
        return clock.now().astimezone(clock.MADRID).date()


def queue_of(company: str) -> str:
    """The queue of a company's mails."""
    return f"correos:{company}"


def open_shift(company: str, creditor: Creditor, signature: str, stack: ExitStack) -> Shift:
    """Connect to everything that ``config/disputes.toml`` names for a company.

    Args:
        company: Entry of ``config/companies.toml``.
        creditor: Its row.
        signature: Its name.
        stack: Closes what was opened.

    Raises:
        NotConnected: an adapter or entry that is not there.
        MailboxError: a mailbox does not answer.
        MailboxRefused: a mailbox refuses the login.
    """
    rules = settings()
    boxes = rules.of(company)
    judge, categories = classifier(rules.clasificador)
    shift = Shift(
        creditor=creditor,
        signature=rules.firma or signature,
        settings=rules,
        boxes=boxes,
        judge=judge,
        categories=categories,
        read=partial(read_of, creditor),
    )
    for name, box in boxes.items():
        shift.mailboxes[name] = stack.enter_context(_inbox(name).open(name))
        outbox = _outbox()
        shift.addresses[name] = outbox.address(name)
        if box.contesta:
            shift.senders[name] = stack.enter_context(outbox.sender(name))
        if box.mesa not in shift.desks:
            shift.desks[box.mesa] = open_desk(box.mesa)
    return shift


def read_of(creditor: Creditor, raw: bytes) -> ReadMail:
    """Read a message that came to a company: a bare «$» is of the sender's country when the ledger knows the sender.

    Raises:
        UnreadableMail: see `reading.reader.read`.
    """
    from cobranza.disputes.reading import reader

    found = reader.read(raw, country_hint=creditor.country)
    where = country_of(creditor, found.sender)
    return found if where in ("", creditor.country) else reader.read(raw, country_hint=where)


def classifier(slug: str) -> tuple[Judge, Mapping[str, Category]]:
    """The classifier of that name and its categories; raises `NotConnected`."""
    found = suite.adapters("classifiers").get(slug)
    if found is None:
        raise NotConnected(f"No hay ningún clasificador «{slug}» en classifiers/.")
    return cast(Judge, found), cast(Categories, found).categories()


def known_categories() -> Mapping[str, Category]:
    """The categories of the classifier in use; none when there is no classifier, so that screens still open."""
    try:
        return classifier(settings().clasificador)[1]
    except NotConnected:
        return {}


def open_desk(name: str) -> TicketDesk:
    """The ticket desk of an entry of ``config/ticketing.toml``; raises `NotConnected`."""
    for found in suite.adapters("connectors.ticketing").values():
        desks = cast(Desks, found)
        if name in desks.names():
            return desks.open(name)
    raise NotConnected(f"Ningún conector sirve la mesa «{name}», o está apagada en config/ticketing.toml.")


def _inbox(account: str) -> Inbox:
    for found in suite.adapters("connectors.mail").values():
        if isinstance(found, Inbox) and account in found.accounts():
            return found
    raise NotConnected(
        f"El buzón «{account}» no está en config/mail.toml, o no está activo.",
        remedy="Escríbalo en config/mail.toml con activo = true, o quítelo de config/disputes.toml.",
    )


def _outbox() -> Outbox:
    for found in suite.adapters("connectors.mail").values():
        if isinstance(found, Outbox):
            return found
    raise NotConnected("Ninguna carpeta de connectors/mail/ sabe enviar.")
