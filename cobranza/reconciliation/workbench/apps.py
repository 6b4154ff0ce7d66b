"""Django's view of this part."""

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    """The app `cobranza.reconciliation.workbench`."""

    name = "cobranza.reconciliation.workbench"
    label = "workbench"
