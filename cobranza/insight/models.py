"""What this room remembers: alerts and their story, reviews of contacts, forecasts as they were told, simulations."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cobranza.insight.tables_cube import Cube, CubeState, Trial, UnitCost

__all__ = [
    "Alert", "AlertMail", "AlertNote", "CashForecast", "Cube", "CubeState", "Review", "SimulationRun", "Trial",
    "UnitCost", "Watched",
]  # fmt: skip


class Alert(models.Model):
    """A figure that left its course. One row per deviation: it opens once, stays while that lasts, and closes with it.

    The figures of the row are those of the newest check while it is open; `opened_*` stay as they were at first.
    """

    class Causes(models.TextChoices):
        """What the figure left."""

        LIMITS = "limites", _("Fuera de sus límites de control")
        TARGET = "objetivo", _("Por debajo de su objetivo")

    class Directions(models.TextChoices):
        """Which way."""

        UP = "up", _("Más de lo habitual")
        DOWN = "down", _("Menos de lo habitual")

    figure = models.SlugField(max_length=80, help_text="Cifra de config/figures/.")
    part_key = models.CharField(max_length=200, help_text="Parte del negocio: acreedor, moneda, filtros.")
    part = models.JSONField(default=dict)
    cause = models.CharField(max_length=10, choices=Causes)
    direction = models.CharField(max_length=4, choices=Directions)
    worse = models.BooleanField(default=True, help_text="La desviación va en contra de lo que se busca.")
    opened_on = models.DateField(help_text="Primer día fuera.")
    opened_at = models.DateTimeField()
    opened_value = models.DecimalField(max_digits=24, decimal_places=8)
    value = models.DecimalField(max_digits=24, decimal_places=8)
    expected = models.DecimalField(max_digits=24, decimal_places=8)
    low = models.DecimalField(max_digits=24, decimal_places=8, null=True, blank=True)
    high = models.DecimalField(max_digits=24, decimal_places=8, null=True, blank=True)
    last_day = models.DateField(help_text="Último día comprobado.")
    checked_at = models.DateTimeField()
    why = models.TextField()
    rows = models.JSONField(default=list, blank=True, help_text="Las filas que la causaban al abrirse.")
    owner = models.CharField(max_length=60, blank=True, default="", help_text="Rol que responde de la cifra.")
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=150, blank=True, default="")
    assigned_to = models.CharField(max_length=150, blank=True, default="")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_on = models.DateField(null=True, blank=True, help_text="Primer día de vuelta.")
    closed_by = models.CharField(max_length=150, blank=True, default="", help_text="Vacío: la propia cifra.")
    closed_why = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "alerta de una cifra"
        verbose_name_plural = "alertas de cifras"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["figure", "part_key", "cause"], name="insight_alert_once", condition=Q(closed_at=None)
            ),
            models.CheckConstraint(
                name="insight_alert_closed",
                condition=Q(closed_at=None, closed_on=None) | Q(closed_at__isnull=False, closed_on__isnull=False),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-opened_at"]), models.Index(fields=["figure", "part_key"])]

    def __str__(self) -> str:
        return f"{self.figure} {self.opened_on}"


class AlertNote(models.Model):
    """One thing that happened to an alert, or that somebody said about it."""

    class Kinds(models.TextChoices):
        """What."""

        OPENED = "abierta", _("Abierta")
        ACKNOWLEDGED = "vista", _("Vista")
        ASSIGNED = "asignada", _("Asignada")
        COMMENT = "comentario", _("Comentario")
        CLOSED = "cerrada", _("Cerrada")

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="notes")
    kind = models.CharField(max_length=12, choices=Kinds)
    at = models.DateTimeField()
    by = models.CharField(max_length=150)
    text = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "nota de una alerta"
        verbose_name_plural = "notas de alertas"
        indexes: ClassVar = [models.Index(fields=["alert", "at"])]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.kind}"


class AlertMail(models.Model):
    """The letter that tells a supervisor of an alert; planned with the alert, sent outside quiet hours."""

    class States(models.TextChoices):
        """Where it stands."""

        PLANNED = "previsto", _("Previsto")
        SENDING = "enviando", _("Enviando")
        SENT = "enviado", _("Enviado")
        REFUSED = "rechazado", _("Rechazado")

    ENDED: ClassVar = (States.SENT, States.REFUSED)

    alert = models.ForeignKey(Alert, on_delete=models.PROTECT, related_name="mails")
    message_id = models.CharField(max_length=200, unique=True)
    mailbox = models.CharField(max_length=120, help_text="Buzón de config/mail.toml por el que sale.")
    to = models.CharField(max_length=320)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    not_before = models.DateTimeField(help_text="El fin de las horas de silencio.")
    state = models.CharField(max_length=12, choices=States, default=States.PLANNED)
    why = models.TextField(blank=True, default="")
    tries = models.PositiveIntegerField(default=0)
    busy_until = models.DateTimeField(null=True, blank=True, help_text="Hasta entonces lo tiene un proceso.")
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "alerta por correo"
        verbose_name_plural = "alertas por correo"
        constraints: ClassVar = [models.UniqueConstraint(fields=["alert", "to"], name="insight_alert_mail_once")]

    def __str__(self) -> str:
        return f"{self.to}: {self.state}"


class Watched(models.Model):
    """How one figure of one part stood at its newest check; what the watch needs to go on from there."""

    figure = models.SlugField(max_length=80)
    part_key = models.CharField(max_length=200)
    part = models.JSONField(default=dict)
    since = models.DateField(
        null=True, blank=True, help_text="Desde cuándo cuenta la historia: una persona dio por bueno el nuevo nivel."
    )
    last_day = models.DateField()
    checked_at = models.DateTimeField()
    state = models.CharField(max_length=16, help_text="normal, fuera, historia_corta, sin_datos.")
    told = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "cifra vigilada"
        verbose_name_plural = "cifras vigiladas"
        constraints: ClassVar = [models.UniqueConstraint(fields=["figure", "part_key"], name="insight_watched_once")]

    def __str__(self) -> str:
        return f"{self.figure} {self.part_key}"


class CashForecast(models.Model):
    """A forecast of cash as it was told on a day, kept so that it can be held against what came."""

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="cash_forecasts")
    currency = models.CharField(max_length=3)
    as_of = models.DateField(help_text="Último día conocido.")
    made_at = models.DateTimeField()
    level = models.DecimalField(max_digits=4, decimal_places=3, help_text="Cobertura que se busca del intervalo.")
    weeks = models.JSONField(help_text="[{start, expected, low, high, …}], importes como texto.")
    quality = models.JSONField(default=dict, help_text="Lo que dijo la prueba hacia atrás.")

    class Meta:
        verbose_name = "previsión de cobros"
        verbose_name_plural = "previsiones de cobros"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["creditor", "currency", "as_of"], name="insight_forecast_once")
        ]

    def __str__(self) -> str:
        return f"{self.creditor_id} {self.currency} {self.as_of}"


class SimulationRun(models.Model):
    """A year replayed under another strategy, with all that its figures rest on."""

    creditor = models.ForeignKey("ledger.Creditor", on_delete=models.PROTECT, related_name="simulations")
    currency = models.CharField(max_length=3)
    strategy = models.CharField(max_length=120, help_text="nombre@versión.")
    sha256 = models.CharField(max_length=64, help_text="Del fichero de la estrategia.")
    start = models.DateField()
    end = models.DateField()
    seed = models.BigIntegerField()
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=150)
    result = models.JSONField()

    class Meta:
        verbose_name = "simulación"
        verbose_name_plural = "simulaciones"
        indexes: ClassVar = [models.Index(fields=["creditor", "-made_at"])]

    def __str__(self) -> str:
        return f"{self.strategy} {self.start}–{self.end}"


class Review(models.Model):
    """A contact drawn for review, and what the reviewer found. Nobody reviews what they said themselves."""

    class States(models.TextChoices):
        """Where it stands."""

        DRAWN = "por_revisar", _("Por revisar")
        DONE = "revisado", _("Revisado")
        SKIPPED = "descartado", _("No se puede revisar")

    class Kinds(models.TextChoices):
        """Who spoke for us."""

        BOT = "robot", _("Robot")
        HUMAN = "persona", _("Persona")

    SEALED: ClassVar = ("week", "word_id", "author", "reviewer", "state", "score", "passed", "form", "answers")

    week = models.DateField(help_text="Lunes de la semana de que sale la muestra.")
    word = models.OneToOneField("ledger.Word", on_delete=models.PROTECT, related_name="quality_review")
    kind = models.CharField(max_length=8, choices=Kinds)
    author = models.CharField(max_length=150, help_text="Quien habló: robot o cuenta.")
    channel = models.CharField(max_length=16)
    template = models.CharField(max_length=60, blank=True, default="")
    stratum = models.CharField(max_length=200)
    stratum_size = models.PositiveIntegerField(help_text="Contactos de ese estrato esa semana.")
    stratum_drawn = models.PositiveIntegerField()
    drawn_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=States, default=States.DRAWN)
    form = models.CharField(max_length=64, blank=True, default="", help_text="Huella del formulario usado.")
    answers = models.JSONField(default=dict, blank=True, help_text="{criterio: cumple | no | no_aplica}.")
    score = models.DecimalField(max_digits=5, decimal_places=2, null=True, blank=True, help_text="De 0 a 100.")
    passed = models.BooleanField(null=True, blank=True)
    comment = models.TextField(blank=True, default="")
    reviewer = models.CharField(max_length=150, blank=True, default="")
    reviewed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "revisión de un contacto"
        verbose_name_plural = "revisiones de contactos"
        constraints: ClassVar = [
            models.CheckConstraint(name="insight_review_not_own", condition=~Q(reviewer=F("author"))),
            models.CheckConstraint(
                name="insight_review_done",
                condition=Q(state="revisado", score__isnull=False, passed__isnull=False, reviewed_at__isnull=False)
                & ~Q(reviewer="")
                | ~Q(state="revisado"),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["week", "state"]), models.Index(fields=["author", "week"])]

    def __str__(self) -> str:
        return f"{self.author} {self.week}"
