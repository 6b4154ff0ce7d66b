"""Keywords of the figures: bring them up to date, write the dashboards."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.insight import cube, reports
from cobranza.insight.ports import Slice
from cobranza.insight.settings import read as settings
from cobranza.kernel import clock
from cobranza.runs import context

_SUMMARY = "cifras.json"


@library(scope="SUITE")
class Cifras:
    """De las filas a los tableros, y de ellos al papel."""

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}

    @keyword("Poner al día las cifras", tags=["cifras"])
    def refresh(self) -> None:
        """Cuenta de nuevo los días que han cambiado; una vez al día, todo."""
        done = cube.refresh()
        self._told["figures"] = {"whole": len(done.whole), "partly": len(done.partly), "same": len(done.same)}
        logger.info(f"{len(done.whole)} enteras, {len(done.partly)} en parte, {len(done.same)} sin cambios.")

    @keyword("Escribir los tableros", tags=["cifras"])
    def write(self, empresa: str) -> None:
        """Escribe en las pruebas de la ejecución los tableros de ``config/insight.toml``, en PDF y Excel.

        Args:
            empresa: Nombre en ``config/companies.toml``; vacío, todas.
        """
        end = clock.now().astimezone(clock.MADRID).date()
        part = Slice(start=(end - timedelta(days=365)).replace(day=1), end=end, creditor=empresa)
        files = reports.write(settings().tableros.informes, part, context.current().evidence / "informes")
        self._told["files"] = [file.name for file in files]
        for file in files:
            context.save_evidence(file, file.name, kind="document")
            logger.info(f"Escrito {file.name}.")

    @keyword("Guardar el resumen de las cifras", tags=["cifras"])
    def save(self) -> None:
        """Deja lo hecho en las pruebas de la ejecución."""
        text = json.dumps(self._told, ensure_ascii=False, indent=2)
        file = context.current().evidence / _SUMMARY
        file.write_text(text, encoding="utf-8")
        context.save_evidence(file, "Resumen de las cifras", kind="document")
