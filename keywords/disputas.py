"""Keywords of the triage of what debtors write."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.disputes import forgetting, summary, workflow
from cobranza.disputes.models import Mail
from cobranza.disputes.ports import ReadMail
from cobranza.disputes.settings import read as settings
from cobranza.disputes.shift import Shift
from cobranza.kernel.errors import CobranzaError
from cobranza.ledger.events import Actor
from cobranza.reconciliation import workflow as reconciliation
from cobranza.reconciliation.advice import workflow as advices
from cobranza.runs import context

_SUMMARY = "triaje.json"
_LONGEST_WAIT = 60.0


@library(scope="SUITE")
class Disputas:
    """Del buzón al ticket, la retención y el acuse."""

    def __init__(self) -> None:
        self._shift: Shift | None = None
        self._stack = ExitStack()

    @keyword("Abrir los buzones y la mesa", tags=["disputas"])
    def open_all(self, empresa: str) -> None:
        """Abre los buzones de la empresa, su salida de correo y su mesa de tickets.

        Args:
            empresa: Nombre en ``config/companies.toml``; sus buzones están en ``config/disputes.toml``.
        """
        company, creditor = reconciliation.open_company(empresa)
        self._shift = workflow.open_shift(empresa, creditor, company.nombre, self._stack)
        self._shift.take_attachments = self._take_advices

    @keyword("Cerrar los buzones y la mesa", tags=["disputas"])
    def close_all(self) -> None:
        """Cierra lo que se abrió, también si algo falló al abrirlo."""
        self._stack.close()

    @keyword("Soltar lo que la mesa da por resuelto", tags=["disputas"])
    def release_solved(self) -> None:
        """Pregunta a la mesa qué tickets han cambiado; lo resuelto deja de retener sus facturas."""
        closed = workflow.watch(self._running)
        logger.info(f"{closed} disputas cerradas en la mesa.")

    @keyword("Recoger y atender los correos", tags=["disputas"])
    def triage(self) -> None:
        """Guarda entero cada correo que espera en los buzones y lo atiende una sola vez, por tandas.

        Ninguno se marca como leído ni se borra; uno malo no detiene a los demás. En un ensayo solo se recogen.
        """
        done = workflow.triage(self._running)
        tally = self._running.tally
        logger.info(
            f"{tally.taken} correos nuevos, {done} trabajados: {tally.tickets} tickets, "
            f"{tally.comments} comentarios, {tally.acknowledged} acuses, "
            f"{tally.machine} de máquinas, {tally.again} repetidos, {tally.quarantined} en cuarentena."
        )

    @keyword("Archivar lo terminado", tags=["disputas"])
    def tidy(self) -> None:
        """Saca del buzón de entrada lo terminado y lo que está en cuarentena. Un ensayo lo deja donde está."""
        workflow.collect(self._running, limit=0)
        logger.info(f"{self._running.tally.moved} correos archivados.")

    @keyword("Esperar más correos", tags=["disputas"])
    def wait_for_more(self, minutos: int) -> None:
        """Se queda atento a los buzones y atiende lo que llegue.

        Args:
            minutos: Cuánto; con 0 no espera.
        """
        shift, limit = self._running, time.monotonic() + 60 * minutos
        while shift.mailboxes and (left := limit - time.monotonic()) > 0:
            share = min(left, _LONGEST_WAIT) / len(shift.mailboxes)
            for mailbox in shift.mailboxes.values():
                mailbox.wait(share)
            workflow.watch(shift)
            workflow.triage(shift)

    @keyword("Dejar el resto en la bandeja de revisión", tags=["disputas"])
    def leave_the_rest(self) -> None:
        """Cuenta lo que espera a una persona, con su motivo, en la bandeja de la consola."""
        waiting = summary.waiting_lines(self._running.creditor)
        for line in waiting:
            logger.info(line)
        logger.info(f"{len(waiting)} casos o correos esperan a una persona.")

    @keyword("Guardar el resumen del triaje", tags=["disputas"])
    def save_summary(self) -> None:
        """Deja entre las pruebas un resumen de lo que se hizo."""
        file = context.current().evidence / _SUMMARY
        file.write_text(json.dumps(summary.of_shift(self._running), ensure_ascii=False, indent=1), encoding="utf-8")
        context.save_evidence(file, "Resumen del triaje", kind="document")

    @keyword("Borrar los correos cuyo plazo ha pasado", tags=["disputas"])
    def forget_old(self, empresa: str) -> None:
        """Borra lo que decían los correos que ya no hay que conservar; los hechos de sus casos quedan.

        Args:
            empresa: Nombre en ``config/companies.toml``; los plazos están en ``config/disputes.toml``.
        """
        run = context.current()
        _, creditor = reconciliation.open_company(empresa)
        rules = settings().conservacion
        if run.rehearse:
            over = sum(1 for _ in forgetting.due(rules, creditor))
            logger.info(f"{over} correos por borrar.")
            return
        actor = Actor.robot(f"{run.robot or 'borrado'}:{run.run_id or 'suelto'}")
        logger.info(f"{forgetting.retain(rules, actor=actor, creditor=creditor)} correos borrados.")

    def _take_advices(self, mail: Mail, read: ReadMail) -> None:
        """Hand attachments on to the reading of remittance advices; what is no advice is none of its business.

        Only of mails that tell of a payment: the invoices that somebody disputes are a list too.
        """
        if mail.dispute is None or mail.dispute.category not in self._running.settings.avisos_de_pago:
            return
        actor = self._running.actor
        for one in read.attachments:
            try:
                taken = advices.take(
                    one.content, one.name, f"correo {mail.pk}", creditor=self._running.creditor, actor=actor
                )
            except CobranzaError as exc:
                logger.debug(f"{one.name}: {exc.message}")
            else:
                logger.info(f"{one.name}: {len(taken)} avisos de pago.")

    @property
    def _running(self) -> Shift:
        if self._shift is None:
            raise RuntimeError("call «Abrir los buzones y la mesa» first")
        return self._shift
