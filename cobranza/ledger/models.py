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


class BankAccount(models.Model):
    """An account where the creditor is paid, with its one source of movements (see decisions/0003)."""

    SEALED: ClassVar = ("creditor_id", "iban", "number", "currency", "source", "source_since")

    creditor = models.ForeignKey(Creditor, on_delete=models.PROTECT, related_name="bank_accounts")
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


class Chain(models.Model):
    """The head of one chain of events: how many there are and the hash of the last one."""

    name = models.CharField(max_length=60, primary_key=True, help_text="«acreedor:<id>» o «casa».")
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = "cadena"

    def __str__(self) -> str:
        return f"{self.name}#{self.seq}"


class Event(models.Model):
    """Something that happened. Appended once, never changed; each carries the hash of the one before."""

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="events")
    seq = models.BigIntegerField()
    at = models.DateTimeField()
    kind = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=8, choices=ActorKinds)
    actor_name = models.CharField(max_length=150)
    subject = models.CharField(max_length=120, help_text="«tabla:id», por ejemplo invoice:12.")
    payload = models.JSONField(default=dict)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        verbose_name = "suceso"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["chain", "seq"], name="ledger_event_seq"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject"]),
            models.Index(fields=["at"]),
            models.Index(fields=["kind", "at"]),
        ]

    def __str__(self) -> str:
        return f"{self.chain_id}#{self.seq} {self.kind}"


class Seal(models.Model):
    """The digest of one row as an event left it; the event's payload holds the digest of all its seals."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="seals")
    table = models.CharField(max_length=30)
    row = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        verbose_name = "sello"
        indexes: ClassVar = [models.Index(fields=["table", "row", "-id"], name="ledger_seal_latest")]

    def __str__(self) -> str:
        return f"{self.table}:{self.row}"


class Consent(models.Model):
    """A debtor's leave to be reached on a channel, with its proof. Ends by being revoked, never by being deleted."""

    SEALED: ClassVar = (
        "debtor_id", "channel", "address", "proof", "other_hours", "given_at", "given_by", "given_by_name",
        "revoked_at", "revoked_reason",
    )  # fmt: skip

    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="consents")
    channel = models.CharField(max_length=16, help_text="Como lo nombra la compuerta.")
    address = models.CharField(max_length=300, blank=True, default="", help_text="Vacío: cualquiera de ese canal.")
    proof = models.TextField(help_text="Dónde se guarda la prueba.")
    other_hours = models.TextField(
        blank=True, default="", help_text="Prueba del documento aparte que admite más horas."
    )
    given_at = models.DateTimeField()
    given_by = models.CharField(max_length=8, choices=ActorKinds)
    given_by_name = models.CharField(max_length=150)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "consentimiento"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["debtor", "channel", "address"], name="ledger_consent_once", condition=Q(revoked_at=None)
            ),
            models.CheckConstraint(name="ledger_consent_proved", condition=~Q(proof="")),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.address}".strip()


class OptOut(models.Model):
    """A debtor said stop, on one channel or on all. Only a later consent of theirs lifts it."""

    SEALED: ClassVar = ("debtor_id", "channel", "said", "at")

    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="opt_outs")
    channel = models.CharField(max_length=16, blank=True, default="", help_text="Vacío: todos.")
    said = models.TextField(help_text="Sus palabras, o dónde están.")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "baja de un canal"
        verbose_name_plural = "bajas de canales"
        indexes: ClassVar = [models.Index(fields=["debtor", "channel"])]

    def __str__(self) -> str:
        return self.channel or "todos los canales"
