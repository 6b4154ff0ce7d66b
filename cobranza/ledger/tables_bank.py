"""Tables of the creditor's bank accounts: statements as evidence and the movements that they told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cobranza.ledger.columns import ZERO
from cobranza.ledger.columns import money as _money


class BankAccount(models.Model):
    """An account where the creditor is paid, with its one source of movements (see decisions/0003)."""

    SEALED: ClassVar = ("creditor_id", "iban", "number", "currency", "source", "source_since")

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="bank_accounts")
    name = models.CharField(max_length=120, help_text="Como la llaman en la oficina y en config/.")
    iban = models.CharField(max_length=64, help_text="IBAN, o el número nacional donde no hay IBAN.")
    number = models.CharField(max_length=64, blank=True, default="", help_text="Como la nombra el banco, si difiere.")
    currency = models.CharField(max_length=3)
    portal = models.SlugField(blank=True, default="", help_text="Carpeta en connectors/banks/.")
    source = models.CharField(
        max_length=60, blank=True, default="", help_text="De dónde salen sus movimientos; vacío: lo fija la primera."
    )
    source_since = models.DateField(null=True, blank=True, help_text="Primer día de esa fuente; vacío: siempre.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "cuenta bancaria"
        verbose_name_plural = "cuentas bancarias"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "iban", "currency"], name="ledger_bank_account_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.iban})"


class Statement(models.Model):
    """One statement once brought in: the evidence that its movements come from."""

    SEALED: ClassVar = (
        "account_id", "source", "sha256", "file_name", "index", "format", "first_day", "last_day", "opening", "closing",
        "lines", "added",
    )  # fmt: skip

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="statements")
    source = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    file_name = models.CharField(max_length=300, blank=True, default="")
    index = models.PositiveIntegerField(default=0, help_text="Posición dentro del fichero.")
    format = models.CharField(max_length=60)
    first_day = models.DateField(null=True, blank=True, help_text="Vacío solo si no trae movimientos ni periodo.")
    last_day = models.DateField(null=True, blank=True)
    opening = _money(null=True, blank=True)
    closing = _money(null=True, blank=True)
    lines = models.PositiveIntegerField()
    added = models.PositiveIntegerField(help_text="Movimientos que no se conocían.")
    imported_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "extracto"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "sha256", "index"], name="ledger_statement_once"),
            models.CheckConstraint(name="ledger_statement_days", condition=Q(last_day__gte=F("first_day"))),
        ]
        indexes: ClassVar = [models.Index(fields=["account", "first_day"])]

    def __str__(self) -> str:
        return f"{self.account_id} {self.first_day}–{self.last_day}"


class Movement(models.Model):
    """A booked line of a bank account. Never altered; `used` follows its allocations."""

    SEALED: ClassVar = (
        "account_id", "statement_id", "fingerprint", "occurrence", "booked_on", "value_on", "amount", "currency",
        "text", "reference", "counterparty_name", "counterparty_account", "counterparty_tax_id", "bank_code",
        "balance_after", "details",
    )  # fmt: skip

    account = models.ForeignKey(BankAccount, on_delete=models.PROTECT, related_name="movements")
    statement = models.ForeignKey(Statement, on_delete=models.PROTECT, related_name="movements")
    fingerprint = models.CharField(max_length=64)
    occurrence = models.PositiveIntegerField(help_text="0 para el primero de los iguales del día, 1 para el segundo…")
    booked_on = models.DateField()
    value_on = models.DateField()
    amount = _money()
    currency = models.CharField(max_length=3)
    text = models.TextField(blank=True, default="")
    reference = models.TextField(blank=True, default="")
    counterparty_name = models.TextField(blank=True, default="")
    counterparty_account = models.CharField(max_length=120, blank=True, default="")
    counterparty_tax_id = models.CharField(max_length=64, blank=True, default="")
    bank_code = models.CharField(max_length=60, blank=True, default="")
    balance_after = _money(null=True, blank=True)
    details = models.JSONField(default=list, blank=True)
    position = models.CharField(max_length=120, blank=True, default="")
    assumed = models.CharField(
        max_length=60, blank=True, default="", help_text="Campos que el extracto no traía y se supusieron."
    )
    used = _money(default=ZERO, editable=False, help_text="Suma aplicada; la mantiene la base.")
    remaining = models.GeneratedField(expression=F("amount") - F("used"), output_field=_money(), db_persist=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "movimiento"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["account", "fingerprint", "occurrence"], name="ledger_movement_once"),
            models.CheckConstraint(
                name="ledger_movement_used",
                # A netted credit note adds to what the money settles, so only the outer bound is one row's business.
                condition=Q(amount__gte=0, used__lte=F("amount")) | Q(amount__lt=0, used__gte=F("amount")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["account", "booked_on"]),
            models.Index(fields=["account"], name="ledger_movement_unused", condition=~Q(remaining=0)),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount} {self.currency}"
