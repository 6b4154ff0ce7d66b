"""One session per credential, and none at all for a credential that a portal has refused.

    credentials.block("caja_demo", "La clave no vale.", run_id=run.run_id)
    credentials.clear("caja_demo", by="consola:ana")

An error class with ``blocks_credential = True`` that ends a run blocks the run's credential by itself.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction

from cobranza.kernel import clock
from cobranza.runs.errors import CredentialBlocked, CredentialBusy
from cobranza.runs.models import AlertKind, CredentialBlock, CredentialLease, Run, RunState
from cobranza.runs.persistence import Now

_TAKE = """
insert into runs_credentiallease (name, token, run_id, until)
values (%(name)s, %(token)s, %(run)s, statement_timestamp() + make_interval(secs => %(lease)s))
on conflict (name) do update set token = excluded.token, run_id = excluded.run_id, until = excluded.until
where runs_credentiallease.until < statement_timestamp() or runs_credentiallease.token = excluded.token
returning name
"""


def take(name: str, token: UUID, run_id: int, lease: timedelta) -> bool:
    """Take the credential's only session, or keep it. False when another run has it."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"name": name, "token": token, "run": run_id, "lease": lease.total_seconds()})
        return cursor.fetchone() is not None


def keep(name: str, token: UUID, lease: timedelta) -> bool:
    """Renew what we hold. False when it is not ours any more."""
    return CredentialLease.objects.filter(name=name, token=token).update(until=Now() + lease) == 1


def release(name: str, token: UUID) -> None:
    """Give the session back; harmless when it is not ours."""
    CredentialLease.objects.filter(name=name, token=token).delete()


def holder(name: str) -> Run | None:
    """The run that holds the credential now."""
    lease = CredentialLease.objects.filter(name=name, until__gte=Now()).select_related("run").first()
    return lease.run if lease and lease.run.state == RunState.RUNNING else None


def blocked(name: str) -> CredentialBlock | None:
    """The open block of a credential, None when robots may use it."""
    return CredentialBlock.objects.filter(name=name, cleared_at__isnull=True).first()


def refuse_blocked(name: str) -> None:
    """Raise `CredentialBlocked` when a person has to clear the credential first."""
    block_row = blocked(name)
    if block_row is not None:
        raise CredentialBlocked(f"La credencial «{name}» está bloqueada: {block_row.reason}")


def busy_error(name: str) -> CredentialBusy:
    """The error that names who has the credential."""
    run = holder(name)
    who = f"la ejecución {run.pk} ({run.robot})" if run else "otra ejecución"
    return CredentialBusy(f"La credencial «{name}» la está usando {who}.")


def block(name: str, reason: str, run_id: int | None = None) -> CredentialBlock:
    """Keep every robot away from a credential until a person clears it. Blocking twice changes nothing."""
    from cobranza.runs import alerts

    with transaction.atomic():
        made, fresh = CredentialBlock.objects.get_or_create(
            name=name, cleared_at__isnull=True, defaults={"reason": reason, "run_id": run_id}
        )
        if fresh:
            alerts.open_alert(
                AlertKind.CREDENTIAL,
                key=f"credencial:{made.pk}",
                message=f"Ningún robot usará la credencial «{name}» hasta que se reactive: {reason}",
                run_id=run_id,
            )
    return made


def clear(name: str, by: str) -> bool:
    """Let robots use the credential again. False when it was not blocked."""
    rows = CredentialBlock.objects.filter(name=name, cleared_at__isnull=True)
    return rows.update(cleared_at=clock.now(), cleared_by=by) > 0
