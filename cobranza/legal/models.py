"""Court cases: what is claimed of whom, with which papers, who decided what, what was signed and what came of it.

A package is known by its hash; a signature belongs to one package and dies with it. What must never be rewritten is
refused by the database itself; see `migrations/0002_guards.py`.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cobranza.legal.case import DocumentKind, Person, PriorOutcome, Role


def _money(**options: Any) -> models.DecimalField[Any, Any]:
    return models.DecimalField(max_digits=18, decimal_places=3, **options)


class CaseNumber(models.Model):
    """The last number given out in a year: EXP-2026-000001 …"""

    year = models.PositiveIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "numeración"

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class LegalCase(models.Model):
    """A debtor on the way to court. Begins as an alert; whether it goes on is always a person's decision."""

    class Stages(models.TextChoices):
        """How far it has come; from `FILED` on it is what the court says (`ports.Stage`)."""

        ALERT = "aviso", _("Aviso: falta decidir")
        LATER = "aplazado", _("Aplazado")
        DISCARDED = "descartado", _("Descartado")
        PREPARING = "en_preparacion", _("En preparación")
        REVIEW = "en_revision", _("En revisión")
        SIGNED = "firmado", _("Firmado: listo para presentar")
        HUMAN = "revision_humana", _("No se sabe si se presentó: lo mira una persona")
        FILED = "presentado", _("Presentado")
        DISTRIBUTED = "repartido", _("Repartido")
        ADMITTED = "admitido", _("Admitido")
        CORRECTION = "subsanacion", _("Hay que subsanar")
        NOT_ADMITTED = "inadmitido", _("Inadmitido")
        DEMANDED = "requerido", _("Deudor requerido")
        NOT_FOUND = "requerimiento_negativo", _("Requerimiento negativo")
        PAID = "pagado", _("Pagado")
        OPPOSED = "oposicion", _("Con oposición")
        DECREE = "decreto", _("Decreto: se puede ejecutar")
        CLOSED = "archivado", _("Archivado")

    OURS: ClassVar = (Stages.ALERT, Stages.LATER, Stages.PREPARING, Stages.REVIEW, Stages.SIGNED)
    COURTS: ClassVar = (
        Stages.FILED, Stages.DISTRIBUTED, Stages.ADMITTED, Stages.CORRECTION, Stages.NOT_ADMITTED, Stages.DEMANDED,
        Stages.NOT_FOUND, Stages.PAID, Stages.OPPOSED, Stages.DECREE, Stages.CLOSED,
    )  # fmt: skip
    ENDED: ClassVar = (Stages.DISCARDED, Stages.NOT_ADMITTED, Stages.PAID, Stages.CLOSED)
    SEALED: ClassVar = (
        "number", "creditor_id", "debtor_id", "currency", "country", "court", "proceeding", "organ", "organ_code",
        "organ_province", "organ_locality", "stage", "assigned_to", "until", "title", "facts", "grounds", "petition",
        "corrects", "registry", "court_name", "court_number", "general_id",
    )  # fmt: skip

    number = models.CharField(max_length=20, unique=True)
    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="legal_cases")
    debtor = models.ForeignKey("ledger.Debtor", on_delete=models.PROTECT, related_name="legal_cases")
    currency = models.CharField(max_length=3)
    country = models.CharField(max_length=2)
    court = models.SlugField(blank=True, default="", help_text="Carpeta de connectors/courts/.")
    proceeding = models.SlugField(blank=True, default="")
    organ = models.CharField(max_length=300, blank=True, default="", help_text="Cómo lo nombra el escrito.")
    organ_code = models.CharField(max_length=60, blank=True, default="")
    organ_province = models.CharField(max_length=120, blank=True, default="")
    organ_locality = models.CharField(max_length=120, blank=True, default="")
    stage = models.CharField(max_length=24, choices=Stages, default=Stages.ALERT)
    assigned_to = models.CharField(max_length=150, blank=True, default="")
    threshold = models.CharField(max_length=60, blank=True, default="", help_text="Umbral de config/legal.toml.")
    reasons = models.JSONField(default=list, blank=True)
    claimable = _money(help_text="Lo reclamable cuando se avisó.")
    limitation = models.DateField(null=True, blank=True, help_text="Día en que prescribe lo más antiguo.")
    until = models.DateField(null=True, blank=True, help_text="Aplazado hasta ese día.")
    title = models.TextField(blank=True, default="", help_text="En qué consta la deuda.")
    facts = models.JSONField(default=list, blank=True)
    grounds = models.JSONField(default=list, blank=True)
    petition = models.JSONField(default=list, blank=True)
    corrects = models.CharField(max_length=120, blank=True, default="", help_text="Registro del que se subsana.")
    registry = models.CharField(max_length=120, blank=True, default="", help_text="Número de registro del acuse.")
    court_name = models.CharField(max_length=300, blank=True, default="", help_text="Órgano al que se repartió.")
    court_number = models.CharField(max_length=120, blank=True, default="")
    general_id = models.CharField(max_length=120, blank=True, default="", help_text="NIG, radicado, ROL …")
    problem = models.JSONField(
        default=dict, blank=True, help_text="Por qué no se pudo preparar: code, message, remedy."
    )
    opened_at = models.DateTimeField()
    stage_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "expediente"
        constraints: ClassVar = [
            # One at a time for what a debtor owes in one currency: the alert comes once.
            models.UniqueConstraint(
                fields=["creditor", "debtor", "currency"],
                name="legal_one_open_case",
                condition=Q(stage__in=["aviso", "aplazado", "en_preparacion", "en_revision", "firmado"]),
            ),
            models.CheckConstraint(
                name="legal_until", condition=Q(stage="aplazado", until__isnull=False) | ~Q(stage="aplazado")
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["stage", "opened_at"]), models.Index(fields=["assigned_to", "stage"])]

    def __str__(self) -> str:
        return self.number


class Item(models.Model):
    """An invoice that a case claims, frozen at the second of preparing: later payments show as a difference."""

    SEALED: ClassVar = (
        "case_id",
        "invoice_id",
        "reference",
        "gross",
        "elsewhere",
        "payments",
        "open",
        "due_on",
        "taken_at",
    )

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="items")
    invoice = models.ForeignKey("ledger.Invoice", on_delete=models.PROTECT, related_name="legal_items")
    reference = models.CharField(max_length=120)
    due_on = models.DateField()
    gross = _money(null=True, blank=True)
    elsewhere = _money(null=True, blank=True)
    open = _money(null=True, blank=True)
    held = _money(
        null=True, blank=True, help_text="De lo pendiente, la parte retenida (disputa, plan), que no se reclama."
    )
    payments = models.JSONField(
        default=list, blank=True, help_text="[día, importe, referencia], lo aplicado a la factura."
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(
        null=True, blank=True, help_text="Fuera del expediente, por una persona o por pagada."
    )

    class Meta:
        verbose_name = "partida"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "invoice"], name="legal_item_once")]

    def __str__(self) -> str:
        return self.reference


class Defendant(models.Model):
    """Who is claimed against: the ledger's debtor, with what a court needs and the ERP does not know."""

    SEALED: ClassVar = (
        "case_id", "person", "name", "tax_id", "country", "address", "postal_code", "locality", "province", "email",
        "phone", "consumer",
    )  # fmt: skip
    ROLE: ClassVar = Role.DEFENDANT

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="defendants")
    person = models.CharField(
        max_length=10,
        choices=[(Person.LEGAL.value, _("Persona jurídica")), (Person.NATURAL.value, _("Persona física"))],
    )
    name = models.CharField(max_length=300)
    tax_id = models.CharField(max_length=64, blank=True, default="")
    country = models.CharField(max_length=2, default="ES")
    address = models.CharField(max_length=300, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    locality = models.CharField(max_length=120, blank=True, default="")
    province = models.CharField(max_length=120, blank=True, default="")
    email = models.CharField(max_length=320, blank=True, default="")
    phone = models.CharField(max_length=60, blank=True, default="")
    consumer = models.BooleanField(default=False)

    class Meta:
        verbose_name = "demandado"

    def __str__(self) -> str:
        return self.name


DOCUMENT_KINDS = [
    (DocumentKind.INVOICE.value, _("Factura")),
    (DocumentKind.DELIVERY_NOTE.value, _("Albarán")),
    (DocumentKind.CONTRACT.value, _("Contrato")),
    (DocumentKind.ORDER.value, _("Pedido")),
    (DocumentKind.PROMISSORY_NOTE.value, _("Pagaré o letra")),
    (DocumentKind.ACKNOWLEDGEMENT.value, _("Reconocimiento de deuda")),
    (DocumentKind.STATEMENT.value, _("Extracto")),
    (DocumentKind.CERTIFICATE.value, _("Certificación")),
    (DocumentKind.PRIOR_CLAIM.value, _("Reclamación previa o MASC")),
    (DocumentKind.POWER.value, _("Poder")),
    (DocumentKind.IDENTITY.value, _("Documento de identidad")),
    (DocumentKind.FEE.value, _("Justificante de la tasa")),
    (DocumentKind.WRIT.value, _("Escrito corregido por el abogado")),
    (DocumentKind.OTHER.value, _("Otro documento")),
]


class CaseDocument(models.Model):
    """A paper of a case. The bytes lie in the case's folder under their own hash and never change."""

    class States(models.TextChoices):
        """What the reviewer says of it."""

        PENDING = "pendiente", _("Por revisar")
        ACCEPTED = "aceptado", _("Aceptado")
        REJECTED = "rechazado", _("Rechazado")

    SEALED: ClassVar = (
        "case_id", "key", "sha256", "size", "name", "title", "kind", "dated", "proves", "original", "confidential",
        "redact", "state", "comment", "reviewed_by", "replaced_by_id",
    )  # fmt: skip

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="documents")
    key = models.SlugField(max_length=80)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    name = models.CharField(max_length=200, help_text="Nombre con que llegó, sin ruta.")
    media_type = models.CharField(max_length=120)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=30, choices=DOCUMENT_KINDS)
    dated = models.DateField(null=True, blank=True)
    proves = models.JSONField(default=list, blank=True)
    original = models.BooleanField(default=False)
    confidential = models.BooleanField(default=False)
    redact = models.JSONField(default=list, blank=True, help_text="Textos que no pueden quedar en lo que se presenta.")
    position = models.PositiveIntegerField(default=0)
    state = models.CharField(max_length=12, choices=States, default=States.PENDING)
    comment = models.TextField(blank=True, default="")
    reviewed_by = models.CharField(max_length=150, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    replaced_by = models.ForeignKey("self", on_delete=models.PROTECT, related_name="replaces", null=True, blank=True)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = "documento del expediente"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "key"], name="legal_document_key")]

    def __str__(self) -> str:
        return self.title

    @property
    def file(self) -> str:
        """Where its bytes lie inside the case's folder of documents."""
        dot = self.name.rfind(".")
        suffix = self.name[dot:].lower() if dot > 0 and self.name[dot + 1 :].isalnum() else ""
        return f"{self.sha256}{suffix}"


PRIOR_KINDS = [
    ("masc", _("MASC: oferta de negociar")),
    ("requerimiento", _("Requerimiento de pago")),
    ("preaviso", _("Preaviso")),
]
CHANNELS = [
    ("burofax", _("Burofax")),
    ("correo_certificado", _("Carta certificada")),
    ("correo_electronico_certificado", _("Correo electrónico certificado")),
    ("acta_notarial", _("Acta notarial")),
    ("mediacion", _("Mediación")),
    ("otro", _("Otro")),
]
OUTCOMES = [
    (PriorOutcome.NO_ANSWER.value, _("Sin respuesta")),
    (PriorOutcome.REFUSED.value, _("Rechazada por escrito")),
    (PriorOutcome.ANSWERED.value, _("Contestada, sin acuerdo")),
    (PriorOutcome.AGREED.value, _("Con acuerdo")),
    (PriorOutcome.OPEN.value, _("En curso")),
]


class Prior(models.Model):
    """An attempt to settle before court."""

    SEALED: ClassVar = (
        "case_id", "kind", "sent_on", "channel", "reached_on", "offers_masc", "outcome", "document_id",
        "confidential_offer", "removed_at",
    )  # fmt: skip

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="priors")
    kind = models.CharField(max_length=16, choices=PRIOR_KINDS)
    sent_on = models.DateField()
    channel = models.CharField(max_length=40, choices=CHANNELS)
    reached_on = models.DateField(null=True, blank=True)
    offers_masc = models.BooleanField(default=False)
    outcome = models.CharField(max_length=16, choices=OUTCOMES, default=PriorOutcome.NO_ANSWER.value)
    document = models.ForeignKey(CaseDocument, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    confidential_offer = models.BooleanField(default=False)
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "reclamación previa"
        verbose_name_plural = "reclamaciones previas"
        constraints: ClassVar = [
            models.CheckConstraint(
                name="legal_prior_days", condition=Q(reached_on=None) | Q(reached_on__gte=models.F("sent_on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.sent_on}"


class ClaimDecision(models.Model):
    """A person keeps or waives the interest or the compensation of one invoice. Appended; the last one counts."""

    class Concepts(models.TextChoices):
        """What is decided about."""

        INTEREST = "interes", _("Intereses")
        RECOVERY = "indemnizacion", _("Indemnización por costes de cobro")

    SEALED: ClassVar = ("item_id", "concept", "waived", "why", "person", "at")

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="decisions")
    concept = models.CharField(max_length=16, choices=Concepts)
    waived = models.BooleanField()
    why = models.TextField(blank=True, default="")
    person = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        verbose_name = "decisión sobre lo reclamado"

    def __str__(self) -> str:
        return f"{self.item_id} {self.concept}: {self.waived}"


class Preparation(models.Model):
    """What the robot assembled once: a bundle to read and a package to file, known by the package's hash."""

    SEALED: ClassVar = (
        "case_id", "ordinal", "package_hash", "content_hash", "bundle_sha256", "total", "currency", "until", "by",
        "made_at",
    )  # fmt: skip

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="preparations")
    ordinal = models.PositiveIntegerField(help_text="1 para la primera del expediente.")
    folder = models.CharField(max_length=300, help_text="Bajo output/expedientes/<expediente>/.")
    package = models.CharField(max_length=120, help_text="Carpeta del paquete dentro de ella.")
    bundle = models.CharField(max_length=200, help_text="El PDF para leer, dentro de ella.")
    writ = models.CharField(max_length=200, blank=True, default="", help_text="El escrito editable, dentro de ella.")
    package_hash = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64, help_text="De los datos del expediente con que se hizo.")
    bundle_sha256 = models.CharField(max_length=64)
    total = _money()
    currency = models.CharField(max_length=3)
    pages = models.PositiveIntegerField(default=0)
    until = models.DateField(help_text="Último día que devenga intereses.")
    preflight = models.JSONField(default=list, blank=True, help_text="Lo que el portal no admitiría.")
    notes = models.JSONField(default=list, blank=True)
    by = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = "preparación"
        verbose_name_plural = "preparaciones"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "ordinal"], name="legal_preparation_once")]

    def __str__(self) -> str:
        return f"{self.case_id}/{self.ordinal}"


class SignOff(models.Model):
    """A lawyer's word that exactly this package may be filed. Ends when revoked, or void when a byte changed."""

    class Ends(models.TextChoices):
        """Why it no longer counts."""

        NONE = "", _("Vale")
        REVOKED = "revocada", _("Revocada")
        VOID = "anulada", _("Anulada: el paquete o los datos han cambiado")

    SEALED: ClassVar = (
        "preparation_id",
        "package_hash",
        "person",
        "at",
        "ended",
        "ended_at",
        "ended_by",
        "ended_reason",
    )

    preparation = models.ForeignKey(Preparation, on_delete=models.PROTECT, related_name="signatures")
    package_hash = models.CharField(max_length=64)
    person = models.CharField(max_length=150)
    at = models.DateTimeField()
    ended = models.CharField(max_length=10, choices=Ends, blank=True, default=Ends.NONE)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(max_length=150, blank=True, default="")
    ended_reason = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "visto bueno"
        verbose_name_plural = "vistos buenos"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["preparation", "person"], name="legal_signed_once", condition=Q(ended="")),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.package_hash[:12]}"


class CaseNews(models.Model):
    """What the court told about a filed case: a change of state, a notice, a receipt; kept with its proof."""

    SEALED: ClassVar = ("case_id", "key", "kind", "title", "at", "registry", "file", "sha256")

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="news")
    key = models.CharField(max_length=160, help_text="Lo identifica ante el juzgado: dos veces el mismo es uno.")
    kind = models.CharField(max_length=20, help_text="acuse, estado, notificacion o tarea.")
    title = models.CharField(max_length=300)
    detail = models.TextField(blank=True, default="")
    registry = models.CharField(max_length=120, blank=True, default="")
    at = models.DateTimeField()
    file = models.CharField(max_length=300, blank=True, default="", help_text="Bajo output/expedientes/<expediente>/.")
    sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = "noticia del juzgado"
        verbose_name_plural = "noticias del juzgado"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "key"], name="legal_news_once")]
        indexes: ClassVar = [models.Index(fields=["case", "at"])]

    def __str__(self) -> str:
        return self.title


class Deadline(models.Model):
    """Something that has to be done by a day, or that the debtor has until a day for."""

    SEALED: ClassVar = ("case_id", "key", "text", "last_day", "until", "source", "ours", "done_at", "done_by")

    case = models.ForeignKey(LegalCase, on_delete=models.PROTECT, related_name="deadlines")
    key = models.CharField(max_length=160, help_text="De dónde sale: dos veces lo mismo es uno.")
    text = models.CharField(max_length=300)
    last_day = models.DateField()
    until = models.DateTimeField(help_text="Último instante que cuenta.")
    source = models.CharField(max_length=300, blank=True, default="")
    verified = models.BooleanField(default=False)
    ours = models.BooleanField(default=True)
    made_by = models.CharField(max_length=150)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=150, blank=True, default="")

    class Meta:
        verbose_name = "plazo"
        constraints: ClassVar = [models.UniqueConstraint(fields=["case", "key"], name="legal_deadline_once")]
        indexes: ClassVar = [models.Index(fields=["until"], name="legal_deadline_open", condition=Q(done_at=None))]

    def __str__(self) -> str:
        return f"{self.last_day}: {self.text}"


class AlertMail(models.Model):
    """The one letter that tells a lawyer of an alert, written down before it is sent; see `mailing`."""

    class States(models.TextChoices):
        """Where it stands."""

        PLANNED = "previsto", _("Previsto")
        SENDING = "enviando", _("Enviando")
        SENT = "enviado", _("Enviado")
        REFUSED = "rechazado", _("Rechazado")

    ENDED: ClassVar = (States.SENT, States.REFUSED)
    SEALED: ClassVar = ("case_id", "message_id", "to", "subject", "text", "state", "why")

    case = models.OneToOneField(LegalCase, on_delete=models.PROTECT, related_name="alert_mail")
    message_id = models.CharField(max_length=200, unique=True)
    mailbox = models.CharField(max_length=120, help_text="Buzón de config/mail.toml por el que sale.")
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    state = models.CharField(max_length=12, choices=States, default=States.PLANNED)
    why = models.TextField(blank=True, default="")
    tries = models.PositiveIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, blank=True, help_text="Hasta entonces lo tiene un proceso.")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "aviso por correo"
        verbose_name_plural = "avisos por correo"

    def __str__(self) -> str:
        return f"{self.to}: {self.state}"


class CalendarKey(models.Model):
    """The secret address of a person's calendar feed: only its hash is kept."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", primary_key=True)
    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()

    class Meta:
        verbose_name = "llave del calendario"
        verbose_name_plural = "llaves del calendario"

    def __str__(self) -> str:
        return str(self.user_id)
