"""What was learned, what must never be learned again, and every version of how far the engine is believed.

Names and accounts stand in `Fact` alone and can be deleted; nothing sealed in the chain of events holds them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from cobranza.reconciliation.learning import facts


class Fact(models.Model):
    """Something learned about a debtor from confirmed payments; see `facts.Fact`. Made anew whenever it is learned."""

    class Kinds(models.TextChoices):
        """What it is."""

        ALIAS = facts.ALIAS, "Nombre con el que paga"
        ACCOUNT = facts.ACCOUNT, "Cuenta desde la que paga"
        HABIT = facts.HABIT, "Costumbre"

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="+")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="learned")
    kind = models.CharField(max_length=8, choices=Kinds)
    value = models.CharField(max_length=300)
    shown = models.TextField()
    confirmations = models.PositiveIntegerField()
    contradictions = models.PositiveIntegerField()
    first_on = models.DateField()
    last_on = models.DateField()
    usable = models.BooleanField()
    why = models.CharField(max_length=200, blank=True, default="")
    decisions = models.JSONField(default=list, help_text="Las últimas decisiones que lo dicen.")
    learned_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "dato aprendido"
        verbose_name_plural = "datos aprendidos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["debtor", "kind", "value"], name="learning_fact_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["creditor", "kind"])]

    def __str__(self) -> str:
        return f"{self.debtor_id}: {self.shown}"


class Tombstone(models.Model):
    """Something that a person ordered to forget. The database refuses to learn it again while this stands.

    It holds no name and no account: a salted digest tells the forgotten value when it comes back. Without a kind it
    speaks for everything about the debtor, whose confirmations then train nothing either.
    """

    SEALED: ClassVar = (
        "creditor_id", "debtor_id", "kind", "salt", "digest", "person", "at", "note", "lifted_at", "lifted_by",
    )  # fmt: skip

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="+")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="forgotten")
    kind = models.CharField(max_length=8, blank=True, default="", help_text="Vacío: todo lo del deudor.")
    salt = models.CharField(max_length=32, blank=True, default="")
    digest = models.CharField(max_length=64, blank=True, default="")
    person = models.CharField(max_length=150)
    at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "olvido"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="learning_tombstone_whole",
                condition=Q(kind="", digest="", salt="") | ~Q(kind="") & ~Q(digest="") & ~Q(salt=""),
            ),
            models.CheckConstraint(
                name="learning_tombstone_lifted",
                condition=Q(lifted_at=None, lifted_by="") | Q(lifted_at__isnull=False) & ~Q(lifted_by=""),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["debtor"])]

    def __str__(self) -> str:
        return f"{self.debtor_id}: {self.kind or 'todo'}"


class Version(models.Model):
    """How far the engine was believed from some time on: a calibration, its threshold and the trial it went through.

    Versions are added, never changed or deleted; only their state moves (live and retired, back and forth; a rejected
    one stays so). Without a live one the engine is taken at its word and the company's own threshold stands.
    """

    class States(models.TextChoices):
        """Where it stands."""

        LIVE = "live", "En uso"
        RETIRED = "retired", "Retirada"
        REJECTED = "rejected", "Rechazada en la prueba"

    SEALED: ClassVar = (
        "creditor_id", "number", "state", "made_at", "made_by", "made_by_name", "points", "threshold", "examples",
        "trial", "reason", "live_since", "retired_at", "retired_by",
    )  # fmt: skip

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="learned_versions")
    number = models.PositiveIntegerField(help_text="1, 2, 3… dentro de cada acreedor.")
    state = models.CharField(max_length=8, choices=States)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=8)
    made_by_name = models.CharField(max_length=150)
    points = models.JSONField(help_text="Lo que dice el motor y lo que resultó, como textos.")
    threshold = models.DecimalField(
        max_digits=5, decimal_places=4, null=True, blank=True, help_text="Vacío: el de la empresa; más de 1: nadie."
    )
    examples = models.PositiveIntegerField(help_text="Confirmaciones con que se entrenó.")
    trial = models.JSONField(help_text="Cómo le fue con las apartadas frente a lo que había.")
    reason = models.TextField()
    live_since = models.DateTimeField(null=True, blank=True, help_text="Última vez que entró en uso.")
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "versión aprendida"
        verbose_name_plural = "versiones aprendidas"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "number"], name="learning_version_number"),
            models.UniqueConstraint(fields=["creditor"], name="learning_one_live", condition=Q(state="live")),
            models.CheckConstraint(
                name="learning_version_state",
                condition=Q(state="live", live_since__isnull=False, retired_at=None)
                | Q(state="retired", live_since__isnull=False, retired_at__gte=F("live_since"))
                | Q(state="rejected", live_since=None, retired_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.creditor_id} v{self.number}: {self.state}"


class Score(models.Model):
    """What the engine itself said about a proposal whose confidence was calibrated; without one, both are the same."""

    proposal = models.OneToOneField(
        "reconciliation.Proposal", on_delete=models.PROTECT, related_name="score", primary_key=True
    )
    raw = models.DecimalField(max_digits=5, decimal_places=4)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="scores")

    class Meta:
        verbose_name = "confianza del motor"
        verbose_name_plural = "confianzas del motor"

    def __str__(self) -> str:
        return f"{self.proposal_id}: {self.raw}"


def live(creditor: Any) -> Version | None:
    """The version in use, None when there is none."""
    return Version.objects.filter(creditor=creditor, state=Version.States.LIVE).first()
