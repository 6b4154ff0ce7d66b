"""Django's view of this room."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The app `cobranza.ledger`."""

    name = "cobranza.ledger"
    label = "ledger"
