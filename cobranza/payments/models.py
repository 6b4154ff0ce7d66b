"""Tables of what debtors pay through a gateway.

What a gateway says is kept as facts that only grow (`paid`, `returned`); the state follows from them, so that calls
that come twice, late or in the wrong order end in the same row. Nothing here settles an invoice: a paid charge holds
what it pays (`cobranza.ledger.holds`) until the money of its payout is allocated from the bank's movement.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cobranza.ledger.columns import ZERO, money


class ChargeStates(models.TextChoices):
    """As `cobranza.payments.ports.ChargeState` spells them."""

    ASKED = "pedido", "Pedido"
    PENDING = "pendiente", "Pendiente"
    PAID = "pagado", "Pagado"
    FAILED = "fallido", "Fallido"
    EXPIRED = "caducado", "Caducado"
    REFUNDED = "devuelto", "Devuelto"
    DISPUTED = "reclamado", "Reclamado al banco"


class Charge(models.Model):
    """A debtor was sent to a gateway to pay parts of invoices."""

    SEALED: ClassVar = (
        "key", "creditor_id", "debtor_id", "currency", "amount", "gateway", "charge_id", "agreement_id", "state",
        "paid", "returned", "disputed", "fee", "payout", "paid_at", "settled_at",
    )  # fmt: skip

    key = models.CharField(max_length=120, unique=True, help_text="Clave de idempotencia, también en la pasarela.")
    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="charges")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="charges")
    agreement = models.ForeignKey(
        "ledger.Agreement", on_delete=models.PROTECT, related_name="charges", null=True, blank=True
    )
    currency = models.CharField(max_length=3)
    amount = money(help_text="Lo pedido: la suma de sus partes.")
    gateway = models.CharField(max_length=60, help_text="Cuenta de config/gateways.toml.")
    charge_id = models.CharField(max_length=200, blank=True, default="", help_text="El de la pasarela.")
    url = models.TextField(blank=True, default="")
    back_url = models.TextField()
    state = models.CharField(max_length=16, choices=ChargeStates, default=ChargeStates.ASKED)
    paid = money(default=ZERO, help_text="Cobrado por la pasarela en total.")
    returned = money(default=ZERO, help_text="Devuelto al deudor en total.")
    disputed = models.BooleanField(default=False, help_text="El deudor lo reclama a su banco.")
    fee = money(null=True, blank=True, help_text="Lo que se queda la pasarela.")
    payout = models.CharField(max_length=200, blank=True, default="", help_text="Referencia de su transferencia.")
    reason = models.TextField(blank=True, default="")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    known_at = models.DateTimeField(null=True, blank=True, help_text="Cuándo supimos que estaba pagado, y se retuvo.")
    heard_at = models.DateTimeField(null=True, blank=True, help_text="De cuándo es lo último que dijo la pasarela.")
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="Cuándo quedó contabilizado en el banco, o devuelto: ya no retiene nada."
    )
    asked_by = models.CharField(max_length=150)

    class Meta:
        verbose_name = "cobro por pasarela"
        verbose_name_plural = "cobros por pasarela"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="payments_charge_figures", condition=Q(amount__gt=0, paid__gte=0, returned__gte=0)
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["gateway", "charge_id"]),
            models.Index(fields=["creditor"], name="payments_charge_open", condition=Q(settled_at=None)),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def kept(self) -> Decimal:
        """What we keep of it as far as the gateway has told."""
        return ZERO if self.disputed else max(ZERO, self.paid - self.returned)


class ChargePart(models.Model):
    """What a charge pays of one invoice."""

    SEALED: ClassVar = ("charge_id", "invoice_id", "amount")

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="parts")
    invoice = models.ForeignKey("ledger.Invoice", on_delete=models.PROTECT, related_name="charge_parts")
    amount = money()

    class Meta:
        verbose_name = "parte de un cobro"
        verbose_name_plural = "partes de cobros"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["charge", "invoice"], name="payments_part_once"),
            models.CheckConstraint(name="payments_part_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.charge_id}: {self.invoice_id}"


class Booking(models.Model):
    """How much of a part has come in at the bank: which allocation brought it. It ends when that one is reversed."""

    SEALED: ClassVar = ("part_id", "allocation_id", "amount", "void_at")

    part = models.ForeignKey(ChargePart, on_delete=models.PROTECT, related_name="bookings")
    allocation = models.ForeignKey("ledger.Allocation", on_delete=models.PROTECT, related_name="bookings")
    amount = money()
    booked_at = models.DateTimeField()
    void_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "ingreso de un cobro"
        verbose_name_plural = "ingresos de cobros"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["part", "allocation"], name="payments_booking_once"),
            models.CheckConstraint(name="payments_booking_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.part_id} ← {self.allocation_id}"


class Heard(models.Model):
    """One thing that a gateway told by itself; told again it changes nothing."""

    gateway = models.CharField(max_length=60)
    event = models.CharField(max_length=200)
    about = models.CharField(max_length=200, help_text="Clave o id del cobro.")
    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="heard", null=True, blank=True)
    state = models.CharField(max_length=16)
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    changed = models.BooleanField(default=False, help_text="Si cambió algo.")

    class Meta:
        verbose_name = "aviso de pasarela"
        verbose_name_plural = "avisos de pasarelas"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["gateway", "event", "about"], name="payments_heard_once"),
        ]
        indexes: ClassVar = [models.Index(F("received_at").desc(), name="payments_heard_latest")]

    def __str__(self) -> str:
        return f"{self.gateway} {self.event}"
