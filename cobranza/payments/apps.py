"""Django's view of this room."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The app `cobranza.payments`."""

    name = "cobranza.payments"
    label = "payments"
    verbose_name = "pagos"
