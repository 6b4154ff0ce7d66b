"""The day's sums, kept beside the views: dashboards read these in milliseconds, and say how old they are.

Only days whose rows changed since the last time are counted again. A change of a definition, and once a day, counts all
of them anew: a debtor's segment, for one, moves their whole history.
"""

# ruff: noqa: S608 - every name comes from the contract of the views, every value goes as a parameter

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from cobranza import suite
from cobranza.dunning.config import DunningSettings
from cobranza.insight import definitions, facts
from cobranza.insight.definitions import Figure
from cobranza.insight.facts import Facts
from cobranza.insight.models import Cube, CubeState, Trial, UnitCost
from cobranza.insight.settings import read as settings
from cobranza.kernel import clock
from cobranza.kernel.config import load

_LATE = timedelta(minutes=10)
"""Rows are stamped when their transaction begins and seen when it ends; so much earlier is looked at again."""
_WHOLE_AFTER = timedelta(hours=20)
_MOST_DAYS = 250
_LOCK = 7_350_112
_INTO = (
    "INSERT INTO insight_cube "
    "(slug, day, creditor, currency, country, segment, strategy, channel, kind, num, den, rows) "
)
_GROUPED = (
    "SELECT %s, dia, acreedor, moneda, pais, segmento, estrategia, canal, clase, sum(num), sum(den), sum(n) "
    "FROM ({sql}) f {where} GROUP BY dia, acreedor, moneda, pais, segmento, estrategia, canal, clase"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh did: figures counted anew, figures with some days counted again, figures untouched."""

    whole: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    at: datetime


def needed(figures: Iterable[Figure]) -> dict[str, Facts]:
    """Every kind of fact that the figures are counted from, by its name."""
    return {each.slug: each for figure in figures for each in facts.of(figure)}


def refresh(figures: Iterable[Figure] | None = None, *, whole: bool = False) -> Refreshed:
    """Bring the day's sums up to date; two at once wait for each other.

    Args:
        figures: Only these; None all of ``config/figures``.
        whole: Count everything anew.
    """
    chosen = tuple(definitions.read().values() if figures is None else figures)
    sync()
    now = clock.now()
    done: dict[str, list[str]] = {"whole": [], "partly": [], "same": []}
    for each in needed(chosen).values():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            today(cursor)
            done[_refresh(cursor, each, now, whole)].append(each.slug)
    return Refreshed(
        whole=tuple(done["whole"]), partly=tuple(done["partly"]), same=tuple(done["same"]), at=now
    )  # fmt: skip


def _refresh(cursor: object, each: Facts, now: datetime, whole: bool) -> str:
    state = CubeState.objects.filter(slug=each.slug).first()
    run = cursor.execute  # type: ignore[attr-defined]
    if whole or state is None or state.digest != each.digest or now - state.full_at >= _WHOLE_AFTER:
        Cube.objects.filter(slug=each.slug).delete()
        run(_INTO + _GROUPED.format(sql=each.sql, where=""), [each.slug, *each.values])
        CubeState.objects.update_or_create(
            slug=each.slug, defaults={"digest": each.digest, "refreshed_at": now, "full_at": now}
        )
        return "whole"
    since = state.refreshed_at - _LATE
    if each.slug == facts.ROLL:
        if now - state.full_at >= timedelta(hours=1):  # months are compared item by item: all or nothing
            return _refresh(cursor, each, now, whole=True)
        return "same"
    run(
        f"SELECT DISTINCT dia FROM ({each.sql}) f WHERE modificado_en >= %s LIMIT %s",
        [*each.values, since, _MOST_DAYS + 1],
    )
    days = [row[0] for row in cursor.fetchall()]  # type: ignore[attr-defined]
    if len(days) > _MOST_DAYS:
        return _refresh(cursor, each, now, whole=True)
    if days:
        Cube.objects.filter(slug=each.slug, day__in=days).delete()
        where = "WHERE dia = ANY(%s)"
        run(_INTO + _GROUPED.format(sql=each.sql, where=where), [each.slug, *each.values, days])
    CubeState.objects.filter(slug=each.slug).update(refreshed_at=now)
    return "partly" if days else "same"


def sync() -> None:
    """Copy what the views need of the settings: unit costs, and the trials that ever ran."""
    costs = settings().costes
    for channel, amount in costs.canales.items():
        UnitCost.objects.update_or_create(channel=channel, defaults={"amount": amount, "currency": costs.moneda})
    UnitCost.objects.exclude(channel__in=costs.canales).delete()
    written = load(suite.root() / "config" / DunningSettings.FILE, DunningSettings)
    for creditor, company in written.empresas.items():
        if company.ensayo is not None:
            trial = company.ensayo.trial()
            Trial.objects.update_or_create(
                creditor=creditor,
                name=trial.name,
                defaults={
                    "pilot_share": trial.pilot_share,
                    "holdout_share": trial.holdout_share,
                    "since": trial.since,
                    "until": trial.until,
                },
            )


def today(cursor: object) -> None:
    """Let the views of this transaction see the day that the house's clock shows."""
    day = clock.now().astimezone(clock.MADRID).date()
    cursor.execute("SELECT set_config('cobranza.hoy', %s, true)", [day.isoformat()])  # type: ignore[attr-defined]
