"""What the ledger knows of debtors, as a strategy and as the gate want it. Reads only; nothing is remembered.

Many debtors are read with the same few queries as one (see `rows`): one code path, so that the nightly plan and the
question at the second of sending cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from cobranza.dunning.account import Account, Item, Paid, Sent
from cobranza.dunning.ports import Delivery
from cobranza.dunning.rows import Rows
from cobranza.gate import policy
from cobranza.gate.acts import Agreement as GateAgreement
from cobranza.gate.acts import Balance, Block, Happened, Inbound, OptOut, PastContact, Preferences, State
from cobranza.gate.acts import Consent as GateConsent
from cobranza.kernel import clock, telephones
from cobranza.kernel.money import Money
from cobranza.ledger.agreements import GOOD
from cobranza.ledger.models import Debtor
from cobranza.regimes.contact import ContactLaw
from cobranza.regimes.persons import holder

HISTORY = timedelta(days=400)
CONTACTS = timedelta(days=40)
WAITS_FOR_US = {
    "aprobar": "una oferta espera aprobación",
    "contestar": "espera una respuesta nuestra",
    "negociar": "se está negociando",
}
"""Open tasks during which a debtor is not pressed: the next word is ours."""
KINDS = {"email": ("email",), "phone": ("sms", "whatsapp", "call", "ivr"), "address": ("letter",)}
GATEWAY = "pasarela:"
"""What the source of a hold begins with that stands for money paid at a gateway."""
ZERO = Decimal(0)
_ON_THE_WAY = (Delivery.SENDING, Delivery.UNKNOWN, Delivery.ACCEPTED, Delivery.SENT, Delivery.DELIVERED, Delivery.READ)
_COUNTED = frozenset(state.value for state in (*_ON_THE_WAY, Delivery.BOUNCED))
_NEVER_LEFT = frozenset({Delivery.SUPPRESSED.value})
_FAILED = frozenset({Delivery.BOUNCED.value, Delivery.REFUSED.value})
_NO_ANSWER = timedelta(days=7)
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The next payment of a running agreement that the money received so far does not cover.

    Attributes:
        agreement: Its key.
        number: Of the instalment, from 1, and how many there are.
        amount: What is left of it, in the agreement's currency.
    """

    agreement: str
    number: int
    count: int
    on: date
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A debtor in one currency.

    Attributes:
        account: For the strategy.
        state: For the gate.
        addresses: Where each channel leads; an address that bounced leads nowhere.
        today: In the debtor's zone.
        leader: Person who leads the conversation, "" when the robots do.
        due: Next unpaid payment of each agreement in good standing.
    """

    account: Account
    state: State
    addresses: dict[str, str]
    country: str
    debtor_type: str
    today: date
    leader: str = ""
    due: tuple[Due, ...] = ()


def read(debtor: Debtor, currency: str, now: datetime) -> Facts:
    """All that is known of `debtor` in `currency` at `now`; "" is no currency: only how they may be reached."""
    return _facts(debtor, currency, now, Rows([debtor], now))


def read_many(pairs: Sequence[tuple[Debtor, str]], now: datetime, size: int = _BATCH) -> Iterator[Facts]:
    """What `read` gives for each pair, in order, with a few queries for every `size` of them."""
    for start in range(0, len(pairs), size):
        some = pairs[start : start + size]
        rows = Rows([debtor for debtor, _ in some], now)
        for debtor, currency in some:
            yield _facts(debtor, currency, now, rows)


@cache
def law(country: str) -> ContactLaw:
    """The law of a country with the house's rules; read once."""
    return policy.law(country)


def _facts(debtor: Debtor, currency: str, now: datetime, rows: Rows) -> Facts:
    country = debtor.country or debtor.creditor.country
    rules = law(country)
    # Where the id does not tell, the law that protects more is taken: a consumer's.
    kind = "business" if holder(debtor.tax_id, country) == "business" else "consumer"
    chosen = rows.preferences.get(debtor.pk)
    zone = chosen.zone if chosen is not None else ""
    today = now.astimezone(clock.zone(zone or rules.zones[0])).date()
    items, open_, free = _balance(debtor, currency, today, rows, rules)
    state = _state(debtor, currency, rows, now, zone, open_, open_ - free, country)
    addresses = _addresses(debtor, rows, country)
    leader = rows.leaders.get(debtor.pk, "")
    standing = rows.standings.get(debtor.pk)
    account = Account(
        key=f"{debtor.pk}:{currency}",
        country=country,
        debtor_type=kind,
        language=(chosen.language if chosen is not None else "") or "es",
        segment=standing.segment if standing is not None else "",
        to_person=standing.to_person if standing is not None else "",
        items=items,
        paid=_paid(debtor, currency, today, rows),
        channels=frozenset(_open_channels(addresses, state, rules, kind, today)),
        sent=tuple(_sent(debtor, currency, now, rows)),
        tasks=frozenset(rows.tasks[debtor.pk]),
        waits=_waits(leader, rows.tasks[debtor.pk]),
    )
    return Facts(
        account=account,
        state=state,
        addresses=addresses,
        country=country,
        debtor_type=kind,
        today=today,
        leader=leader,
        due=tuple(_due(debtor, currency, rows)),
    )


def _waits(leader: str, tasks: Iterable[str]) -> str:
    if leader:
        return f"la conversación la lleva {leader}"
    return next((WAITS_FOR_US[kind] for kind in sorted(tasks) if kind in WAITS_FOR_US), "")


# ---- money


def _balance(
    debtor: Debtor, currency: str, today: date, rows: Rows, rules: ContactLaw
) -> tuple[tuple[Item, ...], Decimal, Decimal]:
    """Open invoices with what may be asked for of each; what is open; what of it nobody holds.

    What a credit note or money on account covers is taken off the oldest: nobody is asked for it.
    """
    invoices = sorted(
        (each for each in rows.invoices[debtor.pk] if each.currency == currency and each.kind == "invoice"),
        key=lambda each: (each.due_on, each.number),
    )
    credit = -sum(
        (e.open for e in rows.invoices[debtor.pk] if e.currency == currency and e.kind == "credit_note"), ZERO
    )
    agreed = _agreed(debtor, today, rows, rules)
    items, open_, free = [], ZERO, ZERO
    for invoice in invoices:
        rest = invoice.open - _held(debtor, invoice.pk, invoice.open, rows)
        covered = min(rest, credit)
        credit -= covered
        open_ += invoice.open
        free += rest - covered
        left = max(rest - covered - agreed.get(invoice.pk, ZERO), ZERO)
        items.append(Item(number=invoice.number, due=invoice.due_on, claimable=Money(currency, left)))
    return tuple(items), open_, free


def _held(debtor: Debtor, invoice: int, open_: Decimal, rows: Rows) -> Decimal:
    """See `cobranza.ledger.holds.held`."""
    amounts = [each.amount for each in rows.holds[debtor.pk] if each.invoice_id in (None, invoice)]
    if any(amount is None for amount in amounts):
        return open_
    return min(open_, sum((amount for amount in amounts if amount is not None), ZERO))


def _agreed(debtor: Debtor, today: date, rows: Rows, rules: ContactLaw) -> dict[int, Decimal]:
    """Part of each invoice that a plan in good standing, or a promise still in time, is about."""
    found: dict[int, Decimal] = {}
    margin = timedelta(days=rules.gate("PROMESA").days)
    for agreement in rows.agreements[debtor.pk]:
        if agreement.standing not in GOOD:
            continue
        last = _promised(agreement.pk, agreement.kind, rows)
        if last is not None and today > last + margin:
            continue
        for cover in rows.covers[agreement.pk]:
            found[cover.invoice_id] = found.get(cover.invoice_id, ZERO) + max(ZERO, min(cover.amount, cover.open))
    return found


def _promised(agreement: int, kind: str, rows: Rows) -> date | None:
    """A promise's day; None for a plan."""
    parts = rows.instalments[agreement]
    return parts[-1].due_on if kind == "promise" and parts else None


def _due(debtor: Debtor, currency: str, rows: Rows) -> Iterator[Due]:
    """The money decides, not the row: an instalment whose payment is booked already is never reminded."""
    for agreement in rows.agreements[debtor.pk]:
        if agreement.standing not in GOOD or agreement.currency != currency:
            continue
        parts = rows.instalments[agreement.pk]
        booked = rows.received.get(agreement.pk, ZERO) + _at_gateways(debtor, agreement, rows)
        received = max(sum((each.paid for each in parts), ZERO), booked)
        for part in parts:
            if received < part.amount:
                yield Due(
                    agreement=agreement.key,
                    number=part.number,
                    count=len(parts),
                    on=part.due_on,
                    amount=Money(currency, part.amount - received),
                )
                break
            received -= part.amount


def _at_gateways(debtor: Debtor, agreement: Any, rows: Rows) -> Decimal:
    """Paid at a gateway and not in the bank yet: the payments room holds as much of what it pays until it is."""
    covered = {each.invoice_id for each in rows.covers[agreement.pk]}
    return sum(
        (
            each.amount
            for each in rows.holds[debtor.pk]
            if each.source.startswith(GATEWAY)
            and each.invoice_id in covered
            and each.amount is not None
            and each.opened_at >= agreement.accepted_at
        ),
        ZERO,
    )


def _paid(debtor: Debtor, currency: str, today: date, rows: Rows) -> tuple[Paid, ...]:
    """Settled documents with the day of the payment that settled them."""
    return tuple(
        Paid(on=each.on, days_late=(each.on - each.due_on).days)
        for each in rows.settled[debtor.pk]
        if each.currency == currency and each.on >= today - HISTORY
    )


# ---- how somebody may be reached


def _addresses(debtor: Debtor, rows: Rows, country: str) -> dict[str, str]:
    """The latest one told is the one used; one that bounced since it was told is none."""
    bounced: dict[tuple[str, str], datetime] = {}
    for message in rows.messages[debtor.pk]:
        if message.state == Delivery.BOUNCED.value and message.sent_at is not None:
            where = (message.channel, telephones.address(message.channel, message.address, country))
            bounced[where] = max(message.sent_at, bounced.get(where, message.sent_at))
    found: dict[str, str] = {}
    for contact in rows.contacts[debtor.pk]:
        for channel in KINDS.get(contact.kind, ()):
            where = (channel, telephones.address(channel, contact.value, country))
            gone = bounced.get(where)
            if gone is None or contact.created_at > gone:
                found[channel] = where[1]
    return found


def _open_channels(
    addresses: Mapping[str, str], state: State, rules: ContactLaw, kind: str, today: date
) -> Iterable[str]:
    """Channels with an address, the consent that the country's law asks for, chosen where they chose, and no stop."""
    wanted = state.preferences.channels
    for channel, address in addresses.items():
        if wanted and channel not in wanted:
            continue
        given = [
            each.given_at
            for each in state.consents
            if each.channel == channel
            and each.revoked_at is None
            and each.address.strip().casefold() in ("", address.strip().casefold())
        ]
        stops = [each.at for each in state.opt_outs if each.channel in {channel, ""}]
        if stops and not (given and max(given) > max(stops)):
            continue
        asks = any(
            rule.mode == "opt_in" and rule.in_force(today) and rule.concerns(kind, channel) for rule in rules.consents
        )
        if given or not asks:
            yield channel


def _state(
    debtor: Debtor, currency: str, rows: Rows, now: datetime, zone: str, open_: Decimal, disputed: Decimal, country: str
) -> State:
    read_at = _read_at(debtor, rows)
    chosen = rows.preferences.get(debtor.pk)
    paid = rows.last_paid.get(debtor.pk)
    return State(
        balance=None if read_at is None else Balance(open=open_, disputed=disputed, read_at=read_at),
        zone=zone,
        consents=tuple(
            GateConsent(
                channel=each.channel,
                given_at=each.given_at,
                proof=each.proof,
                address=telephones.address(each.channel, each.address, country) if each.address else "",
                revoked_at=each.revoked_at,
                other_hours=each.other_hours,
            )
            for each in rows.consents[debtor.pk]
        ),
        opt_outs=tuple(OptOut(at=each.at, channel=each.channel) for each in rows.opt_outs[debtor.pk]),
        preferences=Preferences()
        if chosen is None
        else Preferences(
            channels=frozenset(chosen.channels),
            weekdays=frozenset(chosen.weekdays),
            start=chosen.start,
            end=chosen.end,
        ),
        given_addresses=frozenset(
            telephones.dialled(each.value, country) if each.kind == "phone" else each.value
            for each in rows.contacts[debtor.pk]
        ),
        agreements=tuple(
            GateAgreement(
                kind="promise" if each.kind == "promise" else "plan",
                good=each.standing in GOOD,
                covers=sum((max(ZERO, min(row.amount, row.open)) for row in rows.covers[each.pk]), ZERO),
                due=_promised(each.pk, each.kind, rows),
            )
            for each in rows.agreements[debtor.pk]
            if each.currency == currency
        ),
        contacts=tuple(_contacts(debtor, now, rows)),
        blocks=tuple(
            Block(kind="hold", reason=each.reason, since=each.opened_at)
            for each in rows.holds[debtor.pk]
            if each.invoice_id is None
        ),
        happened=() if paid is None else (Happened(event="payment", at=paid),),
        inbound=tuple(Inbound(channel=channel, at=at) for channel, at in sorted(rows.inbound[debtor.pk].items())),
    )


def _read_at(debtor: Debtor, rows: Rows) -> datetime | None:
    """The oldest of the last readings: of each of the creditor's bank accounts and of its ERP.

    None while an account has never been read: a payment may lie there that nobody knows of.
    """
    banks = rows.banks_read.get(debtor.creditor_id, [])
    erp = rows.erp_read.get(debtor.pk)
    if erp is None or any(each is None for each in banks):
        return None
    return min([erp, *(each for each in banks if each is not None)])


# ---- what was said


def _contacts(debtor: Debtor, now: datetime, rows: Rows) -> Iterator[PastContact]:
    since = now - CONTACTS
    for each in rows.messages[debtor.pk]:
        if each.state in _COUNTED and (each.sent_at is None or each.sent_at >= since):
            yield PastContact(
                at=each.sent_at or each.leased_until or each.unknown_since or now,
                channel=each.channel,
                address=each.address,
                reached=each.state != Delivery.BOUNCED.value,
                reference=each.key,
            )
    for event in rows.by_hand[debtor.pk]:
        yield PastContact(
            at=event.at, channel=_channel(str(event.payload.get("channel", ""))), reference=f"event:{event.pk}"
        )


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


def _sent(debtor: Debtor, currency: str, now: datetime, rows: Rows) -> Iterator[Sent]:
    """What a strategy had queued, sent or given to a person: a queued message counts, or tomorrow would repeat it.

    One that the gate held back does not: when the reason is gone it is proposed again.
    """
    last = max([*rows.inbound[debtor.pk].values(), *filter(None, [rows.last_paid.get(debtor.pk)])], default=None)
    for each in rows.messages[debtor.pk]:
        if each.purpose != "claim" or each.currency != currency or each.state in _NEVER_LEFT:
            continue
        failed = each.state in _FAILED
        yield Sent(
            on=(each.sent_at or each.queued_at).date(),
            step=each.step,
            anchor=each.anchor,
            channel=each.channel,
            template=each.template,
            answered=None if failed else _answered(each.state, each.sent_at, each.answered_at, last, now),
        )
    for task in rows.strategy_tasks[debtor.pk]:
        account, step, anchor = task.key.rsplit(":", 3)[:3]
        if account == f"{debtor.pk}:{currency}":
            yield Sent(on=task.opened_at.date(), step=step, anchor=date.fromisoformat(anchor), channel="", template="")


def _answered(
    state: str, sent_at: datetime | None, answered_at: datetime | None, last: datetime | None, now: datetime
) -> bool | None:
    """Whether the debtor wrote, paid or opened it since; None while it is too soon to tell."""
    if answered_at is not None or state == Delivery.READ.value:
        return True
    if sent_at is None:
        return None
    if last is not None and last > sent_at:
        return True
    return None if now - sent_at < _NO_ANSWER else False
