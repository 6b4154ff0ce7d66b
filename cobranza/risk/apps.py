"""Django's view of this room."""

from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The app `cobranza.risk`."""

    name = "cobranza.risk"
    label = "risk"
    verbose_name = "riesgo"
