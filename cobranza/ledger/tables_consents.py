"""Tables of leave to reach a debtor and of its end."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cobranza.ledger.columns import ActorKinds


class Consent(models.Model):
    """A debtor's leave to be reached on a channel, with its proof. Ends by being revoked, never by being deleted."""

    SEALED: ClassVar = (
        "debtor_id", "channel", "address", "proof", "other_hours", "given_at", "given_by", "given_by_name",
        "revoked_at", "revoked_reason",
    )  # fmt: skip

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="consents")
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

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="opt_outs")
    channel = models.CharField(max_length=16, blank=True, default="", help_text="Vacío: todos.")
    said = models.TextField(help_text="Sus palabras, o dónde están.")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "baja de un canal"
        verbose_name_plural = "bajas de canales"
        indexes: ClassVar = [models.Index(fields=["debtor", "channel"])]

    def __str__(self) -> str:
        return self.channel or "todos los canales"
