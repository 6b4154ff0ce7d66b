"""What other processes, or people, want said: each wish becomes one message on the best channel, or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cobranza.dunning import facts, wording
from cobranza.dunning.account import DunningError
from cobranza.dunning.asking import PORTAL, act, heard, in_window
from cobranza.dunning.facts import Facts
from cobranza.dunning.models import Message
from cobranza.dunning.settings import LANGUAGE
from cobranza.gate.acts import Decision, Purpose, Verdict
from cobranza.gate.decision import decide
from cobranza.kernel import clock
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Debtor, Invoice, Wanted, Word

PERSON = "persona:"
"""What the source of a person's own words begins with, before their name."""
STEP = "pedido"
ORDER = ("email", "whatsapp", "sms", "ivr", "letter")
"""Channels for a wish that names none, after the one the debtor wrote on last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A channel that a wish could take, and the gate's word on it."""

    channel: str
    address: str
    decision: Decision


def take_up(
    creditor: Creditor, *, actor: Actor, now: datetime | None = None, debtor: Debtor | None = None, limit: int = 5000
) -> list[Message]:
    """Put every wish whose time has come into the outbox, or drop it with the reason; each wish once.

    Args:
        debtor: Only this one's; None all of the creditor's.
    """
    at = now or clock.now()
    open_ = Wanted.objects.filter(debtor__creditor=creditor, state=Wanted.States.ASKED, not_before__lte=at)
    if debtor is not None:
        open_ = open_.filter(debtor=debtor)
    queued = []
    for pk in open_.order_by("not_before", "pk").values_list("pk", flat=True)[:limit]:
        message = _take(pk, actor, at)
        if message is not None:
            queued.append(message)
    return queued


def _take(pk: int, actor: Actor, at: datetime) -> Message | None:
    with transaction.atomic():
        wanted = (
            Wanted.objects.select_for_update(no_key=True, of=("self",)).select_related("debtor__creditor").get(pk=pk)
        )
        if wanted.state != Wanted.States.ASKED:
            return None
        found = _way(wanted, at)
        if isinstance(found, str):
            wanted.state, wanted.reason = Wanted.States.DROPPED, found
            wanted.save(update_fields=["state", "reason"])
            record(
                "wish.dropped",
                wanted.debtor,
                {"key": wanted.key, "reason": found},
                actor,
                creditor=wanted.debtor.creditor_id,
            )
            return None
        known, way = found
        message = _queue(wanted, known, way, at)
        wanted.state = Wanted.States.QUEUED
        wanted.save(update_fields=["state"])
        payload = {"key": message.key, "step": STEP, "channel": way.channel, "strategy": message.strategy}
        record("message.queued", wanted.debtor, payload, actor, creditor=wanted.debtor.creditor_id)
    return message


def _queue(wanted: Wanted, known: Facts, way: Way, at: datetime) -> Message:
    law = facts.law(known.country)
    language = known.account.language
    if wanted.template and wanted.template not in wording.known(language):
        language = LANGUAGE
    return Message.objects.create(
        key=f"{STEP}:{wanted.pk}",
        creditor=wanted.debtor.creditor,
        debtor=wanted.debtor,
        currency=currency_of(wanted),
        purpose=wanted.purpose,
        wanted=wanted,
        author=wanted.source.removeprefix(PERSON) if wanted.source.startswith(PERSON) else "",
        strategy=wanted.source,
        step=STEP,
        anchor=known.today,
        channel=way.channel,
        address=way.address,
        template=wanted.template,
        language=language,
        not_before=way.decision.until or at,
        rules=list(way.decision.rules),
        decisions=[way.decision.as_dict(law)],
    )


def currency_of(wanted: Wanted) -> str:
    """The wish's own, else the only one that the debtor owes in; "" when there is none or several."""
    if wanted.currency:
        return wanted.currency
    owed = Invoice.objects.filter(debtor=wanted.debtor_id, vanished_at=None).exclude(open=0)
    codes = list(owed.order_by("currency").values_list("currency", flat=True).distinct()[:2])
    return codes[0] if len(codes) == 1 else ""


def _way(wanted: Wanted, at: datetime) -> tuple[Facts, Way] | str:
    """The first way that the gate does not deny; else why there is none, in Spanish."""
    if wanted.expires_at is not None and at >= wanted.expires_at:
        return "Ha caducado antes de salir."
    if wanted.purpose not in set(Purpose):
        return f"No hay un propósito «{wanted.purpose}»."
    purpose = Purpose(wanted.purpose)
    known = facts.read(wanted.debtor, currency_of(wanted), at)
    if known.leader and not wanted.source.startswith(PERSON):
        return f"La conversación la lleva {known.leader}."
    told = ""
    for channel, address in _candidates(wanted, known, purpose):
        problem = _unwritten(wanted, channel, known, at)
        if problem:
            told = told or problem
            continue
        question = act(known, channel, address, at, f"{STEP}:{wanted.pk}", purpose, known.today)
        decision = decide(question, heard(known, wanted, channel), facts.law(known.country))
        if decision.verdict is not Verdict.DENY:
            return known, Way(channel=channel, address=address, decision=decision)
        told = told or "; ".join(decision.reasons)
    return told or "No hay un canal con dirección por el que se pueda escribir."


def _candidates(wanted: Wanted, known: Facts, purpose: Purpose) -> Iterator[tuple[str, str]]:
    heard = {each.channel: each.at for each in known.state.inbound}
    if wanted.channel:
        order: tuple[str, ...] = (wanted.channel,)
    else:
        latest = sorted(heard, key=lambda channel: heard[channel], reverse=True)
        order = tuple(latest)
        if purpose is not Purpose.ANSWER or wanted.source.startswith(PORTAL):
            order = tuple(each for each in dict.fromkeys([*latest, *ORDER]) if each in known.account.channels)
    for channel in order:
        address = known.addresses.get(channel, "")
        if purpose in (Purpose.ANSWER, Purpose.FAREWELL):
            address = _heard_from(wanted, channel) or address
        if address:
            yield channel, address


def _heard_from(wanted: Wanted, channel: str) -> str:
    """Where the debtor wrote from last: an answer goes back there."""
    words = Word.objects.filter(debtor=wanted.debtor_id, channel=channel, direction="in").exclude(address="")
    return str(words.order_by("-at", "-pk").values_list("address", flat=True).first() or "")


def _unwritten(wanted: Wanted, channel: str, known: Facts, at: datetime) -> str:
    """Why the wish cannot be said on a channel, in Spanish; "" when it can."""
    if wanted.template:
        try:
            written = wording.template(wanted.template, LANGUAGE)
        except DunningError as exc:
            return exc.message
        return "" if channel in written.canales else f"La plantilla «{wanted.template}» no es para {channel}."
    if channel == "whatsapp" and not in_window(known, at):
        return "Fuera de las 24 horas de WhatsApp solo sale una plantilla aprobada."
    return ""
