"""Alerts by e-mail: one letter per alert and address, planned with the alert, sent when the quiet hours are over.

As `cobranza.legal.mailing` does: the row is committed before anything is sent, so none is lost; one whose sending was
cut short goes out again under the same Message-ID, and to whoever receives it it is the same message.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta
from typing import cast

from django.db import transaction
from django.db.models import Q, QuerySet

from cobranza import instance, suite
from cobranza.insight.models import Alert, AlertMail
from cobranza.insight.ports import Definition
from cobranza.insight.settings import Alerts
from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, CobranzaError
from cobranza.ledger import canonical
from cobranza.legal.mailing import Letter, WayOut

_log = logging.getLogger("cobranza.cifras")
_States = AlertMail.States
_BUSY = timedelta(minutes=15)
_MOST_TRIES = 10
_SLUG = "smtp"


class NoWayOut(ApplicationError):
    """Alerts by e-mail are switched on and no connector sends mail."""

    code = "COB-INS-104"
    remedy = "Instale connectors/mail/smtp, o deje vacío «buzon» en [alertas] de config/insight.toml."


def loud_from(now: datetime, settings: Alerts) -> datetime:
    """The first instant from `now` on that is not inside the quiet hours.

    Args:
        now: Aware.
        settings: The quiet hours; from and to the same hour means none. They may pass midnight.
    """
    zone = clock.zone(settings.zona or instance.settings().zona_horaria)
    local = now.astimezone(zone)
    start, end, at = settings.silencio_desde, settings.silencio_hasta, local.time()
    over_midnight = start > end
    quiet = at >= start or at < end if over_midnight else start <= at < end
    if start == end or not quiet:
        return now
    day = local.date() + timedelta(days=1) if over_midnight and at >= start else local.date()
    return datetime.combine(day, end, tzinfo=zone)


def plan(row: Alert, definition: Definition, settings: Alerts, now: datetime) -> AlertMail | None:
    """Write down what will be told to whom, in the transaction of the alert; nothing when no address is set."""
    to = settings.correos.get(row.owner) or settings.correos.get("*", "")
    if not settings.buzon or not to:
        return None
    subject, text = words(row, definition, settings.consola)
    return AlertMail.objects.create(
        alert=row,
        message_id=f"<{uuid.uuid4().hex}@{to.rpartition('@')[2]}>",
        mailbox=settings.buzon,
        to=to,
        subject=canonical.plain(subject)[:400],
        text=canonical.plain(text),
        not_before=loud_from(now, settings),
        created_at=now,
    )


def words(row: Alert, definition: Definition, console: str) -> tuple[str, str]:
    """Subject and text of the letter; no names of debtors: mail lies in many hands.

    Args:
        row: The alert.
        definition: Of its figure.
        console: Address of the console, "" when nobody wrote it down.
    """
    page = f"{console.rstrip('/')}/insight/alertas/{row.pk}/" if console else f"En la consola, alerta {row.pk}."
    lines = [
        row.why,
        "",
        f"Cómo se calcula: {definition.formula}",
        f"Responde de ella: {definition.owner or 'nadie todavía'}.",
        "",
        f"Las {len(row.rows)} filas que más pesan, quién la lleva y qué se ha hecho:" if row.rows else "Para verla:",
        page,
        "",
        "Mientras dure la desviación no se manda otro aviso.",
    ]
    return f"Alerta {row.pk}: {definition.name}", "\n".join(lines) + "\n"


def send_planned() -> tuple[int, tuple[str, ...]]:
    """Send what is due, and what another process left half done.

    Returns:
        How many were accepted now, and in Spanish what could not be sent: it is tried again at the next start.
    """
    sent, problems = 0, []
    for pk in _waiting().order_by("pk").values_list("pk", flat=True):
        try:
            sent += _send(pk)
        except CobranzaError as exc:
            _log.warning("alert mail %s: %s", pk, exc.message)
            problems.append(exc.message)
    return sent, tuple(dict.fromkeys(problems))


def _waiting() -> QuerySet[AlertMail]:
    now = clock.now()
    abandoned = Q(state=_States.SENDING, busy_until__lt=now)
    return AlertMail.objects.filter(Q(state=_States.PLANNED, not_before__lte=now) | abandoned)


def _send(pk: int) -> bool:
    row = _take(pk)
    if row is None:
        return False
    try:
        way = _way_out()
        letter = Letter(
            message_id=row.message_id, sender=way.address(row.mailbox), to=row.to, subject=row.subject, text=row.text
        )
        with way.sender(row.mailbox) as sender:
            answer = sender.send(letter)
    except CobranzaError:
        _end(row, _States.PLANNED, "")  # surely not taken
        raise
    if answer == "accepted":
        _end(row, _States.SENT, "")
        return True
    if answer == "refused":
        _end(row, _States.REFUSED, "El servidor no admite esa dirección")
    elif row.tries >= _MOST_TRIES:
        _end(row, _States.REFUSED, f"No se pudo entregar en {row.tries} intentos")
    elif answer == "deferred":
        _end(row, _States.PLANNED, "")
    # Otherwise it may have been taken: the row stays as it is, and goes out again as the same message.
    return False


def _take(pk: int) -> AlertMail | None:
    """One process at a time sends a letter; None when another one has it."""
    with transaction.atomic():
        row = _waiting().select_for_update(skip_locked=True).filter(pk=pk).first()
        if row is None:
            return None
        row.state, row.tries, row.busy_until = _States.SENDING, row.tries + 1, clock.now() + _BUSY
        row.save(update_fields=["state", "tries", "busy_until"])
    return row


def _end(row: AlertMail, state: str, why: str) -> None:
    row.state, row.why, row.busy_until = state, why, None
    row.ended_at = clock.now() if state in AlertMail.ENDED else None
    row.save(update_fields=["state", "why", "busy_until", "ended_at"])


def _way_out() -> WayOut:
    found = suite.adapters("connectors.mail").get(_SLUG)
    if found is None:
        raise NoWayOut("Ninguna carpeta de connectors/mail/ sabe enviar.")
    return cast(WayOut, found)
