"""Django's view of this room."""

from django.apps import AppConfig


class InsightConfig(AppConfig):
    """The app `cobranza.insight`."""

    name = "cobranza.insight"
    label = "insight"
    verbose_name = "cifras"
