"""Where the database is: `DATABASE_URL`, else the instance's own embedded PostgreSQL."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from cobranza import suite
from cobranza.kernel.errors import ApplicationError, BusinessError

_CONNECT_SECONDS = 10


class DatabaseUrlError(BusinessError):
    """`DATABASE_URL` cannot be understood."""

    code = "COB-BD-001"
    remedy = "Escriba DATABASE_URL como postgresql://usuario:clave@servidor:5432/base."


class DatabaseDown(ApplicationError):
    """No database answers."""

    code = "COB-BD-002"
    remedy = "Arranque la instancia con «cobranza up» o revise DATABASE_URL."


def external_url() -> str | None:
    """`DATABASE_URL` when the operator set one."""
    return os.environ.get("DATABASE_URL") or None


def connection_file() -> Path:
    """Where the embedded server says how to reach it (mode 0600)."""
    return suite.data_folder() / "postgres.json"


def django_settings() -> dict[str, Any]:
    """`DATABASES["default"]` for this process."""
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"connect_timeout": _CONNECT_SECONDS, "application_name": "cobranza"},
    }
    url = external_url()
    if url:
        parts = urlsplit(url)
        if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
            raise DatabaseUrlError("DATABASE_URL no es una dirección de PostgreSQL con nombre de base.")
        common["OPTIONS"] |= dict(parse_qsl(parts.query))
        return common | {
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or 5432),
            "NAME": unquote(parts.path.lstrip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
        }
    file = connection_file()
    found = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return common | {
        "HOST": "127.0.0.1",
        "PORT": str(found.get("port", "")),
        "NAME": found.get("name", "cobranza"),
        "USER": found.get("user", "cobranza"),
        "PASSWORD": found.get("password", ""),
    }


def conninfo() -> str:
    """The same database as a libpq connection string, for psycopg and Procrastinate."""
    from psycopg.conninfo import make_conninfo

    settings = django_settings()
    options = settings["OPTIONS"]
    return make_conninfo(
        host=settings["HOST"],
        port=settings["PORT"],
        dbname=settings["NAME"],
        user=settings["USER"],
        password=settings["PASSWORD"],
        **{key: str(value) for key, value in options.items()},
    )


def django_key() -> str:
    """Django's signing key: `COBRANZA_SECRET_KEY`, else one made once and kept in the data folder (mode 0600)."""
    named = os.environ.get("COBRANZA_SECRET_KEY")
    if named:
        return named
    file = suite.data_folder() / "django.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = secrets.token_urlsafe(50)
        temporary = file.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(fresh, encoding="utf-8")
        try:
            os.link(temporary, file)  # never overwrites: whoever came first wins
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return file.read_text(encoding="utf-8")
