"""Django's view of this room."""

from django.apps import AppConfig


class DisputesConfig(AppConfig):
    """The app `cobranza.disputes`."""

    name = "cobranza.disputes"
    label = "disputes"
