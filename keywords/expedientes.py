"""Keywords of the legal room: telling lawyers, assembling cases."""

from __future__ import annotations

import json
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.legal import opening, thresholds, workflow
from cobranza.legal.workflow import Shift
from cobranza.runs import context

_ALERTS = "avisos.json"
_PREPARED = "preparados.json"


@library(scope="SUITE")
class Expedientes:
    """Del umbral al expediente que espera al abogado."""

    def __init__(self) -> None:
        self._shift: Shift | None = None
        self._told: dict[str, Any] = {}

    @keyword("Abrir la sala de expedientes", tags=["expedientes"])
    def open_room(self, acreedor: str) -> None:
        """Lee los umbrales, los tipos de interés y los datos de quien reclama.

        Args:
            acreedor: Nombre en ``config/companies.toml``; vacío para todos.
        """
        self._shift = workflow.open_shift(acreedor)

    @keyword("Avisar de los deudores que pasan el umbral", tags=["expedientes"])
    def alert(self) -> None:
        """Abre un aviso por deudor, una sola vez, para el abogado que lo lleva. En un ensayo solo los cuenta.

        No se avisa de lo retenido por una disputa o un plan, de quien está en concurso ni de lo que ya está en un
        expediente, aunque se descartara. De quien pasa el umbral y queda fuera se dice por qué.
        """
        for debtor, why in workflow.kept_out(self._room):
            self._told.setdefault("kept_out", []).append({"debtor": debtor, "why": why})
            logger.info(f"{debtor} pasa el umbral y no se avisa: {why}.")
        if context.current().rehearse:
            self._told["would_alert"] = self._would_alert()
            logger.info(f"Ensayo: se avisaría de {self._told['would_alert']} deudores.")
            return
        made = workflow.alert(self._room)
        self._told["alerted"] = [row.number for row in made]
        for row in made:
            logger.info(f"{row.number}: {row.debtor.name}. {'; '.join(row.reasons)}")
        logger.info(f"{len(made)} avisos nuevos.")

    @keyword("Enviar los avisos por correo", tags=["expedientes"])
    def write_letters(self) -> None:
        """Manda a cada abogado su aviso por correo, uno por expediente, si ``config/legal.toml`` dice a qué dirección.

        Lo que el servidor no toma se intenta en la próxima ejecución. En un ensayo no se manda nada.
        """
        if context.current().rehearse:
            return
        sent, problems = workflow.write_letters()
        self._told |= {"mailed": sent, "not_mailed": list(problems)}
        logger.info(f"{sent} avisos enviados por correo.")
        for each in problems:
            logger.warn(f"Hay avisos por correo sin enviar: {each}")

    @keyword("Preparar los expedientes aceptados", tags=["expedientes"])
    def prepare(self) -> None:
        """Congela lo que se debe, reúne los documentos y monta expediente y paquete de cada caso aceptado.

        Uno que no se puede preparar lo dice en su página y no detiene a los demás. En un ensayo solo se cuentan.
        """
        if context.current().rehearse:
            self._told["would_prepare"] = len(workflow.to_prepare(self._room))
            logger.info(f"Ensayo: se prepararían {self._told['would_prepare']} expedientes.")
            return
        total = workflow.queue(self._room)
        done, failed = workflow.prepare_queued(
            self._room, lambda count, number: context.progress(count, max(total, count + 1), f"Preparando {number}")
        )
        self._told |= {"prepared": done, "failed": failed}
        logger.info(f"{done} expedientes preparados; {failed} no se han podido preparar.")

    @keyword("Dejar el resto a las personas", tags=["expedientes"])
    def leave_the_rest(self) -> None:
        """Cuenta lo que espera a una persona, por fases."""
        waiting = workflow.waiting(self._room)
        for stage, count in waiting.items():
            logger.info(f"{stage}: {count}")
        self._told["waiting"] = waiting

    @keyword("Guardar el resumen de los avisos", tags=["expedientes"])
    def save_alerts(self) -> None:
        """Deja entre las pruebas de quién se ha avisado."""
        self._save(_ALERTS, "Resumen de los avisos")

    @keyword("Guardar el resumen de lo preparado", tags=["expedientes"])
    def save_prepared(self) -> None:
        """Deja entre las pruebas lo que se ha preparado y lo que no."""
        self._save(_PREPARED, "Resumen de lo preparado")

    def _save(self, name: str, title: str) -> None:
        file = context.current().evidence / name
        file.write_text(json.dumps(self._told, ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, title, kind="document")

    def _would_alert(self) -> int:
        room, count = self._room, 0
        for creditor, on in workflow.creditors(room):
            for each in opening.owing(creditor):
                count += thresholds.passed(each.standing, room.settings.umbrales, on) is not None
        return count

    @property
    def _room(self) -> Shift:
        if self._shift is None:
            raise RuntimeError("call «Abrir la sala de expedientes» first")
        return self._shift
