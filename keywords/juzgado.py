"""Keywords of filing at a court and of following what was filed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError, NeedsPerson
from cobranza.legal.filing import following, handover, workflow
from cobranza.legal.filing.following import Followed
from cobranza.legal.filing.machine import State
from cobranza.legal.filing.protocol import Progress
from cobranza.legal.filing.records import FilingBusy
from cobranza.legal.ports import AccessRefused, CaptchaShown
from cobranza.runs import context, items
from cobranza.runs.items import HeldItem

_FILED, _FOLLOWED = "presentacion.json", "seguimiento.json"
_LATER = timedelta(minutes=15)
_POLL = 1.0


class FilingRefusedByPortal(BusinessError):
    """A work item whose claim the portal does not take, or that people took back."""

    code = "COB-PRE-020"
    remedy = "Corrija el expediente, vuelva a firmarlo y el robot presentará el nuevo paquete."


class FilingNeedsPerson(NeedsPerson):
    """A work item whose filing only a person can clear up."""

    code = "COB-PRE-021"
    remedy = "Mire las pruebas y conteste con «cobranza legal decide»; después, conteste aquí cualquier cosa."


@dataclass
class _Tally:
    filed: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    cleared: int = 0


@library(scope="SUITE")
class Juzgado:
    """De la firma al acuse, y del acuse a lo que diga el juzgado."""

    def __init__(self) -> None:
        self._court = ""
        self._tally = _Tally()
        self._followed: list[Followed] = []

    @keyword("Elegir el juzgado", tags=["expedientes"])
    def choose(self, juzgado: str) -> None:
        """Elige el juzgado con el que se trabaja.

        Args:
            juzgado: Nombre de la carpeta en ``connectors/courts``; su acceso está en ``config/courts.toml``.
        """
        workflow.portal(juzgado)
        self._court = juzgado.replace("-", "_")

    @keyword("Aclarar lo que quedó sin saberse", tags=["expedientes"])
    def clear_up(self) -> None:
        """Busca en la bandeja de enviados lo que otra ejecución dejó sin saber si llegó. No envía nada."""
        for row in workflow.unclear(self._court):
            try:
                workflow.look(row)
            except FilingBusy as exc:
                logger.info(exc.message)
            else:
                self._tally.cleared += 1
        for each in workflow.untold():
            workflow.tell(each.filing)
        logger.info(f"{self._tally.cleared} presentaciones sin acuse, vueltas a mirar.")

    @keyword("Apuntar los expedientes firmados", tags=["expedientes"])
    def enlist(self) -> None:
        """Pone en la cola de trabajo cada expediente firmado que nadie ha presentado."""
        ready = [each for each in handover.room().signed_off() if each.court == self._court]
        for each in ready:
            items.add(
                self._queue,
                f"{each.case_id}:{each.package_hash[:16]}",
                {"case": each.case_id, "package": each.package_hash},
                deadline=each.deadline,
            )
        logger.info(f"{len(ready)} expedientes firmados para {self._court}.")

    @keyword("Presentar lo apuntado", tags=["expedientes"])
    def file_all(self, minutos: int = 0) -> None:
        """Presenta, uno tras otro, lo que está en la cola. En un ensayo solo los cuenta.

        Args:
            minutos: Cuánto se espera a lo que hay que mirar más tarde; con 0 queda para la próxima ejecución.
        """
        limit = time.monotonic() + 60 * minutos
        while True:
            for item in items.work(self._queue):
                self._file(item)
            if not self._tally.later or time.monotonic() >= limit:
                return
            self._tally.later.clear()
            time.sleep(_POLL)

    @keyword("Contar lo que espera a una persona", tags=["expedientes"])
    def count_waiting(self) -> None:
        """Dice qué expedientes esperan a una persona y por qué."""
        for line in self._tally.people:
            logger.warn(line)
        logger.info(f"{len(self._tally.people)} expedientes esperan a una persona.")

    @keyword("Leer el estado y las notificaciones", tags=["expedientes"])
    def follow(self) -> None:
        """Lee el estado de cada asunto, las notificaciones con su plazo y los motivos de lo que no se admitió."""
        for court, credential in following.courts():
            if court == self._court:
                found = following.follow(court, credential, evidence=context.current().evidence / court)
                self._followed.append(found)
                logger.info(f"{found.cases} asuntos, {len(found.moved)} con novedades, {len(found.notices)} avisos.")
                for case, problem in found.problems.items():
                    logger.warn(f"{case}: {problem}")

    @keyword("Guardar el resumen de la presentación", tags=["expedientes"])
    def save_filed(self) -> None:
        """Deja entre las pruebas un resumen de lo que se presentó."""
        self._save(_FILED, "Resumen de la presentación", vars(self._tally))

    @keyword("Guardar el resumen del seguimiento", tags=["expedientes"])
    def save_followed(self) -> None:
        """Deja entre las pruebas un resumen de lo que dijo el juzgado."""
        told = [
            {"court": each.court, "cases": each.cases, "moved": each.moved, "notices": each.notices,
             "opened": each.opened, "problems": each.problems}
            for each in self._followed
        ]  # fmt: skip
        self._save(_FOLLOWED, "Resumen del seguimiento", {"courts": told})

    def _file(self, item: HeldItem) -> None:
        with item:
            case = str(item.payload["case"])
            if context.current().rehearse:
                item.defer(clock.now() + _LATER)
                return
            ready = next((one for one in handover.room().signed_off() if one.case_id == case), None)
            if ready is None or ready.package_hash != item.payload["package"]:
                item.complete({"result": "otra firma o ya presentado"})
                return
            try:
                progress = workflow.file_ready(ready)
            except FilingBusy:
                item.defer(clock.now() + _LATER)
                return
            except (AccessRefused, CaptchaShown):
                # Nobody can enter: the run ends with it, so that the credential is blocked and a person is told.
                item.defer(clock.now() + _LATER)
                raise
            self._settle(item, case, progress)

    def _settle(self, item: HeldItem, case: str, progress: Progress) -> None:
        entry = progress.entry
        if progress.due_at is not None:
            self._tally.later.append(case)
            item.defer(_soon(progress.due_at))
        elif entry.state is State.FILED:
            self._tally.filed.append(f"{case}: {entry.registry}")
            item.complete({"registry": entry.registry, "csv": entry.csv})
        elif entry.state is State.REVIEW:
            self._tally.people.append(f"{case}: {entry.problem}")
            raise FilingNeedsPerson(f"{case}: {entry.problem}")
        else:
            self._tally.refused.append(f"{case}: {entry.problem}")
            raise FilingRefusedByPortal(f"{case}: {entry.problem}")

    def _save(self, name: str, title: str, content: dict[str, Any]) -> None:
        file = context.current().evidence / name
        file.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, title, kind="document")

    @property
    def _queue(self) -> str:
        return context.current().queue or f"presentaciones:{self._court}"


def _soon(due: datetime) -> datetime:
    """Not before now: the database's clock and ours may differ by a little."""
    return max(due, clock.now())
