"""Keywords of staged contact: plan, queue, send."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.dunning import tasks, wishes, workflow
from cobranza.dunning.store import ROBOT
from cobranza.dunning.strategy import Nothing
from cobranza.dunning.workflow import Planned
from cobranza.gate import policy
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.models import Creditor
from cobranza.runs import context

_SUMMARY = "recordatorios.json"


class Unconfirmed(BusinessError):
    """Nobody allowed unattended reminders under contact rules that no lawyer has confirmed."""

    code = "COB-REC-010"
    remedy = (
        "Anote en [paises.XX] de config/gate.toml el abogado que las confirmó, o lance el robot con "
        "SIN_CONFIRMAR=sí bajo su responsabilidad."
    )


@library(scope="SUITE")
class Recordatorios:
    """De la estrategia del día a la bandeja de salida, y de ella al deudor."""

    def __init__(self) -> None:
        self._creditor: Creditor | None = None
        self._told: dict[str, Any] = {}

    @keyword("Abrir los recordatorios", tags=["recordatorios"])
    def open_room(self, acreedor: str) -> None:
        """Comprueba que la empresa está en el libro.

        Args:
            acreedor: Nombre en ``config/companies.toml``.
        """
        found = Creditor.objects.filter(key=acreedor).first()
        if found is None:
            raise BusinessError(f"El libro no tiene una empresa «{acreedor}».", remedy="Lea antes su ERP y sus bancos.")
        self._creditor = found

    @keyword("Comprobar que un abogado confirmó las normas", tags=["recordatorios"])
    def check_law(self, sin_confirmar: bool) -> None:
        """Para si algún país de los deudores no tiene sus normas de contacto confirmadas por un abogado.

        Args:
            sin_confirmar: Una persona lo permite aun así; queda anotado en las pruebas.
        """
        countries = set(self._room.debtors.values_list("country", flat=True).distinct()) - {""} | {self._room.country}
        open_ = sorted(code for code in countries if code and policy.law(code).confirmed_by_lawyer_on is None)
        self._told |= {"unconfirmed": open_, "allowed": sin_confirmar}
        if open_ and not sin_confirmar:
            raise Unconfirmed(f"Ningún abogado ha confirmado las normas de contacto de {', '.join(open_)}.")
        if open_:
            logger.warn(f"Se envía sin normas confirmadas en {', '.join(open_)}: lo permitió quien lanzó el robot.")

    @keyword("Poner en cola los recordatorios de hoy", tags=["recordatorios"])
    def queue(self) -> None:
        """Pone en la cola lo que la estrategia propone y la compuerta no deniega, y da a las personas sus tareas.

        Repetirlo no duplica nada. En un ensayo solo se cuenta.
        """
        if context.current().rehearse:
            planned = list(workflow.plan(self._room))
            self._told["would_queue"] = sum(each.goes for each in planned)
            self._told["would_hold"] = _reasons(each for each in planned if not each.goes and not each.task)
            logger.info(f"Ensayo: saldrían {self._told['would_queue']} de {len(planned)} cuentas.")
            return
        day = workflow.queue_all(self._room, actor=ROBOT)
        self._told |= {
            "queued": len(day.queued),
            "asked_for": len(day.wishes),
            "tasks": len(day.tasks),
            "held": _reasons(day.held),
        }
        logger.info(
            f"{len(day.queued)} en cola, {len(day.wishes)} pedidos por otros procesos, {len(day.tasks)} tareas, "
            f"{len(day.held)} cuentas sin mensaje."
        )
        for reason, count in sorted(self._told["held"].items(), key=lambda each: -each[1]):
            logger.info(f"{count}: {reason}")

    @keyword("Recoger lo que piden otros procesos", tags=["recordatorios"])
    def take_up(self) -> None:
        """Pasa a la bandeja de salida lo que acuerdos, portal y personas pidieron decir; dice lo que descarta."""
        if context.current().rehearse:
            return
        taken = wishes.take_up(self._room, actor=ROBOT)
        self._told["asked_for"] = len(taken)
        logger.info(f"{len(taken)} mensajes pedidos.")

    @keyword("Seguir lo que no llegó", tags=["recordatorios"])
    def follow_bounces(self) -> None:
        """Lee los rebotes, abre la tarea de corregir la dirección y pone en cola la siguiente vía consentida."""
        if context.current().rehearse:
            return
        done = tasks.run(self._room)
        certified = tasks.certificates(self._room)
        self._told["bounced"] = dict(sorted(done.items())) | {"certificados": certified}
        logger.info(", ".join(f"{count} {what}" for what, count in self._told["bounced"].items() if count) or "Nada.")

    @keyword("Enviar lo que toca", tags=["recordatorios"])
    def send(self) -> None:
        """Envía lo que está en cola; la compuerta decide otra vez cada mensaje en el segundo del envío."""
        if context.current().rehearse:
            logger.info("Ensayo: no se envía nada.")
            return
        done = workflow.send(self._room, limit=5000)
        self._told["sent"] = {state.value: count for state, count in sorted(done.items())}
        logger.info(", ".join(f"{count} {state.value}" for state, count in sorted(done.items())) or "Nada que enviar.")

    @keyword("Guardar el resumen de los recordatorios", tags=["recordatorios"])
    def save(self) -> None:
        """Deja entre las pruebas qué se encoló, qué se envió y qué se retuvo, con sus motivos."""
        file = context.current().evidence / _SUMMARY
        file.write_text(json.dumps(self._told, ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, "Resumen de los recordatorios", kind="document")

    @property
    def _room(self) -> Creditor:
        if self._creditor is None:
            raise RuntimeError("call «Abrir los recordatorios» first")
        return self._creditor


def _reasons(held: Any) -> dict[str, int]:
    found: Counter[str] = Counter()
    for each in held:
        found[_reason(each)] += 1
    return dict(found)


def _reason(each: Planned) -> str:
    if isinstance(each.found, Nothing):
        return each.found.why
    if each.arm == "holdout":
        return "grupo de control"
    if each.stands:
        return "ya está en la cola o salió"
    return "; ".join(each.decision.reasons) if each.decision is not None else ""
