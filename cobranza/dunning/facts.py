"""What the ledger knows of a debtor, as a strategy and as the gate want it. Reads only; nothing is remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Max, Min

from cobranza.dunning.account import Account, Item, Paid, Sent
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Delivery
from cobranza.gate.acts import Balance, Block, Happened, OptOut, PastContact, State
from cobranza.gate.acts import Consent as GateConsent
from cobranza.kernel.money import Money
from cobranza.ledger import holds
from cobranza.ledger.models import Allocation, BankAccount, Debtor, Event, Hold, Invoice, Statement
from cobranza.regimes.persons import holder

_HISTORY = timedelta(days=400)
_CONTACTS = timedelta(days=40)
_KINDS = {"email": ("email",), "phone": ("sms", "whatsapp", "call", "ivr"), "address": ("letter",)}
_ON_THE_WAY = (Delivery.SENDING, Delivery.UNKNOWN, Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
_NO_ANSWER = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A debtor in one currency: for the strategy, for the gate, and where each channel leads."""

    account: Account
    state: State
    addresses: dict[str, str]
    country: str
    debtor_type: str


def read(debtor: Debtor, currency: str, now: datetime, today: date) -> Facts:
    """All that is known of `debtor` in `currency` at `now`.

    Args:
        today: In the debtor's zone.
    """
    country = debtor.country or debtor.creditor.country
    # Where the id does not tell, the law that protects more is taken: a consumer's.
    kind = "business" if holder(debtor.tax_id, country) == "business" else "consumer"
    invoices = list(
        Invoice.objects.filter(debtor=debtor, currency=currency, kind="invoice", vanished_at=None).exclude(open=0)
    )
    claimable = {each.pk: each.open - holds.held(each) for each in invoices}
    addresses = _addresses(debtor)
    state = _state(debtor, currency, invoices, claimable, now)
    credit = _credit(debtor, currency)
    account = Account(
        key=f"{debtor.pk}:{currency}",
        country=country,
        debtor_type=kind,
        items=_items(invoices, claimable, credit, currency),
        paid=_paid(debtor, currency, today),
        channels=frozenset(_open_channels(addresses, state)),
        sent=_sent(debtor, now),
    )
    return Facts(account=account, state=state, addresses=addresses, country=country, debtor_type=kind)


def _items(
    invoices: Iterable[Invoice], claimable: dict[int, Decimal], credit: Decimal, currency: str
) -> tuple[Item, ...]:
    """Open invoices, what a credit note or money on account covers taken off the oldest: nobody is asked for it."""
    items = []
    for invoice in sorted(invoices, key=lambda each: (each.due_on, each.number)):
        rest = claimable[invoice.pk]
        covered = min(rest, credit)
        credit -= covered
        items.append(
            Item(number=invoice.number, due=invoice.due_on, claimable=Money(currency, rest - covered), product="")
        )
    return tuple(items)


def _credit(debtor: Debtor, currency: str) -> Decimal:
    """What credit notes of the debtor still hold, positive."""
    notes = Invoice.objects.filter(debtor=debtor, currency=currency, kind="credit_note", vanished_at=None)
    return -sum((each.open for each in notes.exclude(open=0)), Decimal(0))


def _addresses(debtor: Debtor) -> dict[str, str]:
    found: dict[str, str] = {}
    for contact in debtor.contacts.order_by("created_at", "pk"):
        for channel in _KINDS.get(contact.kind, ()):
            found[channel] = contact.value  # the latest one told is the one used
    return found


def _open_channels(addresses: dict[str, str], state: State) -> Iterable[str]:
    """Channels with an address and no stop; whether the law asks for a consent is the gate's."""
    for channel in addresses:
        stops = [each.at for each in state.opt_outs if each.channel in {channel, ""}]
        given = [each.given_at for each in state.consents if each.channel == channel and each.revoked_at is None]
        if not stops or (given and max(given) > max(stops)):
            yield channel


def _state(
    debtor: Debtor, currency: str, invoices: list[Invoice], claimable: dict[int, Decimal], now: datetime
) -> State:
    open_ = sum((each.open for each in invoices), Decimal(0))
    free = sum(
        (item.claimable.amount for item in _items(invoices, claimable, _credit(debtor, currency), currency)), Decimal(0)
    )
    read_at = _read_at(debtor)
    blocks = tuple(
        Block(kind="hold", reason=hold.reason, since=hold.opened_at)
        for hold in Hold.objects.filter(debtor=debtor, invoice=None, released_at=None)
    )
    paid = Allocation.objects.filter(invoice__debtor=debtor, reversed_at=None).aggregate(last=Max("decided_at"))["last"]
    return State(
        balance=None if read_at is None else Balance(open=open_, disputed=open_ - free, read_at=read_at),
        consents=tuple(
            GateConsent(
                channel=each.channel,
                given_at=each.given_at,
                proof=each.proof,
                address=each.address,
                revoked_at=each.revoked_at,
                other_hours=each.other_hours,
            )
            for each in debtor.consents.all()
        ),
        opt_outs=tuple(OptOut(at=each.at, channel=each.channel) for each in debtor.opt_outs.all()),
        given_addresses=frozenset(debtor.contacts.values_list("value", flat=True)),
        contacts=_contacts(debtor, now),
        blocks=blocks,
        happened=() if paid is None else (Happened(event="payment", at=paid),),
    )


def _read_at(debtor: Debtor) -> datetime | None:
    """The oldest of the last readings: of each of the creditor's bank accounts and of its ERP.

    None while an account has never been read: a payment may lie there that nobody knows of.
    """
    accounts = BankAccount.objects.filter(creditor=debtor.creditor_id).values_list("pk", flat=True)
    last = dict(Statement.objects.filter(account__in=accounts).values_list("account").annotate(last=Max("imported_at")))
    erp = Invoice.objects.filter(debtor=debtor, vanished_at=None).aggregate(first=Min("read_at"))["first"]
    if erp is None or set(last) != set(accounts):
        return None
    oldest: datetime = min([erp, *last.values()])
    return oldest


def _contacts(debtor: Debtor, now: datetime) -> tuple[PastContact, ...]:
    since = now - _CONTACTS
    ours = [
        PastContact(
            at=each.sent_at or each.leased_until or each.unknown_since or now,
            channel=each.channel,
            address=each.address,
            reached=each.state != Delivery.BOUNCED.value,
            reference=each.key,
        )
        for each in Message.objects.filter(
            debtor=debtor, state__in=[state.value for state in (*_ON_THE_WAY, Delivery.BOUNCED)]
        )
        if each.sent_at is None or each.sent_at >= since
    ]
    by_hand = [
        PastContact(at=event.at, channel=_channel(str(event.payload.get("channel", ""))), reference=f"event:{event.pk}")
        for event in Event.objects.filter(subject=f"debtor:{debtor.pk}", kind="contact.made", at__gte=since)
    ]
    return (*ours, *by_hand)


def _channel(said: str) -> str:
    """A contact noted by a person in words: whatever is no message counts as a call, the strictest."""
    plain = said.lower()
    for word, channel in (
        ("correo", "email"),
        ("mail", "email"),
        ("sms", "sms"),
        ("whatsapp", "whatsapp"),
        ("carta", "letter"),
    ):
        if word in plain:
            return channel
    return "call"


def _paid(debtor: Debtor, currency: str, today: date) -> tuple[Paid, ...]:
    """Settled documents with the day of the payment that settled them."""
    rows = (
        Allocation.objects.filter(
            invoice__debtor=debtor, invoice__currency=currency, invoice__state="settled", reversed_at=None
        )
        .values("invoice", "invoice__due_on")
        .annotate(last=Max("movement__value_on"))
    )
    return tuple(
        Paid(on=row["last"], days_late=(row["last"] - row["invoice__due_on"]).days)
        for row in rows
        if row["last"] >= today - _HISTORY
    )


def _sent(debtor: Debtor, now: datetime) -> tuple[Sent, ...]:
    """What was queued or sent: a queued message counts, or tomorrow's run would propose it again."""
    lost = (Delivery.SUPPRESSED.value, Delivery.CANCELLED.value, Delivery.REFUSED.value)
    rows = Message.objects.filter(debtor=debtor).exclude(state__in=lost)
    return tuple(
        Sent(
            on=(each.sent_at or each.queued_at).date(),
            step=each.step,
            anchor=each.anchor,
            channel=each.channel,
            template=each.template,
            answered=_answered(each, now),
        )
        for each in rows
    )


def _answered(message: Message, now: datetime) -> bool | None:
    if message.answered_at is not None or message.state == Delivery.READ.value:
        return True
    if message.sent_at is None or now - message.sent_at < _NO_ANSWER:
        return None
    return False
