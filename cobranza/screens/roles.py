"""What people do in the back office. Apart from who may enter where, so that settings can name roles without Django."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What somebody does in the back office; the value is the name of the Django group."""

    ADMINISTRATION = "administración"
    LEGAL = "legal"
    SUPERVISION = "supervisión"
    OPERATION = "operación"
    AUDIT = "auditoría"


EVERY_ROLE = frozenset(Role)
