"""The tray's keys: one table for the map that "?" opens and the tests."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cobranza.screens.navigation import Text


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what is pressed and what it does."""

    keys: tuple[str, ...]
    label: Text


MAP: tuple[Key, ...] = (
    Key(("1", "2", "3"), _("Elegir la categoría 1, 2 o 3")),
    Key(("f",), _("Buscar cualquier otra categoría")),
    Key(("Intro",), _("Confirmar lo elegido y pasar al siguiente")),
    Key(("d",), _("Ir a los documentos")),
    Key(("n",), _("Escribir una nota")),
    Key(("u",), _("Elegir el caso al que unirlo")),
    Key(("b",), _("Buscar factura o deudor")),
    Key(("s",), _("Saltar al siguiente")),
)
