"""When, how often, how and whom one may contact about a debt, by country and day: data with sources.

The data stand in ``<country>/contact.toml`` and, for what no norm says and we impose on ourselves everywhere, in
``contact.toml`` beside this file. A rule of ours has "PROPIA" in its id and a source that starts with "Política
propia"; a rule of law has neither. The loader refuses any other mix, so nobody can take one for the other.

Every rule has a stable id, the norm it comes from, and its days in force: changing a date changes what is decided from
that day on, and nothing before it. Rules add up: an act must pass all that are in force on its day.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from cobranza.kernel import clock
from cobranza.regimes.payments import RegimeError

_HERE = Path(__file__).resolve().parent
HOUSE = "PROPIA"
CHANNELS = ("email", "sms", "whatsapp", "call", "ivr", "letter", "visit")
DEBTOR_TYPES = ("consumer", "business")
RECIPIENTS = ("debtor", "codebtor", "guarantor", "representative", "reference", "family", "employer", "other")
DAYS = {"day": 1, "week": 7, "month": 31}
"""Days that a period of a cap looks back: a day is the debtor's calendar day, the others roll, so that they hold every
calendar week and month as well."""

Hours = tuple[tuple[time, time | None], ...]
"""Half-open spans of the debtor's wall clock; None is the end of the day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What every rule has.

    Attributes:
        id: Stable; stored with each decision.
        text: What it says, in Spanish.
        source: The norm, or "Política propia" and why.
        since: First day in force, in the debtor's calendar.
        until: Last day in force, None while it is.
        applies_to: Debtor types it protects; empty is all.
        channels: Channels it is about; empty is all.
    """

    id: str
    text: str
    source: str
    since: date
    until: date | None = None
    applies_to: frozenset[str] = frozenset()
    channels: frozenset[str] = frozenset()

    @property
    def house(self) -> bool:
        """Whether it is ours, not the law's."""
        return HOUSE in self.id.split("-")

    def in_force(self, day: date) -> bool:
        """Whether the rule held on `day`."""
        return self.since <= day and (self.until is None or day <= self.until)

    def concerns(self, debtor_type: str, channel: str) -> bool:
        """Whether it is about such a debtor and channel."""
        return (not self.applies_to or debtor_type in self.applies_to) and (
            not self.channels or channel in self.channels
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRule(Rule):
    """Spans of the debtor's wall clock in which contact is allowed.

    Attributes:
        week: Seven entries, Monday first.
        holiday: On a holiday, instead of the weekday's.
        waivable: The debtor may agree other hours in an instrument of its own.
    """

    week: tuple[Hours, ...]
    holiday: Hours = ()
    waivable: bool = False

    def hours(self, day: date, *, holiday: bool) -> Hours:
        """Spans allowed on `day`."""
        return self.holiday if holiday else self.week[day.weekday()]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRule(Rule):
    """How often.

    Attributes:
        per: "day" (calendar), "week" (7 days back), "month" (31 days back); None when only `gap_hours` counts.
        max: Contacts in the period, this one included; None without limit.
        max_channels: Different channels in the period, this one's included; None without limit.
        gap_hours: Hours between one contact and the next.
        scope: Whose contacts count: all about the debtor, those on the same channel, those to the same person, or,
            when the recipient is not the debtor, those to anybody else but the debtor.
        reached_only: Contacts that are known not to have reached anybody do not count.
    """

    per: Literal["day", "week", "month"] | None = None
    max: int | None = None
    max_channels: int | None = None
    gap_hours: int | None = None
    scope: Literal["debtor", "channel", "recipient", "third_party"] = "debtor"
    reached_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRule(Rule):
    """What a channel needs: consent with its proof ("opt_in"), or an address that the debtor gave ("given_address")."""

    mode: Literal["opt_in", "given_address"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientRule(Rule):
    """Who may be contacted; everybody else may not."""

    allow: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForbidRule(Rule):
    """Forms and topics that are forbidden; with neither, the channels themselves.

    Attributes:
        forms: How it looks or comes.
        topics: What it speaks of.
        overdue_days_up_to: Only while the debt is at most so many days overdue; None always.
    """

    forms: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    overdue_days_up_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequireRule(Rule):
    """What a message must name: "sender", "creditor", "debt" …"""

    needs: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoolingRule(Rule):
    """Hours to wait after something happened ("payment", "dispute_closed" …)."""

    event: str
    hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule(Rule):
    """A check of the gate itself, with its margin: `hours` or `days`, where it has one."""

    hours: int = 0
    days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactLaw:
    """All that bounds contact in one country: its law and the house's own rules.

    Attributes:
        country: ISO 3166 alpha-2.
        zones: IANA zones of the country; while a debtor's is not known, an hour must be allowed in all of them.
        holidays: Country code of the national holidays; empty has none.
        confirmed_by_lawyer_on: None while no lawyer has confirmed it: allowing then warns.
        verified_on: When somebody last compared it with its sources.
        confidence: "alta", "media" or "baja".
    """

    country: str
    zones: tuple[str, ...]
    holidays: str = ""
    confirmed_by_lawyer_on: date | None = None
    verified_on: date | None = None
    confidence: str = ""
    hours: tuple[HoursRule, ...] = ()
    caps: tuple[CapRule, ...] = ()
    consents: tuple[ConsentRule, ...] = ()
    recipients: tuple[RecipientRule, ...] = ()
    forbids: tuple[ForbidRule, ...] = ()
    requires: tuple[RequireRule, ...] = ()
    coolings: tuple[CoolingRule, ...] = ()
    gates: tuple[GateRule, ...] = ()
    off: frozenset[str] = frozenset()
    by_id: Mapping[str, Rule] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index the rules; an id is given once."""
        index: dict[str, Rule] = {}
        for rule in self.rules:
            if rule.id in index:
                raise ValueError(f"id repetido: {rule.id}")
            index[rule.id] = rule
        object.__setattr__(self, "by_id", index)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, whatever its kind."""
        return (
            *self.hours,
            *self.caps,
            *self.consents,
            *self.recipients,
            *self.forbids,
            *self.requires,
            *self.coolings,
            *self.gates,
        )

    def gate(self, name: str) -> GateRule:
        """The gate's own rule called ``PROPIA-<name>``."""
        rule = self.by_id[f"{HOUSE}-{name}"]
        if not isinstance(rule, GateRule):
            raise TypeError(rule.id)
        return rule

    def is_holiday(self, day: date, region: str = "") -> bool:
        """Whether `day` is a holiday of the country, or of its `region` (ISO 3166-2 part, "MD", "CT")."""
        return bool(self.holidays) and day in holidays_of(self.holidays, region, day.year)

    def changed(self, changes: Mapping[str, Mapping[str, Any]], off: frozenset[str] = frozenset()) -> ContactLaw:
        """The same with rules of the house changed or switched off; the law's own cannot be.

        Args:
            changes: Rule id → new values of its attributes.
            off: Ids that no longer count. The gate's own checks stay whatever is said.

        Raises:
            RegimeError: an id that is not there or not the house's, or an attribute that the rule has not.
        """
        for name in (*changes, *off):
            rule = self.by_id.get(name)
            if rule is None:
                raise RegimeError(f"No hay ninguna regla «{name}» en {self.country}.")
            if not rule.house or (name in off and isinstance(rule, GateRule)):
                raise RegimeError(f"La regla «{name}» no es de las que se pueden cambiar: {rule.source}.")
        groups: dict[str, Any] = {}
        for group in (name for name, _ in _KINDS.values()):
            kept = [rule for rule in getattr(self, group) if rule.id not in off]
            try:
                groups[group] = tuple(replace(rule, **changes.get(rule.id, {})) for rule in kept)
            except TypeError as exc:
                raise RegimeError(f"Un cambio que la regla no admite: {exc}.") from exc
        return replace(self, off=off, **groups)


@cache
def law(country: str) -> ContactLaw:
    """The law of `country` (ISO alpha-2) with the house's rules.

    Raises:
        RegimeError: we have no data for the country, or its file cannot be read. Nobody is contacted on a guess.

    >>> law("CO").by_id["CO-HORARIO"].source
    'Ley 2300 de 2023, art. 3'
    """
    code = country.upper()
    file = _HERE / country.lower() / "contact.toml"
    if len(code) != 2 or not code.isalpha() or not file.is_file():
        raise RegimeError(
            f"No hay datos de contacto de «{country}».",
            remedy="Añada contact.toml en la carpeta del país, con fuentes, y que un abogado lo confirme.",
        )
    return parse(_read(file), _read(_HERE / "contact.toml"), f"{file.parent.name}/{file.name}")


def countries() -> tuple[str, ...]:
    """Countries whose contact law we have."""
    return tuple(sorted(file.parent.name.upper() for file in _HERE.glob("*/contact.toml")))


def parse(raw: Mapping[str, Any], house: Mapping[str, Any], told: str = "contact.toml") -> ContactLaw:
    """Build a law from parsed TOML: a country's table and the house's.

    Raises:
        RegimeError: a key that is not known, one that is missing, a house rule that poses as law, or the reverse.
    """
    own = dict(raw)
    try:
        groups: dict[str, Any] = {group: _rules(own.pop(table, []), kind) for table, (group, kind) in _KINDS.items()}
        for table, (group, kind) in _KINDS.items():
            groups[group] = (*groups[group], *_rules(house.get(table, []), kind))
        strange = set(house) - set(_KINDS)
        if strange:
            raise ValueError(f"contact.toml: {sorted(strange)}")
        found = ContactLaw(zones=tuple(own.pop("zones")), **own, **groups)
        for zone in found.zones:
            clock.zone(zone)
        if not found.zones:
            raise ValueError("zones")
    except (KeyError, ValueError, TypeError, clock.ZoneError) as exc:
        raise RegimeError(f"{told}: falta o no vale {exc}.") from exc
    return found


@lru_cache(maxsize=512)
def holidays_of(country: str, region: str, year: int) -> frozenset[date]:
    """Public holidays of a year, as the package `holidays` knows them.

    Raises:
        RegimeError: it does not know the region.
    """
    import holidays  # costs a tenth of a second: only who asks pays

    try:
        return frozenset(holidays.country_holidays(country, subdiv=region or None, years=year))
    except NotImplementedError as exc:
        raise RegimeError(f"No se conocen los festivos de «{country} {region}».") from exc


RuleKind = TypeVar("RuleKind", bound=Rule)


def _rules(entries: list[dict[str, Any]], kind: Callable[..., RuleKind]) -> tuple[RuleKind, ...]:
    return tuple(_rule(dict(entry), kind) for entry in entries)


def _rule(entry: dict[str, Any], kind: Callable[..., RuleKind]) -> RuleKind:
    name = entry.get("id", "?")
    for key in ("applies_to", "channels", "allow", "forms", "topics", "needs"):
        if key in entry:
            entry[key] = frozenset(entry[key])
    for key, known in (("applies_to", DEBTOR_TYPES), ("channels", CHANNELS), ("allow", RECIPIENTS)):
        strange = sorted(entry.get(key, frozenset()) - set(known))
        if strange:
            raise ValueError(f"{name}: {key} = {strange}")
    if kind is HoursRule:
        weekdays = spans(entry.pop("monday_friday", []))
        week = (*(weekdays,) * 5, spans(entry.pop("saturday", [])), spans(entry.pop("sunday", [])))
        entry |= {"week": week, "holiday": spans(entry.pop("holiday", []))}
    rule = kind(**entry)
    if type(rule.since) is not date or (rule.until is not None and rule.until < rule.since):
        raise ValueError(f"{name}: since, until")
    if rule.house != rule.source.startswith("Política propia"):
        raise ValueError(f"{name}: una regla propia lleva {HOUSE} en su id y «Política propia» en su fuente")
    if isinstance(rule, CapRule):
        limits = (rule.max, rule.max_channels, rule.gap_hours)
        if all(limit is None for limit in limits) or any(limit is not None and limit < 1 for limit in limits):
            raise ValueError(f"{name}: max, max_channels, gap_hours")
        if rule.per not in (None, *DAYS) or (rule.per is None and (rule.max or rule.max_channels)):
            raise ValueError(f"{name}: per")
        if rule.scope not in ("debtor", "channel", "recipient", "third_party"):
            raise ValueError(f"{name}: scope")
    if isinstance(rule, ConsentRule) and rule.mode not in ("opt_in", "given_address"):
        raise ValueError(f"{name}: mode")
    return rule


def spans(pair: list[str]) -> Hours:
    """One span from ``["07:00", "19:00"]``; none from an empty list. "24:00" is the end of the day.

    >>> spans(["08:00", "24:00"])
    ((datetime.time(8, 0), None),)
    """
    if not pair:
        return ()
    opens, closes = pair
    start = time.fromisoformat(opens)
    end = None if closes == "24:00" else time.fromisoformat(closes)
    if start.tzinfo or (end is not None and end <= start):
        raise ValueError(f"{opens}-{closes}")
    return ((start, end),)


_KINDS: dict[str, tuple[str, Callable[..., Any]]] = {
    "hours": ("hours", HoursRule),
    "cap": ("caps", CapRule),
    "consent": ("consents", ConsentRule),
    "recipient": ("recipients", RecipientRule),
    "forbid": ("forbids", ForbidRule),
    "require": ("requires", RequireRule),
    "cooling": ("coolings", CoolingRule),
    "gate": ("gates", GateRule),
}
"""Table of the TOML → attribute of `ContactLaw` and class of its rules."""


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise RegimeError(f"{file.name}: no se puede leer ({exc}).") from exc
