"""Django's view of this part of the room."""

from django.apps import AppConfig


class AdviceConfig(AppConfig):
    """The app `cobranza.reconciliation.advice`."""

    name = "cobranza.reconciliation.advice"
    label = "advice"
