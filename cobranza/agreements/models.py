"""Tables of this room: what waits for approval and who decided, what the assistant remembers, wishes to change.

The agreements themselves stand in the ledger, for all to see.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cobranza.ledger.columns import ActorKinds, money


class Waiting(models.Model):
    """A proposal outside the unattended limits, accepted by the debtor: people of `role` decide, `people` of them."""

    class States(models.TextChoices):
        """What became of it."""

        ASKED = "en_espera", "En espera"
        APPROVED = "aprobada", "Aprobada"
        REFUSED = "rechazada", "Rechazada"
        STALE = "caducada", "Caducada"

    SEALED: ClassVar = (
        "key", "creditor_id", "debtor_id", "currency", "proposal", "total", "role", "people", "reasons", "channel",
        "proof", "asked_by", "asked_by_name", "asked_at", "state", "agreement_id",
    )  # fmt: skip

    key = models.CharField(max_length=120, unique=True, help_text="Clave de idempotencia.")
    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="agreement_requests")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="agreement_requests")
    currency = models.CharField(max_length=3)
    proposal = models.JSONField(help_text="Pagos y quita, como los escribe cobranza.agreements.plain.")
    total = money(help_text="Lo que pagaría el deudor.")
    role = models.CharField(max_length=60, help_text="Nivel de la matriz que decide.")
    people = models.PositiveSmallIntegerField(help_text="Cuántas personas distintas.")
    beyond = models.BooleanField(default=False, help_text="Ningún nivel llega: solo se puede rechazar o cambiar.")
    reasons = models.JSONField(default=list, help_text="Límites que pasa.")
    channel = models.CharField(max_length=16)
    proof = models.TextField(help_text="Cómo consta que el deudor lo acepta.")
    asked_by = models.CharField(max_length=8, choices=ActorKinds)
    asked_by_name = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=States, default=States.ASKED)
    ended_reason = models.TextField(blank=True, default="")
    agreement = models.OneToOneField("ledger.Agreement", on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        verbose_name = "solicitud de acuerdo"
        verbose_name_plural = "solicitudes de acuerdo"
        constraints: ClassVar = [
            models.CheckConstraint(name="agreements_waiting_people", condition=Q(people__gte=1, people__lte=2)),
            models.CheckConstraint(
                name="agreements_waiting_end",
                condition=Q(state="aprobada", agreement__isnull=False) | Q(agreement=None) & ~Q(state="aprobada"),
            ),
            models.CheckConstraint(name="agreements_waiting_proved", condition=~Q(proof="")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["asked_at"], name="agreements_waiting_open", condition=Q(state="en_espera")),
        ]

    def __str__(self) -> str:
        return self.key


class Decision(models.Model):
    """One person's word on a request; a person has one."""

    SEALED: ClassVar = ("waiting_id", "person", "approves", "reason", "role")

    waiting = models.ForeignKey(Waiting, on_delete=models.PROTECT, related_name="decisions")
    person = models.CharField(max_length=150)
    role = models.CharField(max_length=60, help_text="Nivel de la matriz que tenía.")
    approves = models.BooleanField()
    reason = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "decisión"
        verbose_name_plural = "decisiones"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["waiting", "person"], name="agreements_decision_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.approves}"


class Dialogue(models.Model):
    """What the assistant remembers of its conversation with a debtor."""

    debtor = models.OneToOneField("ledger.Debtor", on_delete=models.PROTECT, related_name="dialogue")
    currency = models.CharField(max_length=3)
    talk = models.JSONField(default=dict, help_text="Como lo escribe cobranza.agreements.plain.")
    capacity = money(null=True, blank=True, help_text="Lo que dijo que puede pagar al mes.")
    pay_day = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Día del mes en que cobra.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "diálogo"

    def __str__(self) -> str:
        return str(self.debtor_id)


class Change(models.Model):
    """A debtor wants a running agreement changed: a person decides, and no robot goes on with it meanwhile."""

    agreement = models.OneToOneField("ledger.Agreement", on_delete=models.PROTECT, related_name="change")
    said = models.TextField()
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True, help_text="Cuándo decidió una persona que sigue igual.")
    settled_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "petición de cambio"
        verbose_name_plural = "peticiones de cambio"

    def __str__(self) -> str:
        return str(self.agreement_id)
