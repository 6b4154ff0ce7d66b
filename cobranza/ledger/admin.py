"""The ledger in Django's admin: to look at, never to write. What changes goes through the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

from cobranza.ledger.models import (
    Allocation,
    BankAccount,
    Creditor,
    Debtor,
    Event,
    Hold,
    Invoice,
    Movement,
    Statement,
)

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = admin.ModelAdmin  # no generic at run time


class ReadOnly(Base):
    """Lists and shows."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        """Never."""
        return False


@admin.register(Creditor)
class CreditorAdmin(ReadOnly):
    """Companies that are owed."""

    list_display = ("key", "name", "tax_id", "country")


@admin.register(Debtor)
class DebtorAdmin(ReadOnly):
    """Customers."""

    list_display = ("name", "tax_id", "country", "creditor", "erp_key")
    search_fields = ("name", "trade_name", "tax_id", "erp_key")


@admin.register(BankAccount)
class BankAccountAdmin(ReadOnly):
    """Accounts."""

    list_display = ("name", "iban", "currency", "creditor", "source")


@admin.register(Invoice)
class InvoiceAdmin(ReadOnly):
    """Documents with their balance."""

    list_display = ("number", "debtor", "due_on", "currency", "gross", "open", "state")
    list_filter = ("state", "kind", "currency", "creditor")
    list_select_related = ("debtor",)
    search_fields = ("number", "debtor__name", "erp_key")


@admin.register(Statement)
class StatementAdmin(ReadOnly):
    """Statements brought in."""

    list_display = ("account", "source", "first_day", "last_day", "lines", "added", "imported_at")
    list_select_related = ("account",)


@admin.register(Movement)
class MovementAdmin(ReadOnly):
    """Lines of the bank."""

    list_display = ("booked_on", "account", "amount", "currency", "remaining", "counterparty_name", "text")
    list_filter = ("account",)
    list_select_related = ("account",)
    search_fields = ("text", "reference", "counterparty_name")


@admin.register(Allocation)
class AllocationAdmin(ReadOnly):
    """Money applied to documents."""

    list_display = ("invoice", "movement", "applied", "cash", "rule", "confidence", "decided_by_name", "reversed_at")
    list_filter = ("decided_by", "rule")
    list_select_related = ("invoice", "movement")


@admin.register(Hold)
class HoldAdmin(ReadOnly):
    """What stops collection."""

    list_display = ("debtor", "invoice", "amount", "reason", "source", "opened_at", "released_at")
    list_select_related = ("debtor", "invoice")


@admin.register(Event)
class EventAdmin(ReadOnly):
    """The chain."""

    list_display = ("at", "chain", "seq", "kind", "subject", "actor_name")
    list_filter = ("kind", "actor_kind")
    search_fields = ("subject",)
