"""Django's view of this room."""

from django.apps import AppConfig


class LegalConfig(AppConfig):
    """The app `cobranza.legal`."""

    name = "cobranza.legal"
    label = "legal"

    def ready(self) -> None:
        """Let the filing robots know where signed packages come from."""
        from cobranza.legal import joining

        joining.join()
