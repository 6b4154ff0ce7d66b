"""Contact limits of seven countries: first and last second, weekends, holidays, zones, daylight saving, caps."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cobranza.gate.acts import Decision, Verdict
from cobranza.gate.decision import decide, move_earlier
from cobranza.kernel import clock
from cobranza.regimes import contact
from tests.unit.gate.asking import CONSENTS, ZONE, act, ask, before, local, state

WEEK = [date(2026, 3, 2) + timedelta(days=day) for day in range(5)]  # a Monday to Friday without holidays anywhere
SATURDAY, SUNDAY = "2026-03-07", "2026-03-08"
HOURS = {  # country → first second, first second after; the same on Saturday or None
    "ES": ("09:00:00", "21:00:00", None),
    "MX": ("07:00:00", "22:00:00", None),
    "CO": ("07:00:00", "19:00:00", ("08:00:00", "15:00:00")),
    "PE": ("07:00:00", "20:00:00", None),
    "CL": ("08:00:00", "20:00:00", ("08:00:00", "20:00:00")),
    "EC": ("07:00:00", "20:00:00", None),
    "AR": ("09:00:00", "19:00:00", None),
}
HOLIDAYS = {
    "ES": ("2026-10-12", "2026-10-13"),
    "MX": ("2026-09-16", "2026-09-17"),
    "CO": ("2026-03-23", "2026-03-24"),
    "PE": ("2026-07-28", "2026-07-30"),  # two in a row
    "CL": ("2026-05-21", "2026-05-22"),
    "EC": ("2026-08-10", "2026-08-11"),
    "AR": ("2026-05-25", "2026-05-26"),
}
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("channel", ["call", "sms", "email", "whatsapp"])
@pytest.mark.parametrize("country", HOURS)
def test_the_first_and_the_last_second_of_a_working_day(country: str, channel: str) -> None:
    opens, closes, _ = HOURS[country]
    for day in WEEK:
        first, after = local(f"{day} {opens}", ZONE[country]), local(f"{day} {closes}", ZONE[country])
        early = _at(country, first - SECOND, channel)
        assert (early.verdict, early.until) == (Verdict.DEFER, first)
        assert _at(country, first, channel).allowed
        assert _at(country, after - SECOND, channel).allowed
        late = _at(country, after, channel)
        assert late.verdict is Verdict.DEFER
        assert all("HORARIO" in rule or rule == "MX-PROPIA-DIAS" for rule in late.rules)


@pytest.mark.parametrize("country", HOURS)
def test_saturdays(country: str) -> None:
    opens, _, saturday = HOURS[country]
    if saturday is None:
        found = ask(country, f"{SATURDAY} 12:00:00")
        assert (found.verdict, found.until) == (Verdict.DEFER, local(f"2026-03-09 {opens}", ZONE[country]))
        return
    first, after = (local(f"{SATURDAY} {clock}", ZONE[country]) for clock in saturday)
    assert _at(country, first - SECOND).until == first
    assert _at(country, first).allowed
    assert _at(country, after - SECOND).allowed
    closed = _at(country, after)
    assert (closed.verdict, closed.until) == (Verdict.DEFER, local(f"2026-03-09 {opens}", ZONE[country]))


@pytest.mark.parametrize("country", HOURS)
@pytest.mark.parametrize("wall", ["00:00:00", "08:00:00", "12:00:00", "19:59:59", "23:59:59"])
def test_sundays_never(country: str, wall: str) -> None:
    found = ask(country, f"{SUNDAY} {wall}")
    monday = local(f"2026-03-09 {HOURS[country][0]}", ZONE[country])
    assert (found.verdict, found.until) == (Verdict.DEFER, monday)


@pytest.mark.parametrize("country", HOURS)
def test_national_holidays_never(country: str) -> None:
    day, next_day = HOLIDAYS[country]
    found = ask(country, f"{day} 12:00:00")
    assert (found.verdict, found.until) == (Verdict.DEFER, local(f"{next_day} {HOURS[country][0]}", ZONE[country]))


def test_regional_and_local_holidays() -> None:
    assert ask("ES", "2026-09-11 12:00:00").allowed  # a Friday; Diada in Catalonia alone
    assert ask("ES", "2026-09-11 12:00:00", region="CT").verdict is Verdict.DEFER
    assert ask("ES", "2026-05-15 12:00:00").allowed
    assert ask("ES", "2026-05-15 12:00:00", local_holidays=frozenset({date(2026, 5, 15)})).verdict is Verdict.DEFER


@pytest.mark.parametrize("country", HOURS)
def test_businesses_have_hours_of_their_own(country: str) -> None:
    assert ask(country, "2026-03-04 12:00:00", debtor_type="business").allowed
    night = ask(country, "2026-03-04 23:00:00", debtor_type="business")
    assert night.verdict is Verdict.DEFER
    law = contact.law(country)
    assert all(law.by_id[rule].house for rule in night.rules) == (country != "CO")  # Colombia's law covers all debtors


def test_colombia_saturday_to_the_second() -> None:
    assert ask("CO", "2026-03-07 14:59:59").allowed
    assert ask("CO", "2026-03-07 15:00:00").rules == ("CO-HORARIO",)


@pytest.mark.parametrize("channel", ["call", "sms", "email"])
def test_peru_no_saturday_whatever(channel: str) -> None:
    found = ask("PE", "2026-03-07 10:00:00", channel)
    assert found.verdict is Verdict.DEFER
    assert ("PE-HORARIO" in found.rules) == (channel == "call")  # the law speaks of calls and visits


def test_the_debtors_clock_counts_not_the_servers() -> None:
    at = local("2026-03-04 21:30:00", "America/Tijuana")
    assert at.astimezone(tz=clock.zone("America/Mexico_City")).strftime("%H:%M") == "23:30"
    law = contact.law("MX")
    assert decide(act("MX", at), state(at, "America/Tijuana"), law).allowed
    assert decide(act("MX", at), state(at, "America/Mexico_City"), law).verdict is Verdict.DEFER


@pytest.mark.parametrize(
    ("country", "here", "there", "wall"),
    [
        ("ES", "Europe/Madrid", "Atlantic/Canary", "2026-03-04 09:00:00"),
        ("CL", "America/Santiago", "Pacific/Easter", "2026-03-04 08:00:00"),
        ("EC", "America/Guayaquil", "Pacific/Galapagos", "2026-03-04 07:00:00"),
        ("MX", "America/Cancun", "America/Tijuana", "2026-03-04 07:00:00"),
        ("CL", "America/Punta_Arenas", "America/Santiago", "2026-06-03 08:00:00"),  # winter: an hour apart
        ("CO", "America/Sao_Paulo", "America/Bogota", "2026-03-04 07:00:00"),  # a debtor who lives abroad
    ],
)
def test_zones_of_one_country(country: str, here: str, there: str, wall: str) -> None:
    at = local(wall, here)
    law = contact.law(country)
    assert decide(act(country, at), state(at, here), law).allowed
    elsewhere = decide(act(country, at), state(at, there), law)
    assert elsewhere.verdict is Verdict.DEFER
    assert elsewhere.until == local(wall, there)
    if there in law.zones and here in law.zones:
        unknown = decide(act(country, at), state(at, ""), law)  # nobody knows where: every zone must allow it
        assert unknown.verdict is Verdict.DEFER
        assert unknown.until is not None
        assert unknown.until >= local(wall, there)


@pytest.mark.parametrize(
    ("country", "zone", "friday", "monday", "utc_friday", "utc_monday"),
    [
        ("ES", "Europe/Madrid", "2026-03-27", "2026-03-30", 8, 7),
        ("ES", "Europe/Madrid", "2026-10-23", "2026-10-26", 7, 8),
        ("ES", "Atlantic/Canary", "2026-03-27", "2026-03-30", 9, 8),
        ("CL", "America/Santiago", "2026-09-04", "2026-09-07", 12, 11),
        ("CL", "America/Santiago", "2026-04-02", "2026-04-06", 11, 12),
        ("MX", "America/Tijuana", "2026-03-06", "2026-03-09", 15, 14),
        ("MX", "America/Tijuana", "2026-10-30", "2026-11-02", 14, 15),
    ],
)
def test_the_opening_moves_with_daylight_saving(
    country: str, zone: str, friday: str, monday: str, utc_friday: int, utc_monday: int
) -> None:
    for day, hour in ((friday, utc_friday), (monday, utc_monday)):
        opening = datetime.fromisoformat(f"{day} {hour:02}:00:00").replace(tzinfo=UTC)
        law = contact.law(country)
        assert decide(act(country, opening), state(opening, zone), law).allowed
        early = decide(act(country, opening - SECOND), state(opening, zone), law)
        assert (early.verdict, early.until) == (Verdict.DEFER, opening)


def test_chile_one_call_in_seven_days() -> None:
    called = (before("2026-03-02 10:00:00", "call", ZONE["CL"]),)
    last = ask("CL", "2026-03-09 09:59:59", "call", contacts=called)
    assert (last.verdict, last.until) == (Verdict.DEFER, local("2026-03-09 10:00:00", ZONE["CL"]))
    assert last.rules == ("CL-LLAMADA-SEMANA",)
    assert ask("CL", "2026-03-09 10:00:00", "call", contacts=called).allowed
    assert ask("CL", "2026-03-09 09:59:59", "visit", contacts=called).rules == ("CL-LLAMADA-SEMANA",)
    assert ask("CL", "2026-03-04 10:00:00", "sms", contacts=called).allowed  # messages count apart


def test_chile_two_messages_a_week_two_days_apart() -> None:
    one = (before("2026-03-02 10:00:00", "email", ZONE["CL"]),)
    early = ask("CL", "2026-03-04 09:00:00", "sms", contacts=one)  # 47 hours
    assert (early.rules, early.until) == (("CL-MENSAJES-SEPARACION",), local("2026-03-04 10:00:00", ZONE["CL"]))
    assert ask("CL", "2026-03-04 09:59:59", "sms", contacts=one).verdict is Verdict.DEFER
    assert ask("CL", "2026-03-04 10:00:00", "sms", contacts=one).allowed
    two = (*one, before("2026-03-04 10:00:00", "sms", ZONE["CL"]))
    third = ask("CL", "2026-03-06 10:00:00", "whatsapp", contacts=two)
    assert third.rules == ("CL-MENSAJES-SEMANA",)
    assert third.until == local("2026-03-09 10:00:00", ZONE["CL"])


def test_colombia_once_a_day_and_one_channel_a_week() -> None:
    there = (before("2026-03-03 09:00:00", "sms", ZONE["CO"]),)
    assert "CO-DIA" in ask("CO", "2026-03-03 18:59:59", contacts=there).rules
    assert ask("CO", "2026-03-04 07:00:00", contacts=there).allowed
    other = ask("CO", "2026-03-04 12:00:00", "whatsapp", contacts=there)
    assert other.rules == ("CO-CANALES-SEMANA",)
    assert other.until == local("2026-03-10 09:00:00", ZONE["CO"])
    missed = (before("2026-03-03 09:00:00", "call", ZONE["CO"], reached=False),)
    assert ask("CO", "2026-03-04 12:00:00", "whatsapp", contacts=missed).allowed  # nobody was reached


def test_ecuador_once_a_day_over_all_channels() -> None:
    there = (before("2026-03-03 07:00:00", "email", ZONE["EC"]),)
    for channel in ("email", "sms", "whatsapp", "call"):
        found = ask("EC", "2026-03-03 19:59:59", channel, contacts=there)
        assert "EC-DIA" in found.rules
        assert found.until == local("2026-03-04 07:00:00", ZONE["EC"])


@pytest.mark.parametrize("country", ["ES", "MX", "PE", "AR"])
def test_where_no_norm_counts_the_house_does(country: str) -> None:
    three = tuple(before(f"2026-03-0{day} 12:00:00", "sms", ZONE[country]) for day in (2, 3, 4))
    fourth = ask(country, "2026-03-05 12:00:00", contacts=three)
    assert fourth.rules == ("PROPIA-PRESION-SEMANA",)
    assert fourth.until == local("2026-03-09 12:00:00", ZONE[country])
    assert "PROPIA-DIA" in ask(country, "2026-03-04 15:00:00", contacts=three).rules


def test_a_reminder_before_it_is_due_moves_to_saturday() -> None:
    zone, law = ZONE["CO"], contact.law("CO")
    sunday = local("2026-03-08 10:00:00", zone)
    moved = move_earlier(act("CO", sunday), state(sunday, zone), law, not_before=local("2026-03-02 00:00:00", zone))
    assert moved == local("2026-03-07 08:00:00", zone)
    late = move_earlier(act("CO", sunday), state(sunday, zone), law, not_before=local("2026-03-07 14:59:59", zone))
    assert late == local("2026-03-07 14:59:59", zone)
    assert (
        move_earlier(act("CO", sunday), state(sunday, zone), law, not_before=local("2026-03-07 15:00:00", zone)) is None
    )


def test_other_hours_by_a_separate_instrument_in_colombia_alone() -> None:
    signed = tuple(replace(each, other_hours="anexo firmado 3") for each in CONSENTS)
    assert ask("CO", "2026-03-04 20:30:00", consents=signed).allowed
    assert ask("PE", "2026-03-04 20:30:00", consents=signed).verdict is Verdict.DEFER


def _at(country: str, at: datetime, channel: str = "sms") -> Decision:
    return decide(act(country, at, channel), state(at, ZONE[country]), contact.law(country))
