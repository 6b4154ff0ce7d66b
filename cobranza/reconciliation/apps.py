"""Django's view of this room."""

from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """The app `cobranza.reconciliation`."""

    name = "cobranza.reconciliation"
    label = "reconciliation"
