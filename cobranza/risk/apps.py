"""Django's view of this room."""

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The app `cobranza.risk`; it listens to what is told after each commit."""

    name = "cobranza.risk"
    label = "risk"
    verbose_name = "riesgo"

    def ready(self) -> None:
        """Hear of payments, broken promises, disputes and kept agreements."""
        from cobranza.ledger.events import told
        from cobranza.risk import hearing

        told.connect(hearing.scores, dispatch_uid="cobranza.risk.scores")
        told.connect(hearing.kept, dispatch_uid="cobranza.risk.kept")
