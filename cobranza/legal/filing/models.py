"""The durable journal: filings, every step of them, who works on what, and what the courts say afterwards."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

_HOLDING = [
    "preparado", "borrador", "subido", "listo", "enviando", "incierto", "no_consta", "revision_humana", "presentado",
]  # fmt: skip


class CourtFiling(models.Model):
    """One claim on its way to a court; see `records.Entry` for what the fields mean.

    A trigger refuses every change of state that `machine.NEXT` does not know, and any change of what was signed off.
    """

    class States(models.TextChoices):
        """See `machine.State`."""

        PREPARED = "preparado", _("Preparado")
        DRAFT = "borrador", _("Borrador en el portal")
        UPLOADED = "subido", _("Documentos subidos")
        READY = "listo", _("Listo para enviar")
        SENDING = "enviando", _("Enviando")
        UNCERTAIN = "incierto", _("Incierto")
        NOT_FILED = "no_consta", _("No consta")
        FILED = "presentado", _("Presentado")
        REVIEW = "revision_humana", _("Espera a una persona")
        REFUSED = "rechazado", _("No admitido por el portal")
        WITHDRAWN = "retirado", _("Retirado")

    case = models.CharField(max_length=60)
    court = models.SlugField()
    credential = models.CharField(max_length=120)
    package_hash = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    reference = models.CharField(max_length=120)
    corrects = models.CharField(max_length=120, blank=True, default="")
    folder = models.TextField(help_text="Donde están los ficheros del paquete.")
    manifest = models.JSONField(default=dict, help_text="El paquete tal como se firmó, para buscarlo aunque falte.")
    names = models.JSONField(default=list, help_text="Nombres de los demandados.")
    state = models.CharField(max_length=16, choices=States, default=States.PREPARED)
    draft = models.CharField(max_length=120, blank=True, default="")
    drafts_before = models.JSONField(null=True, blank=True)
    attempt = models.CharField(max_length=32, blank=True, default="")
    sends = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_sign_at = models.DateTimeField(null=True, blank=True)
    readings = models.PositiveSmallIntegerField(default=0)
    looked_at = models.DateTimeField(null=True, blank=True)
    uploaded_at = models.DateTimeField(null=True, blank=True)
    troubles = models.PositiveSmallIntegerField(default=0)
    registry = models.CharField(max_length=120, blank=True, default="")
    former_registries = models.JSONField(default=list)
    csv = models.CharField(max_length=120, blank=True, default="")
    filed_at = models.DateTimeField(null=True, blank=True)
    receipt_sha256 = models.CharField(max_length=64, blank=True, default="")
    notices = models.JSONField(default=list)
    due_at = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    problem_code = models.CharField(max_length=40, blank=True, default="")
    problem = models.TextField(blank=True, default="")
    stage = models.CharField(max_length=24, blank=True, default="")
    stage_since = models.DateTimeField(null=True, blank=True)
    court_name = models.CharField(max_length=300, blank=True, default="")
    number = models.CharField(max_length=120, blank=True, default="")
    general_id = models.CharField(max_length=120, blank=True, default="")
    reasons = models.JSONField(default=list)
    answer_by = models.DateField(null=True, blank=True)
    followed_at = models.DateTimeField(null=True, blank=True)
    told = models.BooleanField(default=False, help_text="El resultado se ha comunicado al expediente.")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "presentación"
        verbose_name_plural = "presentaciones"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["fingerprint", "corrects"], name="filing_once", condition=Q(state__in=_HOLDING)
            ),
            models.UniqueConstraint(
                fields=["case"],
                name="filing_one_under_way",
                condition=Q(state__in=[state for state in _HOLDING if state != "presentado"]),
            ),
            models.CheckConstraint(
                name="filing_filed_is_proved",
                condition=~Q(state="presentado") | ~Q(registry="") & ~Q(receipt_sha256="") & Q(filed_at__isnull=False),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state", "due_at"]), models.Index(fields=["case"])]

    def __str__(self) -> str:
        return f"{self.case}: {self.state}"


class FilingStep(models.Model):
    """One line of a filing's history. Never changed, never deleted."""

    filing = models.ForeignKey(CourtFiling, on_delete=models.PROTECT, related_name="steps")
    state = models.CharField(max_length=16, choices=CourtFiling.States)
    why = models.TextField()
    facts = models.JSONField(default=dict)
    objections = models.JSONField(default=list)
    proof_folder = models.TextField(blank=True, default="")
    proof_sha256 = models.CharField(max_length=64, blank=True, default="")
    token = models.BigIntegerField(default=0, help_text="Turno del proceso que lo escribió; 0 una persona.")
    by = models.CharField(max_length=150, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "paso de una presentación"
        verbose_name_plural = "pasos de presentaciones"
        ordering: ClassVar = ["pk"]

    def __str__(self) -> str:
        return f"{self.filing_id}: {self.state}"


class FilingLease(models.Model):
    """Who may work on a case or with a credential, until when. The token only ever grows: it fences late writers."""

    name = models.CharField(max_length=200, unique=True)
    token = models.BigIntegerField()
    until = models.DateTimeField()

    class Meta:
        verbose_name = "turno"
        verbose_name_plural = "turnos"

    def __str__(self) -> str:
        return f"{self.name}: {self.token}"


class CourtNotice(models.Model):
    """A notice of a court, once each; opening it serves it."""

    court = models.SlugField()
    portal_id = models.CharField(max_length=120)
    filing = models.ForeignKey(
        CourtFiling, on_delete=models.PROTECT, related_name="court_notices", null=True, blank=True
    )
    registry = models.CharField(max_length=120)
    title = models.TextField()
    available_at = models.DateTimeField()
    served_by = models.DateField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    folder = models.TextField(blank=True, default="")
    files = models.JSONField(default=dict, help_text="Nombre y SHA-256 de cada documento.")
    seen_at = models.DateTimeField()
    told = models.BooleanField(default=False)

    class Meta:
        verbose_name = "notificación"
        verbose_name_plural = "notificaciones"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["court", "portal_id"], name="filing_notice_once"),
        ]
        ordering: ClassVar = ["-available_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.court} {self.portal_id}"
