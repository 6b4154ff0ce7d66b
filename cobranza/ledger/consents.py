"""Leave to reach a debtor and its end. What was once given stays on record with its proof."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, time

from django.db import transaction

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Consent, Debtor, OptOut, Preference
from cobranza.regimes.contact import CHANNELS


class ConsentError(BusinessError):
    """A consent without channel or proof."""

    code = "COB-LIB-040"
    remedy = "Indique el canal y dónde está guardada la prueba del consentimiento."


def give(
    debtor: Debtor,
    channel: str,
    *,
    proof: str,
    actor: Actor,
    address: str = "",
    other_hours: str = "",
    at: datetime | None = None,
) -> Consent:
    """Record that a debtor may be reached on `channel`; the same one twice is one.

    Args:
        proof: Where the proof is kept: without one it would not count.
        address: Only this one; "" any of the channel.
        other_hours: Proof of a separate instrument that allows other hours.
        at: When it was given; None now.

    Raises:
        ConsentError: an unknown channel, or no proof.
    """
    _known(channel)
    if not proof.strip():
        raise ConsentError(f"El consentimiento de {debtor.name} para {channel} no trae prueba.")
    with transaction.atomic():
        Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        there = Consent.objects.filter(debtor=debtor, channel=channel, address=address, revoked_at=None).first()
        stopped = OptOut.objects.filter(debtor=debtor, channel__in=(channel, "")).order_by("-at").first()
        if there is not None and (stopped is None or stopped.at < there.given_at):
            return there
        if there is not None:
            # The debtor stopped the channel and now asks for it again: a new consent, with its own proof and day.
            _revoke(there, "Sustituido por un consentimiento posterior.", actor)
        consent = Consent.objects.create(
            debtor=debtor,
            channel=channel,
            address=address,
            proof=proof,
            other_hours=other_hours,
            given_at=at or clock.now(),
            given_by=actor.kind,
            given_by_name=actor.name,
        )
        payload = {"channel": channel, "address": address, "proof": proof}
        record("consent.given", debtor, payload, actor, creditor=debtor.creditor_id, seals=[consent])
    return consent


def revoke(consent: Consent, *, reason: str, actor: Actor) -> Consent:
    """End a consent; twice changes nothing."""
    with transaction.atomic():
        found = Consent.objects.select_for_update(no_key=True).select_related("debtor").get(pk=consent.pk)
        if found.revoked_at is None:
            _revoke(found, reason, actor)
    return found


def _revoke(consent: Consent, reason: str, actor: Actor) -> None:
    consent.revoked_at, consent.revoked_reason = clock.now(), reason
    consent.save(update_fields=["revoked_at", "revoked_reason"])
    payload = {"channel": consent.channel, "address": consent.address, "reason": reason}
    record(
        "consent.revoked", consent.debtor, payload, actor, creditor=consent.debtor.creditor_id, seals=[consent]
    )  # fmt: skip


def stop(debtor: Debtor, channel: str, *, said: str, actor: Actor, at: datetime | None = None) -> OptOut:
    """Record that a debtor wants no more of `channel` ("" all of them). Counts from that second.

    Raises:
        ConsentError: an unknown channel.
    """
    if channel:
        _known(channel)
    with transaction.atomic():
        found = OptOut.objects.create(debtor=debtor, channel=channel, said=said, at=at or clock.now())
        payload = {"channel": channel, "said": said}
        record("consent.stopped", debtor, payload, actor, creditor=debtor.creditor_id, seals=[found])
    return found


def prefer(
    debtor: Debtor,
    *,
    said: str,
    actor: Actor,
    channels: Collection[str] = (),
    weekdays: Collection[int] = (),
    start: time | None = None,
    end: time | None = None,
    zone: str = "",
    language: str = "",
) -> Preference:
    """Record how a debtor wants to be reached; the latest choice counts as a whole.

    Args:
        said: Where it is on record.
        channels: None is no choice.
        weekdays: Monday 0; none is no choice.
        start: Of the debtor's own clock, with `end`.
        zone: IANA name, where the debtor told it.

    Raises:
        ConsentError: an unknown channel or day, or hours that end before they begin.
    """
    for channel in channels:
        _known(channel)
    if any(not 0 <= day <= 6 for day in weekdays):
        raise ConsentError(f"Un día elegido no existe: {sorted(weekdays)}.")
    if (start is None) != (end is None) or (start is not None and end is not None and start >= end):
        raise ConsentError("Las horas elegidas van de la primera a una posterior.")
    with transaction.atomic():
        found = Preference.objects.create(
            debtor=debtor,
            channels=sorted(channels),
            weekdays=sorted(weekdays),
            start=start,
            end=end,
            zone=zone,
            language=language,
            said=said,
            at=clock.now(),
        )
        payload = {"channels": sorted(channels), "weekdays": sorted(weekdays), "said": said}
        record("preference.chosen", debtor, payload, actor, creditor=debtor.creditor_id, seals=[found])
    return found


def preferred(debtor: Debtor | int) -> Preference | None:
    """The latest choice of a debtor."""
    return Preference.objects.filter(debtor=debtor).order_by("-at", "-pk").first()


def _known(channel: str) -> None:
    if channel not in CHANNELS:
        raise ConsentError(f"No hay un canal «{channel}»; hay {', '.join(CHANNELS)}.")
