"""Django's view of this room."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    """The app `cobranza.runs`."""

    name = "cobranza.runs"
    label = "runs"
