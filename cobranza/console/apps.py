"""Django's view of this room."""

from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    """The app `cobranza.console`."""

    name = "cobranza.console"
    label = "console"
