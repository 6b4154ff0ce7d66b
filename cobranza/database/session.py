"""Gives a command its database: attach to what runs, or run the embedded server for as long as the command lasts."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import psycopg

from cobranza import database, suite
from cobranza.database.embedded import EmbeddedServer
from cobranza.kernel.errors import BusinessError

_ATTACH_SECONDS = 60


class MigrationsPending(BusinessError):
    """The external database is older than this program."""

    code = "COB-BD-006"
    remedy = "Haga una copia de seguridad y lance «cobranza migrate»."


@contextmanager
def opened(*, migrate: bool = True) -> Iterator[EmbeddedServer | None]:
    """A migrated database and a configured Django for the body.

    Args:
        migrate: Check (external) or bring up to date (embedded) the tables first.

    Yields:
        The server when this process owns it; None when it attached to another's or to `DATABASE_URL`.

    Raises:
        MigrationsPending: `DATABASE_URL` is set and tables are behind.
        DatabaseDown: nothing answers.
    """
    if database.external_url():
        setup_django()
        if migrate:
            check_migrations()
        yield None
        return
    server = EmbeddedServer(suite.data_folder())
    owner = False
    limit = time.monotonic() + _ATTACH_SECONDS
    while not (owner := server.own()):
        if answers():
            break
        if time.monotonic() > limit:
            raise database.DatabaseDown("La base de datos de la instancia tiene dueño pero no contesta.")
        time.sleep(0.2)
    try:
        with _user_mark():
            setup_django()
            if owner and migrate:
                apply_migrations()
            yield server if owner else None
        if owner:
            _wait_for_users()
    finally:
        server.stop()


def setup_django() -> None:
    """Configure Django once; safe to call again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cobranza.settings")
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def answers() -> bool:
    """Whether the recorded database takes a connection now."""
    try:
        psycopg.connect(database.conninfo(), connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def pending_migrations() -> list[str]:
    """Names of the migrations that the database lacks."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    try:
        executor = MigrationExecutor(connection)
    except OperationalError as exc:
        raise database.DatabaseDown("La base de datos no contesta.") from exc
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def check_migrations() -> None:
    """Raise `MigrationsPending` when the tables are behind the program."""
    missing = pending_migrations()
    if missing:
        raise MigrationsPending(f"A la base de datos le faltan {len(missing)} migraciones ({missing[0]}, …).")


def apply_migrations() -> None:
    """Bring the tables up to date."""
    from django.core.management import call_command

    if pending_migrations():
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _user_mark() -> Iterator[IO[str]]:
    """While held, the owner of the embedded server waits before it stops it."""
    file = (suite.data_folder() / "postgres.users").open("w")
    fcntl.flock(file, fcntl.LOCK_SH)
    try:
        yield file
    finally:
        file.close()


def _wait_for_users() -> None:
    """Block until every command that attached to our server has ended."""
    with (suite.data_folder() / "postgres.users").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
