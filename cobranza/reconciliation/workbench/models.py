"""What the desk keeps: who has which movement, money held for a customer, notes, and files that were brought in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

ZERO = Decimal(0)


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=3, **options)


class Lease(models.Model):
    """Who has a movement in front of them, and until when. Not evidence: it only keeps people apart.

    One row per movement, so the database itself gives it to one person; see `leases`.
    """

    movement = models.OneToOneField(
        "ledger.Movement", on_delete=models.PROTECT, related_name="lease", primary_key=True, verbose_name="movimiento"
    )
    person = models.CharField(max_length=150)
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "turno"
        indexes: ClassVar = [models.Index(fields=["person"]), models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return f"{self.movement_id}: {self.person}"


class OnAccount(models.Model):
    """Money of a movement that a person holds for a customer without saying which document it pays.

    The ledger has allocations to documents and nothing else, so this stands beside it: it takes nothing off any
    invoice, and the movement stays unused in the ledger until the money is applied or given back. Released once, with
    the reason; never altered otherwise.
    """

    SEALED: ClassVar = (
        "creditor_id", "movement_id", "debtor_id", "amount", "currency", "note", "held_by", "held_at", "released_by",
        "released_at", "released_reason",
    )  # fmt: skip

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="on_account")
    movement = models.ForeignKey("ledger.Movement", on_delete=models.PROTECT, related_name="on_account")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="on_account")
    amount = _money(help_text="En la moneda del movimiento.")
    currency = models.CharField(max_length=3)
    note = models.TextField(blank=True, default="")
    held_by = models.CharField(max_length=150)
    held_at = models.DateTimeField()
    released_by = models.CharField(max_length=150, blank=True, default="")
    released_at = models.DateTimeField(null=True, blank=True)
    released_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "entrega a cuenta"
        verbose_name_plural = "entregas a cuenta"
        constraints: ClassVar = [
            models.CheckConstraint(name="workbench_on_account_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="workbench_on_account_release",
                condition=Q(released_at=None, released_by="")
                | Q(released_at__isnull=False) & ~Q(released_by="") & ~Q(released_reason=""),
            ),
            models.UniqueConstraint(
                fields=["movement", "debtor"], name="workbench_on_account_once", condition=Q(released_at=None)
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["debtor"], condition=Q(released_at=None), name="workbench_held")]

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}: {self.debtor_id}"


class Note(models.Model):
    """What somebody wrote down about a movement without deciding it. Appended, never changed."""

    SEALED: ClassVar = ("movement_id", "person", "at", "text")

    movement = models.ForeignKey("ledger.Movement", on_delete=models.PROTECT, related_name="notes")
    person = models.CharField(max_length=150)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        verbose_name = "nota"
        indexes: ClassVar = [models.Index(fields=["movement", "at"])]

    def __str__(self) -> str:
        return self.text[:60]


class Upload(models.Model):
    """A statement file that somebody brought in by hand, from dropping it to the ledger or to the bin.

    The bytes are kept here between the preview and the confirmation, so that what is imported is what was shown,
    whichever server answers. They go when the file is imported (the ledger keeps its hash) or forgotten.
    """

    class States(models.TextChoices):
        """Where it stands."""

        SHOWN = "shown", "Por confirmar"
        REFUSED = "refused", "Rechazado"
        IMPORTED = "imported", "Importado"

    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    content = models.BinaryField(blank=True, default=b"")
    state = models.CharField(max_length=16, choices=States, default=States.SHOWN)
    problem = models.JSONField(default=dict, blank=True, help_text="code, message y remedy, si se rechazó.")
    person = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "fichero subido"
        verbose_name_plural = "ficheros subidos"
        indexes: ClassVar = [models.Index(fields=["state", "at"])]

    def __str__(self) -> str:
        return self.name
