"""The watch: judges each finished day of each figure, opens one alert per deviation, tells people, closes it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from cobranza import instance
from cobranza.insight import alert_mail, alert_words
from cobranza.insight.baselines import Day
from cobranza.insight.control import Reading, Rule
from cobranza.insight.figures import MixedCurrencies
from cobranza.insight.models import Alert, AlertNote, Watched
from cobranza.insight.ports import Definition, Figures, Slice, Value
from cobranza.insight.settings import Alerts, InsightSettings
from cobranza.insight.watching import Cause, Step, Subject, step
from cobranza.kernel import clock
from cobranza.kernel.errors import BusinessError
from cobranza.ledger import canonical
from cobranza.ledger.events import Actor, record
from cobranza.ledger.models import Creditor, Invoice

ROBOT = Actor.robot("vigilancia_de_cifras")
_CATCH_UP = 14
_ROUND = Decimal("0.00000001")
_Kinds = AlertNote.Kinds


class NoSuchAlert(BusinessError):
    """No alert of that number."""

    code = "COB-INS-101"
    remedy = "Elija una de «cobranza insight alerts»."


class NoSuchFigure(BusinessError):
    """A watched figure that nobody has defined."""

    code = "COB-INS-102"
    remedy = "Corrija «cifras» en [alertas] de config/insight.toml, o defínala en config/figures/."


class AlertRefused(BusinessError):
    """Something that cannot be done with an alert as it is."""

    code = "COB-INS-103"
    remedy = "Recargue la página: puede que la alerta haya cambiado."


@dataclass(slots=True)
class Watch:
    """What one run of the watch did.

    Attributes:
        checked: Figures of parts that were judged.
        opened: New alerts.
        closed: Alerts that ended.
        short: Figures of parts with too little history for limits.
        sent: Letters that left.
        problems: Letters that could not leave, Spanish.
    """

    checked: int = 0
    opened: list[Alert] = field(default_factory=list)
    closed: list[Alert] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    sent: int = 0
    problems: tuple[str, ...] = ()


def watch(
    figures: Figures,
    settings: InsightSettings,
    *,
    until: date | None = None,
    creditors: Iterable[Creditor] | None = None,
    rehearse: bool = False,
) -> Watch:
    """Judge every finished day that has not been judged; again on the same day changes nothing.

    Args:
        figures: Where values come from.
        settings: ``config/insight.toml``.
        until: Last finished day; None is yesterday on the instance's clock.
        creditors: Only these companies; None is all.
        rehearse: Nothing is stored; the alerts that would open are told unsaved.

    Raises:
        NoSuchFigure: the settings name one that is not defined.
    """
    done = Watch()
    last = until or yesterday()
    whose = list(creditors) if creditors is not None else list(Creditor.objects.order_by("key"))
    for definition in watched(figures, settings.alertas):
        for creditor in whose:
            for part in parts(figures, definition, creditor, last):
                _follow(figures, definition, part, settings, last, done, rehearse=rehearse)
    return done


def watched(figures: Figures, settings: Alerts) -> list[Definition]:
    """The figures that are watched: those named, else those that somebody answers for; raises `NoSuchFigure`."""
    known = {each.slug: each for each in figures.definitions()}
    if not settings.cifras:
        return [each for each in known.values() if each.owner]
    for slug in settings.cifras:
        if slug not in known:
            raise NoSuchFigure(f"No hay ninguna cifra «{slug}» (hay: {', '.join(known) or 'ninguna'}).")
    return [known[slug] for slug in settings.cifras]


def parts(figures: Figures, definition: Definition, creditor: Creditor, day: date) -> list[dict[str, str]]:
    """The parts of a company that a figure is watched for: the whole, or each currency where it adds up money."""
    whole = {"creditor": creditor.key, "currency": ""}
    rows = Invoice.objects.filter(creditor=creditor).order_by("currency").values_list("currency", flat=True)
    split = [{"creditor": creditor.key, "currency": each} for each in rows.distinct()]
    if definition.unit == "importe":
        return split
    if len(split) == 1:
        return [whole]
    try:
        figures.series(definition.slug, slice_of(whole, day - timedelta(days=_CATCH_UP), day), "day")
    except MixedCurrencies:
        return split
    return [whole]


def yesterday() -> date:
    """The last day that is over on the instance's clock."""
    zone = clock.zone(instance.settings().zona_horaria)
    return clock.now().astimezone(zone).date() - timedelta(days=1)


def part_key(part: Mapping[str, str]) -> str:
    """One spelling of a part."""
    return "/".join(f"{name}={part[name]}" for name in sorted(part) if part[name])


def slice_of(part: Mapping[str, str], start: date, end: date) -> Slice:
    """A part over some days."""
    others = {name: value for name, value in part.items() if name not in ("creditor", "currency")}
    return Slice(
        start=start, end=end, creditor=part.get("creditor", ""), currency=part.get("currency", ""), others=others
    )


def day_of(value: Value, on: date) -> Day:
    """A figure's value as the charts take it."""
    return Day(
        on=on,
        amount=None if value.amount is None else float(value.amount),
        numerator=float(value.numerator),
        denominator=None if value.denominator is None else float(value.denominator),
    )


def _follow(
    figures: Figures,
    definition: Definition,
    part: dict[str, str],
    settings: InsightSettings,
    last: date,
    done: Watch,
    *,
    rehearse: bool,
) -> None:
    limits, key = settings.alertas, part_key(part)
    before = Watched.objects.filter(figure=definition.slug, part_key=key).first()
    if before is not None and before.last_day >= last:
        return
    first = last if before is None else max(before.last_day + timedelta(days=1), last - timedelta(days=_CATCH_UP))
    start = first - timedelta(days=limits.historia_dias + limits.objetivo_dias)
    values = figures.series(definition.slug, slice_of(part, start, last), "day")
    series = [day_of(value, start + timedelta(days=index)) for index, value in enumerate(values)]
    subject = subject_of(definition, limits)
    since = before.since if before is not None else None
    done.checked += 1
    for index in range((last - first).days + 1):
        on = first + timedelta(days=index)
        rows = _story(definition.slug, key)
        opened: dict[Cause, date] = {row.cause: row.opened_on for row in rows if row.closed_at is None}  # type: ignore[misc]
        found = step(subject, series, on, opened, since=since, left_out=_left_out(rows))
        if found.reading.state == "historia_corta" and on == last:
            done.short.append(f"{definition.name} ({key}): {found.reading.days} días")
        if rehearse:
            if found.opens is not None:
                done.opened.append(_alert(definition, part, found.of(found.opens), found.opens))
            continue
        _store(figures, definition, part, found, on, settings, done)


def subject_of(definition: Definition, limits: Alerts) -> Subject:
    """What is watched of a figure."""
    rule = Rule(
        false_alarms=float(limits.falsas_alarmas),
        history=limits.historia_dias,
        least=limits.historia_minima_dias,
        pooled=limits.objetivo_dias,
    )
    target = None if definition.target is None else float(definition.target)
    return Subject(
        unit=definition.unit, better=definition.better, target=target, rule=rule, back=limits.vuelta_dias
    )  # fmt: skip


def _store(
    figures: Figures,
    definition: Definition,
    part: dict[str, str],
    found: Step,
    on: date,
    settings: InsightSettings,
    done: Watch,
) -> None:
    """Write one day down, all of it or nothing: a run that is cut short judges that day again."""
    now, key, opening = clock.now(), part_key(part), None
    if found.opens is not None:  # the rows are read before anything is locked
        opening = _alert(definition, part, found.of(found.opens), found.opens)
        opening.rows = _rows(figures, definition, part, found.of(found.opens), on, settings.alertas.filas)
    with transaction.atomic():
        standing, _new = Watched.objects.select_for_update().get_or_create(
            figure=definition.slug,
            part_key=key,
            defaults={"part": part, "last_day": on - timedelta(days=1), "checked_at": now, "state": "sin_datos"},
        )
        if standing.last_day >= on:
            return  # another process was here
        standing.last_day, standing.checked_at = on, now
        standing.state, standing.told = found.reading.state, alert_words.standing(definition, part, found.reading)
        standing.save(update_fields=["last_day", "checked_at", "state", "told"])
        for cause in found.stays:
            _go_on(definition, key, cause, found.of(cause), now)
        for cause, back_on in found.closes.items():
            row = Alert.objects.get(figure=definition.slug, part_key=key, cause=cause, closed_at=None)
            _close(row, back_on, actor=ROBOT, why="La cifra ha vuelto a lo habitual.")
            done.closed.append(row)
        if opening is not None:
            opening.save(force_insert=True)
            _note(opening, _Kinds.OPENED, ROBOT, opening.why)
            _record("insight.alert_opened", opening, ROBOT, {"why": opening.why})
            alert_mail.plan(opening, definition, settings.alertas, now)
            done.opened.append(opening)


def _alert(definition: Definition, part: dict[str, str], reading: Reading, cause: Cause) -> Alert:
    now = clock.now()
    worse = reading.direction != definition.better
    value = _number(reading.value)
    return Alert(
        figure=definition.slug,
        part_key=part_key(part),
        part=part,
        cause=cause,
        direction=reading.direction or "",
        worse=worse,
        opened_on=reading.on,
        opened_at=now,
        opened_value=value,
        value=value,
        expected=_number(reading.expected),
        low=None if reading.low is None else _number(reading.low),
        high=None if reading.high is None else _number(reading.high),
        last_day=reading.on,
        checked_at=now,
        why=alert_words.why(definition, part, reading, cause),
        owner=definition.owner,
    )


def _go_on(definition: Definition, key: str, cause: Cause, reading: Reading, now: datetime) -> None:
    """The same deviation on another day: its newest figures, and no other alert."""
    changes: dict[str, Any] = {"last_day": reading.on, "checked_at": now}
    if reading.value is not None and reading.expected is not None:
        changes |= {"value": _number(reading.value), "expected": _number(reading.expected)}
    Alert.objects.filter(figure=definition.slug, part_key=key, cause=cause, closed_at=None).update(**changes)


def _rows(
    figures: Figures, definition: Definition, part: dict[str, str], reading: Reading, on: date, limit: int
) -> list[dict[str, Any]]:
    """The rows behind what was judged, the heaviest first."""
    start = on - timedelta(days=6) if reading.chart == "semana" else on
    found = figures.rows(definition.slug, slice_of(part, start, on), limit)
    return [_plain(row) for row in found[:limit]]


def _plain(row: Mapping[str, object]) -> dict[str, Any]:
    kept = {name: str(value) if isinstance(value, float) else value for name, value in row.items()}
    plain: dict[str, Any] = canonical.plain(kept)
    return plain


def _story(figure: str, key: str) -> list[Alert]:
    return list(Alert.objects.filter(figure=figure, part_key=key).order_by("opened_on"))


def _left_out(rows: Sequence[Alert]) -> frozenset[date]:
    """Days of earlier deviations from the limits: no part of the norm."""
    return frozenset(
        row.opened_on + timedelta(days=index)
        for row in rows
        if row.cause == Alert.Causes.LIMITS and row.closed_on is not None
        for index in range((row.closed_on - row.opened_on).days)
    )


# What people do


def find(number: int) -> Alert:
    """An alert; raises `NoSuchAlert`."""
    found = Alert.objects.filter(pk=number).first()
    if found is None:
        raise NoSuchAlert(f"No hay ninguna alerta {number}.")
    return found


def acknowledge(alert: Alert, *, actor: Actor) -> Alert:
    """Note that a person has seen it; the first one counts."""
    with transaction.atomic():
        found = Alert.objects.select_for_update().get(pk=alert.pk)
        if found.acknowledged_at is None:
            found.acknowledged_at, found.acknowledged_by = clock.now(), actor.name
            found.save(update_fields=["acknowledged_at", "acknowledged_by"])
            _note(found, _Kinds.ACKNOWLEDGED, actor, "")
            _record("insight.alert_acknowledged", found, actor, {})
    return found


def assign(alert: Alert, to: str, *, actor: Actor) -> Alert:
    """Give an alert to a person with an account; raises `AlertRefused`."""
    if not User.objects.filter(username=to, is_active=True).exists():
        raise AlertRefused(f"No hay ninguna cuenta «{to}».", remedy="Elija una cuenta de la consola que esté activa.")
    with transaction.atomic():
        found = Alert.objects.select_for_update().get(pk=alert.pk)
        if found.assigned_to != to:
            found.assigned_to = to
            found.save(update_fields=["assigned_to"])
            _note(found, _Kinds.ASSIGNED, actor, to)
            _record("insight.alert_assigned", found, actor, {"to": to})
    return found


def comment(alert: Alert, text: str, *, actor: Actor) -> AlertNote:
    """Write something down about an alert; raises `AlertRefused` when there is nothing."""
    if not text.strip():
        raise AlertRefused("El comentario está vacío.", remedy="Escriba qué se sabe o qué se ha hecho.")
    return _note(alert, _Kinds.COMMENT, actor, canonical.plain(text.strip())[:4000])


def accept_level(alert: Alert, *, why: str, actor: Actor) -> Alert:
    """A person takes the new level for the norm: the alert closes and the history starts where the deviation did.

    Raises:
        AlertRefused: closed already, not about limits, not a person, or without a reason.
    """
    if actor.kind != "person" or not why.strip():
        raise AlertRefused("Falta quién lo decide o el motivo.", remedy="Escriba por qué el nivel nuevo es lo normal.")
    with transaction.atomic():
        found = Alert.objects.select_for_update().get(pk=alert.pk)
        if found.closed_at is not None or found.cause != Alert.Causes.LIMITS:
            raise AlertRefused("Esa alerta ya está cerrada o no trata de límites.")
        Watched.objects.filter(figure=found.figure, part_key=found.part_key).update(since=found.opened_on)
        _close(found, found.opened_on, actor=actor, why=why.strip())
    return found


def open_alerts() -> QuerySet[Alert]:
    """What lasts, the newest first; what nobody has seen before the rest."""
    return Alert.objects.filter(closed_at=None).order_by("-opened_at", "-pk")


def _close(row: Alert, back_on: date, *, actor: Actor, why: str) -> None:
    row.closed_at, row.closed_on, row.closed_why = clock.now(), max(back_on, row.opened_on), why
    row.closed_by = actor.name if actor.kind == "person" else ""
    row.save(update_fields=["closed_at", "closed_on", "closed_by", "closed_why"])
    _note(row, _Kinds.CLOSED, actor, why)
    _record("insight.alert_closed", row, actor, {"why": why, "back_on": row.closed_on})


def _note(row: Alert, kind: str, actor: Actor, text: str) -> AlertNote:
    return AlertNote.objects.create(alert=row, kind=kind, at=clock.now(), by=actor.name, text=text)


def _record(kind: str, row: Alert, actor: Actor, payload: Mapping[str, Any]) -> None:
    creditor = Creditor.objects.filter(key=row.part.get("creditor", "")).first()
    record(kind, row, {"figure": row.figure, "part": row.part_key, **payload}, actor, creditor=creditor)


def _number(value: float | None) -> Decimal:
    return Decimal(repr(float(value or 0.0))).quantize(_ROUND)
