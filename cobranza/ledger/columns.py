"""Columns that several tables of the shared record have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models

ZERO = Decimal(0)


def money(**options: Any) -> models.DecimalField[Any, Any]:
    """Up to 999 billion with the three decimals that ISO 4217 needs at most."""
    return models.DecimalField(max_digits=18, decimal_places=3, **options)


class ActorKinds(models.TextChoices):
    """Who acted. A person outranks a robot."""

    ROBOT = "robot", "Robot"
    PERSON = "person", "Persona"
