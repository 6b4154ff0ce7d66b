"""Keywords of the agreements: gateways' payments, the nightly follow-up, the assistant's answers."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.agreements import shift
from cobranza.agreements.shift import Shift
from cobranza.runs import context

_SUMMARY = "acuerdos.json"


@library(scope="SUITE")
class Acuerdos:
    """Del acuerdo a la última cuota pagada."""

    def __init__(self) -> None:
        self._shift: Shift | None = None
        self._told: dict[str, Any] = {}

    @keyword("Abrir los acuerdos", tags=["acuerdos"])
    def open_room(self, acreedor: str) -> None:
        """Lee la configuración y elige la empresa.

        Args:
            acreedor: Nombre en ``config/companies.toml``.
        """
        self._shift = shift.open_shift(acreedor)

    @keyword("Leer los pagos de las pasarelas", tags=["acuerdos"])
    def read_payments(self) -> None:
        """Pregunta por cada pago sin terminar y casa con el banco los que han llegado. En un ensayo no se hace."""
        if context.current().rehearse:
            logger.info("Ensayo: no se pregunta a las pasarelas.")
            return
        done, failed = shift.read_payments(self._room)
        self._told["payments"] = {"asked": done, "unanswered": failed}
        logger.info(f"{done} pagos leídos; {failed} sin respuesta.")

    @keyword("Seguir cada acuerdo", tags=["acuerdos"])
    def follow(self) -> None:
        """Cierra cuotas con el dinero, recuerda las que vienen y avisa a las personas. En un ensayo solo los cuenta."""
        if context.current().rehearse:
            self._told["would_follow"] = shift.running(self._room)
            logger.info(f"Ensayo: se seguirían {self._told['would_follow']} acuerdos.")
            return
        self._keep("agreements", shift.follow(self._room))

    @keyword("Contestar lo que han escrito", tags=["acuerdos"])
    def answer(self) -> None:
        """Contesta lo que se puede acordar sin una persona y pasa lo demás. En un ensayo no se contesta."""
        if context.current().rehearse:
            logger.info("Ensayo: no se contesta a nadie.")
            return
        self._keep("conversation", shift.answer(self._room))

    @keyword("Guardar el resumen de los acuerdos", tags=["acuerdos"])
    def save_summary(self) -> None:
        """Deja entre las pruebas lo que se ha hecho."""
        file = context.current().evidence / _SUMMARY
        file.write_text(json.dumps(self._told, ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, "Resumen de los acuerdos", kind="document")

    def _keep(self, name: str, counted: Counter[str]) -> None:
        self._told[name] = dict(counted)
        for what, count in sorted(counted.items()):
            logger.info(f"{what}: {count}")

    @property
    def _room(self) -> Shift:
        if self._shift is None:
            raise RuntimeError("call «Abrir los acuerdos» first")
        return self._shift
