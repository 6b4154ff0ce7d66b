"""The engine's truth: runs, work items, leases, schedules, alerts and evidence.

Rules that hold everywhere:

- Whoever works on a row holds its `token`; every write of an owner says ``token = mine`` and 0 rows written means that
  the work belongs to somebody else now (`LeaseLost`).
- Leases are compared with the database's clock only, so that machines may disagree about the time.
- The queue engine's own tables are a ticket box: nothing here is derived from them.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import EXIT_BUSINESS, EXIT_DONE, EXIT_OUTSIDE, EXIT_PERSON, EXIT_UNEXPECTED


class RunState(models.TextChoices):
    """Where a run stands."""

    QUEUED = "en_cola", _("En cola")
    RUNNING = "en_curso", _("En curso")
    DONE = "hecho", _("Hecho")
    BUSINESS_ERROR = "error_negocio", _("Error de negocio")
    TECHNICAL_ERROR = "error_tecnico", _("Error técnico")
    NEEDS_PERSON = "necesita_persona", _("Necesita a una persona")
    CANCELLED = "cancelado", _("Cancelado")
    EXPIRED = "vencido", _("Vencido")


ACTIVE_RUNS = (RunState.QUEUED, RunState.RUNNING)
FAILED_RUNS = (
    RunState.BUSINESS_ERROR,
    RunState.TECHNICAL_ERROR,
    RunState.NEEDS_PERSON,
    RunState.EXPIRED,
)
_EXIT_CODES = {
    RunState.DONE: EXIT_DONE,
    RunState.BUSINESS_ERROR: EXIT_BUSINESS,
    RunState.TECHNICAL_ERROR: EXIT_OUTSIDE,
    RunState.EXPIRED: EXIT_OUTSIDE,
    RunState.NEEDS_PERSON: EXIT_PERSON,
    RunState.CANCELLED: EXIT_UNEXPECTED,
}


class ItemState(models.TextChoices):
    """Where a work item stands."""

    NEW = "nuevo", _("Nuevo")
    IN_PROGRESS = "en_curso", _("En curso")
    DONE = "hecho", _("Hecho")
    BUSINESS_ERROR = "error_negocio", _("Error de negocio")
    TECHNICAL_ERROR = "error_tecnico", _("Error técnico")
    NEEDS_PERSON = "necesita_persona", _("Necesita a una persona")


class EvidenceKind(models.TextChoices):
    """What an evidence file is, so that the console knows how to show it."""

    LOG = "log", _("Registro")
    REPORT = "report", _("Informe")
    OUTPUT = "output", _("Salida de Robot Framework")
    CONSOLE = "console", _("Consola")
    SCREENSHOT = "screenshot", _("Captura")
    TRACE = "trace", _("Traza del navegador")
    DOWNLOAD = "download", _("Descarga")
    DOCUMENT = "document", _("Documento")
    OTHER = "other", _("Otro")


class Run(models.Model):
    """One execution of one robot, with all its attempts.

    Attributes:
        variables: Name to text as given; secrets only as references.
        limit_seconds: Wall time of one attempt.
        token: Fence of the attempt that is running.
        evidence: Folder of the latest attempt, relative to `suite.output_folder()`.
        ticket: Id in the ticket box, for the sweep only.
        continues: The run whose left-over items this one goes on with.
    """

    robot = models.CharField(max_length=200)
    title = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=20, choices=RunState.choices, default=RunState.QUEUED)
    variables = models.JSONField(default=dict)
    rehearse = models.BooleanField(default=False)
    started_by = models.CharField(max_length=200)
    schedule = models.CharField(max_length=200, blank=True)
    scheduled_for = models.DateTimeField(null=True, blank=True)
    priority = models.IntegerField(default=0)
    credential = models.CharField(max_length=200, blank=True)
    queue = models.CharField(max_length=200, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    limit_seconds = models.FloatField(default=3600)
    attempt = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=1)
    foreground = models.BooleanField(default=False)
    ticket = models.BigIntegerField(null=True, blank=True)

    token = models.UUIDField(null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    worker = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.CharField(max_length=200, blank=True)

    task = models.CharField(max_length=500, blank=True)
    keyword = models.CharField(max_length=500, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    progressed_at = models.DateTimeField(null=True, blank=True)

    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    error_remedy = models.TextField(blank=True)
    evidence = models.CharField(max_length=500, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    continues = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="continued_by")

    class Meta:
        """Constraints keep what the code promises."""

        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, token__isnull=False, lease_until__isnull=False)
                | (~Q(state=RunState.RUNNING) & Q(token__isnull=True, lease_until__isnull=True)),
                name="run_owned_while_running",
            ),
            models.UniqueConstraint(
                fields=("schedule", "scheduled_for"), condition=~Q(schedule=""), name="run_once_per_fire"
            ),
        )
        indexes = (
            models.Index(fields=("state", "not_before"), name="run_state"),
            models.Index(fields=("robot", "-id"), name="run_robot"),
            models.Index(fields=("lease_until",), condition=Q(state=RunState.RUNNING), name="run_lease"),
        )

    def __str__(self) -> str:
        return f"{self.robot} #{self.pk}"

    @property
    def is_active(self) -> bool:
        """Queued or running."""
        return self.state in ACTIVE_RUNS

    @property
    def is_final(self) -> bool:
        """Nothing more will happen to it by itself."""
        return not self.is_active

    @property
    def exit_code(self) -> int:
        """What `cobranza run` ends with for this state (see `cobranza.kernel.errors`)."""
        return _EXIT_CODES.get(RunState(self.state), EXIT_UNEXPECTED)

    @property
    def evidence_folder(self) -> Path | None:
        """Where the latest attempt left its files; None before the first."""
        return suite.output_folder() / self.evidence if self.evidence else None

    @property
    def duration(self) -> timedelta | None:
        """How long it has run, or ran; None before it starts."""
        if self.started_at is None:
            return None
        return (self.ended_at or clock.now()) - self.started_at

    def error(self) -> dict[str, str] | None:
        """Keys code, message, remedy; None when all went well."""
        if not self.error_code:
            return None
        return {"code": self.error_code, "message": self.error_message, "remedy": self.error_remedy}

    def as_dict(self) -> dict[str, Any]:
        """The run as the command line prints it with ``--json``; keys are stable."""
        return {
            "id": self.pk,
            "robot": self.robot,
            "title": self.title,
            "state": str(self.state),
            "variables": dict(self.variables),
            "rehearse": self.rehearse,
            "started_by": self.started_by,
            "schedule": self.schedule or None,
            "credential": self.credential or None,
            "queue": self.queue or None,
            "attempt": self.attempt,
            "max_attempts": self.max_attempts,
            "host": self.host or None,
            "task": self.task,
            "keyword": self.keyword,
            "done": self.done,
            "total": self.total,
            "error": self.error(),
            "evidence": self.evidence or None,
            "created_at": self.created_at.isoformat(),
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "exit_code": self.exit_code if self.is_final else None,
        }


class WorkItem(models.Model):
    """One piece of work that robots share.

    Attributes:
        reference: What it is about, unique per queue for ever: adding it again changes nothing.
        intent: Written before acting outside, so that after a crash the act is looked up and not repeated.
        question: What a person has to answer; the same item goes on with `answer`.
        run: The last run that held it.
    """

    queue = models.CharField(max_length=200)
    reference = models.CharField(max_length=300)
    payload = models.JSONField(default=dict, null=True)
    state = models.CharField(max_length=20, choices=ItemState.choices, default=ItemState.NEW)
    priority = models.IntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    not_before = models.DateTimeField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)

    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="items")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="children")

    intent = models.JSONField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    question = models.TextField(blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    error_message = models.TextField(blank=True)
    error_remedy = models.TextField(blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """Constraints keep what the code promises."""

        ordering = ("queue", "id")
        constraints = (
            models.UniqueConstraint(fields=("queue", "reference"), name="item_reference_once"),
            models.CheckConstraint(condition=Q(state__in=ItemState.values), name="item_state_known"),
            models.CheckConstraint(
                condition=Q(state=ItemState.IN_PROGRESS, token__isnull=False, lease_until__isnull=False)
                | (~Q(state=ItemState.IN_PROGRESS) & Q(token__isnull=True, lease_until__isnull=True)),
                name="item_owned_in_progress",
            ),
        )
        indexes = (
            models.Index(F("queue"), F("priority").desc(), F("id"), condition=Q(state=ItemState.NEW), name="item_next"),
            models.Index(fields=("lease_until",), condition=Q(state=ItemState.IN_PROGRESS), name="item_lease"),
            models.Index(fields=("queue", "state"), name="item_queue_state"),
        )

    def __str__(self) -> str:
        return f"{self.queue}/{self.reference}"

    def as_dict(self) -> dict[str, Any]:
        """The item as the command line prints it with ``--json``; keys are stable."""
        return {
            "id": self.pk,
            "queue": self.queue,
            "reference": self.reference,
            "state": str(self.state),
            "attempts": self.attempts,
            "max_attempts": self.max_attempts,
            "payload": self.payload,
            "result": self.result,
            "question": self.question or None,
            "answer": self.answer or None,
            "error": {"code": self.error_code, "message": self.error_message, "remedy": self.error_remedy}
            if self.error_code
            else None,
            "run": self.run_id,
            "not_before": self.not_before.isoformat() if self.not_before else None,
            "updated_at": self.updated_at.isoformat(),
        }


class WorkItemFile(models.Model):
    """A file that travels with a work item (`RPA.Robocorp.WorkItems`)."""

    item = models.ForeignKey(WorkItem, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=300)
    content = models.BinaryField()

    class Meta:
        """One file per name."""

        constraints = (models.UniqueConstraint(fields=("item", "name"), name="item_file_once"),)

    def __str__(self) -> str:
        return self.name


class CredentialLease(models.Model):
    """Who has the only session that a credential may hold."""

    name = models.CharField(max_length=200, primary_key=True)
    token = models.UUIDField()
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class CredentialBlock(models.Model):
    """A credential that robots leave alone until a person clears it."""

    name = models.CharField(max_length=200)
    reason = models.TextField()
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    blocked_at = models.DateTimeField(auto_now_add=True)
    cleared_at = models.DateTimeField(null=True, blank=True)
    cleared_by = models.CharField(max_length=200, blank=True)

    class Meta:
        """At most one open block per credential."""

        constraints = (
            models.UniqueConstraint(fields=("name",), condition=Q(cleared_at__isnull=True), name="one_open_block"),
        )

    def __str__(self) -> str:
        return self.name


class Schedule(models.Model):
    """What the ticker remembers about one entry of `config/schedule.toml`.

    Attributes:
        definition: The entry as last read; when it changes, `next_at` is worked out afresh.
        note: Why the last fire did not start a run, "" when it did.
    """

    name = models.CharField(max_length=200, primary_key=True)
    robot = models.CharField(max_length=200)
    definition = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    next_at = models.DateTimeField(null=True, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.TextField(blank=True)

    class Meta:
        """The ticker asks for what is due."""

        ordering = ("name",)
        indexes = (models.Index(fields=("next_at",), condition=Q(enabled=True), name="schedule_due"),)

    def __str__(self) -> str:
        return self.name


class AlertKind(models.TextChoices):
    """What the operator is told."""

    FAILED = "fallo", _("Una ejecución programada ha fallado")
    HANGS = "parado", _("Una ejecución programada no avanza")
    NOT_STARTED = "sin_arrancar", _("Una ejecución programada no ha arrancado")
    OVERLAP = "solape", _("La anterior no había terminado a la hora de la siguiente")
    CREDENTIAL = "credencial", _("Una credencial está bloqueada")
    NEEDS_PERSON = "persona", _("Un trabajo espera la respuesta de una persona")


class Alert(models.Model):
    """Something that the operator is told once.

    Attributes:
        key: What makes it the same alert; raising it again changes nothing.
    """

    key = models.CharField(max_length=300, unique=True)
    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    run = models.ForeignKey(Run, null=True, blank=True, on_delete=models.CASCADE, related_name="alerts")
    schedule = models.CharField(max_length=200, blank=True)
    message = models.TextField()
    opened_at = models.DateTimeField(auto_now_add=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.CharField(max_length=200, blank=True)

    class Meta:
        """Newest first."""

        ordering = ("-id",)

    def __str__(self) -> str:
        return self.message


class Evidence(models.Model):
    """One file that a run left.

    Attributes:
        path: Relative to `suite.output_folder()`.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="evidence_files")
    attempt = models.PositiveIntegerField()
    path = models.CharField(max_length=700)
    kind = models.CharField(max_length=20, choices=EvidenceKind.choices, default=EvidenceKind.OTHER)
    title = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        """A file is listed once."""

        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("run", "path"), name="evidence_once"),)

    def __str__(self) -> str:
        return self.title
