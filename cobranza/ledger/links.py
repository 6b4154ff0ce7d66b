"""Personal links to a debtor's own page: signed, unguessable, expiring, revocable.

A token is the row's number and an HMAC over it and what the row says, under the installation's key: it need not be
stored, and the same message filled twice carries the same link. The link alone opens nothing: the page asks for a
second proof, and after too many wrong ones the link is revoked.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256

from django.conf import settings
from django.db import transaction

from cobranza.kernel import clock
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Debtor, Link

MOST_TRIES = 5
"""Wrong second proofs in a row after which a link is revoked."""


def issue(debtor: Debtor, *, days: int, actor: Actor, reference: str = "", purpose: str = "portal") -> tuple[Link, str]:
    """A link to the debtor's page and its token; the same reference gives the same one.

    Args:
        days: How long it opens.
        reference: Message that it goes in; "" always makes a new one.
    """
    now = clock.now()
    with transaction.atomic():
        locked = Debtor.objects.select_for_update(no_key=True).get(pk=debtor.pk)
        if reference:
            there = Link.objects.filter(debtor=locked, purpose=purpose, reference=reference).first()
            if there is not None:
                return there, token_of(there)
        link = Link.objects.create(
            debtor=locked, purpose=purpose, reference=reference, created_at=now, expires_at=now + timedelta(days=days)
        )
        payload = {"link": link.pk, "purpose": purpose, "reference": reference, "expires_at": link.expires_at}
        record("link.issued", locked, payload, actor, creditor=locked.creditor_id, seals=[link])
    return link, token_of(link)


def token_of(link: Link) -> str:
    """The token of a link, 22 characters of HMAC (132 bits) behind its number."""
    said = f"{link.pk}|{link.debtor_id}|{link.purpose}|{link.created_at.timestamp():.6f}".encode()
    key = sha256(b"cobranza.ledger.links|" + settings.SECRET_KEY.encode("utf-8")).digest()
    digest = hmac.new(key, said, sha256).digest()
    return f"{link.pk}-{urlsafe_b64encode(digest).decode('ascii')[:22]}"


def find(token: str, now: datetime | None = None) -> Link | None:
    """The link of a token; None when it is forged, over or revoked: the page tells nobody which."""
    number, _, _ = token.partition("-")
    if not (number.isascii() and number.isdigit() and len(number) < 18):
        return None
    link = Link.objects.select_related("debtor__creditor").filter(pk=int(number)).first()
    if link is None or not hmac.compare_digest(token_of(link).encode("ascii"), token.encode("utf-8")):
        return None
    if link.revoked_at is not None or (now or clock.now()) >= link.expires_at:
        return None
    return link


def tried(link: Link, *, right: bool, actor: Actor) -> bool:
    """Count a second proof; False when the link is revoked now, because too many in a row were wrong."""
    with transaction.atomic():
        found = Link.objects.select_for_update(no_key=True).get(pk=link.pk)
        if found.revoked_at is not None:
            return False
        if right:
            found.tries, found.used_at = 0, clock.now()
            found.save(update_fields=["tries", "used_at"])
            return True
        found.tries += 1
        found.save(update_fields=["tries"])
        if found.tries < MOST_TRIES:
            return True
    revoke(link, reason="Demasiadas pruebas equivocadas.", actor=actor)
    return False


def revoke(link: Link, *, reason: str, actor: Actor) -> Link:
    """Close a link for good; twice changes nothing."""
    with transaction.atomic():
        found = Link.objects.select_for_update(no_key=True).select_related("debtor").get(pk=link.pk)
        if found.revoked_at is None:
            found.revoked_at, found.revoked_reason = clock.now(), reason
            found.save(update_fields=["revoked_at", "revoked_reason"])
            payload = {"link": found.pk, "reason": reason}
            creditor = found.debtor.creditor_id
            record("link.revoked", found.debtor, payload, actor, creditor=creditor, seals=[found])
    return found
