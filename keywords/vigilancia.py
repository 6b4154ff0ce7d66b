"""Keywords of the watch over figures: judge the finished days, tell people, draw contacts for review, forecast cash."""

from __future__ import annotations

import json
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.insight import alert_mail, alerts, figures, forecast_reading, reviewing
from cobranza.insight.forecast_reading import NothingToForecast
from cobranza.insight.settings import InsightSettings
from cobranza.insight.settings import read as read_settings
from cobranza.ledger.models import Creditor
from cobranza.runs import context

_SUMMARY = "vigilancia.json"


@library(scope="SUITE")
class Vigilancia:
    """De las cifras del día a quien responde de ellas."""

    def __init__(self) -> None:
        self._settings: InsightSettings | None = None
        self._told: dict[str, Any] = {}

    @keyword("Abrir la vigilancia de cifras", tags=["cifras"])
    def open_room(self) -> None:
        """Lee ``config/insight.toml``."""
        self._settings = read_settings()

    @keyword("Comprobar las cifras", tags=["cifras"])
    def watch(self) -> None:
        """Compara cada día terminado de cada cifra con su historia y su objetivo; abre una alerta por desviación.

        Mientras una desviación dura no se abre otra, y se cierra sola cuando la cifra vuelve. En un ensayo solo se dice
        qué alertas se abrirían.
        """
        rehearse = context.current().rehearse
        done = alerts.watch(figures.read(fresh=True), self._room, rehearse=rehearse)
        self._told |= {
            "checked": done.checked,
            "opened": [each.why for each in done.opened],
            "closed": [each.pk for each in done.closed],
            "short_history": done.short,
        }
        for each in done.opened:
            logger.warn(f"{'Se abriría una alerta' if rehearse else f'Alerta {each.pk}'}: {each.why}")
        logger.info(f"{done.checked} cifras comprobadas; {len(done.closed)} alertas cerradas.")

    @keyword("Enviar las alertas por correo", tags=["cifras"])
    def write_letters(self) -> None:
        """Manda a quien responde de la cifra su alerta, una vez, fuera de las horas de silencio. En un ensayo, nada."""
        if context.current().rehearse:
            return
        sent, problems = alert_mail.send_planned()
        self._told |= {"mailed": sent, "not_mailed": list(problems)}
        logger.info(f"{sent} alertas enviadas por correo.")
        for each in problems:
            logger.warn(f"Hay alertas por correo sin enviar: {each}")

    @keyword("Sacar la muestra de contactos de la semana", tags=["cifras"])
    def draw_contacts(self) -> None:
        """Sortea los contactos de la última semana que se van a revisar, de cada persona y cada robot; una vez."""
        if context.current().rehearse:
            return
        made = reviewing.sample(self._room.calidad)
        self._told["sample"] = {"week": made.week.isoformat(), "drawn": made.drawn, "new": made.new}
        logger.info(f"{made.new} contactos nuevos por revisar, de {made.contacts}.")

    @keyword("Guardar la previsión de cobros", tags=["cifras"])
    def keep_forecast(self) -> None:
        """Deja la previsión de cada empresa y moneda como se dijo hoy, para compararla con lo que llegue."""
        if context.current().rehearse:
            return
        kept = 0
        for creditor in Creditor.objects.order_by("key"):
            for currency in forecast_reading.currencies(creditor):
                try:
                    found = forecast_reading.make(creditor, currency, self._room.prevision)
                except NothingToForecast as exc:
                    logger.info(exc.message)
                    continue
                forecast_reading.keep(creditor, currency, found)
                kept += 1
        self._told["forecasts"] = kept
        logger.info(f"{kept} previsiones guardadas.")

    @keyword("Guardar el resumen de la vigilancia", tags=["cifras"])
    def save(self) -> None:
        """Deja entre las pruebas lo comprobado, lo abierto y lo enviado."""
        file = context.current().evidence / _SUMMARY
        file.write_text(json.dumps(self._told, ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, "Resumen de la vigilancia", kind="document")

    @property
    def _room(self) -> InsightSettings:
        if self._settings is None:
            raise RuntimeError("call «Abrir la vigilancia de cifras» first")
        return self._settings
