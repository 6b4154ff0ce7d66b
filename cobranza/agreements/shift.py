"""The steps of this room as robots and commands start them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

from cobranza.agreements import keeping, settings, talking
from cobranza.kernel import clock
from cobranza.kernel.config import ConfigError
from cobranza.ledger.models import Agreement, Creditor
from cobranza.payments import workflow as payments


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A robot's view of the room: whose agreements, and the day."""

    creditor: Creditor
    today: date


def open_shift(company: str) -> Shift:
    """What a robot works with.

    Raises:
        ConfigError: the settings are wrong, or no such creditor is in the ledger.
    """
    settings.agreement_settings()
    creditor = Creditor.objects.filter(key=company).first()
    if creditor is None:
        raise ConfigError(f"El registro no tiene ningún acreedor «{company}».")
    return Shift(creditor=creditor, today=clock.now().astimezone(clock.MADRID).date())


def read_payments(shift: Shift) -> tuple[int, int]:
    """Ask the gateways; how many charges were asked for, and how many could not be."""
    done = payments.refresh_open(shift.creditor.pk)
    payments.reconcile(shift.creditor)
    return done


def running(shift: Shift) -> int:
    """How many agreements have not ended."""
    return Agreement.objects.filter(creditor=shift.creditor, ended_at=None).count()


def follow(shift: Shift) -> Counter[str]:
    """See `keeping.follow_up`."""
    return keeping.follow_up(shift.creditor, shift.today)


def answer(shift: Shift) -> Counter[str]:
    """See `talking.answer_all`."""
    return talking.answer_all(shift.creditor)
