"""Django's view of this part of the room."""

from django.apps import AppConfig


class FilingConfig(AppConfig):
    """The app `cobranza.legal.filing`."""

    name = "cobranza.legal.filing"
    label = "filing"
    verbose_name = "Presentaciones"
