"""Reading a company's ERP and posting to it exclude each other (decisions/0005): an advisory lock of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection

from cobranza.kernel.errors import ApplicationError
from cobranza.ledger.models import Creditor

_LOCK_SECONDS = 180


class ErpBusy(ApplicationError):
    """Another run reads or posts and does not finish."""

    code = "COB-CON-045"
    remedy = "Espere a que termine la otra ejecución o deténgala; esta se reintentará."


@contextmanager
def exclusive(creditor: Creditor) -> Iterator[None]:
    """Nobody posts to this company's ERP while the body runs."""
    with _locked(creditor, "pg_advisory_lock", "pg_advisory_unlock"):
        yield


@contextmanager
def shared(creditor: Creditor) -> Iterator[None]:
    """Nobody reads this company's ERP while the body runs; others may post."""
    with _locked(creditor, "pg_advisory_lock_shared", "pg_advisory_unlock_shared"):
        yield


@contextmanager
def _locked(creditor: Creditor, lock: str, unlock: str) -> Iterator[None]:
    """A session lock: the database frees it when this process or its connection dies."""
    key = f"cobranza.erp:{creditor.pk}"
    with connection.cursor() as cursor:
        cursor.execute("select set_config('lock_timeout', %s, false)", [f"{_LOCK_SECONDS}s"])
        try:
            cursor.execute(f"select {lock}(hashtextextended(%s, 0))", [key])
        except OperationalError as exc:
            if getattr(exc.__cause__, "sqlstate", "") == "55P03":
                raise ErpBusy("Otra ejecución tiene ocupado el ERP de esta empresa.") from exc
            raise
        finally:
            if connection.is_usable():
                cursor.execute("select set_config('lock_timeout', '0', false)")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute(f"select {unlock}(hashtextextended(%s, 0))", [key])
