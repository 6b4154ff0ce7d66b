"""What arrived, what it is about, what it stops from being collected, what was answered and what people said.

A mail is known by the hash of its bytes, never by where it lies: `Mail.key` is for ever and the position may change.
What a crash must not break is refused by the database itself; see `migrations/0002_guards.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

ZERO = Decimal(0)


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=3, **options)


class RawMail(models.Model):
    """The bytes of a message, whole, by their hash. In the database, so that every machine of the instance has them."""

    key = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 de los bytes.")
    content = models.BinaryField(help_text="Vacío cuando se ha borrado.")
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "mensaje en bruto"
        verbose_name_plural = "mensajes en bruto"

    def __str__(self) -> str:
        return self.key[:12]


class Dispute(models.Model):
    """A case: what one debtor (or a stranger) wants, in one thread of mails, with one ticket at the desk."""

    class States(models.TextChoices):
        """Where it stands."""

        OPEN = "abierta", _("Abierta")
        TO_CLOSE = "por_cerrar", _("La mesa la da por resuelta: falta que una persona la cierre")
        CLOSED = "cerrada", _("Cerrada")
        MERGED = "fusionada", _("Unida a otra")

    class Reviews(models.TextChoices):
        """Whether a person has to look."""

        NONE = "no", _("No hace falta")
        WAITING = "pendiente", _("Por revisar")
        DONE = "hecha", _("Revisada")

    LIVE: ClassVar = (States.OPEN, States.TO_CLOSE)
    SEALED: ClassVar = (
        "key", "creditor_id", "debtor_id", "category", "secondary", "decided_by", "decided_by_name", "model", "state",
        "alert", "whole_debtor", "ticket", "merged_into_id", "callback", "closed_at", "closed_reason",
    )  # fmt: skip

    key = models.CharField(max_length=64, unique=True, help_text="Clave de idempotencia de su ticket.")
    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="disputes")
    debtor = models.ForeignKey(
        "ledger.Debtor", on_delete=models.PROTECT, related_name="disputes", null=True, blank=True
    )
    subject = models.CharField(max_length=300, blank=True, default="")
    lang = models.CharField(max_length=2, default="es")
    category = models.CharField(max_length=60, help_text="Fichero de classifiers/disputes/categories/.")
    secondary = models.CharField(max_length=60, blank=True, default="")
    confidence = models.DecimalField(max_digits=5, decimal_places=4, default=ZERO)
    model = models.CharField(max_length=60, blank=True, default="", help_text="Versión que la clasificó.")
    decided_by = models.CharField(max_length=8, default="robot")
    decided_by_name = models.CharField(max_length=150, blank=True, default="")
    state = models.CharField(max_length=16, choices=States, default=States.OPEN)
    review = models.CharField(max_length=16, choices=Reviews, default=Reviews.NONE)
    review_reasons = models.JSONField(default=list, blank=True)
    alert = models.BooleanField(default=False, help_text="En rojo: puede ser un fraude.")
    whole_debtor = models.BooleanField(default=False, help_text="No se reclama nada al deudor mientras siga abierta.")
    callback = models.TextField(blank=True, default="", help_text="A quién se llamó, a qué número y qué dijo.")
    suggestion = models.JSONField(
        default=dict, blank=True, help_text="Deudor y documentos que podrían ser: los propone, nadie los ha unido."
    )
    reply = models.TextField(blank=True, default="", help_text="Respuesta propuesta.")
    request = models.JSONField(default=dict, blank=True, help_text="El ticket tal como se pide, igual en cada intento.")
    desk = models.CharField(max_length=60, blank=True, default="", help_text="Entrada de config/ticketing.toml.")
    ticket = models.CharField(max_length=60, blank=True, default="")
    ticket_url = models.CharField(max_length=500, blank=True, default="")
    ticket_status = models.CharField(max_length=30, blank=True, default="")
    ticket_updated_at = models.DateTimeField(null=True, blank=True)
    follows = models.ForeignKey("self", on_delete=models.PROTECT, related_name="followed", null=True, blank=True)
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, related_name="merged", null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "disputa"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["desk", "ticket"], name="disputes_one_ticket", condition=~Q(ticket="")),
            models.CheckConstraint(name="disputes_confidence", condition=Q(confidence__gte=0, confidence__lte=1)),
            models.CheckConstraint(
                name="disputes_merged",
                condition=Q(state="fusionada", merged_into__isnull=False)
                | ~Q(state="fusionada") & Q(merged_into__isnull=True),
            ),
            models.CheckConstraint(
                name="disputes_closed",
                condition=Q(state__in=["cerrada", "fusionada"], closed_at__isnull=False)
                | ~Q(state__in=["cerrada", "fusionada"]) & Q(closed_at=None),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["creditor", "state"]),
            models.Index(fields=["review", "opened_at"]),
            models.Index(fields=["category", "opened_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.category}"

    @property
    def source(self) -> str:
        """How the ledger's holds name this case."""
        return f"disputa:{self.pk}"


class Mail(models.Model):
    """One message of a mailbox, from its arrival to its end. Never known by its position, which may change."""

    class States(models.TextChoices):
        """Only forwards, save that a person sends one back from quarantine; see `migrations/0002_guards.py`."""

        RECEIVED = "recibido", _("Recibido")
        READ = "leido", _("Leído")
        CREATING = "creando", _("Abriendo el ticket")
        CREATED = "creado", _("Con ticket, sin acuse")
        ACKNOWLEDGED = "acusado", _("Contestado, sin archivar")
        DONE = "hecho", _("Terminado")
        QUARANTINE = "cuarentena", _("En cuarentena")
        NEEDS_PERSON = "necesita_persona", _("Espera a una persona")
        IGNORED = "ignorado", _("Sin ticket: no lo escribió una persona, o es otra entrega")

    # Nothing more is to be done about these but to move them out of the inbox.
    ENDED: ClassVar = (States.ACKNOWLEDGED, States.DONE, States.QUARANTINE, States.IGNORED)
    SEALED: ClassVar = ("key", "creditor_id", "size", "received_at")

    key = models.CharField(max_length=64, help_text="SHA-256 de los bytes: la identidad.")
    canonical = models.CharField(max_length=64, blank=True, default="", help_text="Igual en dos entregas del mismo.")
    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="mails")
    raw = models.ForeignKey(RawMail, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    size = models.PositiveBigIntegerField()
    account = models.CharField(max_length=60)
    folder = models.CharField(max_length=200)
    uidvalidity = models.BigIntegerField(default=0)
    uid = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20, choices=States, default=States.RECEIVED)
    message_id = models.CharField(max_length=998, blank=True, default="")
    references = models.JSONField(default=list, blank=True)
    sender = models.CharField(max_length=320, blank=True, default="")
    sender_name = models.CharField(max_length=300, blank=True, default="")
    reply_to = models.CharField(max_length=320, blank=True, default="")
    subject = models.TextField(blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)
    kind = models.CharField(max_length=16, blank=True, default="")
    kind_reason = models.TextField(blank=True, default="")
    lang = models.CharField(max_length=2, blank=True, default="")
    own_text = models.TextField(blank=True, default="")
    reading = models.JSONField(default=dict, blank=True, help_text="Cuerpo, zonas, entidades, adjuntos y avisos.")
    judgement = models.JSONField(default=dict, blank=True, help_text="Lo que dijo el clasificador.")
    duplicate_of = models.ForeignKey("self", on_delete=models.PROTECT, related_name="again", null=True, blank=True)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="mails", null=True, blank=True)
    opens = models.BooleanField(default=False, help_text="Abrió el caso; los demás son comentarios de su ticket.")
    readings_tried = models.PositiveIntegerField(default=0)
    tries = models.PositiveIntegerField(default=0)
    problem = models.JSONField(default=dict, blank=True, help_text="code, message y remedy del último fallo.")
    received_at = models.DateTimeField()
    moved_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)
    erased_why = models.CharField(max_length=500, blank=True, default="", help_text="Por qué se borró su contenido.")

    class Meta:
        verbose_name = "correo"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "key"], name="disputes_mail_key"),
            models.UniqueConstraint(
                fields=["creditor", "canonical"],
                name="disputes_mail_once",
                condition=~Q(canonical="") & Q(duplicate_of=None),
            ),
            models.UniqueConstraint(fields=["dispute"], name="disputes_one_opener", condition=Q(opens=True)),
            models.CheckConstraint(
                name="disputes_mail_has_case",
                condition=~Q(state__in=["creando", "creado", "acusado", "hecho"]) | Q(dispute__isnull=False),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["message_id"]),
            models.Index(fields=["account", "uidvalidity", "uid"]),
            models.Index(fields=["state", "received_at"]),
            models.Index(fields=["sender", "received_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.key[:12]}: {self.state}"


class Link(models.Model):
    """A document that a case is about, with how much of it is disputed. Taken off, never deleted."""

    SEALED: ClassVar = (
        "dispute_id", "invoice_id", "amount", "held", "reason", "linked_by", "linked_by_name", "removed_at",
        "removed_by_name",
    )  # fmt: skip

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="links")
    invoice = models.ForeignKey("ledger.Invoice", on_delete=models.PROTECT, related_name="disputed")
    amount = _money(null=True, blank=True, help_text="Lo discutido; vacío: todo lo pendiente.")
    reason = models.TextField(help_text="Por qué es este documento.")
    held = models.BooleanField(default=False, help_text="Lo discutido no se reclama mientras la disputa siga abierta.")
    linked_by = models.CharField(max_length=8)
    linked_by_name = models.CharField(max_length=150)
    linked_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by_name = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "documento discutido"
        verbose_name_plural = "documentos discutidos"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["dispute", "invoice"], name="disputes_link_once", condition=Q(removed_at=None)
            ),
            models.CheckConstraint(name="disputes_link_amount", condition=Q(amount=None) | Q(amount__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} → {self.invoice_id}"


class Outgoing(models.Model):
    """The one acknowledgement of one mail, written down with its Message-ID before anything is sent.

    A message whose end is not known is sent again under the same Message-ID: it is the same message.
    """

    class States(models.TextChoices):
        """Only forwards; see `migrations/0002_guards.py`."""

        PLANNED = "previsto", _("Previsto")
        SENDING = "enviando", _("Enviando")
        ACCEPTED = "aceptado", _("Enviado")
        REFUSED = "rechazado", _("Rechazado")
        OMITTED = "omitido", _("No se contesta")

    ENDED: ClassVar = (States.ACCEPTED, States.REFUSED, States.OMITTED)
    SEALED: ClassVar = (
        "mail_id", "message_id", "sender", "to", "subject", "text", "in_reply_to", "state", "reason",
    )  # fmt: skip

    mail = models.OneToOneField(Mail, on_delete=models.PROTECT, related_name="acknowledgement")
    message_id = models.CharField(max_length=200, unique=True)
    sender = models.CharField(max_length=320, blank=True, default="")
    to = models.CharField(max_length=320, blank=True, default="")
    subject = models.TextField(blank=True, default="")
    text = models.TextField(blank=True, default="")
    in_reply_to = models.CharField(max_length=998, blank=True, default="")
    references = models.JSONField(default=list, blank=True)
    lang = models.CharField(max_length=2, default="es")
    state = models.CharField(max_length=16, choices=States, default=States.PLANNED)
    reason = models.TextField(blank=True, default="", help_text="Por qué no se contesta, o qué dijo el servidor.")
    tries = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "acuse"
        indexes: ClassVar = [models.Index(fields=["to", "created_at"]), models.Index(fields=["state"])]

    def __str__(self) -> str:
        return f"{self.to}: {self.state}"


class DeskNote(models.Model):
    """Something that the desk has to be told about a case (a person's decision, a merge), told once by the robot."""

    class States(models.TextChoices):
        """Where it stands."""

        PLANNED = "previsto", _("Previsto")
        DONE = "hecho", _("Enviado")
        REFUSED = "rechazado", _("Rechazado")

    key = models.CharField(max_length=64, unique=True)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="desk_notes")
    text = models.TextField()
    route = models.JSONField(
        default=dict,
        blank=True,
        help_text="Adónde va el ticket: grupo, formulario, campos, etiquetas, prioridad, plazo.",
    )
    status = models.CharField(
        max_length=10, blank=True, default="", help_text="Cómo queda el ticket; vacío: como esté."
    )
    state = models.CharField(max_length=16, choices=States, default=States.PLANNED)
    reason = models.TextField(blank=True, default="")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "aviso a la mesa"
        verbose_name_plural = "avisos a la mesa"

    def __str__(self) -> str:
        return f"{self.key}: {self.state}"


class Decision(models.Model):
    """What a person said about a case. Appended, never changed; it teaches the classifier."""

    class Kinds(models.TextChoices):
        """What they said."""

        CONFIRMED = "confirmada", _("Categoría confirmada")
        CORRECTED = "corregida", _("Categoría corregida")
        MERGED = "unida", _("Unida a otra disputa")
        CLOSED = "cerrada", _("Cerrada")
        REOPENED = "reabierta", _("Reabierta")
        RETRIED = "reintentada", _("Correo devuelto al proceso")
        NOTED = "anotada", _("Nota")

    SEALED: ClassVar = (
        "dispute_id", "mail_id", "kind", "person", "at", "before", "after", "secondary", "model", "links", "note",
    )  # fmt: skip

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="decisions", null=True, blank=True)
    mail = models.ForeignKey(
        Mail, on_delete=models.PROTECT, related_name="decisions", null=True, blank=True, help_text="El que se juzgó."
    )
    kind = models.CharField(max_length=16, choices=Kinds)
    person = models.CharField(max_length=150)
    at = models.DateTimeField()
    before = models.CharField(max_length=60, blank=True, default="", help_text="Categoría que propuso el modelo.")
    after = models.CharField(max_length=60, blank=True, default="", help_text="Categoría que quedó.")
    secondary = models.CharField(max_length=60, blank=True, default="")
    confidence = models.DecimalField(max_digits=5, decimal_places=4, default=ZERO)
    abstained = models.BooleanField(default=False)
    model = models.CharField(max_length=60, blank=True, default="", help_text="Versión que propuso.")
    links = models.JSONField(default=list, blank=True, help_text="Los documentos que quedaron.")
    note = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "decisión"
        verbose_name_plural = "decisiones"
        indexes: ClassVar = [models.Index(fields=["kind", "at"])]

    def __str__(self) -> str:
        return f"{self.person}: {self.kind}"


class Suppression(models.Model):
    """An address that must not be written to again: its server said so for good, or a person did."""

    SEALED: ClassVar = ("address", "status", "diagnostic", "mail_id", "at", "lifted_at", "lifted_by")

    address = models.CharField(max_length=320)
    status = models.CharField(max_length=20, blank=True, default="", help_text="Código RFC 3463, por ejemplo 5.1.1.")
    diagnostic = models.TextField(blank=True, default="")
    mail = models.ForeignKey(Mail, on_delete=models.PROTECT, related_name="suppressions", null=True, blank=True)
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "dirección suprimida"
        verbose_name_plural = "direcciones suprimidas"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["address"], name="disputes_suppressed_once", condition=Q(lifted_at=None)),
        ]

    def __str__(self) -> str:
        return self.address


class Bounce(models.Model):
    """What a delivery report said about one address, permanent or not."""

    mail = models.ForeignKey(Mail, on_delete=models.PROTECT, related_name="bounces")
    address = models.CharField(max_length=320)
    status = models.CharField(max_length=20, blank=True, default="")
    permanent = models.BooleanField()
    diagnostic = models.TextField(blank=True, default="")
    original_id = models.CharField(max_length=998, blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "rebote"
        constraints: ClassVar = [models.UniqueConstraint(fields=["mail", "address"], name="disputes_bounce_once")]
        indexes: ClassVar = [models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.address}: {self.status}"


class Turn(models.Model):
    """Who has a case in front of them, and until when. Not evidence: it only keeps people apart."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="turn", primary_key=True)
    person = models.CharField(max_length=150)
    taken_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = "turno"
        indexes: ClassVar = [models.Index(fields=["person"])]

    def __str__(self) -> str:
        return f"{self.dispute_id}: {self.person}"


class DeskCursor(models.Model):
    """Up to where the changes of a ticket desk were read."""

    desk = models.CharField(max_length=60, primary_key=True)
    cursor = models.TextField(blank=True, default="")
    read_at = models.DateTimeField()

    class Meta:
        verbose_name = "marca de lectura de la mesa"
        verbose_name_plural = "marcas de lectura de las mesas"

    def __str__(self) -> str:
        return self.desk
