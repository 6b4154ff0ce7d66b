"""Errors of both desks beside those of the port."""

from __future__ import annotations

from cobranza.disputes.ports import DeskRefused


class DeskLoginRefused(DeskRefused):
    """The desk does not take the API key; never tried again with the same one."""

    code = "COB-TIQ-004"
    blocks_credential = True
    remedy = "Compruebe la clave de la API de la mesa de tickets y sus permisos; después reactive la credencial."


class EventRefused(DeskRefused):
    """A notice (webhook) whose signature is wrong, missing or too old, or that cannot be read."""

    code = "COB-TIQ-005"
    remedy = "Si el aviso es de la mesa de tickets, copie de nuevo su secreto de firma; si no, no haga nada."
