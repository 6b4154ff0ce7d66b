"""Django's view of this room."""

from django.apps import AppConfig


class DunningConfig(AppConfig):
    """The app `cobranza.dunning`."""

    name = "cobranza.dunning"
    label = "dunning"
