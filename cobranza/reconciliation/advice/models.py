"""Advices as they came in, the files that brought them, and the movements that they are tied to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from cobranza.ledger.models import ActorKinds

ZERO = Decimal(0)


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=3, **options)


class Advice(models.Model):
    """What one payment pays by the payer's word. Written once; only where it stands changes."""

    class States(models.TextChoices):
        """Where it stands."""

        WAITING = "waiting", "Espera su cobro"
        OBJECTED = "objected", "Con objeciones"
        TIED = "tied", "Atado a su cobro"
        DISMISSED = "dismissed", "Descartado"

    OPEN: ClassVar = (States.WAITING, States.OBJECTED)
    SEALED: ClassVar = (
        "creditor_id", "identity", "payer_name", "payer_tax_id", "paid_on", "currency", "total", "total_stated",
        "method", "reference", "layout", "objections", "tax_ids", "received_at",
    )  # fmt: skip

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="advices")
    identity = models.CharField(max_length=64, help_text="SHA-256 de lo que dice, venga en el fichero que venga.")
    state = models.CharField(max_length=16, choices=States)
    payer_name = models.CharField(max_length=200, blank=True, default="")
    payer_tax_id = models.CharField(max_length=32, blank=True, default="")
    tax_ids = models.JSONField(default=list, blank=True)
    paid_on = models.DateField(null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True, default="")
    total = _money()
    total_stated = models.BooleanField(help_text="El propio aviso declara el total y sus líneas lo suman.")
    method = models.CharField(max_length=200, blank=True, default="")
    reference = models.CharField(max_length=200, blank=True, default="")
    layout = models.TextField(blank=True, default="", help_text="Cómo se leyó la tabla.")
    objections = models.JSONField(default=list, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = "aviso de pago"
        verbose_name_plural = "avisos de pago"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "identity"], name="advice_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["creditor", "state"])]

    def __str__(self) -> str:
        return f"{self.payer_name or 'Sin ordenante'}: {self.total} {self.currency}"


class AdviceLine(models.Model):
    """One line of an advice; see `records.RemittanceLine`. Never altered."""

    SEALED: ClassVar = (
        "advice_id", "position", "document", "others", "issued_on", "gross", "withheld", "discount", "fee", "deposited",
        "paid", "text", "page", "row",
    )  # fmt: skip

    advice = models.ForeignKey(Advice, on_delete=models.PROTECT, related_name="lines")
    position = models.PositiveIntegerField()
    document = models.CharField(max_length=500, blank=True, default="")
    others = models.JSONField(default=list, blank=True)
    issued_on = models.DateField(null=True, blank=True)
    gross = _money(null=True, blank=True)
    withheld = _money(default=ZERO)
    discount = _money(default=ZERO)
    fee = _money(default=ZERO)
    deposited = _money(default=ZERO)
    paid = _money()
    text = models.TextField(blank=True, default="")
    page = models.CharField(max_length=120, blank=True, default="")
    row = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "línea de aviso"
        verbose_name_plural = "líneas de avisos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["advice", "position"], name="advice_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.document}: {self.paid}"


class AdviceFile(models.Model):
    """A file, attachment or message body that brought an advice; the same advice may come in several."""

    SEALED: ClassVar = ("advice_id", "sha256", "name", "format", "source", "received_at")

    advice = models.ForeignKey(Advice, on_delete=models.PROTECT, related_name="files")
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=300)
    format = models.CharField(max_length=60)
    source = models.CharField(max_length=300, help_text="De dónde vino: un correo, una persona, la línea de órdenes.")
    received_at = models.DateTimeField()

    class Meta:
        verbose_name = "fichero de aviso"
        verbose_name_plural = "ficheros de avisos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["advice", "sha256"], name="advice_file_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["sha256"])]

    def __str__(self) -> str:
        return self.name


class Tie(models.Model):
    """An advice and the movement that it tells about. Undone at most once; then a new one may be made."""

    SEALED: ClassVar = (
        "advice_id", "movement_id", "strength", "evidence", "decided_by", "decided_by_name", "at", "undone_at",
        "undone_by_name", "undone_reason",
    )  # fmt: skip

    advice = models.ForeignKey(Advice, on_delete=models.PROTECT, related_name="ties")
    movement = models.ForeignKey("ledger.Movement", on_delete=models.PROTECT, related_name="advice_ties")
    strength = models.PositiveSmallIntegerField(
        help_text="2: coincide el ordenante o la referencia; 1: nadie lo niega."
    )
    evidence = models.TextField()
    decided_by = models.CharField(max_length=8, choices=ActorKinds)
    decided_by_name = models.CharField(max_length=150)
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by_name = models.CharField(max_length=150, blank=True, default="")
    undone_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "atadura de aviso"
        verbose_name_plural = "ataduras de avisos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["advice"], name="advice_tied_once", condition=Q(undone_at=None)),
            models.UniqueConstraint(fields=["movement"], name="advice_movement_once", condition=Q(undone_at=None)),
            models.CheckConstraint(
                name="advice_tie_undone", condition=Q(undone_at=None, undone_by_name="") | Q(undone_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.advice_id} → {self.movement_id}"
