"""Django's view of this room."""

from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    """The app `cobranza.agreements`."""

    name = "cobranza.agreements"
    label = "agreements"
    verbose_name = "acuerdos"
