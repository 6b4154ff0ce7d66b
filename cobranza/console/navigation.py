"""The shell's own menu entries."""

from django.utils.translation import gettext_lazy as _

from cobranza.screens.navigation import Item

ITEMS = (Item(url="console:home", label=_("Inicio"), icon="home", order=0, key="i"),)
