"""One conversation per debtor over all channels: what was said, what is wanted to be said, who leads it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, F, Func, QuerySet, Value

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.kernel.telephones import DIALLING
from cobranza.ledger import canonical
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Contact, Creditor, Debtor, Takeover, Wanted, Word

_KIND = {"email": "email", "sms": "phone", "whatsapp": "phone", "call": "phone", "ivr": "phone"}

ON_PAGE = "portal:persona:"
"""Beginning of the keys of what a person of the house wrote on the debtor's own page."""


class TakenOver(BusinessError):
    """Another person leads this conversation."""

    code = "COB-LIB-060"
    remedy = "Pida a quien la lleva que la devuelva."


def who(channel: str, address: str, creditor: Creditor | None = None) -> Debtor | None:
    """The one debtor known under that address or number; None when nobody is, or several are.

    Args:
        creditor: Only that company's debtors, where the channel tells whom they wrote to.
    """
    found = known(channel, address, creditor)
    return Debtor.objects.get(pk=found.pop()) if len(found) == 1 else None


def known(channel: str, address: str, creditor: Creditor | None = None) -> set[int]:
    """Every debtor known under that address or number (primary keys): whom a "stop" from there may concern.

    Args:
        creditor: As for `who`.
    """
    plain = address.strip().lower() if channel == "email" else "".join(filter(str.isdigit, address))
    kind = _KIND.get(channel)
    if kind is None or not plain:
        return set()
    rows = Contact.objects.filter(kind=kind)
    if creditor is not None:
        rows = rows.filter(debtor__creditor=creditor)
    if channel == "email":
        return set(rows.filter(value__iexact=plain).values_list("debtor", flat=True)[:50])
    # Numbers are stored as people write them; the last nine digits narrow it down, all of them decide.
    digits_only = Func(
        F("value"), Value(r"\D"), Value(""), Value("g"), function="regexp_replace", output_field=CharField()
    )
    candidates = rows.annotate(digits=digits_only).filter(digits__endswith=plain[-9:])
    return {
        each.debtor_id
        for each in candidates.select_related("debtor__creditor")[:50]
        if _same_number(plain, each.value, each.debtor.country or each.debtor.creditor.country)
    }


def _same_number(heard: str, stored: str, country: str) -> bool:
    """Whether the digits that a provider gives (with the country's code) are the number as somebody wrote it."""
    digits = "".join(filter(str.isdigit, stored)).lstrip("0")
    if not digits:
        return False
    heard = heard.lstrip("0")
    codes = DIALLING.get(country, ())
    return heard in {digits, *(code + digits for code in codes)} or digits in {code + heard for code in codes}


def note(
    key: str,
    *,
    channel: str,
    direction: str,
    text: str,
    at: datetime,
    actor: Actor,
    debtor: Debtor | None = None,
    address: str = "",
    subject: str = "",
    reference: str = "",
) -> Word:
    """Put something said on record; the same key twice is one.

    Args:
        key: Of the message at its provider or in our tables, with the channel before it.
        direction: "in" from the debtor, "out" from us.
        debtor: None while unknown or ambiguous; see `who`.
        actor: Who spoke for us, or who heard it.
        reference: Message, case or agreement that it belongs to.
    """
    text = canonical.plain(text)  # what strangers send may hold what the database cannot
    with transaction.atomic():
        word, new = Word.objects.get_or_create(
            key=key,
            defaults={
                "debtor": debtor,
                "channel": channel,
                "direction": direction,
                "address": canonical.plain(address)[:300],
                "subject": canonical.plain(subject),
                "text": text,
                "author": "deudor" if direction == "in" else actor.name,
                "at": at,
                "reference": reference,
            },
        )
        if new and debtor is not None:
            payload = {
                "key": key, "channel": channel, "reference": reference,
                "sha256": hashlib.sha256(text.encode("utf-8")).hexdigest(),
            }  # fmt: skip
            kind = "word.heard" if direction == "in" else "word.said"
            record(kind, debtor, payload, actor, creditor=debtor.creditor_id)
    return word


def belongs(reference: str, debtor: Debtor | None, *, actor: Actor) -> int:
    """A person says whose words those of a case are; returns how many changed hands.

    Args:
        reference: As the words carry it, "caso:12".
        debtor: None: nobody's that we know.
    """
    with transaction.atomic():
        rows = Word.objects.filter(reference=reference)
        rows = rows.exclude(debtor=debtor) if debtor is not None else rows.exclude(debtor=None)
        moved = rows.update(debtor=debtor)
        if moved and debtor is not None:
            payload = {"reference": reference, "words": moved}
            record("word.assigned", debtor, payload, actor, creditor=debtor.creditor_id)
    return moved


def erase(keys: Collection[str], *, sender: bool = False) -> int:
    """Forget what was said under these keys; that something was said stays. Returns how many.

    Args:
        sender: Who it came from as well.
    """
    blank = {"text": "", "subject": ""} | ({"address": ""} if sender else {})
    return Word.objects.filter(key__in=keys).update(**blank)


def handled(word: Word, *, by: str) -> bool:
    """Mark what the debtor said as attended to; False when somebody did already."""
    return bool(Word.objects.filter(pk=word.pk, handled_at=None).update(handled_at=clock.now(), handled_by=by))


def thread(debtor: Debtor | int) -> QuerySet[Word]:
    """All that was said with a debtor, oldest first."""
    return Word.objects.filter(debtor=debtor).order_by("at", "pk")


def want(
    debtor: Debtor,
    key: str,
    *,
    purpose: str,
    source: str,
    text: str = "",
    subject: str = "",
    template: str = "",
    values: Mapping[str, str] | None = None,
    channel: str = "",
    currency: str = "",
    not_before: datetime | None = None,
    expires_at: datetime | None = None,
) -> Wanted:
    """Ask for something to be said to a debtor; the outbox takes it up and the gate decides. Same key, same message.

    Args:
        purpose: "claim", "instalment" or "answer", as the gate names it.
        source: Process and reference, "acuerdo:12".
        text: What to say; or `template` with its `values`.
        channel: "" lets the outbox take the best consented one.
        currency: Of what is claimed, "" when nothing is.
    """
    wanted, _ = Wanted.objects.get_or_create(
        key=key,
        defaults={
            "debtor": debtor,
            "currency": currency,
            "purpose": purpose,
            "channel": channel,
            "template": template,
            "values": dict(values or {}),
            "subject": subject,
            "text": text,
            "source": source,
            "not_before": not_before or clock.now(),
            "expires_at": expires_at,
        },
    )
    return wanted


def take_over(debtor: Debtor, *, actor: Actor) -> Takeover:
    """A person leads the conversation from now on; no robot answers. The same person twice is one.

    Raises:
        TakenOver: somebody else leads it.
    """
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        there = Takeover.objects.filter(debtor=debtor, until=None).first()
        if there is not None:
            if there.person != actor.name:
                raise TakenOver(f"La conversación con {debtor.name} la lleva {there.person}.")
            return there
        made = Takeover.objects.create(debtor=debtor, person=actor.name, since=clock.now())
        record("conversation.taken", debtor, {}, actor, creditor=debtor.creditor_id)
    return made


def give_back(debtor: Debtor, *, actor: Actor) -> bool:
    """Let the robots answer again; False when nobody led it."""
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        done = Takeover.objects.filter(debtor=debtor, until=None).update(until=clock.now())
        if done:
            record("conversation.given_back", debtor, {}, actor, creditor=debtor.creditor_id)
    return bool(done)


def leader(debtor: Debtor | int) -> str:
    """Who leads the conversation, "" when the robots do."""
    return Takeover.objects.filter(debtor=debtor, until=None).values_list("person", flat=True).first() or ""
