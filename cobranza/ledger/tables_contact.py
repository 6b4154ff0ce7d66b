"""Tables of the conversation with a debtor: words of all channels, what is to be said, tasks, links, choices."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Directions(models.TextChoices):
    """Who spoke."""

    IN = "in", "Del deudor"
    OUT = "out", "Nuestro"


class Word(models.Model):
    """Something said on any channel, by us or by them; one conversation per debtor.

    Without a debtor while the sender is unknown or could be several: such a sender learns nothing about any debt. The
    text stands outside the chain of events, which holds its digest, so that it can be erased by law.
    """

    key = models.CharField(max_length=200, unique=True, help_text="Clave de idempotencia.")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="words", null=True, blank=True)
    channel = models.CharField(max_length=16)
    direction = models.CharField(max_length=3, choices=Directions)
    address = models.CharField(max_length=300, blank=True, default="", help_text="De quién viene, o a quién va.")
    subject = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    author = models.CharField(max_length=150, help_text="El deudor, un robot o una persona con su nombre.")
    at = models.DateTimeField()
    reference = models.CharField(max_length=200, blank=True, default="", help_text="Mensaje, caso o acuerdo.")
    handled_at = models.DateTimeField(null=True, blank=True, help_text="Cuándo se atendió lo que dijo el deudor.")
    handled_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "comunicación"
        verbose_name_plural = "comunicaciones"
        indexes: ClassVar = [
            models.Index(fields=["debtor", "at"]),
            models.Index(fields=["at"], name="ledger_word_unheard", condition=Q(direction="in", handled_at=None)),
        ]

    def __str__(self) -> str:
        return self.key


class Takeover(models.Model):
    """A person leads the conversation with a debtor: no robot answers until it is given back."""

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="takeovers")
    person = models.CharField(max_length=150)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "conversación tomada"
        verbose_name_plural = "conversaciones tomadas"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor"], name="ledger_takeover_once", condition=Q(until=None)),
        ]

    def __str__(self) -> str:
        return self.person


class Wanted(models.Model):
    """Something that a process wants said to a debtor. The outbox takes it up; the gate decides, as for all that goes.

    Either `text` is what is to be said, or `template` names one of ``config/templates`` with its `values`.
    """

    class States(models.TextChoices):
        """What became of it."""

        ASKED = "pedido", "Pedido"
        QUEUED = "en_cola", "En la bandeja de salida"
        DROPPED = "descartado", "Descartado"

    key = models.CharField(max_length=200, unique=True, help_text="Clave de idempotencia.")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="wanted")
    currency = models.CharField(max_length=3, blank=True, default="")
    purpose = models.CharField(max_length=16, help_text="Como lo nombra la compuerta: claim, instalment, answer.")
    channel = models.CharField(max_length=16, blank=True, default="", help_text="Vacío: el mejor consentido.")
    template = models.CharField(max_length=60, blank=True, default="")
    values = models.JSONField(default=dict, blank=True)
    subject = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    source = models.CharField(max_length=120, help_text="Qué proceso lo pide y con qué referencia.")
    not_before = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Después ya no tiene sentido.")
    state = models.CharField(max_length=16, choices=States, default=States.ASKED)
    reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "mensaje pedido"
        verbose_name_plural = "mensajes pedidos"
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_wanted_says", condition=~Q(text="", template="")),
        ]
        indexes: ClassVar = [
            models.Index(fields=["not_before"], name="ledger_wanted_open", condition=Q(state="pedido"))
        ]

    def __str__(self) -> str:
        return self.key


class Task(models.Model):
    """Something that a person has to do about a debtor, by a day."""

    class Kinds(models.TextChoices):
        """What there is to do."""

        CALL = "llamar", "Llamar"
        CONTACT_DATA = "datos_de_contacto", "Corregir datos de contacto"
        REVIEW = "revisar", "Revisar"
        NEGOTIATE = "negociar", "Negociar"
        ANSWER = "contestar", "Contestar"
        APPROVE = "aprobar", "Aprobar"

    SEALED: ClassVar = ("key", "debtor_id", "kind", "due_on", "why", "done_at", "done_by", "outcome")

    key = models.CharField(max_length=200, unique=True, help_text="Clave de idempotencia.")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="tasks")
    kind = models.CharField(max_length=24, choices=Kinds)
    due_on = models.DateField()
    why = models.TextField()
    source = models.CharField(max_length=120, help_text="Qué proceso la abrió y con qué referencia.")
    opened_at = models.DateTimeField()
    assigned_to = models.CharField(max_length=150, blank=True, default="")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=150, blank=True, default="")
    outcome = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "tarea"
        indexes: ClassVar = [models.Index(fields=["due_on"], name="ledger_task_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return self.key


class Link(models.Model):
    """A personal address of a debtor's own page: unguessable, expiring, revocable. The token itself is not stored."""

    SEALED: ClassVar = ("debtor_id", "purpose", "reference", "expires_at", "revoked_at", "revoked_reason")

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="links")
    purpose = models.CharField(max_length=30, default="portal")
    reference = models.CharField(max_length=200, blank=True, default="", help_text="Mensaje en que fue.")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_reason = models.TextField(blank=True, default="")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Segundas pruebas falladas seguidas.")
    used_at = models.DateTimeField(null=True, blank=True, help_text="Última entrada completa.")

    class Meta:
        verbose_name = "enlace personal"
        verbose_name_plural = "enlaces personales"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["debtor", "purpose", "reference"], name="ledger_link_once", condition=~Q(reference="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} {self.pk}"


class Preference(models.Model):
    """What a debtor chose: channels, days and hours of their own clock, language. The latest counts."""

    SEALED: ClassVar = ("debtor_id", "channels", "weekdays", "start", "end", "zone", "language", "said", "at")

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="preferences")
    channels = models.JSONField(default=list, blank=True, help_text="Vacío: no eligió.")
    weekdays = models.JSONField(default=list, blank=True, help_text="Lunes 0; vacío: no eligió.")
    start = models.TimeField(null=True, blank=True)
    end = models.TimeField(null=True, blank=True)
    zone = models.CharField(max_length=60, blank=True, default="", help_text="Zona IANA del deudor, si se sabe.")
    language = models.CharField(max_length=2, blank=True, default="")
    said = models.TextField(help_text="Dónde consta.")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "preferencias"
        verbose_name_plural = "preferencias"
        indexes: ClassVar = [models.Index(fields=["debtor", "-at"])]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.at}"
