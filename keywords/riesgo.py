"""Keywords of the scores: sources, the nightly sweep, early warnings, surveys, the morning's list."""

from __future__ import annotations

import json
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.risk import shift
from cobranza.risk.shift import Shift
from cobranza.runs import context

_SUMMARY = "riesgo.json"


@library(scope="SUITE")
class Riesgo:
    """De lo que consta de cada deudor a la lista de la mañana."""

    def __init__(self) -> None:
        self._shift: Shift | None = None
        self._told: dict[str, Any] = {}

    @keyword("Abrir la valoración de riesgo", tags=["riesgo"])
    def open_room(self, acreedor: str) -> None:
        """Lee la configuración, elige la empresa y comprueba que hay un modelo.

        Args:
            acreedor: Nombre en ``config/companies.toml``.
        """
        self._shift = shift.open_shift(acreedor)

    @keyword("Preguntar a las fuentes de solvencia", tags=["riesgo"])
    def ask_sources(self) -> None:
        """Pide los informes que faltan o han caducado; una fuente que falla no detiene nada. No en un ensayo."""
        if context.current().rehearse:
            logger.info("Ensayo: no se pregunta a ninguna fuente.")
            return
        self._keep("sources", shift.ask_sources(self._room))

    @keyword("Valorar a todos los deudores", tags=["riesgo"])
    def score(self) -> None:
        """Valora con lo que se sabe hoy; solo escribe lo que cambia. En un ensayo solo los cuenta."""
        if context.current().rehearse:
            self._told["would_score"] = shift.debtors(self._room)
            logger.info(f"Ensayo: se valoraría a {self._told['would_score']} deudores.")
            return
        self._keep("scores", shift.score(self._room))

    @keyword("Avisar de los primeros impagos", tags=["riesgo"])
    def look_out(self) -> None:
        """Avisa antes de que ocurran y apunta qué fue de los avisos anteriores. No en un ensayo."""
        if context.current().rehearse:
            return
        self._keep("warnings", dict(shift.look_out(self._room)))

    @keyword("Preguntar cómo les fue", tags=["riesgo"])
    def after(self) -> None:
        """Pide la encuesta de cada acuerdo cumplido, una vez. No en un ensayo."""
        if context.current().rehearse:
            return
        self._keep("surveys", {"asked": shift.after(self._room)})

    @keyword("Preparar la lista de la mañana", tags=["riesgo"])
    def prepare_list(self) -> None:
        """Deja pensado qué hacer con quien más se espera cobrar. No en un ensayo."""
        if context.current().rehearse:
            return
        self._keep("list", {"prepared": shift.prepare_list(self._room)})

    @keyword("Guardar el resumen de riesgo", tags=["riesgo"])
    def save_summary(self) -> None:
        """Deja entre las pruebas lo que se ha hecho."""
        file = context.current().evidence / _SUMMARY
        file.write_text(json.dumps(self._told, ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, "Resumen de la valoración de riesgo", kind="document")

    def _keep(self, name: str, told: dict[str, Any]) -> None:
        self._told[name] = told
        for what, count in sorted(told.items()):
            logger.info(f"{what}: {count}")

    @property
    def _room(self) -> Shift:
        if self._shift is None:
            raise RuntimeError("call «Abrir la valoración de riesgo» first")
        return self._shift
