"""Django's view of this part of the room: it has screens and no tables."""

from django.apps import AppConfig


class FiguresConfig(AppConfig):
    """The app `cobranza.reconciliation.figures`."""

    name = "cobranza.reconciliation.figures"
    label = "figures"
    verbose_name = "cifras de la conciliación"
