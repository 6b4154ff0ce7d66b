"""Deadlines of cases as rows: where they come from, when they are done, and the calendar that shows them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from icalendar import Alarm, Calendar, Event

from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger.events import Actor
from cobranza.legal import stages
from cobranza.legal.deadlines import Deadline as Worked
from cobranza.legal.deadlines import UnknownCalendar
from cobranza.legal.house import Legal
from cobranza.legal.models import CalendarKey, Deadline, LegalCase, Prior

_TOKEN_BYTES = 32


class NoDeadline(BusinessError):
    """No such deadline, or it is done."""

    code = "COB-EXP-033"
    remedy = "Recargue la página: puede que otra persona lo haya cerrado."


def set_deadline(
    row: LegalCase,
    key: str,
    text: str,
    *,
    last_day: date,
    until: datetime,
    source: str,
    verified: bool,
    actor: Actor,
    ours: bool = True,
) -> Deadline:
    """Write a deadline down; the same key again moves it when the day is another, and changes nothing else.

    Args:
        row: Case.
        key: Where it comes from.
        text: What has to be done.
        last_day: Last day.
        until: Last instant that counts, aware.
        source: Norm or document.
        verified: A person has read the norm.
        actor: Who writes it down.
        ours: We have to act, not the debtor.
    """
    with transaction.atomic():
        found = stages.locked(row)
        there = found.deadlines.filter(key=key[:160]).first()
        if there is not None and (there.last_day == last_day or there.done_at is not None):
            return there
        made = there or Deadline(case=found, key=key[:160], made_by=actor.name)
        made.text, made.last_day, made.until, made.source = text[:300], last_day, until, source[:300]
        made.verified, made.ours = verified, ours
        made.save()
        stages.tell("deadline_set", found, {"text": text, "last_day": last_day, "source": source}, actor, seals=[made])
    return made


def set_worked(row: LegalCase, key: str, text: str, found: Worked, *, actor: Actor, ours: bool = True) -> Deadline:
    """Write down a deadline as the court calendar works it out."""
    return set_deadline(
        row,
        key,
        text,
        last_day=found.last_day,
        until=found.until,
        source=found.source,
        verified=found.verified,
        actor=actor,
        ours=ours,
    )


def close(row: LegalCase, key: str, *, actor: Actor) -> Deadline:
    """Note that a deadline has been met; again changes nothing. Raises `NoDeadline`."""
    with transaction.atomic():
        found = stages.locked(row)
        there: Deadline | None = found.deadlines.filter(key=key).first()
        if there is None:
            raise NoDeadline(f"{found.number} no tiene ese plazo.")
        if there.done_at is None:
            there.done_at, there.done_by = clock.now(), actor.name
            there.save(update_fields=["done_at", "done_by"])
            stages.tell("deadline_done", found, {"text": there.text}, actor, seals=[there])
    return there


def close_if_there(row: LegalCase, keys: Iterable[str], *, actor: Actor) -> None:
    """Close those of `keys` that are open."""
    for each in row.deadlines.filter(key__in=list(keys), done_at=None):
        close(row, each.key, actor=actor)


def set_limitation(row: LegalCase, settings: Legal, *, actor: Actor) -> None:
    """The day before the debt is time-barred, as a deadline of the case."""
    if row.limitation is None:
        return
    last = row.limitation - timedelta(days=1)
    until = _end_of_day(settings, row.country, last)
    rule = settings.umbrales.get(row.threshold)
    set_deadline(
        row,
        "prescripcion",
        "Demandar antes de que prescriba lo más antiguo",
        last_day=last,
        until=until,
        source=rule.fuente if rule is not None else "",
        verified=False,
        actor=actor,
    )


def set_masc(row: LegalCase, prior: Prior, settings: Legal, *, actor: Actor) -> None:
    """A year after the attempt to settle it is worth nothing any more: a deadline, where the country has that term."""
    if prior.kind != "masc":
        return
    try:
        calendar = settings.calendar(row.country)
        term = calendar.term("caducidad_del_masc")
    except UnknownCalendar:
        return
    worked = calendar.due(term, prior.reached_on or prior.sent_on)
    set_worked(row, f"masc:{prior.pk}", term.texto, worked, actor=actor)


def first_open(row: LegalCase) -> Deadline | None:
    """The deadline of ours that comes first."""
    found: Deadline | None = row.deadlines.filter(done_at=None, ours=True).order_by("until", "pk").first()
    return found


def open_deadlines(*, person: str = "") -> QuerySet[Deadline]:
    """Deadlines that are not met, of cases that go on, soonest first; `person` narrows to the cases of one lawyer."""
    ended = (LegalCase.Stages.DISCARDED, LegalCase.Stages.PAID, LegalCase.Stages.CLOSED)
    rows = Deadline.objects.filter(done_at=None).exclude(case__stage__in=ended)
    if person:
        rows = rows.filter(case__assigned_to=person)
    return rows.select_related("case", "case__debtor", "case__creditor").order_by("until", "pk")


def new_key(user: User) -> str:
    """Give a person a secret calendar address; the one before stops working. Only its hash is kept."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    CalendarKey.objects.update_or_create(user=user, defaults={"digest": _digest(token), "made_at": clock.now()})
    return token


def drop_key(user: User) -> None:
    """Take the address away."""
    CalendarKey.objects.filter(user=user).delete()


def person_of(token: str) -> User | None:
    """Whose address this is, None for nobody's or of an account that is closed."""
    found = CalendarKey.objects.select_related("user").filter(digest=_digest(token)).first()
    return found.user if found is not None and found.user.is_active else None


def feed(deadlines: Iterable[Deadline], *, name: str) -> bytes:
    """An iCalendar file of deadlines, one all-day event each with an alarm two days before; no amounts in it.

    Calendars are synchronised to telephones and third parties: an event names the case, not what is owed.
    """
    whole = Calendar()
    whole.add("prodid", "-//Cobranza//Plazos//ES")
    whole.add("version", "2.0")
    whole.add("x-wr-calname", name)
    for each in deadlines:
        event = Event()
        event.add("uid", f"plazo-{each.pk}@cobranza")
        event.add(
            "summary", f"{each.case.number}: {each.text}" if each.ours else f"{each.case.number} (deudor): {each.text}"
        )
        event.add("dtstart", each.last_day)
        event.add("dtend", each.last_day + timedelta(days=1))
        event.add("dtstamp", clock.now())
        told = f"Hasta el {each.until.astimezone(clock.MADRID):%d/%m/%Y %H:%M} (Madrid). {each.source}"
        event.add("description", told if each.verified else f"{told} Norma sin verificar.")
        event.add("transp", "TRANSPARENT")
        if each.ours:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("trigger", timedelta(days=-2))
            alarm.add("description", each.text)
            event.add_component(alarm)
        whole.add_component(event)
    return bytes(whole.to_ical())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _end_of_day(settings: Legal, country: str, day: date) -> datetime:
    try:
        return settings.calendar(country).end_of(day)
    except UnknownCalendar:
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=clock.MADRID)
