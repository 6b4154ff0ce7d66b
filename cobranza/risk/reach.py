"""How a debtor may be reached, as far as the ledger tells: for proposals. Who sends asks the gate again then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from functools import cache
from typing import Any, Final

from django.db import connection

from cobranza.gate import policy
from cobranza.gate.acts import (
    Act,
    Agreement,
    Balance,
    Block,
    Consent,
    Decision,
    OptOut,
    PastContact,
    Preferences,
    State,
)
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.ledger.agreements import GOOD, covered
from cobranza.ledger.consents import preferred
from cobranza.ledger.models import (
    Agreement as Agreed,
)
from cobranza.ledger.models import Allocation, Contact, Creditor, Debtor, Event, Hold, Instalment, Word
from cobranza.ledger.models import Consent as Given
from cobranza.ledger.models import OptOut as Stopped
from cobranza.regimes.contact import ContactLaw
from cobranza.regimes.persons import holder
from cobranza.risk.next_action import Contacted, Counts, Way, counted

KINDS: Final = {"email": ("email",), "phone": ("whatsapp", "sms", "call"), "address": ("letter",)}
CAPS: Final = timedelta(days=40)
DAYS: Final = 3
"""Days ahead in which an hour is sought."""
SAMPLE: Final = 20_000
"""Latest contacts of a company from which it is learnt how everybody answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What the gate is asked with.

    Attributes:
        addresses: Channel → where it leads.
        zone: Of the debtor's clock.
        past: Contacts that were made, for `next_action`.
        last: When the last one was; None never.
    """

    debtor: Debtor
    country: str
    kind: str
    state: State
    addresses: dict[str, str]
    zone: tzinfo
    past: tuple[Contacted, ...]
    last: datetime | None


@cache
def law(country: str) -> ContactLaw:
    """The law of a country with the house's rules; read once."""
    return policy.law(country)


def read(debtor: Debtor, claimable: Decimal, now: datetime, *, memory: int, answer_days: int) -> Reach:
    """All that the ledger tells of one debtor.

    Args:
        claimable: What may be asked for; taken as read now, since it is read anew before anything leaves.
        memory: Days of contacts that count.
        answer_days: Days within which words or money count as an answer.
    """
    country = debtor.country or debtor.creditor.country
    chosen = preferred(debtor)
    zone = clock.zone(chosen.zone if chosen is not None and chosen.zone else law(country).zones[0])
    made = list(_made(debtor, now - timedelta(days=memory)))
    answers = _answers(debtor, now - timedelta(days=memory))
    contacts = list(Contact.objects.filter(debtor=debtor).order_by("created_at", "pk"))
    state = State(
        balance=Balance(open=claimable, read_at=now),
        zone=chosen.zone if chosen is not None else "",
        consents=tuple(
            Consent(channel=row.channel, given_at=row.given_at, proof=row.proof, address=row.address,
                    revoked_at=row.revoked_at, other_hours=row.other_hours)
            for row in Given.objects.filter(debtor=debtor)
        ),
        opt_outs=tuple(OptOut(at=row.at, channel=row.channel) for row in Stopped.objects.filter(debtor=debtor)),
        preferences=Preferences()
        if chosen is None
        else Preferences(
            channels=frozenset(chosen.channels), weekdays=frozenset(chosen.weekdays), start=chosen.start, end=chosen.end
        ),
        given_addresses=frozenset(row.value for row in contacts),
        agreements=tuple(_agreements(debtor)),
        contacts=tuple(PastContact(at=at, channel=channel) for channel, at in made if at >= now - CAPS),
        blocks=tuple(
            Block(kind="hold", reason=row.reason, since=row.opened_at)
            for row in Hold.objects.filter(debtor=debtor, invoice=None, released_at=None)
        ),
    )  # fmt: skip
    addresses = {channel: row.value for row in contacts for channel in KINDS.get(row.kind, ())}
    wait = timedelta(days=answer_days)
    past = tuple(
        Contacted(
            channel=channel,
            hour=at.astimezone(zone).hour,
            answered=any(at < answer <= at + wait for answer in answers),
        )
        for channel, at in made
    )
    return Reach(
        debtor=debtor,
        country=country,
        kind="business" if holder(debtor.tax_id, country) == "business" else "consumer",
        state=state,
        addresses=addresses,
        zone=zone,
        past=past,
        last=max((at for _, at in made), default=None),
    )


def ways(
    reach: Reach, now: datetime, hours: Sequence[int], costs: dict[str, Decimal], rest: int
) -> tuple[list[Way], dict[str, Decision]]:
    """Every channel at every hour that the gate permits in the next days, and what it says of the others.

    Args:
        hours: Of the debtor's clock.
        rest: Days of rest after the last contact.
    """
    start = now if reach.last is None else max(now, reach.last + timedelta(days=rest))
    found: list[Way] = []
    refused: dict[str, Decision] = {}
    first = start.astimezone(reach.zone).date()
    for channel, address in sorted(reach.addresses.items()):
        seen: set[datetime] = set()
        for day, hour in ((first + timedelta(days=ahead), hour) for ahead in range(DAYS) for hour in hours):
            at = datetime.combine(day, time(hour), reach.zone)
            if at < start:
                continue
            said = ask(reach, channel, address, at)
            if said.allowed and at not in seen:
                seen.add(at)
                found.append(Way(channel=channel, hour=hour, at=at, cost=costs.get(channel, Decimal(0))))
            elif not said.allowed:
                refused[channel] = said
                if said.verdict.value == "deny":
                    break  # no other hour cures it
    return found, {channel: said for channel, said in refused.items() if all(way.channel != channel for way in found)}


def ask(reach: Reach, channel: str, address: str, at: datetime) -> Decision:
    """The gate's word on one contact."""
    act = Act(
        country=reach.country, debtor_type=reach.kind, channel=channel, at=at, address=address,
        identifies=frozenset({"sender", "creditor"}),
    )  # fmt: skip
    balance = None if reach.state.balance is None else replace(reach.state.balance, read_at=act.at)
    return decide(act, replace(reach.state, balance=balance), law(reach.country))


_HOUSE = """
WITH sent AS (
    SELECT w.debtor_id, w.channel, w.at FROM ledger_word w JOIN ledger_debtor d ON d.id = w.debtor_id
    WHERE d.creditor_id = %(creditor)s AND w.direction = 'out' AND w.at >= %(since)s AND w.at < %(until)s
    ORDER BY w.at DESC LIMIT %(sample)s
)
SELECT channel, extract(hour FROM at AT TIME ZONE %(zone)s)::int,
       count(*) FILTER (WHERE
           EXISTS (SELECT 1 FROM ledger_word a WHERE a.debtor_id = sent.debtor_id AND a.direction = 'in'
                   AND a.at > sent.at AND a.at <= sent.at + %(wait)s)
           OR EXISTS (SELECT 1 FROM ledger_allocation p JOIN ledger_invoice i ON i.id = p.invoice_id
                      WHERE i.debtor_id = sent.debtor_id AND p.reversed_at IS NULL AND p.applied > 0
                      AND p.decided_at > sent.at AND p.decided_at <= sent.at + %(wait)s)),
       count(*)
FROM sent GROUP BY 1, 2
"""


def house(creditor: Creditor, now: datetime, *, memory: int, answer_days: int) -> Counts:
    """How the debtors of a company answer, on the clock of its country's first zone."""
    found = Counts()
    values: dict[str, Any] = {
        "creditor": creditor.pk, "since": now - timedelta(days=memory), "until": now - timedelta(days=answer_days),
        "sample": SAMPLE, "zone": law(creditor.country or "ES").zones[0], "wait": timedelta(days=answer_days),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_HOUSE, values)
        for channel, hour, answered, many in cursor.fetchall():
            found.add(channel, hour, answered, many)
    return found


def own(reach: Reach) -> Counts:
    """How one debtor answers."""
    return counted(reach.past)


def _made(debtor: Debtor, since: datetime) -> Iterator[tuple[str, datetime]]:
    yield from Word.objects.filter(debtor=debtor, direction="out", at__gte=since).values_list("channel", "at")
    # What a person did by hand is a contact too; whatever is no message counts as a call, the strictest.
    rows = Event.objects.filter(subject=f"debtor:{debtor.pk}", kind="contact.made", at__gte=since)
    for event in rows:
        said = str(event.payload.get("channel", "")).lower()
        yield next((channel for channel in ("email", "sms", "whatsapp", "letter") if channel in said), "call"), event.at


def _answers(debtor: Debtor, since: datetime) -> list[datetime]:
    words = Word.objects.filter(debtor=debtor, direction="in", at__gte=since).values_list("at", flat=True)
    money = Allocation.objects.filter(
        invoice__debtor=debtor, reversed_at=None, applied__gt=0, decided_at__gte=since
    ).values_list("decided_at", flat=True)
    return [*words, *money]


def _agreements(debtor: Debtor) -> Iterator[Agreement]:
    for row in Agreed.objects.filter(debtor=debtor, ended_at=None):
        due: date | None = None
        if row.kind == "promise":
            due = Instalment.objects.filter(agreement=row).order_by("due_on").values_list("due_on", flat=True).last()
        yield Agreement(
            kind="promise" if row.kind == "promise" else "plan", good=row.standing in GOOD, covers=covered(row), due=due
        )
