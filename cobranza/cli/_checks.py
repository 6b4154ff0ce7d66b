"""What `cobranza doctor` looks at. Each check tells its result and, when it fails, what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal

from cobranza import database, instance, suite
from cobranza.kernel import programs
from cobranza.kernel.clock import zone
from cobranza.kernel.errors import CobranzaError

_PROGRAM_SECONDS = 30
_OLDEST_SERVER = 150000


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor's report; `remedy` is empty when there is nothing to do."""

    name: str
    state: Literal["ok", "aviso", "fallo"]
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        """Keys name, state (ok, aviso, fallo), detail, remedy."""
        return asdict(self)


def everything() -> list[Check]:
    """Run every check; a check that fails in an unforeseen way of ours is reported, not hidden."""
    checks: list[Callable[[], list[Check]]] = [_python, _suite, _settings, _browser, _fonts, _zone, _judge, _database]
    results: list[Check] = []
    for check in checks:
        name = (check.__doc__ or check.__name__).rstrip(".")
        try:
            results += check()
        except CobranzaError as exc:
            results.append(Check(name=name, state="fallo", detail=f"{exc.code}: {exc.message}", remedy=exc.remedy))
    results += _connectors()
    results += _mail()
    return results


def _python() -> list[Check]:
    """Python."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    return [Check(name="Python", state="ok", detail=version)]  # an older one cannot install this package


def _suite() -> list[Check]:
    """Carpetas de la suite."""
    top = suite.root()
    missing = [name for name in ("robots", "keywords", "connectors", "config") if not (top / name).is_dir()]
    if missing:
        remedy = "Cree una copia completa con «cobranza init CARPETA»."
        return [Check(name="Suite", state="fallo", detail=f"En «{top}» falta {', '.join(missing)}", remedy=remedy)]
    output = suite.output_folder()
    output.mkdir(parents=True, exist_ok=True)
    if not os.access(output, os.W_OK):
        remedy = f"Dé permiso de escritura en «{output}» o indique otra carpeta en COBRANZA_OUTPUT."
        return [Check(name="Suite", state="fallo", detail="No se puede escribir en output/", remedy=remedy)]
    return [Check(name="Suite", state="ok", detail=str(top))]


def _settings() -> list[Check]:
    """Configuración."""
    settings = instance.settings()
    zone(settings.zona_horaria)
    return [Check(name="Configuración", state="ok", detail=f"«{settings.nombre}»")]


def _output_of(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROGRAM_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _browser() -> list[Check]:
    """Chromium."""
    program = programs.chromium()
    remedy = "Instálelo: apt-get install -y chromium (o indique COBRANZA_CHROMIUM)."
    if program is None:
        return [Check(name="Chromium", state="fallo", detail="No está instalado", remedy=remedy)]
    version = _output_of([str(program), "--version"])
    if version is None:
        return [Check(name="Chromium", state="fallo", detail=f"«{program}» no arranca", remedy=remedy)]
    return [Check(name="Chromium", state="ok", detail=version)]


def _fonts() -> list[Check]:
    """Tipos de letra."""
    found = _output_of(["fc-list", ":lang=es", "family"])
    if not found:
        remedy = "Instálelos: apt-get install -y fontconfig fonts-dejavu-core fonts-liberation."
        return [Check(name="Tipos de letra", state="aviso", detail="No hay ninguno para español", remedy=remedy)]
    return [Check(name="Tipos de letra", state="ok", detail=f"{len(set(found.splitlines()))} familias")]


def _zone() -> list[Check]:
    """Zonas horarias."""
    zone("America/Bogota")
    return [Check(name="Zonas horarias", state="ok", detail=os.environ.get("TZ", "base IANA presente"))]


def _judge() -> list[Check]:
    """Clasificador de correos."""
    state = suite.adapters("classifiers")["disputes"].state()  # type: ignore[attr-defined]
    detail = f"modelo {state['model']}"
    if state["lost"]:
        return [Check(name="Clasificador", state="aviso", detail=f"{detail}; {state['lost']}", remedy=state["remedy"])]
    return [Check(name="Clasificador", state="ok", detail=f"{detail}, con codificador de frases")]


def _database() -> list[Check]:
    """Base de datos."""
    from cobranza.database import session
    from cobranza.database.binaries import find

    with session.opened(migrate=False):
        from django.db import connection

        from cobranza.database.session import pending_migrations

        try:
            with connection.cursor() as cursor:
                cursor.execute("show server_version_num")
                number = int(cursor.fetchone()[0])
        finally:
            pending = pending_migrations() if database.external_url() else []
            connection.close()
    kind = "externa (DATABASE_URL)" if database.external_url() else f"embebida ({find().source})"
    detail = f"PostgreSQL {number // 10000}.{number % 10000}, {kind}"
    if number < _OLDEST_SERVER:
        return [Check(name="Base de datos", state="fallo", detail=detail, remedy="Use PostgreSQL 15 o posterior.")]
    if pending:
        remedy = "Lance «cobranza migrate»."
        return [
            Check(name="Base de datos", state="fallo", detail=f"{len(pending)} migraciones por aplicar", remedy=remedy)
        ]
    return [Check(name="Base de datos", state="ok", detail=detail)]


def _connectors() -> list[Check]:
    """Conectores: every adapter imports, and what `config/` names can be checked by the adapter itself."""
    results: list[Check] = []
    for family in ("banks", "erps", "statements"):
        try:
            found = suite.adapters(f"connectors.{family}")
        except CobranzaError as exc:
            results.append(Check(name=f"Conectores {family}", state="fallo", detail=exc.message, remedy=exc.remedy))
            continue
        results.append(Check(name=f"Conectores {family}", state="ok", detail=", ".join(found)))
    return results


def _mail() -> list[Check]:
    """Buzones y mesas: what the triage of disputes reads from and writes to answers, and has what is named."""
    from cobranza.disputes import checking  # it needs the settings of Django

    try:
        found = list(checking.everything())
    except CobranzaError as exc:
        return [Check(name="Disputas", state="fallo", detail=f"{exc.code}: {exc.message}", remedy=exc.remedy)]
    return [Check(name=one.name, state=one.state, detail=one.detail, remedy=one.remedy) for one in found]
