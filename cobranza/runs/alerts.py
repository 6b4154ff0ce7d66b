"""What the operator is told: once per cause, kept until somebody acknowledges it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from cobranza.kernel import clock
from cobranza.runs.config import Alerts
from cobranza.runs.models import FAILED_RUNS, Alert, AlertKind, Run, RunState
from cobranza.runs.persistence import Now

_log = logging.getLogger("cobranza.alertas")


def _log_it(alert: Alert) -> None:
    _log.warning("%s", alert.message)


Notifier = Callable[[Alert], None]
NOTIFIERS: list[Notifier] = [_log_it]
"""Called once per new alert, after its transaction is committed. Add e-mail or chat here."""


def open_alert(
    kind: AlertKind, *, key: str, message: str, run_id: int | None = None, schedule: str = ""
) -> Alert | None:
    """Tell the operator, unless this `key` has been told before. Returns the new alert or None."""
    alert, fresh = Alert.objects.get_or_create(
        key=key, defaults={"kind": kind, "message": message, "run_id": run_id, "schedule": schedule}
    )
    if not fresh:
        return None
    transaction.on_commit(lambda: _notify(alert))
    return alert


def _notify(alert: Alert) -> None:
    for notifier in NOTIFIERS:
        try:
            notifier(alert)
        except Exception:  # noqa: BLE001  # a dead mail server may not stop the engine; the alert row stays
            _log.exception("No se ha podido avisar de la alerta %s", alert.pk)


def open_alerts() -> QuerySet[Alert]:
    """What nobody has acknowledged yet, newest first."""
    return Alert.objects.filter(acknowledged_at__isnull=True).select_related("run")


def acknowledge(alert_id: int, by: str) -> bool:
    """Note that a person has seen it. False when it was acknowledged before or does not exist."""
    rows = Alert.objects.filter(pk=alert_id, acknowledged_at__isnull=True)
    return rows.update(acknowledged_at=clock.now(), acknowledged_by=by) == 1


def run_ended(run: Run) -> None:
    """Tell the operator when a scheduled run ended badly, or any run waits for a person."""
    if run.state == RunState.NEEDS_PERSON:
        open_alert(
            AlertKind.NEEDS_PERSON,
            key=f"persona:run:{run.pk}",
            message=f"«{run.title or run.robot}» (ejecución {run.pk}) espera a una persona: {run.error_message}",
            run_id=run.pk,
            schedule=run.schedule,
        )
        return
    if run.schedule and run.state in FAILED_RUNS:
        reason = f": {run.error_message}" if run.error_message else ""
        open_alert(
            AlertKind.FAILED,
            key=f"fallo:{run.pk}",
            message=f"«{run.title or run.robot}» (ejecución {run.pk}): {run.get_state_display()}{reason}",
            run_id=run.pk,
            schedule=run.schedule,
        )


def look_for_silence(limits: Alerts) -> int:
    """Alerts for scheduled runs that did not start or do not advance. Returns how many were new."""
    new = 0
    waiting = timedelta(minutes=limits.sin_arrancar_minutos)
    for run in Run.objects.exclude(schedule="").filter(
        state=RunState.QUEUED, attempt=0, created_at__lt=Now() - waiting
    ):
        new += _silent(run, AlertKind.NOT_STARTED, "sigue en cola y ningún trabajador la ha tomado")
    stuck = timedelta(minutes=limits.sin_avance_minutos)
    quiet = Q(progressed_at__lt=Now() - stuck) | Q(progressed_at__isnull=True, started_at__lt=Now() - stuck)
    for run in Run.objects.exclude(schedule="").filter(quiet, state=RunState.RUNNING):
        new += _silent(run, AlertKind.HANGS, f"no avanza desde «{run.keyword or run.task or 'el arranque'}»")
    return new


def _silent(run: Run, kind: AlertKind, what: str) -> int:
    message = f"«{run.title or run.robot}» (ejecución {run.pk}) {what}."
    made = open_alert(kind, key=f"{kind}:{run.pk}:{run.attempt}", message=message, run_id=run.pk, schedule=run.schedule)
    return 1 if made else 0
