"""What must hold whatever happens, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from cobranza.gate import hours
from cobranza.gate.acts import Agreement, Balance, Consent, OptOut, PastContact, Preferences, State, Verdict
from cobranza.gate.decision import decide
from cobranza.regimes import contact
from cobranza.regimes.contact import CHANNELS, CapRule
from tests.unit.gate.asking import CONSENTS, act
from tests.unit.gate.test_vectors import HOLIDAYS, HOURS

START = datetime(2026, 2, 20, tzinfo=UTC)
INSTANTS = st.integers(0, 300 * 86_400).map(lambda seconds: START + timedelta(seconds=seconds))
NEAR = st.integers(-40 * 86_400, 0)
PLACES = st.sampled_from([(country, zone) for country in contact.countries() for zone in contact.law(country).zones])
PREFERENCES = st.builds(
    Preferences,
    weekdays=st.frozensets(st.integers(0, 6), max_size=6),
    start=st.sampled_from([None, time(0), time(9, 30), time(12)]),
    end=st.sampled_from([None, time(13), time(18, 15)]),
)


@st.composite
def histories(draw: st.DrawFn, at: datetime) -> tuple[PastContact, ...]:
    told = draw(st.lists(st.tuples(NEAR, st.sampled_from(CHANNELS), st.booleans()), max_size=8))
    return tuple(PastContact(at=at + timedelta(seconds=ago), channel=ch, reached=reached) for ago, ch, reached in told)


@settings(max_examples=150, deadline=None)
@given(st.data(), PLACES, INSTANTS, st.sampled_from(["sms", "call", "email"]), PREFERENCES)
def test_until_is_the_first_permitted_second(
    data: st.DataObject, place: tuple[str, str], at: datetime, channel: str, wished: Preferences
) -> None:
    country, zone = place
    law = contact.law(country)
    known = State(
        balance=Balance(open=Decimal(10), read_at=at + timedelta(days=200)),  # always fresh: time alone decides here
        zone=zone,
        consents=CONSENTS,
        preferences=wished,
        contacts=data.draw(histories(at)),
    )
    found = decide(act(country, at, channel), known, law)
    if found.verdict is not Verdict.DEFER:
        assert found.allowed or "PROPIA-SIN-HORA" in found.rules  # wishes that no legal hour meets
        return
    until = found.until
    assert until is not None
    assert until > at
    assert decide(act(country, until, channel), known, law).allowed
    assert not decide(act(country, until - timedelta(seconds=1), channel), known, law).allowed
    between = at + timedelta(seconds=data.draw(st.integers(0, int((until - at).total_seconds()) - 1)))
    assert not decide(act(country, between, channel), known, law).allowed


@settings(max_examples=200, deadline=None)
@given(PLACES, INSTANTS, st.sampled_from(CHANNELS))
def test_nothing_outside_the_table_of_hours(place: tuple[str, str], at: datetime, channel: str) -> None:
    country, zone = place
    local = at.astimezone(ZoneInfo(zone))
    opens, closes, saturday = HOURS[country]
    span = (opens, closes) if local.weekday() < 5 else saturday if local.weekday() == 5 else None
    inside = span is not None and span[0] <= f"{local:%H:%M:%S}" < span[1]
    known = State(balance=Balance(open=Decimal(10), read_at=at), zone=zone, consents=CONSENTS)
    allowed = decide(act(country, at, channel), known, contact.law(country)).allowed
    if f"{local:%Y-%m-%d}" == HOLIDAYS[country][0] or not inside:
        assert not allowed
    elif not contact.law(country).is_holiday(local.date()) and not (country == "CO" and channel == "visit"):
        assert allowed


@dataclass
class _Debtor:
    """A debtor as a plain record of what happened, kept apart from the gate's own types."""

    open: Decimal = Decimal(100)
    disputed: Decimal = Decimal(0)
    plan: bool = False
    stopped: set[str] = field(default_factory=set)
    consents: list[Consent] = field(default_factory=lambda: list(CONSENTS))
    outs: list[OptOut] = field(default_factory=list)
    sent: list[PastContact] = field(default_factory=list)

    def happens(self, event: str, channel: str, at: datetime) -> None:
        match event:
            case "pay_all":
                self.open = self.disputed = Decimal(0)
            case "pay_half":
                self.open /= 2
                self.disputed = min(self.disputed, self.open)
            case "invoice":
                self.open += 50
            case "dispute_all":
                self.disputed = self.open
            case "dispute_part":
                self.disputed = self.open / 4
            case "resolve":
                self.disputed = Decimal(0)
            case "plan":
                self.plan = True
            case "plan_broken":
                self.plan = False
            case "stop":
                self.stopped.add(channel)
                self.outs.append(OptOut(channel=channel, at=at))
            case "stop_all":
                self.stopped.update(CHANNELS)
                self.outs.append(OptOut(at=at))
            case "consent":
                self.stopped.discard(channel)
                self.consents.append(Consent(channel=channel, given_at=at, proof="portal"))

    def state(self, at: datetime, zone: str) -> State:
        return State(
            balance=Balance(open=self.open, disputed=self.disputed, read_at=at),
            zone=zone,
            consents=tuple(self.consents),
            opt_outs=tuple(self.outs),
            agreements=(Agreement(kind="plan", good=self.plan),),
            contacts=tuple(self.sent),
        )


EVENTS = (
    *("pay_all", "pay_half", "invoice", "dispute_all", "dispute_part", "resolve"),
    *("plan", "plan_broken", "stop", "stop_all", "consent", "send", "send", "send"),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(EVENTS), st.sampled_from(CHANNELS), st.integers(1, 40_000)), min_size=3, max_size=20
)


@settings(max_examples=120, deadline=None)
@given(STEPS, PLACES, INSTANTS)
def test_nothing_goes_after_a_payment_a_dispute_a_plan_or_a_stop(
    steps: list[tuple[str, str, int]], place: tuple[str, str], start: datetime
) -> None:
    country, zone = place
    law = contact.law(country)
    debtor, at = _Debtor(), start
    for event, channel, seconds in steps:
        at += timedelta(seconds=seconds)
        if event != "send":
            debtor.happens(event, channel, at)
        for how in CHANNELS if event == "send" else (channel,):
            found = decide(act(country, at, how), debtor.state(at, zone), law)
            if not found.allowed:
                continue
            assert debtor.open > 0
            assert debtor.disputed < debtor.open
            assert not debtor.plan
            assert how not in debtor.stopped
            assert found.claimable == debtor.open - debtor.disputed
            local = at.astimezone(ZoneInfo(zone))
            assert local.weekday() < 5 or HOURS[country][2] is not None
            assert all(each.at.astimezone(ZoneInfo(zone)).date() != local.date() for each in debtor.sent)
            if event == "send":
                debtor.sent.append(PastContact(at=at, channel=how))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            ("Europe/Madrid", "2026-03-28T22:00:00+00:00"),
            ("Europe/Madrid", "2026-10-24T22:00:00+00:00"),
            ("America/Santiago", "2026-09-05T22:00:00+00:00"),
            ("America/Santiago", "2026-04-04T20:00:00+00:00"),
            ("Australia/Lord_Howe", "2026-10-03T12:00:00+00:00"),
            ("America/Tijuana", "2026-11-01T05:00:00+00:00"),
        ]
    ),
    st.integers(0, 12 * 60),
    st.integers(0, 12),
    st.integers(1, 8),
)
def test_clocks_set_forward_and_back(jump: tuple[str, str], minutes: int, opening: int, length: int) -> None:
    zone, at = ZoneInfo(jump[0]), datetime.fromisoformat(jump[1]) + timedelta(minutes=minutes)
    start, end = (time(*divmod(quarter * 15, 60)) for quarter in (opening, opening + length))
    expected = next(
        moment
        for moment in (at + timedelta(minutes=step) for step in range(3 * 1440))
        if start <= moment.astimezone(zone).time() < end
    )
    assert hours.next_in_hours(at, zone, lambda day: ((start, end),)) == expected


@settings(max_examples=150, deadline=None)
@given(st.data(), st.integers(1, 3), st.sampled_from(["day", "week", "month", None]), st.integers(1, 2))
def test_no_cap_is_ever_passed(data: st.DataObject, most: int, per: str | None, channels: int) -> None:
    at, zone = START + timedelta(hours=15), ZoneInfo("America/Bogota")
    limits: dict[str, Any] = {"gap_hours": 30} if per is None else {"per": per, "max": most, "max_channels": channels}
    rule = CapRule(
        id="X-PROPIA",
        text="",
        source="Política propia",
        since=date(2000, 1, 1),
        **limits,
    )
    there = data.draw(histories(at))
    found = hours.next_under_cap(at, rule, there, "sms", zone)
    assert found is not None
    if per is None:
        assert all(found - each.at >= timedelta(hours=30) for each in there)
        return
    days = {"day": 0, "week": 7, "month": 31}[per]
    live = [
        each
        for each in there
        if (
            each.at > found - timedelta(days=days)
            if days
            else each.at.astimezone(zone).date() == found.astimezone(zone).date()
        )
    ]
    assert len(live) + 1 <= most
    assert len({each.channel for each in live} | {"sms"}) <= channels
    if found > at:  # a second earlier was too early
        assert hours.next_under_cap(found - timedelta(seconds=1), rule, there, "sms", zone) == found


@settings(max_examples=60, deadline=None)
@given(PLACES, INSTANTS, st.integers(0, 90))
def test_a_change_of_date_acts_from_that_day_only(place: tuple[str, str], at: datetime, later: int) -> None:
    country, zone = place
    law = contact.law(country)
    day = date(2026, 5, 1) + timedelta(days=later)
    closed = tuple(
        replace(rule, id=f"{rule.id}-NUEVA", since=day, week=((),) * 5 + (rule.week[0],) * 2) for rule in law.hours
    )
    changed = replace(
        law,
        hours=(*(replace(rule, until=min(rule.until or day, day - timedelta(days=1))) for rule in law.hours), *closed),
    )
    known = State(balance=Balance(open=Decimal(10), read_at=at), zone=zone, consents=CONSENTS)
    before, after = (decide(act(country, at, "email"), known, each) for each in (law, changed))
    local = at.astimezone(ZoneInfo(zone))
    if local.date() < day:
        assert after.verdict is before.verdict
    elif after.allowed:
        assert local.weekday() >= 5
