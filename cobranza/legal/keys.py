"""The case page's keys: one table for the map that "?" opens and the tests."""

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
    Key(("n", "p"), _("Documento siguiente, documento anterior")),
    Key(("a",), _("Aceptar el documento que se ve")),
    Key(("r",), _("Rechazar el documento que se ve: escribir el motivo")),
    Key(("e",), _("Ver el expediente entero")),
    Key(("f",), _("Ir al visto bueno")),
)
