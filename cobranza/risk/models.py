"""Tables of this room: who needs care, what bureaus said, early warnings, next actions, what was contested or listed.

Scores, verdicts and surveys stand in the ledger, for all to see.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class Cursor(models.Model):
    """The last event of a chain that the scores have taken in."""

    chain = models.CharField(max_length=60, primary_key=True)
    seq = models.BigIntegerField()

    class Meta:
        verbose_name = "posición en la cadena"
        verbose_name_plural = "posiciones en las cadenas"

    def __str__(self) -> str:
        return f"{self.chain}: {self.seq}"


class Care(models.Model):
    """Somebody to be treated with special care. A person says so; why is told in general words, never a diagnosis."""

    SEALED: ClassVar = ("debtor_id", "reason", "by", "since", "until", "ended_by")

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="care")
    reason = models.CharField(max_length=120)
    by = models.CharField(max_length=150)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "cuidado especial"
        verbose_name_plural = "cuidados especiales"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor"], name="risk_care_once", condition=Q(until=None)),
        ]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.reason}"


class BureauReport(models.Model):
    """What a bureau said about a tax id; rows are never changed, the newest of a source counts."""

    source = models.CharField(max_length=60, help_text="Nombre en config/bureaus.toml.")
    tax_id = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    default = models.DecimalField(max_digits=6, decimal_places=5, help_text="Probabilidad de impago a un año.")
    incidents = models.PositiveIntegerField(default=0)
    owed = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    weight = models.DecimalField(max_digits=6, decimal_places=3)
    as_of = models.DateField(help_text="Día de la información.")
    provenance = models.CharField(max_length=300)
    reference = models.CharField(max_length=120, blank=True, default="")
    read_at = models.DateTimeField()

    class Meta:
        verbose_name = "informe de solvencia"
        verbose_name_plural = "informes de solvencia"
        constraints: ClassVar = [
            models.CheckConstraint(name="risk_report_share", condition=Q(default__gte=0, default__lte=1)),
            models.CheckConstraint(name="risk_report_weight", condition=Q(weight__gt=0)),
        ]
        indexes: ClassVar = [models.Index(fields=["tax_id", "source", "-read_at"])]

    def __str__(self) -> str:
        return f"{self.source} {self.tax_id} {self.as_of}"


class EarlyWarning(models.Model):
    """Somebody up to date who is likely to miss the next due day; one open at a time."""

    class Actions(models.TextChoices):
        """What can be done before it happens."""

        CALL = "llamar", "Llamar"
        RESTRUCTURE = "reestructurar", "Ofrecer otro calendario"
        DISCOUNT = "descuento", "Ofrecer descuento por pronto pago"
        NOTHING = "nada", "No hacer nada"

    class Outcomes(models.TextChoices):
        """What came of it."""

        PAID = "pago", "Pagó a tiempo"
        MISSED = "impago", "No pagó a tiempo"
        AGREED = "acuerdo", "Se acordó otro calendario"
        FALSE = "falsa_alarma", "No había motivo"

    SEALED: ClassVar = (
        "debtor_id", "rating_id", "probability", "signals", "due_on", "amount", "currency", "opened_at", "owner",
        "action", "acted_at", "acted_by", "note", "outcome", "closed_at", "closed_by",
    )  # fmt: skip

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="early_warnings")
    rating = models.ForeignKey("ledger.Rating", on_delete=models.PROTECT)
    probability = models.DecimalField(max_digits=6, decimal_places=5)
    signals = models.JSONField(default=list, help_text="Como los motivos de la valoración.")
    due_on = models.DateField(help_text="Primer vencimiento que peligra.")
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    opened_at = models.DateTimeField()
    owner = models.CharField(max_length=150, blank=True, default="")
    action = models.CharField(max_length=16, choices=Actions, blank=True, default="")
    acted_at = models.DateTimeField(null=True, blank=True)
    acted_by = models.CharField(max_length=150, blank=True, default="")
    note = models.TextField(blank=True, default="")
    outcome = models.CharField(max_length=16, choices=Outcomes, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "aviso temprano"
        verbose_name_plural = "avisos tempranos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor"], name="risk_warning_once", condition=Q(closed_at=None)),
            models.CheckConstraint(
                name="risk_warning_end",
                condition=Q(closed_at=None, outcome="") | Q(closed_at__isnull=False) & ~Q(outcome=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.due_on}"


class NextAction(models.Model):
    """What was proposed to whoever worked the list, and why; one per debtor and day."""

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="next_actions")
    day = models.DateField()
    action = models.CharField(max_length=16)
    channel = models.CharField(max_length=16, blank=True, default="")
    tone = models.CharField(max_length=16)
    at = models.DateTimeField(null=True, blank=True, help_text="Hora que permite la compuerta; vacío: ninguna.")
    chance = models.DecimalField(max_digits=6, decimal_places=5, help_text="Probabilidad de que responda.")
    worth = models.DecimalField(max_digits=18, decimal_places=3, help_text="Cobro que se espera.")
    currency = models.CharField(max_length=3)
    reason = models.TextField()
    evidence = models.JSONField(default=dict, help_text="Cuentas de las que sale, y lo que dijo la compuerta.")
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = "acción propuesta"
        verbose_name_plural = "acciones propuestas"
        constraints: ClassVar = [models.UniqueConstraint(fields=["debtor", "day"], name="risk_action_once")]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.day} {self.action}"


class Contest(models.Model):
    """A debtor, or who speaks for them, wants a person to look at a score again (RGPD, art. 22.3)."""

    SEALED: ClassVar = ("debtor_id", "rating_id", "said", "via", "asked_at", "answer", "answered_at", "answered_by")

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="contests")
    rating = models.ForeignKey("ledger.Rating", on_delete=models.PROTECT, null=True, blank=True)
    said = models.TextField()
    via = models.CharField(max_length=60, help_text="Quién lo pasó: portal, o una persona con su nombre.")
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "petición de revisión"
        verbose_name_plural = "peticiones de revisión"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor"], name="risk_contest_once", condition=Q(answered_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.asked_at}"


class Listing(models.Model):
    """A proposal to tell a bureau about a debt. Only a person makes it so: the database refuses it otherwise."""

    class States(models.TextChoices):
        """What became of it."""

        PROPOSED = "propuesta", "Propuesta"
        APPROVED = "aprobada", "Aprobada"
        REFUSED = "rechazada", "Rechazada"

    SEALED: ClassVar = (
        "debtor_id", "source", "amount", "currency", "state", "proposed_by", "at", "decided_by", "decided_kind",
        "decided_at", "reason",
    )  # fmt: skip

    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="listings")
    source = models.CharField(max_length=60)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=16, choices=States, default=States.PROPOSED)
    proposed_by = models.CharField(max_length=150)
    at = models.DateTimeField()
    decided_by = models.CharField(max_length=150, blank=True, default="")
    decided_kind = models.CharField(max_length=8, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "comunicación a un fichero de solvencia"
        verbose_name_plural = "comunicaciones a ficheros de solvencia"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["debtor", "source"], name="risk_listing_once", condition=Q(state="propuesta")
            ),
            # The gate of art. 22 is the database's own: no program approves it.
            models.CheckConstraint(
                name="risk_listing_by_a_person",
                condition=Q(state="propuesta", decided_at=None)
                | Q(decided_kind="person", decided_at__isnull=False) & ~Q(decided_by="") & ~Q(reason="")
                & ~Q(state="propuesta"),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.debtor_id} {self.source} {self.state}"


class CreditCheck(models.Model):
    """What was worked out about a possible customer; a refusal is a person's."""

    SEALED: ClassVar = (
        "tax_id", "country", "name", "given", "reports", "missing", "band", "default", "limit", "currency", "terms",
        "asked_by", "at",
    )  # fmt: skip

    tax_id = models.CharField(max_length=64)
    country = models.CharField(max_length=2)
    name = models.CharField(max_length=300)
    given = models.JSONField(default=dict)
    reports = models.JSONField(default=list)
    missing = models.JSONField(default=list)
    default = models.DecimalField(max_digits=6, decimal_places=5)
    band = models.CharField(max_length=8)
    limit = models.DecimalField(max_digits=18, decimal_places=3)
    currency = models.CharField(max_length=3)
    terms = models.CharField(max_length=60, help_text="Cómo cobrarle: contado, plazo corto, normal.")
    reasons = models.JSONField(default=list)
    asked_by = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "consulta de crédito"
        verbose_name_plural = "consultas de crédito"
        constraints: ClassVar = [
            models.CheckConstraint(name="risk_check_share", condition=Q(default__gte=0, default__lte=1)),
            models.CheckConstraint(name="risk_check_limit", condition=Q(limit__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.tax_id} {self.band}"
