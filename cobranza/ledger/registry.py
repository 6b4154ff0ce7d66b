"""Creditors and their bank accounts, as the settings name them."""

from __future__ import annotations

from datetime import date

from django.db import transaction

from cobranza.ledger.events import Actor, is_sealed, record
from cobranza.ledger.models import BankAccount, Creditor


def register_creditor(key: str, name: str, *, actor: Actor, tax_id: str = "", country: str = "") -> Creditor:
    """The creditor with that key, created or brought up to date; nothing is recorded when nothing changed."""
    with transaction.atomic():
        fresh = Creditor(key=key, name=name, tax_id=tax_id, country=country)
        Creditor.objects.bulk_create([fresh], ignore_conflicts=True)
        found = Creditor.objects.select_for_update(no_key=True).get(key=key)
        known = is_sealed(found)
        changes = {
            field: [getattr(found, field), value]
            for field, value in (("name", name), ("tax_id", tax_id), ("country", country))
            if getattr(found, field) != value
        }
        if known and not changes:
            return found
        for field, (_, value) in changes.items():
            setattr(found, field, value)
        found.save(update_fields=[*changes])
        kind = "creditor.changed" if known else "creditor.added"
        record(kind, found, {"key": key, "changes": changes}, actor, creditor=found, seals=[found])
    return found


def register_account(
    creditor: Creditor,
    iban: str,
    currency: str,
    *,
    actor: Actor,
    name: str = "",
    portal: str = "",
    number: str = "",
    source: str = "",
) -> BankAccount:
    """The creditor's account with that IBAN (or national number) and currency, created or brought up to date.

    Args:
        creditor: Whose.
        iban: IBAN or, where there is none, the national number; spaces do not count.
        currency: ISO 4217.
        actor: Who registers it.
        name: As the office calls it; the IBAN by default.
        portal: Folder in connectors/banks/.
        number: As the bank names it, when it differs.
        source: The one source of its movements; the first import decides when empty. Never changed here once set:
            that is `change_source`.
    """
    bare = iban.replace(" ", "").upper()
    with transaction.atomic():
        fresh = BankAccount(creditor=creditor, iban=bare, currency=currency, name=name or bare, source=source)
        BankAccount.objects.bulk_create([fresh], ignore_conflicts=True)
        found = BankAccount.objects.select_for_update(no_key=True).get(creditor=creditor, iban=bare, currency=currency)
        known = is_sealed(found)
        wanted = {"name": name or found.name, "portal": portal or found.portal, "number": number or found.number}
        if not found.source and source:
            wanted["source"] = source
        changes = {field: [getattr(found, field), value] for field, value in wanted.items()}
        changes = {field: pair for field, pair in changes.items() if pair[0] != pair[1]}
        if known and not changes:
            return found
        for field, (_, value) in changes.items():
            setattr(found, field, value)
        found.save(update_fields=[*changes])
        kind = "account.changed" if known else "account.added"
        record(kind, found, {"iban": bare, "changes": changes}, actor, creditor=creditor, seals=[found])
    return found


def change_source(account: BankAccount, source: str, since: date, *, actor: Actor) -> BankAccount:
    """Take the account's movements from another source from `since` on; earlier days stay as they were brought in."""
    with transaction.atomic():
        found = BankAccount.objects.select_for_update(no_key=True).get(pk=account.pk)
        before = [found.source, found.source_since]
        found.source, found.source_since = source, since
        found.save(update_fields=["source", "source_since"])
        record(
            "account.source_changed",
            found,
            {"from": before, "to": [source, since]},
            actor,
            creditor=found.creditor_id,
            seals=[found],
        )
    return found
