"""The steps of staged contact: propose, queue what the gate does not deny, send. The only file that joins them all.

Queueing and sending are two acts: a run shows what it would do; somebody (or a schedule that a person switched on) then
queues it. The gate is asked both times, and its word is kept with the message.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache

from django.db import transaction
from django.db.models import QuerySet

from cobranza import suite
from cobranza.dunning import config, facts, wording
from cobranza.dunning.account import DunningError
from cobranza.dunning.models import Message
from cobranza.dunning.ports import Channel, Delivery, Outgoing, Row
from cobranza.dunning.sending import Asked, Sender
from cobranza.dunning.settings import strategy
from cobranza.dunning.store import StoredOutbox
from cobranza.dunning.strategy import Nothing, Proposal, propose
from cobranza.dunning.trial import arm
from cobranza.gate import policy, texts
from cobranza.gate.acts import Act, Decision, Purpose, Verdict
from cobranza.gate.days import open_day
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.money import Money
from cobranza.kernel.spanish import write_day, write_money
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Debtor, Invoice
from cobranza.regimes.contact import ContactLaw

_BY_CHANNEL = "*"
_TASKS = frozenset({"person", "negotiate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What would be done for one account, and what the gate says of it now."""

    debtor: int
    name: str
    currency: str
    found: Proposal | Nothing
    arm: str
    decision: Decision | None = None
    address: str = ""

    @property
    def goes(self) -> bool:
        """It would be queued."""
        return self.decision is not None and self.decision.verdict is not Verdict.DENY and self.arm != "holdout"


def plan(creditor: Creditor, now: datetime | None = None) -> Iterator[Planned]:
    """What today's strategy would do, account by account; reads only."""
    at = now or clock.now()
    entry = config.company(creditor.key)
    for debtor, currency in _accounts(creditor):
        law = _law(debtor.country or creditor.country)
        today = at.astimezone(clock.zone(law.zones[0])).date()
        known = facts.read(debtor, currency, at, today)
        lot = arm(entry.ensayo.trial(), known.account.key, today) if entry.ensayo else "current"
        name = entry.estrategia
        if lot == "pilot" and entry.ensayo is not None and not entry.ensayo.sombra:
            name = entry.ensayo.piloto

        def permitted(day: date, channel: str, law: ContactLaw = law, known: facts.Facts = known) -> bool:
            return open_day(law, day, debtor_type=known.debtor_type, channel=channel)

        found = propose(known.account, strategy(name), today, permitted)
        planned = Planned(debtor=debtor.pk, name=debtor.name, currency=currency, found=found, arm=lot)
        if isinstance(found, Nothing) or found.does in _TASKS:
            yield planned
            continue
        address = known.addresses[found.channel]
        act = _act(known, found.channel, address, at, found.key, (today - found.anchor).days)
        yield Planned(
            debtor=debtor.pk,
            name=debtor.name,
            currency=currency,
            found=found,
            arm=lot,
            decision=decide(act, known.state, law),
            address=address,
        )


def queue(creditor: Creditor, planned: Planned, *, actor: Actor, now: datetime | None = None) -> Message | None:
    """Put one planned message into the outbox; None when it is there already, or does not go.

    Args:
        actor: Who queues it.
    """
    found, decision = planned.found, planned.decision
    if isinstance(found, Nothing) or decision is None or not planned.goes:
        return None
    at = now or clock.now()
    law = _law(creditor.country)
    with transaction.atomic():
        debtor = Debtor.objects.select_for_update(no_key=True).get(pk=planned.debtor)
        message, new = Message.objects.get_or_create(
            key=found.key,
            defaults={
                "creditor": creditor,
                "debtor": debtor,
                "currency": planned.currency,
                "strategy": found.strategy,
                "arm": planned.arm,
                "step": found.step,
                "anchor": found.anchor,
                "channel": found.channel,
                "address": planned.address,
                "template": found.template,
                "not_before": decision.until or at,
                "reason": found.why,
                "rules": list(decision.rules),
                "decisions": [decision.as_dict(law)],
            },
        )
        if not new:
            return None
        payload = {"key": found.key, "step": found.step, "channel": found.channel, "strategy": found.strategy}
        record("message.queued", debtor, payload, actor, creditor=creditor.pk)
    return message


def send(creditor: Creditor, *, limit: int = 500) -> Counter[Delivery]:
    """Send what is due, each message with the gate's word of that second."""
    entry = config.company(creditor.key)
    return Sender(StoredOutbox(creditor.pk), _channels(entry), _ask, now=clock.now).run(limit)


def cancel(message: Message, *, reason: str, actor: Actor) -> bool:
    """Take a message out of the queue; False when it is not there any more."""
    with transaction.atomic():
        found = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
        if found.state != Delivery.QUEUED.value:
            return False
        found.state, found.reason = Delivery.CANCELLED.value, reason
        found.save(update_fields=["state", "reason"])
        record(
            "message.cancelled", found.debtor, {"key": found.key, "reason": reason}, actor, creditor=found.creditor_id
        )
    return True


def _ask(row: Row, now: datetime) -> Asked:
    """Read the debtor anew, ask the gate, fill and lint the text; what is missing or wrong holds the message back."""
    message = Message.objects.select_related("debtor__creditor").get(key=row.key)
    debtor, creditor = message.debtor, message.debtor.creditor
    law = _law(debtor.country or creditor.country)
    today = now.astimezone(clock.zone(law.zones[0])).date()
    known = facts.read(debtor, message.currency, now, today)
    act = _act(known, row.channel, row.address, now, row.key, (today - message.anchor).days)
    decision = decide(act, known.state, law)
    message.decisions = [*message.decisions, decision.as_dict(law)][-20:]
    if not decision.allowed:
        message.save(update_fields=["decisions"])
        return Asked(decision=decision, message=None)
    items = [
        item
        for item in known.account.items
        if item.claimable.amount and (item.due <= message.anchor or (message.anchor < today and item.due < today))
    ]
    if not items:
        raise DunningError("Ya no queda nada que reclamar de lo que trataba este mensaje.")
    amount = Money.total(message.currency, (item.claimable for item in items))
    if decision.claimable is not None and amount.amount > decision.claimable:
        amount = Money(message.currency, decision.claimable)
    entry = config.company(creditor.key)
    values = {
        "deudor": debtor.name,
        "acreedor": creditor.name,
        "remitente": entry.remitente,
        "importe": write_money(amount),
        "documentos": ", ".join(item.number for item in items[:10]) + (" y otros" if len(items) > 10 else ""),
        "vence": write_day(min(item.due for item in items)),
        "dias": str(max(0, (today - min(item.due for item in items)).days)),
        "enlace": entry.enlace.replace("{clave}", str(debtor.pk)),
        "baja": entry.baja.get(row.channel, entry.baja.get(_BY_CHANNEL, "")),
        "telefono": entry.telefono,
    }
    filled = wording.fill(wording.template(message.template, message.language), values)
    _lint(filled, message, entry, creditor, known, law, today)
    message.subject, message.text, message.amount = filled.subject, filled.text, amount.amount
    message.save(update_fields=["decisions", "subject", "text", "amount"])
    outgoing = Outgoing(
        key=row.key, to=row.address, subject=filled.subject, text=filled.text, language=message.language
    )
    return Asked(decision=decision, message=outgoing)


def _lint(
    filled: wording.Filled,
    message: Message,
    entry: config.CompanyEntry,
    creditor: Creditor,
    known: facts.Facts,
    law: ContactLaw,
    today: date,
) -> None:
    host = entry.enlace.removeprefix("https://").partition("/")[0]
    found = texts.lint(
        texts.Message(
            text=filled.text,
            subject=filled.subject,
            channel=message.channel,
            debtor_type=known.debtor_type,
            on=today,
            senders=(entry.remitente,),
            creditors=(creditor.name,),
            own_hosts=frozenset({host} - {""}),
            language=message.language,
            overdue_days=(today - message.anchor).days,
        ),
        law,
    )
    if found:
        told = "; ".join(f"{each.rule}: {each.told}" for each in found[:3])
        raise DunningError(f"El texto no puede salir: {told}")


def _act(known: facts.Facts, channel: str, address: str, at: datetime, key: str, overdue: int) -> Act:
    return Act(
        country=known.country,
        debtor_type=known.debtor_type,
        channel=channel,
        at=at,
        purpose=Purpose.CLAIM,
        address=address,
        reference=key,
        overdue_days=overdue,
        identifies=frozenset({"sender", "creditor"}),
        unattended=True,
    )


def _accounts(creditor: Creditor) -> Iterator[tuple[Debtor, str]]:
    rows: QuerySet[Invoice] = Invoice.objects.filter(creditor=creditor, kind="invoice", vanished_at=None).exclude(
        open=0
    )
    pairs = sorted(set(rows.values_list("debtor_id", "currency")))
    debtors = Debtor.objects.select_related("creditor").in_bulk({pk for pk, _ in pairs})
    for pk, currency in pairs:
        yield debtors[pk], currency


def _channels(entry: config.CompanyEntry) -> Mapping[str, Channel]:
    adapters = suite.adapters("connectors.channels")
    found: dict[str, Channel] = {}
    for channel, slug in entry.canales.items():
        adapter = adapters.get(slug)
        if adapter is None:
            raise BusinessError(
                f"No hay un conector «{slug}» en connectors/channels/ (hay: {', '.join(adapters) or 'ninguno'}).",
                remedy="Corrija [empresas.*.canales] en config/dunning.toml.",
            )
        found[channel] = adapter  # type: ignore[assignment]
    return found


@cache
def _law(country: str) -> ContactLaw:
    return policy.law(country)
