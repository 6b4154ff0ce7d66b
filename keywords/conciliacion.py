"""Keywords of the nightly reconciliation."""

from __future__ import annotations

from typing import cast

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza import suite
from cobranza.kernel.config import ConfigError
from cobranza.reconciliation import workflow
from cobranza.reconciliation.ports import BankPortal, Erp
from cobranza.reconciliation.settings import company as settings_of
from cobranza.reconciliation.workflow import Night
from cobranza.runs import context
from connectors import browser
from connectors.banks import settings as bank_settings
from connectors.banks.opening import BankConnector, open_session
from connectors.erps.settings import open_erp

_WORKBOOK = "conciliacion.xlsx"


@library(scope="SUITE")
class Conciliacion:
    """Del extracto del banco al apunte en el ERP."""

    def __init__(self) -> None:
        self._night: Night | None = None
        self._open: list[BankPortal | Erp] = []

    @keyword("Abrir el ERP y el banco", tags=["conciliacion"])
    def open_both(self, empresa: str, banco: str) -> None:
        """Abre una sesión en el ERP de la empresa y otra en el portal del banco.

        Args:
            empresa: Nombre en ``config/companies.toml``.
            banco: Nombre en ``config/banks.toml``; ha de ser uno de los de la empresa.
        """
        company = settings_of(empresa)
        portals = bank_settings.load()
        if banco not in company.bancos or banco not in portals:
            raise ConfigError(
                f"El banco «{banco}» no es de la empresa «{empresa}» (son suyos: {', '.join(company.bancos)})."
            )
        night = self._open_erp(empresa)
        entry = portals[banco]
        connector = cast(BankConnector, suite.adapters("connectors.banks")[entry.conector])
        portal = open_session(entry, connector, browser=browser.shared(), evidence=context.current().evidence)
        self._open.append(portal)
        night.bank, night.portal = banco, portal

    @keyword("Abrir el ERP", tags=["conciliacion"])
    def open_erp(self, empresa: str) -> None:
        """Abre una sesión en el ERP de la empresa, sin banco.

        Args:
            empresa: Nombre en ``config/companies.toml``.
        """
        self._open_erp(empresa)

    @keyword("Cerrar el ERP y el banco", tags=["conciliacion"])
    def close_both(self) -> None:
        """Cierra las dos sesiones, también si algo falló al abrirlas."""
        while self._open:
            self._open.pop().close()

    @keyword("Terminar los apuntes pendientes de otras ejecuciones", tags=["conciliacion"])
    def finish_postings(self) -> None:
        """Registra en el ERP lo que otra ejecución dejó escrito y sin terminar; antes mira si ya está registrado."""
        done = workflow.finish_postings(self._running)
        logger.info(f"{done} apuntes de otras ejecuciones terminados.")

    @keyword("Deshacer en el ERP los cobros anulados", tags=["conciliacion"])
    def undo_asked(self) -> None:
        """Saca del ERP, una sola vez, cada cobro que una persona deshizo en la consola. Un ensayo solo los cuenta."""
        done = workflow.undo_asked(self._running)
        logger.info(f"{done} anulaciones trabajadas, {self._running.tally.undone} cobros deshechos en el ERP.")

    @keyword("Traer las facturas abiertas del ERP", tags=["conciliacion"])
    def bring_documents(self) -> None:
        """Lee todos los documentos pendientes del ERP y comprueba que no falta ninguno."""
        result = workflow.bring_documents(self._running)
        logger.info(
            f"{len(result.new)} documentos nuevos, {len(result.changed)} cambiados, {result.unchanged} iguales, "
            f"{len(result.vanished)} saldados fuera."
        )

    @keyword("Traer los movimientos del banco", tags=["conciliacion"])
    def bring_movements(self, dias: int, hasta: str = "ayer") -> None:
        """Lee cada cuenta del portal en pantalla y en fichero, y solo cree lo que dicen los dos.

        Args:
            dias: Cuántos días, contando el último.
            hasta: ``ayer``, ``hoy`` o ``dd/mm/aaaa``.
        """
        night = self._running
        since, until = workflow.period(dias, hasta)
        workflow.bring_movements(night, since, until, context.current().evidence / "descargas")
        logger.info(f"{night.tally.read} movimientos leídos, {night.tally.new} nuevos.")

    @keyword("Proponer emparejamientos", tags=["conciliacion"])
    def propose(self) -> None:
        """Empareja lo pendiente; lo que decidió una persona no se toca."""
        stored = workflow.propose(self._running)
        logger.info(
            f"{stored.automatic} seguros, {stored.review} por revisar, {stored.unrelated} que no son cobros, "
            f"{stored.kept} como estaban, {stored.untouched} decididos por personas o en camino."
        )

    @keyword("Registrar en el ERP los cobros seguros", tags=["conciliacion"])
    def post_certain(self) -> None:
        """Registra cada cobro seguro una sola vez. En un ensayo solo los cuenta."""
        night = self._running
        workflow.post_certain(night)
        logger.info(f"{night.tally.posted} registrados, {night.tally.found_posted} que el ERP ya tenía.")

    @keyword("Dejar el resto en la bandeja de revisión", tags=["conciliacion"])
    def leave_the_rest(self) -> None:
        """Cuenta lo que espera a una persona, con su motivo, en la bandeja de la consola."""
        waiting = workflow.review_tray(self._running)
        for line in waiting:
            logger.info(line)
        logger.info(f"{len(waiting)} movimientos esperan a una persona.")

    @keyword("Guardar el libro de resultados", tags=["conciliacion"])
    def save_workbook(self) -> None:
        """Deja entre las pruebas un libro de Excel con lo que pasó con cada movimiento."""
        file = context.current().evidence / _WORKBOOK
        workflow.save_workbook(self._running, file)
        context.save_evidence(file, "Resultado de la conciliación", kind="document")

    def _open_erp(self, empresa: str) -> Night:
        company, creditor = workflow.open_company(empresa)
        erp = open_erp(company.erp, evidence=context.current().evidence)
        self._open.append(erp)
        queue = context.current().queue or f"apuntes:{empresa}"
        self._night = Night(company=company, creditor=creditor, erp=erp, queue=queue)
        return self._night

    @property
    def _running(self) -> Night:
        if self._night is None:
            raise RuntimeError("call «Abrir el ERP y el banco» first")
        return self._night
