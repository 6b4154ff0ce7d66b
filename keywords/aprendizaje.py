"""Keywords of learning from people's decisions."""

from __future__ import annotations

from robot.api import logger
from robot.api.deco import keyword, library

from cobranza.ledger.events import Actor
from cobranza.reconciliation.learning import workflow
from cobranza.reconciliation.workflow import open_company
from cobranza.runs import context


@library(scope="SUITE")
class Aprendizaje:
    """Lo que las decisiones de las personas enseñan a la conciliación."""

    @keyword("Aprender nombres, cuentas y costumbres", tags=["aprendizaje"])
    def learn(self, empresa: str) -> None:
        """Aprende con qué nombres, desde qué cuentas y cómo paga cada cliente, según lo que se ha confirmado.

        Args:
            empresa: Nombre en ``config/companies.toml``.
        """
        _, creditor = open_company(empresa)
        learned = workflow.learn(creditor, actor=_actor())
        logger.info(
            f"Aprendidos {learned.facts} datos; se usan {learned.usable}. "
            f"Por orden de olvido se han dejado fuera {learned.forgotten}."
        )

    @keyword("Revisar cuánto se puede creer al motor", tags=["aprendizaje"])
    def train(self, empresa: str) -> None:
        """Entrena la confianza y el umbral; entran en uso solo si lo prueban las confirmaciones apartadas.

        En un ensayo solo dice qué saldría.

        Args:
            empresa: Nombre en ``config/companies.toml``.
        """
        _, creditor = open_company(empresa)
        trained = workflow.train(creditor, actor=_actor(), apply=not context.current().rehearse)
        logger.info(f"{trained.examples} confirmaciones enseñan y {trained.check} comprueban.")
        if trained.verdict is not None and not trained.verdict.better:
            logger.warn(f"Sigue lo que había: {trained.reason}")
        else:
            logger.info(trained.reason)


def _actor() -> Actor:
    run = context.current()
    return Actor.robot(f"{run.robot or 'robot'}:{run.run_id or 'suelto'}")
