"""The lawyer's alert by e-mail: one letter per alert, written down with its Message-ID before anything is sent.

The row is committed with the alert itself, so none is lost. SMTP cannot be asked whether a message was taken: one whose
sending was cut short is sent again under the same Message-ID, and to whoever receives it it is the same message.
"""

from __future__ import annotations

import logging
import uuid
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, cast

from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from cobranza import suite
from cobranza.kernel import clock
from cobranza.kernel.errors import ApplicationError, CobranzaError
from cobranza.kernel.spanish import write_amount
from cobranza.ledger import canonical
from cobranza.ledger.events import Actor
from cobranza.legal import stages
from cobranza.legal.house import Assignment, Legal
from cobranza.legal.models import AlertMail, LegalCase
from cobranza.legal.thresholds import Passed

_log = logging.getLogger("cobranza.expedientes")
_States = AlertMail.States
_BUSY = timedelta(minutes=15)
_MOST_TRIES = 10
_SLUG = "smtp"


class NoWayOut(ApplicationError):
    """Alerts by e-mail are switched on and no connector sends mail."""

    code = "COB-EXP-041"
    remedy = "Instale connectors/mail/smtp, o deje vacío «buzon» en [correo] de config/legal.toml."


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message as a way out takes it; see `connectors/mail/smtp`."""

    message_id: str
    sender: str
    to: str
    subject: str
    text: str
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    automatic: bool = False


class Sender(Protocol):
    """Hands a letter to a mail server, once; tells "accepted", "refused", "deferred" or "unknown"."""

    def send(self, mail: Letter) -> str:
        """Send."""


class WayOut(Protocol):
    """What `connectors/mail/smtp` gives as `ADAPTER`."""

    def sender(self, account: str) -> AbstractContextManager[Sender]:
        """The way out of a mailbox of ``config/mail.toml``."""

    def address(self, account: str) -> str:
        """Its address: the From."""


def plan(row: LegalCase, passed: Passed, assigned: Assignment | None, settings: Legal, *, actor: Actor) -> None:
    """Write down what the lawyer will be told, in the transaction of the alert; nothing when no address is set."""
    mailbox = settings.correo.buzon
    if not mailbox or assigned is None or not assigned.correo:
        return
    subject, text = words(row, passed, settings.correo.consola)
    made = AlertMail.objects.create(
        case=row,
        message_id=f"<{uuid.uuid4().hex}@{assigned.correo.rpartition('@')[2]}>",
        mailbox=mailbox,
        to=assigned.correo,
        subject=canonical.plain(subject),
        text=canonical.plain(text),
        created_at=clock.now(),
    )
    stages.tell("mail_planned", row, {"to": made.to}, actor, seals=[made])


def words(row: LegalCase, passed: Passed, console: str) -> tuple[str, str]:
    """Subject and text of the letter.

    Args:
        row: The alert.
        passed: Why.
        console: Address of the console, "" when nobody wrote it down: then the letter names the page only.
    """
    debtor, money = row.debtor, f"{write_amount(passed.total.amount)} {passed.total.currency}"
    named = f"{debtor.name} ({debtor.tax_id})" if debtor.tax_id else debtor.name
    page = f"{console.rstrip('/')}{reverse('legal:case', args=[row.number])}"
    lines = [
        f"{named} debe {money} a {row.creditor.name}.",
        "",
        "Por qué se le avisa:",
        *(f"- {each}" for each in passed.reasons),
        "",
        f"Facturas: {', '.join(passed.invoices)}.",
        "",
        "Decida si se prepara la demanda, se deja para más adelante o se descarta:",
        page if console else f"En la consola, en «Expedientes», {row.number}.",
        "",
        "Nada se presenta sin una decisión y un visto bueno suyos. De este expediente no se manda otro aviso.",
    ]
    return f"{row.number}: {debtor.name} debe {money}", "\n".join(lines) + "\n"


def send_planned(*, actor: Actor) -> tuple[int, tuple[str, ...]]:
    """Send what is planned, and what another process left half done.

    Returns:
        How many were accepted now, and in Spanish what could not be sent: it is tried again at the next start.
    """
    sent, problems = 0, []
    for pk in _waiting().order_by("pk").values_list("pk", flat=True):
        try:
            sent += _send(pk, actor)
        except CobranzaError as exc:
            _log.warning("alert mail %s: %s", pk, exc.message)
            problems.append(exc.message)
    return sent, tuple(dict.fromkeys(problems))


def _waiting() -> QuerySet[AlertMail]:
    abandoned = Q(state=_States.SENDING, busy_until__lt=clock.now())
    return AlertMail.objects.filter(Q(state=_States.PLANNED) | abandoned)


def _send(pk: int, actor: Actor) -> bool:
    row = _take(pk)
    if row is None:
        return False
    try:
        way = _way_out()
        with way.sender(row.mailbox) as sender:
            answer = sender.send(
                Letter(
                    message_id=row.message_id,
                    sender=way.address(row.mailbox),
                    to=row.to,
                    subject=row.subject,
                    text=row.text,
                )
            )
    except CobranzaError:
        _end(row, _States.PLANNED, "", actor)  # surely not taken
        raise
    if answer == "accepted":
        _end(row, _States.SENT, "", actor)
        return True
    if answer == "refused":
        _end(row, _States.REFUSED, "El servidor no admite esa dirección", actor)
    elif row.tries >= _MOST_TRIES:
        _end(row, _States.REFUSED, f"No se pudo entregar en {row.tries} intentos", actor)
    elif answer == "deferred":
        _end(row, _States.PLANNED, "", actor)
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


def _end(row: AlertMail, state: str, why: str, actor: Actor) -> None:
    with transaction.atomic():
        found = AlertMail.objects.select_for_update().select_related("case").get(pk=row.pk)
        found.state, found.why, found.busy_until = state, why, None
        found.ended_at = clock.now() if state in AlertMail.ENDED else None
        found.save(update_fields=["state", "why", "busy_until", "ended_at"])
        if state in AlertMail.ENDED:
            kind = "mail_sent" if state == _States.SENT else "mail_refused"
            stages.tell(kind, found.case, {"to": found.to, "why": why}, actor, seals=[found])


def _way_out() -> WayOut:
    found = suite.adapters("connectors.mail").get(_SLUG)
    if found is None:
        raise NoWayOut("Ninguna carpeta de connectors/mail/ sabe enviar.")
    return cast(WayOut, found)
