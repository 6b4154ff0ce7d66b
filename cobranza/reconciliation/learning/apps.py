"""Django's view of this part of the room."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    """The app `cobranza.reconciliation.learning`."""

    name = "cobranza.reconciliation.learning"
    label = "learning"
    verbose_name = "aprendizaje"
