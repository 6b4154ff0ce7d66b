"""Tables of what was agreed with a debtor. Everybody reads them: a plan in good standing stops reminders and claims."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cobranza.ledger.columns import ZERO, money


class Standings(models.TextChoices):
    """How an agreement stands."""

    GOOD = "al_corriente", "Al corriente"
    DUE = "vencida_en_gracia", "Vencida, en gracia"
    MISSED = "impago", "Con un impago"
    BROKEN = "incumplido", "Incumplido"
    KEPT = "cumplido", "Cumplido"
    CANCELLED = "anulado", "Anulado"


class AgreementKinds(models.TextChoices):
    """The ways of settling a debt."""

    FULL = "full", "Pago completo"
    PART = "part", "Pago en parte"
    PROMISE = "promise", "Promesa de pago"
    INSTALMENTS = "instalments", "Plan de pagos"


class Agreement(models.Model):
    """A concluded agreement: what is covered, what is paid when, what is given up when it is kept to the end."""

    SEALED: ClassVar = (
        "key", "creditor_id", "debtor_id", "currency", "kind", "total", "waived_principal", "waived_interest",
        "waived_costs", "deferral", "channel", "proof", "accepted_at", "approved_by", "standing", "ended_at",
        "ended_reason",
    )  # fmt: skip

    key = models.CharField(max_length=120, unique=True, help_text="Clave de idempotencia.")
    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="agreements")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="agreements")
    currency = models.CharField(max_length=3)
    kind = models.CharField(max_length=16, choices=AgreementKinds)
    total = money(help_text="Lo que paga el deudor.")
    waived_principal = money(default=ZERO)
    waived_interest = money(default=ZERO)
    waived_costs = money(default=ZERO)
    deferral = money(default=ZERO, help_text="Interés del propio plan.")
    channel = models.CharField(max_length=16, help_text="Dónde lo aceptó: portal, whatsapp, call…")
    proof = models.TextField(help_text="Cómo consta que lo aceptó.")
    accepted_at = models.DateTimeField()
    approved_by = models.CharField(max_length=300, help_text="Quién lo aprobó, o la regla que lo permitía.")
    standing = models.CharField(max_length=20, choices=Standings, default=Standings.GOOD)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "acuerdo"
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_agreement_proved", condition=~Q(proof="")),
            models.CheckConstraint(
                name="ledger_agreement_ended",
                condition=Q(ended_at=None, standing__in=["al_corriente", "vencida_en_gracia", "impago"])
                | Q(ended_at__isnull=False, standing__in=["incumplido", "cumplido", "anulado"]),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["debtor"], name="ledger_agreement_running", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return self.key


class Cover(models.Model):
    """Part of an invoice that an agreement settles."""

    SEALED: ClassVar = ("agreement_id", "invoice_id", "amount")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="covers")
    invoice = models.ForeignKey("ledger.Invoice", on_delete=models.PROTECT, related_name="covers")
    amount = money(help_text="De lo pendiente al acordar.")

    class Meta:
        verbose_name = "factura de un acuerdo"
        verbose_name_plural = "facturas de acuerdos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "invoice"], name="ledger_cover_once"),
            models.CheckConstraint(name="ledger_cover_positive", condition=Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id}: {self.invoice_id}"


class Instalment(models.Model):
    """One dated payment of an agreement. `paid` and `closed_on` follow the money, never the debtor's word."""

    SEALED: ClassVar = ("agreement_id", "number", "due_on", "amount", "principal", "interest", "costs", "deferral")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="instalments")
    number = models.PositiveSmallIntegerField(help_text="Desde 1.")
    due_on = models.DateField()
    amount = money()
    principal = money()
    interest = money(default=ZERO)
    costs = money(default=ZERO)
    deferral = money(default=ZERO)
    paid = money(default=ZERO)
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = "pago de un acuerdo"
        verbose_name_plural = "pagos de acuerdos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agreement", "number"], name="ledger_instalment_once"),
            models.CheckConstraint(name="ledger_instalment_positive", condition=Q(amount__gt=0)),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_on"], name="ledger_instalment_open", condition=Q(closed_on=None))
        ]

    def __str__(self) -> str:
        return f"{self.agreement_id}/{self.number}"
