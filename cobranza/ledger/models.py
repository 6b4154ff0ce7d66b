"""The tables of the shared record.

Money columns are exact decimals in major units. Three columns are *kept by the database itself* and refuse any other
writer: `Invoice.allocated`, `Movement.used` and the chain's head (see `migrations/0002_guards.py`); what follows from
them (`Invoice.open`, `Invoice.state`, `Movement.remaining`) is generated, so no balance can drift from its parts.

`SEALED` on a model names the columns whose content every change must leave sealed in the event chain (`events.py`).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Case, F, Q, Value, When

from cobranza.ledger.columns import ZERO, ActorKinds
from cobranza.ledger.columns import money as _money
from cobranza.ledger.tables_agreements import Agreement, Cover, Instalment
from cobranza.ledger.tables_bank import BankAccount, Movement, Statement
from cobranza.ledger.tables_chain import Chain, Event, Seal
from cobranza.ledger.tables_consents import Consent, OptOut
from cobranza.ledger.tables_contact import Link, Preference, Takeover, Task, Wanted, Word
from cobranza.ledger.tables_ratings import Rating, Survey, Verdict

__all__ = [
    "ActorKinds", "Agreement", "Allocation", "BankAccount", "Chain", "Consent", "Contact", "Cover", "Creditor",
    "Debtor", "DocumentKinds", "Event", "Hold", "Instalment", "Invoice", "Link", "Movement", "OptOut", "PayerAccount",
    "Preference", "Rating", "Seal", "Statement", "Survey", "Takeover", "Task", "Verdict", "Wanted", "Word",
]  # fmt: skip


class DocumentKinds(models.TextChoices):
    """What a document is."""

    INVOICE = "invoice", "Factura"
    CREDIT_NOTE = "credit_note", "Abono"


class Creditor(models.Model):
    """A company that is owed."""

    SEALED: ClassVar = ("name", "tax_id", "country")

    key = models.SlugField(unique=True, help_text="Nombre corto, el de config/.")
    name = models.CharField(max_length=200)
    tax_id = models.CharField(max_length=32, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "acreedor"
        verbose_name_plural = "acreedores"

    def __str__(self) -> str:
        return self.name


class Debtor(models.Model):
    """A customer of a creditor, as its ERP knows it."""

    SEALED: ClassVar = ("creditor_id", "erp", "erp_key", "name", "trade_name", "tax_id", "country", "group_key")

    creditor = models.ForeignKey(Creditor, on_delete=models.PROTECT, related_name="debtors")
    erp = models.SlugField()
    erp_key = models.CharField(max_length=120)
    name = models.CharField(max_length=300)
    trade_name = models.CharField(max_length=300, blank=True, default="")
    tax_id = models.CharField(max_length=64, blank=True, default="")
    country = models.CharField(max_length=2, blank=True, default="")
    group_key = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "deudor"
        verbose_name_plural = "deudores"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "erp", "erp_key"], name="ledger_debtor_key"),
        ]
        indexes: ClassVar = [models.Index(fields=["creditor", "tax_id"])]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A way to reach a debtor. Consent comes with the messages' room."""

    class Kinds(models.TextChoices):
        """What the value is."""

        EMAIL = "email", "Correo"
        PHONE = "phone", "Teléfono"
        ADDRESS = "address", "Dirección"

    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="contacts")
    kind = models.CharField(max_length=16, choices=Kinds)
    value = models.CharField(max_length=300)
    source = models.CharField(max_length=60, help_text="De dónde salió: el ERP, una persona, un correo.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "contacto"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor", "kind", "value"], name="ledger_contact_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.value}"


class PayerAccount(models.Model):
    """A bank account that a debtor has paid from, told by the ERP or learned from a confirmed match."""

    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="payer_accounts")
    number = models.CharField(max_length=64)
    source = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "cuenta del deudor"
        verbose_name_plural = "cuentas de deudores"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor", "number"], name="ledger_payer_account_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["number"])]

    def __str__(self) -> str:
        return self.number


class Invoice(models.Model):
    """An invoice or credit note and what is left of it.

    ``open = gross - elsewhere - allocated``, always between zero and `gross`. `allocated` is the sum of our own active
    allocations; `elsewhere` is what the ERP shows as settled by others (a person in the ERP, another program).
    """

    class States(models.TextChoices):
        """Follows from the balance alone."""

        OPEN = "open", "Pendiente"
        PARTIAL = "partial", "Pagada en parte"
        SETTLED = "settled", "Saldada"

    SEALED: ClassVar = (
        "creditor_id", "debtor_id", "erp", "erp_key", "kind", "number", "issued_on", "due_on", "currency", "net", "tax",
        "gross", "elsewhere", "payment_reference", "customer_reference", "mandate", "remittance", "vanished_at",
    )  # fmt: skip

    creditor = models.ForeignKey(Creditor, on_delete=models.PROTECT, related_name="invoices")
    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="invoices")
    erp = models.SlugField()
    erp_key = models.CharField(max_length=120)
    kind = models.CharField(max_length=16, choices=DocumentKinds)
    number = models.CharField(max_length=120)
    issued_on = models.DateField()
    due_on = models.DateField()
    currency = models.CharField(max_length=3)
    net = _money()
    tax = _money()
    gross = _money()
    elsewhere = _money(default=ZERO, help_text="Saldado fuera de Cobranza, según el ERP.")
    allocated = _money(default=ZERO, editable=False, help_text="Suma de aplicaciones vivas; lo mantiene la base.")
    open = models.GeneratedField(
        expression=F("gross") - F("elsewhere") - F("allocated"), output_field=_money(), db_persist=True
    )
    state = models.GeneratedField(
        expression=Case(
            When(gross=F("elsewhere") + F("allocated"), then=Value("settled")),
            When(elsewhere=-F("allocated"), then=Value("open")),
            default=Value("partial"),
        ),
        output_field=models.CharField(max_length=16, choices=States),
        db_persist=True,
    )
    payment_reference = models.CharField(max_length=64, blank=True, default="")
    customer_reference = models.CharField(max_length=120, blank=True, default="")
    mandate = models.CharField(max_length=64, blank=True, default="")
    remittance = models.CharField(max_length=64, blank=True, default="")
    vanished_at = models.DateTimeField(
        null=True, blank=True, help_text="Cuándo dejó de salir en la lista de pendientes del ERP."
    )
    read_at = models.DateTimeField(help_text="Última lectura del ERP que la confirmó.")
    touched_at = models.DateTimeField(null=True, blank=True, help_text="Última vez que cambió lo aplicado.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "factura"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "erp", "erp_key"], name="ledger_invoice_key"),
            models.CheckConstraint(
                name="ledger_invoice_sign",
                condition=Q(kind="invoice", gross__gte=0) | Q(kind="credit_note", gross__lte=0),
            ),
            models.CheckConstraint(
                name="ledger_invoice_open",
                condition=Q(gross__gte=0, open__gte=0, open__lte=F("gross"))
                | Q(gross__lt=0, open__lte=0, open__gte=F("gross")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["creditor", "number"]),
            models.Index(fields=["debtor", "due_on"]),
            models.Index(fields=["creditor", "erp"], name="ledger_invoice_unsettled", condition=~Q(state="settled")),
        ]

    def __str__(self) -> str:
        return self.number


class Allocation(models.Model):
    """Money of one movement that settles (or, when negative on an invoice, reopens) one document.

    `applied` comes off the document's open balance, in its currency and with its sign; `cash` is what it takes of the
    movement, in the movement's currency. In one currency ``cash = applied - withheld - fee - discount``. A return has
    negative `applied` on an invoice; a netted credit note has negative `applied` on the credit note.
    """

    SEALED: ClassVar = (
        "key", "movement_id", "invoice_id", "applied", "withheld", "fee", "discount", "cash", "rate", "in_erp", "rule",
        "confidence", "explanation", "decided_by", "decided_by_name", "reversed_at", "reversed_by", "reversed_by_name",
        "reversed_reason",
    )  # fmt: skip

    key = models.CharField(max_length=120, unique=True, help_text="Clave de idempotencia.")
    movement = models.ForeignKey(Movement, on_delete=models.PROTECT, related_name="allocations")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    applied = _money()
    withheld = _money(default=ZERO)
    fee = _money(default=ZERO)
    discount = _money(default=ZERO)
    cash = _money()
    rate = models.DecimalField(
        max_digits=20, decimal_places=10, null=True, blank=True, help_text="Moneda del abono por unidad de la factura."
    )
    in_erp = _money(default=ZERO, help_text="Cuánto de lo aplicado consta ya en el ERP.")
    rule = models.CharField(max_length=60)
    confidence = models.DecimalField(max_digits=5, decimal_places=4)
    explanation = models.TextField()
    decided_by = models.CharField(max_length=8, choices=ActorKinds)
    decided_by_name = models.CharField(max_length=150)
    decided_at = models.DateTimeField(auto_now_add=True)
    reversed_at = models.DateTimeField(null=True, blank=True)
    reversed_by = models.CharField(max_length=8, choices=ActorKinds, blank=True, default="")
    reversed_by_name = models.CharField(max_length=150, blank=True, default="")
    reversed_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "aplicación"
        verbose_name_plural = "aplicaciones"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["movement", "invoice"], name="ledger_allocation_once", condition=Q(reversed_at=None)
            ),
            models.CheckConstraint(
                name="ledger_allocation_signs",
                condition=Q(applied__gt=0, cash__gt=0, withheld__gte=0, discount__gte=0, in_erp__gte=0)
                & Q(in_erp__lte=F("applied"))
                | Q(applied__lt=0, cash__lt=0, withheld__lte=0, discount__lte=0, in_erp__lte=0)
                & Q(in_erp__gte=F("applied")),
            ),
            models.CheckConstraint(
                name="ledger_allocation_reversal",
                condition=Q(reversed_at=None, reversed_by="")
                | Q(reversed_at__isnull=False, reversed_by__in=["robot", "person"]),
            ),
            models.CheckConstraint(
                name="ledger_allocation_confidence", condition=Q(confidence__gte=0, confidence__lte=1)
            ),
            models.CheckConstraint(name="ledger_allocation_decider", condition=Q(decided_by__in=["robot", "person"])),
        ]

    def __str__(self) -> str:
        return f"{self.movement_id} → {self.invoice_id}: {self.applied}"


class Hold(models.Model):
    """Something that stops collection of an invoice, or of all that a debtor owes, wholly or up to an amount."""

    SEALED: ClassVar = (
        "debtor_id", "invoice_id", "amount", "reason", "source", "opened_by", "opened_by_name", "opened_at",
        "released_at", "released_by", "released_by_name", "released_reason",
    )  # fmt: skip

    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="holds")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="holds", null=True, blank=True)
    amount = _money(null=True, blank=True, help_text="Solo este importe; vacío: todo.")
    reason = models.TextField()
    source = models.CharField(max_length=120, help_text="Qué proceso lo puso y con qué referencia.")
    opened_at = models.DateTimeField()
    opened_by = models.CharField(max_length=8, choices=ActorKinds)
    opened_by_name = models.CharField(max_length=150)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.CharField(max_length=8, choices=ActorKinds, blank=True, default="")
    released_by_name = models.CharField(max_length=150, blank=True, default="")
    released_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "retención de cobro"
        verbose_name_plural = "retenciones de cobro"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["debtor", "invoice", "source"],
                name="ledger_hold_once",
                condition=Q(released_at=None),
                nulls_distinct=False,
            ),
            models.CheckConstraint(name="ledger_hold_amount", condition=Q(amount=None) | Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return self.reason
