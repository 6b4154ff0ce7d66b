"""The tables of staged contact: the outbox and what providers told of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from cobranza.dunning.ports import Delivery
from cobranza.ledger.models import Creditor, Debtor, Wanted


class States(models.TextChoices):
    """See `cobranza.dunning.ports.Delivery`."""

    QUEUED = Delivery.QUEUED.value, "En cola"
    SENDING = Delivery.SENDING.value, "Enviando"
    UNKNOWN = Delivery.UNKNOWN.value, "Sin saber"
    ACCEPTED = Delivery.ACCEPTED.value, "Aceptado"
    SENT = Delivery.SENT.value, "Enviado"
    BOUNCED = Delivery.BOUNCED.value, "Rebotado"
    DELIVERED = Delivery.DELIVERED.value, "Entregado"
    READ = Delivery.READ.value, "Leído"
    REFUSED = Delivery.REFUSED.value, "Rechazado"
    SUPPRESSED = Delivery.SUPPRESSED.value, "Retenido"
    CANCELLED = Delivery.CANCELLED.value, "Anulado"


class Message(models.Model):
    """One message, or one task for a person, that a strategy proposed and somebody queued.

    `subject` and `text` are what left, filled at the second of sending; until then they are empty. `decisions` are the
    gate's words: when it was queued and each time it was asked before sending, the last one last.
    """

    key = models.CharField(max_length=200, unique=True, help_text="Clave de idempotencia.")
    creditor = models.ForeignKey(Creditor, on_delete=models.PROTECT, related_name="messages")
    debtor = models.ForeignKey(Debtor, on_delete=models.PROTECT, related_name="messages")
    currency = models.CharField(max_length=3)
    purpose = models.CharField(max_length=16, default="claim", help_text="Como lo nombra la compuerta.")
    wanted = models.ForeignKey(
        Wanted, on_delete=models.PROTECT, related_name="messages", null=True, blank=True, help_text="Quién lo pidió."
    )
    author = models.CharField(max_length=150, blank=True, default="", help_text="Persona que lo escribió, si alguna.")
    strategy = models.CharField(max_length=120, help_text="nombre@versión, o el proceso que lo pidió.")
    arm = models.CharField(max_length=16, default="current", help_text="Brazo del ensayo: holdout, pilot, current.")
    step = models.CharField(max_length=60)
    anchor = models.DateField(help_text="Vencimiento del que trata.")
    channel = models.CharField(max_length=16)
    address = models.CharField(max_length=300)
    template = models.CharField(max_length=60)
    language = models.CharField(max_length=2, default="es")
    state = models.CharField(max_length=16, choices=States, default=States.QUEUED)
    not_before = models.DateTimeField()
    token = models.CharField(max_length=40, blank=True, default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    provider_id = models.CharField(max_length=200, blank=True, default="")
    unknown_since = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")
    rules = models.JSONField(default=list, blank=True)
    decisions = models.JSONField(default=list, blank=True)
    subject = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    amount = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True, help_text="Lo que se reclamó.")
    queued_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "mensaje"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="dunning_sending_leased",
                condition=~Q(state="enviando") | ~Q(token="") & Q(leased_until__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["not_before"], name="dunning_due", condition=Q(state="en_cola")),
            models.Index(
                fields=["leased_until"], name="dunning_stuck", condition=Q(state__in=["enviando", "desconocido"])
            ),
            models.Index(fields=["provider_id"], name="dunning_provider", condition=~Q(provider_id="")),
            models.Index(fields=["debtor", "sent_at"]),
        ]

    def __str__(self) -> str:
        return self.key


class Told(models.Model):
    """An event of a provider, kept once; without a message while nobody has claimed its provider's id."""

    event = models.CharField(max_length=200, unique=True)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="told", null=True, blank=True)
    key = models.CharField(max_length=200, blank=True, default="")
    provider_id = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=16, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    permanent = models.BooleanField(default=False)
    at = models.DateTimeField()
    heard_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "noticia de un proveedor"
        verbose_name_plural = "noticias de proveedores"
        indexes: ClassVar = [models.Index(fields=["provider_id"], name="dunning_early", condition=Q(message=None))]

    def __str__(self) -> str:
        return self.event


class StrategyVersion(models.Model):
    """A version of a strategy as it was once in force: its whole text, so that anybody can go back to it."""

    SEALED: ClassVar = ("name", "version", "sha256", "text", "saved_at", "saved_by", "why")

    name = models.CharField(max_length=60)
    version = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64)
    text = models.TextField(help_text="El fichero entero.")
    saved_at = models.DateTimeField()
    saved_by = models.CharField(max_length=150)
    why = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "versión de una estrategia"
        verbose_name_plural = "versiones de estrategias"
        constraints: ClassVar = [
            # Messages name "nombre@versión": one name, one text, for ever.
            models.UniqueConstraint(fields=["name", "version"], name="dunning_strategy_version_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["name", "-saved_at"])]

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"
