"""What matching proposes, what people decide and what is on its way into the ERP."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

ZERO = Decimal(0)


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=3, **options)


class Proposal(models.Model):
    """What one run says about one movement. A movement has at most one that still counts."""

    class States(models.TextChoices):
        """Where it stands."""

        AUTOMATIC = "automatic", _("Segura: se registra sola")
        REVIEW = "review", _("Por revisar")
        ACCEPTED = "accepted", _("Aceptada por una persona")
        POSTED = "posted", _("Registrada en el ERP")
        REFUSED = "refused", _("Rechazada por el ERP")
        DISMISSED = "dismissed", _("Descartada por una persona")
        UNRELATED = "unrelated", _("No es un cobro")
        SUPERSEDED = "superseded", _("Sustituida por otra ejecución")
        REVERSING = "reversing", _("Se está deshaciendo")
        REVERSED = "reversed", _("Deshecha")

    # A run may replace these; what a person decided or what is in the ERP it leaves alone.
    REPLACEABLE: ClassVar = (States.AUTOMATIC, States.REVIEW, States.UNRELATED, States.REFUSED, States.REVERSED)

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="proposals")
    movement = models.ForeignKey("ledger.Movement", on_delete=models.PROTECT, related_name="proposals")
    run = models.CharField(max_length=64, blank=True, default="", help_text="La ejecución que la hizo.")
    state = models.CharField(max_length=16, choices=States)
    confidence = models.DecimalField(max_digits=5, decimal_places=4, default=ZERO)
    rule = models.CharField(max_length=60, blank=True, default="")
    explanation = models.TextField(blank=True, default="")
    candidates = models.JSONField(default=list, blank=True)
    unapplied = _money(default=ZERO, help_text="Lo que no salda nada (pagó de más), en la moneda del movimiento.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "propuesta"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["movement"], name="reconciliation_one_proposal", condition=~Q(state="superseded")
            ),
            models.CheckConstraint(
                name="reconciliation_proposal_confidence", condition=Q(confidence__gte=0, confidence__lte=1)
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["creditor", "state"]), models.Index(fields=["run"])]

    def __str__(self) -> str:
        return f"{self.movement_id}: {self.state}"


class Match(models.Model):
    """One link of a proposal: this much of the movement to this document. Figures as in `ledger.Allocation`."""

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="matches")
    invoice = models.ForeignKey("ledger.Invoice", on_delete=models.PROTECT, related_name="matches")
    applied = _money()
    withheld = _money(default=ZERO)
    fee = _money(default=ZERO)
    discount = _money(default=ZERO)
    cash = _money(help_text="Lo que toma del movimiento, en su moneda.")
    rate = models.DecimalField(max_digits=20, decimal_places=10, null=True, blank=True)
    confidence = models.DecimalField(max_digits=5, decimal_places=4)
    rule = models.CharField(max_length=60)
    explanation = models.TextField()

    class Meta:
        verbose_name = "emparejamiento"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["proposal", "invoice"], name="reconciliation_match_once"),
        ]

    def __str__(self) -> str:
        return f"{self.proposal_id} → {self.invoice_id}: {self.applied}"

    @property
    def to_post(self) -> Decimal:
        """Cash that the ERP is told, in the document's currency: without what was withheld, kept or discounted.

        A charge that the payer added on top is no payment of the document.
        """
        applied: Decimal = self.applied
        net: Decimal = applied - self.withheld - self.fee - self.discount
        return min(applied, net)


class Decision(models.Model):
    """What a person said about a proposal. Appended, never changed."""

    class Kinds(models.TextChoices):
        """What they said."""

        ACCEPTED = "accepted", _("Aceptada")
        CHANGED = "changed", _("Aceptada con cambios")
        DISMISSED = "dismissed", _("Descartada")
        REOPENED = "reopened", _("Reabierta")
        UNDONE = "undone", _("Deshecha")
        CONFIRMED = "confirmed", _("Comprobada: está en el ERP")
        NOT_THERE = "not_there", _("Comprobada: no está en el ERP")

    SEALED: ClassVar = ("proposal_id", "kind", "person", "at", "note", "links")

    proposal = models.ForeignKey(Proposal, on_delete=models.PROTECT, related_name="decisions")
    kind = models.CharField(max_length=16, choices=Kinds)
    person = models.CharField(max_length=150)
    at = models.DateTimeField()
    note = models.TextField(blank=True, default="")
    links = models.JSONField(default=list, blank=True, help_text="Los emparejamientos que quedaron.")

    class Meta:
        verbose_name = "decisión"
        verbose_name_plural = "decisiones"

    def __str__(self) -> str:
        return f"{self.person}: {self.kind}"


class PostingIntent(models.Model):
    """A payment on its way into the ERP, written down before anything is sent.

    "reversed" says that the ERP held it and does not any more; the allocation it names stays as evidence. After a
    crash the key is looked up in the ERP before anything is repeated; when that cannot tell, a person does.
    """

    class States(models.TextChoices):
        """Only forwards; see the trigger in `migrations/0002_guards.py`."""

        INTENDED = "intended", _("Prevista")
        SUBMITTED = "submitted", _("Enviada")
        POSTED = "posted", _("Registrada")
        UNKNOWN = "unknown", _("Sin saber")
        REFUSED = "refused", _("Rechazada")
        REVERSED = "reversed", _("Deshecha en el ERP")

    LIVE: ClassVar = (States.INTENDED, States.SUBMITTED, States.UNKNOWN)
    SEALED: ClassVar = (
        "key", "match_id", "movement_id", "invoice_id", "erp", "document", "amount", "cash", "applied", "currency",
        "paid_on", "decided_by", "decided_by_name", "state", "reference", "open_before", "open_after", "message",
        "allocation_id",
    )  # fmt: skip

    key = models.CharField(max_length=64, unique=True, help_text="Se escribe en el ERP con el cobro.")
    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="intents")
    movement = models.ForeignKey("ledger.Movement", on_delete=models.PROTECT, related_name="intents")
    invoice = models.ForeignKey("ledger.Invoice", on_delete=models.PROTECT, related_name="intents")
    erp = models.SlugField()
    document = models.CharField(max_length=120, help_text="Clave del documento en el ERP.")
    amount = _money(help_text="Lo que se registra en el ERP, en la moneda del documento.")
    applied = _money(help_text="Lo que salda aquí.")
    cash = _money(help_text="Lo que toma del movimiento, en su moneda.")
    currency = models.CharField(max_length=3)
    paid_on = models.DateField()
    decided_by = models.CharField(max_length=8)
    decided_by_name = models.CharField(max_length=150)
    state = models.CharField(max_length=16, choices=States, default=States.INTENDED)
    reference = models.CharField(max_length=200, blank=True, default="", help_text="La del ERP.")
    open_before = _money(null=True, blank=True)
    open_after = _money(null=True, blank=True)
    message = models.TextField(blank=True, default="")
    allocation = models.OneToOneField(
        "ledger.Allocation", on_delete=models.PROTECT, related_name="intent", null=True, blank=True
    )
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "registro en el ERP"
        verbose_name_plural = "registros en el ERP"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["movement", "invoice"],
                name="reconciliation_one_live_intent",
                condition=Q(state__in=["intended", "submitted", "unknown"]),
            ),
            models.CheckConstraint(name="reconciliation_intent_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="reconciliation_intent_posted",
                condition=Q(state__in=["posted", "reversed"], allocation__isnull=False, finished_at__isnull=False)
                | ~Q(state__in=["posted", "reversed"]) & Q(allocation=None),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"


class Reversal(models.Model):
    """That posted payments are to leave the ERP again, by whose word and why. Appended, never changed.

    Its work is done by one `ReversalIntent` per posted payment; where it stands follows from them.
    """

    class Causes(models.TextChoices):
        """Why."""

        UNDO = "undo", _("Una persona lo deshace")
        RETURN = "return", _("El banco lo devolvió")

    SEALED: ClassVar = (
        "proposal_id", "cause", "reason", "reason_code", "asked_by", "asked_by_name", "at",
    )  # fmt: skip

    proposal = models.ForeignKey(
        Proposal, on_delete=models.PROTECT, related_name="reversals", help_text="La que se deshace, o la devolución."
    )
    cause = models.CharField(max_length=16, choices=Causes)
    reason = models.TextField()
    reason_code = models.CharField(max_length=16, blank=True, default="", help_text="El del banco, si lo da.")
    asked_by = models.CharField(max_length=8)
    asked_by_name = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "anulación"
        verbose_name_plural = "anulaciones"

    def __str__(self) -> str:
        return f"{self.proposal_id}: {self.cause}"

    @property
    def state(self) -> str:
        """Where the least finished of its intents stands: "intended" … "reversed"; without any it is done.

        A value of `ReversalIntent.States`.
        """
        there = {intent.state for intent in self.intents.all()}
        order = ReversalIntent.States
        for state in (order.UNKNOWN, order.INTENDED, order.SUBMITTED, order.REFUSED):
            if state in there:
                return str(state)
        return str(order.REVERSED)


class ReversalIntent(models.Model):
    """A posted payment on its way out of the ERP, written down before anything is sent. See `PostingIntent`."""

    class States(models.TextChoices):
        """Only forwards; see the trigger in `migrations/0003_reversals.py`."""

        INTENDED = "intended", _("Prevista")
        SUBMITTED = "submitted", _("Enviada")
        REVERSED = "reversed", _("Deshecha")
        UNKNOWN = "unknown", _("Sin saber")
        REFUSED = "refused", _("Rechazada")

    LIVE: ClassVar = (States.INTENDED, States.SUBMITTED, States.UNKNOWN)
    SEALED: ClassVar = (
        "key", "reversal_id", "posting_id", "match_id", "erp", "document", "payment_key", "payment_reference", "amount",
        "currency", "reverse_on", "state", "reference", "open_before", "open_after", "message",
    )  # fmt: skip

    key = models.CharField(max_length=64, unique=True, help_text="Se escribe en el ERP con la anulación.")
    reversal = models.ForeignKey(Reversal, on_delete=models.PROTECT, related_name="intents")
    posting = models.ForeignKey(PostingIntent, on_delete=models.PROTECT, related_name="reversals")
    match = models.ForeignKey(
        Match,
        on_delete=models.PROTECT,
        related_name="reversals",
        null=True,
        blank=True,
        help_text="El emparejamiento de la devolución que lo pide.",
    )
    erp = models.SlugField()
    document = models.CharField(max_length=120)
    payment_key = models.CharField(max_length=64)
    payment_reference = models.CharField(max_length=200, blank=True, default="")
    amount = _money(help_text="Lo que se registró en el ERP, en la moneda del documento.")
    currency = models.CharField(max_length=3)
    reverse_on = models.DateField(help_text="El día de la devolución, o el del cobro si nunca debió registrarse.")
    state = models.CharField(max_length=16, choices=States, default=States.INTENDED)
    reference = models.CharField(max_length=200, blank=True, default="", help_text="La del ERP.")
    open_before = _money(null=True, blank=True)
    open_after = _money(null=True, blank=True)
    message = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "anulación en el ERP"
        verbose_name_plural = "anulaciones en el ERP"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["posting"], name="reconciliation_one_reversal", condition=~Q(state="refused")
            ),
            models.CheckConstraint(name="reconciliation_reversal_amount", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="reconciliation_reversal_finished",
                condition=Q(state__in=["reversed", "refused"], finished_at__isnull=False)
                | Q(state__in=["intended", "submitted", "unknown"], finished_at=None),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"
