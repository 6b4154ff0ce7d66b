"""Django's view of this room."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """The app `cobranza.portal`."""

    name = "cobranza.portal"
    label = "portal"
