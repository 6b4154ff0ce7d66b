"""The desk's keys: one table for the page, the map that "?" opens, and the tests."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cobranza.screens.navigation import Text


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what is pressed and what it does."""

    keys: tuple[str, ...]
    label: Text


# Each action is a letter (or a number) and then Enter, which confirms what the sheet shows.
MAP: tuple[Key, ...] = (
    Key(("1", "9"), _("Tomar la lectura 1 … 9")),
    Key(("Intro",), _("Confirmar lo que muestra la hoja")),
    Key(("v",), _("Repartir entre varias facturas del cliente")),
    Key(("p",), _("Pago parcial: el resto queda pendiente")),
    Key(("r",), _("La diferencia es una retención")),
    Key(("b",), _("La diferencia es un gasto del banco")),
    Key(("d",), _("La diferencia es un descuento por pronto pago")),
    Key(("c",), _("Dejar todo a cuenta del cliente")),
    Key(("a",), _("Aplicar a facturas lo que está a cuenta o queda libre")),
    Key(("x",), _("No es un cobro de clientes")),
    Key(("f",), _("Buscar factura o cliente")),
    Key(("e",), _("Ya está en el ERP (marcar)")),
    Key(("n",), _("Escribir una nota")),
    Key(("s",), _("Saltar al siguiente")),
    Key(("z",), _("Deshacer la última decisión")),
    Key(("u",), _("Deshacer el cobro decidido que se ve")),
    Key(("h",), _("Ver la historia del movimiento")),
)
