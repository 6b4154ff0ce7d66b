"""Tables of what is expected of a debtor: the score with its reasons, a person's decision over it, the survey.

A score is stored whole (inputs, their days, the model's name), so that it can be computed again and contested.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Bands(models.TextChoices):
    """Risk, as it is told to whoever lends or delivers."""

    LOW = "bajo", "Riesgo bajo"
    MEDIUM = "medio", "Riesgo medio"
    HIGH = "alto", "Riesgo alto"


class Segments(models.TextChoices):
    """Treatment, as the strategies and the worklist use it."""

    REMINDER = "recordatorio", "Alta probabilidad de pago con recordatorio"
    NEGOTIATION = "negociacion", "Requiere negociación flexible"
    LEGAL = "caso_legal", "Caso legal"


def _share(**options: object) -> models.DecimalField:  # type: ignore[type-arg]
    """A probability or share between 0 and 1."""
    return models.DecimalField(max_digits=6, decimal_places=5, **options)  # type: ignore[arg-type]


class Rating(models.Model):
    """What a model expected of a debtor at a moment. Rows are never changed; the newest of a debtor is `current`.

    `segment` is never "caso_legal" by a model alone (GDPR art. 22): a model can only propose it (`proposed`), and a
    person's `Verdict` makes it so.
    """

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="ratings")
    as_of = models.DateField(help_text="Día hasta el que se conocían los datos.")
    at = models.DateTimeField(help_text="Cuándo se calculó.")
    current = models.BooleanField(default=True)
    model = models.CharField(max_length=120, help_text="Nombre y huella del modelo o de las reglas.")
    pay_30 = _share(help_text="Probabilidad de que pague lo vencido en 30 días.")
    pay_60 = _share()
    pay_90 = _share()
    days_late = models.DecimalField(max_digits=7, decimal_places=1, help_text="Días de retraso que se esperan.")
    recovery = _share(help_text="Parte de lo pendiente que se espera cobrar.")
    first_miss = _share(null=True, blank=True, help_text="Probabilidad del primer impago; vacío: ya debe.")
    relapse = _share(null=True, blank=True, help_text="Probabilidad de recaer; vacío: no se ha recuperado de nada.")
    band = models.CharField(max_length=8, choices=Bands)
    segment = models.CharField(max_length=16, choices=Segments)
    proposed = models.CharField(max_length=16, choices=Segments, help_text="Lo que dicen los números solos.")
    to_person = models.CharField(max_length=200, blank=True, default="", help_text="Por qué lo lleva una persona.")
    reasons = models.JSONField(default=list, help_text="[{feature, text, value, as_of, points}], la mayor primero.")
    inputs = models.JSONField(default=dict, help_text="{feature: [valor, día]}: todo lo que entró.")
    missing = models.JSONField(default=list, blank=True, help_text="Fuentes que faltaban, con su porqué.")
    tags = models.JSONField(default=list, blank=True, help_text="Marcas, como recuperado_con_riesgo_bajo.")

    class Meta:
        verbose_name = "valoración"
        verbose_name_plural = "valoraciones"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor"], name="ledger_rating_current", condition=Q(current=True)),
            # The gate of art. 22 is the database's own: no program stores a legal segment without a person's verdict.
            models.CheckConstraint(name="ledger_rating_never_legal", condition=~Q(segment="caso_legal")),
        ]
        indexes: ClassVar = [models.Index(fields=["debtor", "-at"])]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.band} {self.segment}"


class Verdict(models.Model):
    """A person's decision on how a debtor is treated; it outranks every score until it ends."""

    SEALED: ClassVar = ("debtor_id", "segment", "reason", "by", "at", "until", "ended_at", "ended_reason")

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="verdicts")
    segment = models.CharField(max_length=16, choices=Segments)
    reason = models.TextField()
    by = models.CharField(max_length=150)
    at = models.DateTimeField()
    until = models.DateField(null=True, blank=True, help_text="Último día; vacío: hasta que alguien lo cambie.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "decisión sobre el trato"
        verbose_name_plural = "decisiones sobre el trato"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor"], name="ledger_verdict_once", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.segment}"


class Survey(models.Model):
    """One short question to a debtor who kept an agreement, and what came back."""

    SEALED: ClassVar = ("key", "debtor_id", "asked_at", "score", "answered_at")

    key = models.CharField(max_length=200, unique=True, help_text="Clave de idempotencia: una por acuerdo.")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="surveys")
    agreement = models.ForeignKey("ledger.Agreement", on_delete=models.PROTECT, null=True, blank=True)
    asked_at = models.DateTimeField()
    score = models.PositiveSmallIntegerField(null=True, blank=True, help_text="De 0 a 10.")
    comment = models.TextField(blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "encuesta"
        constraints: ClassVar = [
            models.CheckConstraint(name="ledger_survey_score", condition=Q(score=None) | Q(score__lte=10)),
        ]

    def __str__(self) -> str:
        return self.key
